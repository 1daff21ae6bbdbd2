"""The access package: all that is held, nothing that must not leave, and files that are safe to open."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from html.parser import HTMLParser

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tack_room import (
    ANN,
    AT,
    BUSINESS,
    CARD,
    PASSWORD,
    REQUEST,
    SSN,
    TOKEN,
    collections,
    files,
    friend,
    member,
    order,
    visit,
)  # fmt: skip

from chalicelib.domain.masking import STRUCK
from chalicelib.domain.request import Personal
from chalicelib.package import Archive, build
from chalicelib.package.parts import Strike


class Tags(HTMLParser):
    """Every tag with its attributes, and the text a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def html(found: dict[str, bytes]) -> Tags:
    return Tags(found["index.html"].decode())


def test_the_package_has_a_page_the_data_its_schema_a_table_each_and_a_manifest() -> None:
    assert list(files()) == [
        "index.html", "data.json", "schema.json", "tables/shop-members.csv", "tables/shop-orders.csv",
        "tables/shop-friends.csv", "tables/logs-visits.csv", "manifest.json",
    ]  # fmt: skip


def test_the_page_tells_by_chapters_why_how_long_and_who_received_it() -> None:
    text = html(files()).text
    order_told = [text.index(t) for t in ("You and your account", "Your orders and payments", "Your activity")]
    assert order_told == sorted(order_told)
    for said in (
        "What you told us when you signed up.", "Where it came from", "You, in the shop",
        "Kept for 7 years from “Ordered on”: tax records (26 CFR 1.6001-1).",
        "Kept: security of the site.", "Brings your parcels", "2 Depot Road", "Email address", "29 February 2024",
        "5 January 2026, 09:30 EST", "1 November 2026", "Yes", "R-7K2M-9XQ4", "We share only what an order needs.",
        "Ads Inc", "horse feed",
    ):  # fmt: skip
        assert said in text


def test_only_recipients_that_the_persons_own_records_name_are_named() -> None:
    """CET-3: usage goes to the vendor of the application used, and to no other."""
    found = files()
    assert "Vendor B" in html(found).text
    assert b"Vendor A" not in b"".join(found.values())
    assert collections(found)["orders"]["recipients"] == ["post"]


def test_places_with_nothing_are_named_and_holding_nothing_is_said_plainly() -> None:
    assert "Usage <logs>: nothing found" in html(files({"shop": [member()], "logs": []})).text
    nothing = html(files({}))
    assert "we hold nothing about you" in nothing.text
    assert "Shop: nothing found" in nothing.text


def test_data_json_keeps_its_schema() -> None:
    for found in (files(), files(scope="categories"), files({}), files(period="recent")):
        schema = json.loads(found["schema.json"])
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(found["data.json"]), schema, jsonschema.Draft202012Validator)


def test_numbers_that_are_never_disclosed_are_nowhere_and_their_kind_is_named() -> None:
    """Rule 13, PRU-5: not as fields, nor where somebody typed them into a text."""
    notes = f"my number is {SSN}, or {SSN.replace('-', '')}; card {CARD} or 4111 1111 1111 1111; {TOKEN}; was {SSN}x"
    found = files({"shop": [member(notes=notes), order(1, total=CARD)], "logs": [visit(1, page=f"/pay?t={TOKEN}")]})
    everything = b"\n".join(found.values())
    for secret in (SSN, SSN.replace("-", ""), CARD, "4111 1111 1111 1111", TOKEN, PASSWORD):
        assert secret.encode() not in everything
    text = html(found).text
    for kind in ("social-security number", "payment card token", "password"):
        assert f"held, not shown: {kind}" in text
    assert "whether the two match" in text
    assert json.loads(found["data.json"])["not_shown"] == ["password", "payment card token", "social-security number"]


def test_a_kind_of_number_that_is_not_held_is_not_said_to_be() -> None:
    found = files({"shop": [member(ssn=None, password=None)]})
    assert json.loads(found["data.json"])["not_shown"] == []
    assert "never send" not in html(found).text


def test_what_belongs_to_other_people_is_masked() -> None:
    """MKT-4, JEF-10: a gift's recipient, a friend's address."""
    found = files()
    assert not re.search(rb"Gina|joe\.friend", b"".join(found.values()))
    told = collections(found)
    assert [r["gift_to"] for r in told["orders"]["records"]] == [None, "G•••"]
    assert told["friends"]["records"] == [{"friend": "j•••@•••", "sent": "2025-05-05"}]
    assert "This is about your friend." in html(found).text


def test_what_the_map_does_not_export_is_left_out() -> None:
    told = collections(files())
    assert "id" not in told["members"]["fields"]
    assert all("id" not in r for r in told["members"]["records"])


def test_categories_only_means_no_values() -> None:
    found = files(scope="categories")
    assert set(found) == {"index.html", "data.json", "schema.json", "manifest.json"}
    told = collections(found)
    assert told["orders"]["count"] == 2
    assert not any({"records", "fields"} & c.keys() for c in told.values())
    for value in (b"Ann", b"12.50", b"G\xe2\x80\xa2", b"29 February", b"2024-02-29"):
        assert value not in b"".join(found.values())
    assert "Email address" in html(found).text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "\ufeff=", "＝", "＠"])
