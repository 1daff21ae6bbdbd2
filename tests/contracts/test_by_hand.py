"""The source that is a person: of what every source promises, what can be promised without asking anybody."""

from __future__ import annotations

import pytest

from chalicelib.domain.plan import Doing, Treatment
from chalicelib.errors import SourceAwaited
from chalicelib.ports import Source
from chalicelib.sources.by_hand import HandSource

from .shop import who

PAPERS = ("papers", ("1",))


def told(doing: Doing) -> Treatment:
    return Treatment(collection=PAPERS[0], key=PAPERS[1], fingerprint="as found", doing=doing)


@pytest.fixture
def source() -> Source:
    return HandSource("letters")


def test_an_identifier_that_names_nobody_finds_nothing_and_asks_nobody(source: Source) -> None:
    assert source.find([]).records == []
    assert source.read([]) == []


def test_whatever_needs_a_person_is_awaited_and_names_nobody(source: Source) -> None:
    for ask in (
        lambda: source.find(who(email="ann@example.com")),
        lambda: source.read([PAPERS]),
        lambda: source.carry_out([told(Doing.DELETE)]),
        lambda: source.carry_out([told(Doing.KEEP), told(Doing.CHANGE)]),
    ):
        with pytest.raises(SourceAwaited) as awaited:
            ask()
        assert str(awaited.value) == "letters"


def test_what_stays_as_it_is_needs_nobody(source: Source) -> None:
    source.carry_out([])
    source.carry_out([told(Doing.KEEP)])


def test_an_opt_out_waits_for_nobody(source: Source) -> None:
    assert source.stop(who(email="ann@example.com"), ["email"]) == 0
