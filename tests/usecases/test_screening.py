"""The suppression list asked: by scope, in a file, under a key that changed; and the person's way back."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.commands import commands
from chalicelib.domain.identity import Identifier
from chalicelib.errors import InvalidRequest, LinkExpired, LinkInvalid, LinkMissing
from chalicelib.usecases import hearing_again, one_click, screening, suppression
from tests.docs.test_examples import run as code_of

from .conftest import BASE, Office

EMAIL = "casey.penbrook@example.com"


def who(value: str = EMAIL, kind: str = "email") -> Identifier:
    return Identifier.of(kind, value)


def stopped(office: Office, value: str = EMAIL, kind: str = "email") -> set[str]:
    return {scope for scope, is_so in screening.check(office.svc, who(value, kind)).items() if is_so}


def stop(office: Office, *scopes: str, value: str = EMAIL) -> None:
    suppression.suppress(office.svc, [who(value)], scopes)


def run(office: Office, *words: str, answer: str = "") -> Result:
    with bootstrap.override(office.svc):
        return CliRunner().invoke(commands, words, input=answer)


def test_each_scope_stops_itself_and_what_hangs_on_it(office: Office) -> None:
    stop(office, "post")
    assert stopped(office) == {"post", *_with(office, "post")}
    stop(office, "email")
    assert stopped(office) == {"post", "email", *_with(office, "post", "email")}
    assert _with(office, "email")
    assert not stopped(office, "other@example.com")
    assert stopped(office, EMAIL.upper() + " ") == stopped(office)


def _with(office: Office, *scopes: str) -> set[str]:
    """The kinds of mail that these scopes stop."""
    return {f"kind:{name}" for name, kind in office.svc.business.kinds.items() if {*kind.stops_with} & {*scopes}}


def test_everything_stops_all_that_can_be_stopped_and_restricts_nothing(office: Office) -> None:
    stop(office, "everything")
    business = office.svc.business
    never = {f"kind:{name}" for name, kind in business.kinds.items() if not kind.stoppable}
    assert "kind:orders" in never
    assert stopped(office) == set(screening.scopes_of(business)) - {"restricted"} - never


# -- a whole file -----------------------------------------------------------------------------------------------------


@pytest.fixture
def screened(office: Office, tmp_path: Path) -> Any:
    def screened(raw: bytes, *words: str) -> tuple[bytes, bytes, Result]:
        (tmp_path / "list.csv").write_bytes(raw)
        kept, dropped = tmp_path / "kept.csv", tmp_path / "dropped.csv"
        for file in (kept, dropped):
            file.unlink(missing_ok=True)
        said = run(office, "screen", str(tmp_path / "list.csv"), "--kept", str(kept), "--dropped", str(dropped), *words)
        return *(f.read_bytes() if f.exists() else b"" for f in (kept, dropped)), said  # type: ignore[return-value]

    return screened


LIST = (
    b"\xef\xbb\xbfname,email,note\r\n"
    b'"Penbrook, ""Cas""",Casey.Penbrook@EXAMPLE.com,"two\nlines"\r\n'
    b"=cmd(),free@example.com,\xff\xfe not UTF-8\n"
    b"nobody,,\n"
    b"short\n"
    b"last,last@example.com,no line break"
)


def test_a_list_is_parted_byte_for_byte(office: Office, screened: Any) -> None:
    stop(office, "email")
    kept, dropped, said = screened(LIST)
    head, first, free, nobody, short, last = (
        LIST[:20], *LIST[20:].replace(b"lines\"\r\n", b"lines\"\r\n|").replace(b"8\n", b"8\n|")
        .replace(b",,\n", b",,\n|").replace(b"short\n", b"short\n|").split(b"|"),
    )  # fmt: skip
    assert kept == head + free + last
    assert dropped == head + first + nobody + short
    assert '"kept": 2' in said.output
    assert '"dropped": 1' in said.output
    assert '"unreadable": 2' in said.output
    assert EMAIL not in said.output


def test_any_of_several_columns_stops_a_row(office: Office, screened: Any) -> None:
    suppression.suppress(office.svc, [who("(415) 555-0142", "phone")], ["phone"])
    raw = b"mail;tel\na@example.com;1-415-555-0142\nb@example.com;415 555 0143\n"
    words = ("--delimiter", ";", "--column", "mail", "email", "--column", "tel", "phone", "--scope", "phone")
    kept, dropped, _ = screened(raw, *words)
    assert kept == b"mail;tel\nb@example.com;415 555 0143\n"
    assert dropped.count(b"\n") == 2


