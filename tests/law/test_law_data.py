"""The data: whole, cited, honest about how sure it is, and refused where it is not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from chalicelib.domain.request import Right
from chalicelib.errors import Misconfigured
from chalicelib.law import LAW_RIGHT, LawRight, label, labels, law_of, load, regime_ids
from chalicelib.law.loader import DATA, read
from chalicelib.law.model import Backed

# fmt: off
STATES = [
    "va", "co", "ct", "ut", "tx", "or", "mt", "fl", "de", "ia",
    "ne", "nh", "nj", "tn", "mn", "md", "in", "ky", "ri",
]
# fmt: on
COMING = ["ok", "la", "al", "vt"]


def backed(part: object) -> Iterator[Backed]:
    """Every cited thing inside a part of the law."""
    if isinstance(part, Backed):
        yield part
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from backed(getattr(part, name))
    if isinstance(part, dict):
        for value in part.values():
            yield from backed(value)


def test_every_regime_of_the_contract_is_there() -> None:
    expected = {f"us-{s}" for s in STATES + COMING} | {
        "us-ca-ccpa",
        "us-ca-shine-the-light",
        "us-nv-603a",
        "us-wa-mhmda",
        "eu-gdpr",
        "uk-gdpr",
        "us-coppa",
        "us-marketing-opt-outs",
        "policy",
    }
    assert regime_ids() == expected


def test_every_number_cites_its_law_and_says_how_sure_it_is() -> None:
    for law in load().laws.values():
        things = list(backed(law))
        assert len(things) >= 3, law.id
        for thing in things:
            assert thing.cite
            if thing.evidence in ("text", "secondary"):
                assert thing.source or thing.cite == law.law, f"{law.id}: {thing.cite} does not say what was read"


def test_a_source_is_a_plain_phrase() -> None:
    """No address, no file number: the law is cited, and what was read is said in words."""
    for law in load().laws.values():
        for thing in backed(law):
            assert not re.search(r"[/@]|\d{5,}", thing.source), thing.source


def test_each_of_our_rights_has_one_name_in_law() -> None:
    assert set(LAW_RIGHT) == set(Right)
    assert set(LAW_RIGHT.values()) == set(LawRight)


def test_gaps_stand_only_in_laws_not_yet_in_force() -> None:
    assert {law.id for law in load().laws.values() if law.refusal is None} == {"us-la", "us-al", "us-vt"}


def test_the_union_has_27_members_and_the_eea_three_more() -> None:
    assert len(set(law_of("eu-gdpr").residences)) == 30


def test_27_categories_in_plain_words() -> None:
    assert len(labels()) == len(set(labels().values())) == 27
    assert label("name_and_address") == "Name and postal address"
    with pytest.raises(Misconfigured, match="not one of the statute's categories"):
        label("shoe_size")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "us_states.yaml",
            "count: 45, unit: day, cite: Va.",
            "unit: day, cite: Va.",
            r"us-va\.respond\.count: Field req",
        ),
        ("us_states.yaml", "free: {count: 2, cite: Va.", "notes: {count: 2, cite: Va.", r"us-va.*Extra inputs"),
        ("us_states.yaml", "unknown: [free]", "unknown: [free, appeal]", r"us-ok: .*given, and named in `unknown`"),
        ("us_states.yaml", "unknown: [free]", "", r"us-ok: .*free is missing"),
        ("us_states.yaml", "since: 2027-01-01, cite: Okla.", "since: 2026-01-01, cite: Okla.", "in force, yet unknown"),
        ("us_states.yaml", "us-va:", "us-ca-ccpa:", "a law of this id stands in another file"),
        ("california.yaml", "{count: 90,", "{count: 80,", "respond and extension make 90, longest says 80"),
        ("california.yaml", "aim: 44", "aim: 46", "aim 46 is not before count 45"),
        ("california.yaml", "    height: Height\n", "", "26 given"),
        ("california.yaml", "evidence: text", "evidence: rumour", "Input should be"),
        ("europe.yaml", "count: 2, unit: month", "count: 60, unit: day", "extension is in days, respond in months"),
        ("europe.yaml", "residences: [GB]", "residences: [GB, FR]", r"eu-gdpr gives .*know.* too"),
        ("europe.yaml", "counts_receipt: true, cite", "rolls: never, cite", "Input should be"),
        ("europe.yaml", "unit: month, rolls", "unit: month, counts_receipt: true, rolls", "only days"),
        ("europe.yaml", "pause: {since: 2026-02-05, cite", "pause: {cite", r"uk-gdpr.*pause\.since: Field req"),
        ("policy.yaml", "      complain: *told\n", "", "complain missing"),
        ("policy.yaml", "      decide:", "      extension:", "`extension` without `decide`"),
        ("nevada_washington.yaml", "      decide:", "      note2:", "Extra inputs"),
        ("nevada_washington.yaml", "owed: false", "owed: true", "does not say by when"),
        ("federal.yaml", "laws:", "- laws:", "holds no laws|write it as YAML"),
        ("federal.yaml", "laws:", "laws: [", "write it as YAML"),
    ],
)
def test_a_missing_or_contradictory_number_is_refused_with_its_place(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(Misconfigured, match=says) as fault:
        read(folder)
    assert fault.value.mend


def test_a_folder_without_the_fallback_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="the fallback or its appeal is missing"):
        read(tmp_path)


def test_the_law_is_read_once() -> None:
    assert load() is load()
