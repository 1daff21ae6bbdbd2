"""Refusal grounds and exemptions: data, whole, cited, and worded for the law that governs."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Right
from chalicelib.errors import Misconfigured
from chalicelib.law import appeal_route, exemptions, ground_label, ground_words, refusal_notes, regime_ids
from chalicelib.law.loader import DATA, REFUSALS
from chalicelib.law.refusals import book, read


@pytest.mark.parametrize("ground", Ground)
def test_every_ground_has_words_under_every_law(ground: Ground) -> None:
    assert ground_label(ground)
    for regime in regime_ids():
        says, change = ground_words(ground, regime)
        assert says.endswith(".")
        assert change.endswith(".")


def test_california_names_its_nine_exceptions_to_deletion_each_with_its_section() -> None:
    listed = exemptions("us-ca-ccpa", Right.DELETION)
    cites = [e.cite for e in listed.values()]
    assert cites == [f"Civ. Code 1798.105(d)({n})" for n in range(1, 9)] + ["Civ. Code 1798.105(c)(2)"]
    assert all(e.evidence == "text" and e.shop_use and e.says.endswith(".") for e in listed.values())


def test_what_no_law_lists_falls_back_to_the_policy_and_says_that_it_is_ours() -> None:
    assert {e.evidence for e in exemptions("us-va", Right.DELETION).values()} == {"ours"}
    assert exemptions("us-va", Right.CONCERN) == {}


def test_a_law_words_a_ground_its_own_way() -> None:
    assert ground_words(Ground.TOO_MANY_REQUESTS, "us-ca-ccpa") != ground_words(Ground.TOO_MANY_REQUESTS, "us-va")


def test_a_denied_correction_tells_of_deletion_and_about_health_of_the_statement() -> None:
    plain = refusal_notes("us-ca-ccpa", Right.CORRECTION, ["user.contact"])
    health = refusal_notes("us-ca-ccpa", Right.CORRECTION, ["user.health.condition"])
    assert len(plain) == 1
    assert "delete" in plain[0]
    assert len(health) == 2
    assert "250 words" in health[1]
    assert refusal_notes("us-ca-ccpa", Right.CORRECTION, ["user.healthy"]) == plain
    assert refusal_notes("us-ca-ccpa", Right.DELETION, ["user.health"]) == []


def test_only_colorado_is_named_in_every_answer_to_an_appeal() -> None:
    assert {id for id in regime_ids() if appeal_route(id).always} == {"us-co"}
    for id in regime_ids():
        route = appeal_route(id)
        assert route.authority in route.complaint
        assert "You can appeal" not in route.complaint


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("  other:\n", "  another:\n", "grounds.another"),
        ("  policy:\n    deletion:", "  us-va:\n    deletion:", ""),
        ("cite: Civ. Code 1798.105(d)(1)", "", "exemptions.us-ca-ccpa.deletion"),
        ("      us-ca-shine-the-light:\n", "      us-zz:\n", "us-zz"),
    ],
)
def test_a_file_that_lacks_something_is_refused_with_its_place(tmp_path: Path, old: str, new: str, where: str) -> None:
    text = (DATA / REFUSALS).read_text()
    assert old in text
    (tmp_path / REFUSALS).write_text(text.replace(old, new, 1))
    with pytest.raises(Misconfigured) as fault:
        read(tmp_path / REFUSALS)
    assert fault.value.file == REFUSALS
    assert where in fault.value.where


def test_every_note_and_exemption_is_cited() -> None:
    for rights in book().notes.values():
        assert all(note.cite for notes in rights.values() for note in notes)