@pytest.mark.parametrize(
    ("raw", "words", "told"),
    [
        (b"name\nx\n", (), "email"),
        (b"", (), "email"),
        (b"email,email\na,b\n", (), "email"),
        (b'email\n"never closed\n', (), "file"),
        (b"email\na@example.com\n", ("--scope", "fax"), "--scope"),
    ],
)
def test_a_file_that_cannot_be_parted_leaves_no_half_of_it(
    office: Office, screened: Any, tmp_path: Path, raw: bytes, words: tuple[str, ...], told: str
) -> None:
    kept, dropped, said = screened(raw, *words)
    assert said.exit_code
    assert told in said.output
    assert (kept, dropped) == (b"", b"")
    assert [f.name for f in tmp_path.iterdir()] == ["list.csv"]


def test_the_list_itself_is_never_written_over(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(b"email\n")
    said = run(office, "screen", str(file), "--kept", str(file), "--dropped", str(tmp_path / "d.csv"))
    assert said.exit_code
    assert file.read_bytes() == b"email\n"


@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=4), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_no_row_is_lost_doubled_or_cut(rows: list[list[str]], end: str) -> None:
    said = io.StringIO(newline="")
    csv.writer(said, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["email", "x"], *rows])
    raw = said.getvalue().encode(errors="replace")
    parts = list(screening._rows(io.BytesIO(raw)))
    assert b"".join(parts) == raw
    assert len(parts) == 1 + len(rows)


def test_a_long_list_is_streamed(office: Office, tmp_path: Path) -> None:
    """Ten thousand rows in fewer bytes than they have: no more than a row is held."""
    import tracemalloc

    stop(office, "email", value="p77@example.com")
    file = tmp_path / "list.csv"
    with file.open("wb") as out:
        out.write(b"email,pad\n")
        out.writelines(b"p%d@example.com,%s\n" % (n, b"x" * 1000) for n in range(10_000))
    heard: Counter[str] = Counter()
    tracemalloc.start()
    tally = screening.screen(
        office.svc, file, tmp_path / "k", tmp_path / "d", columns={"email": "email"}, scope="email", delimiter=",",
        progress=lambda size: heard.update(bytes=size),
    )  # fmt: skip
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tally["kept"], tally["dropped"]) == (9_999, 1)
    assert heard["bytes"] == file.stat().st_size > 10_000_000
    assert peak < 2_000_000


def test_the_export_is_what_an_independent_few_lines_compute(office: Office) -> None:
    """The recipe of docs/suppression.md, which shares no code with ours."""
    keyed = code_of("docs/suppression.md", "hash")["keyed"]
    samples = {"email": " CASEY.Penbrook@example.com", "phone": "+1 (415) 555-0142", "name": "Casey  PENBROOK",
               "customer_number": "jb-٣", "cookie": "ＡＢ", "licence": "K-1", "record": "shop.orders/A-1"}  # fmt: skip
    for kind, value in samples.items():
        suppression.suppress(office.svc, [who(value, kind)], ["email"])
    run(office, "rotate-key", "--yes")
    for kind, value in samples.items():
        suppression.suppress(office.svc, [who(value, kind)], ["post"])
    said = run(office, "suppressions").output
    assert "casey" not in said.lower()
    rows = list(csv.DictReader(io.StringIO(said)))
    assert {r["key"] for r in rows} == {"identity", "identity-2"}
    for row, (kind, value) in itertools.product(rows, samples.items()):
        row.setdefault("known", "")
        if keyed(office.svc.secrets.get(row["key"]), kind, value) == row["hash"]:
            row["known"] = kind
    assert Counter(r["known"] for r in rows) == dict.fromkeys(samples, 2)


# -- keys that change -------------------------------------------------------------------------------------------------


def test_what_stood_before_a_rotation_still_counts_and_the_new_is_under_the_new_key(office: Office) -> None:
    stop(office, "post")
    assert run(office, "rotate-key", answer="n\n").exit_code == 1
    assert office.svc.secrets.versions("identity") == ["identity"]
    assert "identity-2" in run(office, "rotate-key", answer="y\n").output
    stop(office, "phone")
    assert stopped(office) - _with(office, "post", "phone") == {"post", "phone"}
    assert {(s.scope, s.key_name) for s in screening.export(office.svc)} == {
        ("post", "identity"), ("phone", "identity-2")
    }  # fmt: skip