def test_a_value_that_looks_like_a_formula_gets_an_apostrophe(start: str) -> None:
    evil = f'{start}HYPERLINK("http://evil.example.com";"x")'
    rows = list(
        csv.reader(io.StringIO(files({"shop": [member(name=evil)]})["tables/shop-members.csv"].decode("utf-8-sig")))
    )
    assert rows[0] == ["Name", "Email", "Tax number", "Password", "Notes", "Offers", "Joined"]
    assert rows[1][0].startswith("'")
    assert rows[1][0].removeprefix("'").strip() == evil.strip()


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40), spaces=st.text(" \u00a0", max_size=3))
def test_no_cell_starts_a_formula(text: str, spaces: str) -> None:
    table = files({"shop": [member(name=spaces + text)]})["tables/shop-members.csv"].decode("utf-8-sig")
    for row in csv.reader(io.StringIO(table, newline="")):
        assert not any(c.strip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r")) for c in row)


def test_structured_values_go_through_the_same_masks() -> None:
    """JSON columns: shown on the page and in the table, secrets struck out within them."""
    notes = {"asked": [f"token {TOKEN}", 3]}
    found = files({"shop": [member(notes=notes, offers=False), order(1), order(2, total=3)]})
    assert collections(found)["members"]["records"][0]["notes"] == {"asked": [f"token {STRUCK}", 3]}
    assert STRUCK.encode() in found["index.html"]
    (_, row) = csv.reader(io.StringIO(found["tables/shop-members.csv"].decode("utf-8-sig")))
    assert (json.loads(row[4]), row[5]) == ({"asked": [f"token {STRUCK}", 3]}, "no")


def test_markup_in_values_stays_text() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    page = html(files({"shop": [member(name=evil), friend()], "logs": [visit(1, page='"><b onclick=x>')]}))
    assert evil in page.text
    assert not {"script", "img", "b"} & {tag for tag, _ in page.tags}


def test_the_page_loads_nothing_from_anywhere() -> None:
    page = files()["index.html"].decode()
    assert not re.search(r"(?i)https?://|url\(|@import|<script|<link|<iframe", page)
    for tag, attributes in Tags(page).tags:
        assert "src" not in attributes
        assert not [a for a in attributes if a.startswith("on")]
        if href := attributes.get("href"):
            assert href.startswith(("#", "mailto:")), tag
    assert "default-src 'none'" in page


def test_every_link_in_the_page_leads_to_a_place_in_it() -> None:
    tags = html(files()).tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"] for t, a in tags if t == "a" and str(a["href"]).startswith("#")} <= {f"#{i}" for i in ids}


def test_the_manifest_has_the_hash_of_every_other_file() -> None:
    found = files()
    listed = json.loads(found.pop("manifest.json"))
    assert {f["name"]: (f["sha256"], f["bytes"]) for f in listed["files"]} == {
        name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in found.items()
    }


def test_the_same_input_gives_the_same_bytes() -> None:
    """A step that runs twice writes the same package (rule 18)."""
    first, second = (build(BUSINESS, REQUEST, Personal(), ANN, at=AT) for _ in range(2))
    assert first == second


def test_of_very_many_records_the_page_shows_the_first_and_names_the_table_that_has_them_all() -> None:
    found = files({"shop": [member()], "logs": [visit(n, page=f"/{n}") for n in range(1, 451)]})
    page = html(found)
    assert "These are the first 200 of 450 records. All of them are in the file tables/logs-visits.csv" in page.text
    assert ("/200" in page.text, "/201" in page.text) == (True, False)
    rows = list(csv.reader(io.StringIO(found["tables/logs-visits.csv"].decode("utf-8-sig"))))
    assert [r[2] for r in rows[1:]] == [f"/{n}" for n in range(1, 451)]
    assert [r["page"] for r in collections(found)["visits"]["records"]] == [f"/{n}" for n in range(1, 451)]
    jsonschema.validate(json.loads(found["data.json"]), json.loads(found["schema.json"]))
    assert "These are the first" not in html(files()).text


def test_the_data_of_many_records_is_the_same_json_however_it_is_written() -> None:
    """Row by row, in batches, with commas between: any number of records is read back as it was."""
    for count in (1, 499, 500, 501, 1001):
        found = files({"logs": [visit(n) for n in range(count)]})
        assert [r["id"] for r in collections(found)["visits"]["records"]] == list(range(count))


def test_very_many_numbers_are_struck_out_in_one_look() -> None:
    """The shortest and the longest of those that begin alike, at both ends of a text, beside each other."""
    strike = Strike([f"tok_{n:08d}" for n in range(5000)] + ["tok_00000001-long", "123456"])
    assert strike.out_of("tok_00004999 and tok_00000001-long123456") == f"{STRUCK} and {STRUCK}{STRUCK}"
    assert strike.out_of({"a": ["12345", "x123456"]}) == {"a": ["12345", f"x{STRUCK}"]}


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6), st.integers(0, 5))
def test_a_zip_gone_on_with_is_the_zip_written_at_once(contents: list[bytes], cut: int) -> None:
    def written(cut: int | None) -> bytes:
        out = io.BytesIO()
        archive = Archive(out, AT)
        for n, content in enumerate(contents):
            if n == cut:
                archive = Archive(out, AT, archive.entries, archive.offset)
            archive.add(f"{n}.txt", [content[:7], content[7:]])
        archive.close([f"{len(contents) - 1}.txt"])
        return out.getvalue()

    with zipfile.ZipFile(io.BytesIO(written(cut))) as archive:
        assert archive.testzip() is None
        assert {n: archive.read(n) for n in archive.namelist()} == {f"{n}.txt": c for n, c in enumerate(contents)}
        assert archive.namelist()[0] == f"{len(contents) - 1}.txt"
    assert written(cut) == written(None)