def test_a_request_filed_before_a_rotation_is_still_found_under_its_person(office: Office) -> None:
    request = office.file("access")
    office.svc.secrets.rotate("identity")
    assert request.reference in office.svc.store.of_subject(office.svc.hash(who(office.customers[0]["email"])))


# -- the way back -----------------------------------------------------------------------------------------------------


def asked(office: Office, *scopes: str, email: str = EMAIL) -> str:
    hearing_again.ask(office.svc, email, scopes)
    return office.link("hear-again", email)


def test_two_steps_lift_and_the_first_alone_lifts_nothing(office: Office) -> None:
    stop(office, "email", "post")
    token = asked(office, "email")
    assert {"email", "post"} <= stopped(office)
    assert hearing_again.page(office.svc, token) == ["email"]
    assert {"email", "post"} <= stopped(office), "opening the page lifts nothing"
    assert hearing_again.confirm(office.svc, token) == ["email"]
    assert stopped(office) == {"post", *_with(office, "post")}
    assert hearing_again.confirm(office.svc, token) == ["email"], "clicking again is the same"
    [(scope, since, at)] = office.svc.store.lifted(office.svc.hash(who()))
    assert (scope, since, at) == ("email", office.clock.at, office.clock.at)


def test_what_was_stopped_after_the_mail_stays_stopped(office: Office) -> None:
    token = asked(office, "email")
    office.clock.forward(timedelta(hours=1))
    stop(office, "email")
    hearing_again.confirm(office.svc, token)
    assert "email" in stopped(office)


def test_who_stops_once_more_while_somebody_else_holds_the_link_stays_stopped(office: Office) -> None:
    """An abusive partner asked, and presses the button days later; the entry itself keeps its first date."""
    office.file("opt_out", {"email": EMAIL}, stop=["email", "post"])
    office.clock.forward(timedelta(hours=1))
    token = asked(office, "email", "post")
    office.clock.forward(timedelta(hours=1))
    office.file("opt_out", {"email": EMAIL}, stop=["email"])
    assert hearing_again.confirm(office.svc, token) == ["post"]
    assert "email" in stopped(office)
    assert "post" not in stopped(office)


def test_it_lifts_under_retired_keys_too(office: Office) -> None:
    stop(office, "email")
    office.svc.secrets.rotate("identity")
    stop(office, "email")
    hearing_again.confirm(office.svc, asked(office, "email"))
    assert not stopped(office)


def test_who_was_deleted_gets_what_they_ask_for_and_no_more(office: Office) -> None:
    stop(office, "everything")
    hearing_again.confirm(office.svc, asked(office, "post"))
    assert stopped(office) & {*office.svc.business.opt_outs, "everything"} == {"email", "phone", "sharing"}


def test_the_mail_is_the_same_for_the_unknown_and_comes_three_times_a_day(office: Office) -> None:
    stop(office, "email")
    for email in (EMAIL, "unknown@example.com"):
        for _ in range(5):
            hearing_again.ask(office.svc, email, ["email"])
    texts = {}
    for email in (EMAIL, "unknown@example.com"):
        mails = office.mails(email)
        assert len(mails) == hearing_again.ASKED_A_DAY
        texts[email] = {line for line in office.text(mails[0]).splitlines() if BASE not in line}
    assert texts[EMAIL] == texts["unknown@example.com"]


def test_no_other_link_lifts(office: Office) -> None:
    """Not the one-click link that the business's mailer mints, not one that is old, not a made-up one."""
    stop(office, "email")
    request = office.file("access")
    for token, fault in (
        (one_click.mint_stop_token(office.svc.secrets.get("stop"), EMAIL, ["email"]), LinkMissing),
        (office.ask_for_proof(request), LinkInvalid),
        ("t" * 43, LinkMissing),
    ):
        with pytest.raises(fault):
            hearing_again.confirm(office.svc, token)
    token = asked(office, "email")
    office.clock.forward(timedelta(days=3))
    with pytest.raises(LinkExpired):
        hearing_again.confirm(office.svc, token)
    assert "email" in stopped(office)


@pytest.mark.parametrize("scopes", [[], ["fax"], ["everything"], ["email", "kind:orders"]])
def test_only_what_can_be_stopped_can_be_asked_for(office: Office, scopes: list[str]) -> None:
    with pytest.raises(InvalidRequest):
        hearing_again.ask(office.svc, EMAIL, scopes)
    assert not office.mailer.sent
