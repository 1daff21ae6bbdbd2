"""A message is read by what it asks, not by the form or subject it came under (JEF-4, JEF-12)."""

from __future__ import annotations

import pytest

from chalicelib.domain.request import Right
from chalicelib.law import also_asked

DISCLOSURE, ACCESS = Right.CALIFORNIA_DISCLOSURE, Right.ACCESS


@pytest.mark.parametrize(
    "details",
    [
        "Please also send me a copy of my data.",
        "What information do you have about me?",
        "I want to know everything you hold about me",
        "Tell me what you know about me.",
        "Send a copy of all of my personal information, please",
        "Show me my records",
        "The data that you collected about me. I don't want the list only.",
    ],
)
def test_who_asks_for_their_own_data_gets_access_too(details: str) -> None:
    assert also_asked(DISCLOSURE, details, "US-CA") is ACCESS


@pytest.mark.parametrize(
    "details",
    [
        None,
        "",
        "California Privacy Rights",
        "Which companies did you give my information to?",
        "Please send me the list of third parties for last year",
        "I don't want a copy of my data, only the list.",
        "There is no need to send me my data.",
        "Do you have a copy of the list?",
        "You have treated me well",
        "My data went to others. To whom?",
    ],
)
def test_who_does_not_ask_it_plainly_is_not_guessed_at(details: str | None) -> None:
    assert also_asked(DISCLOSURE, details, "US-CA") is None


@pytest.mark.parametrize(
    ("details", "residence", "also"),
    [
        ("Which companies did you give my information to?", "US-CA", DISCLOSURE),
        ("Under Shine the Light, please.", "US-CA", DISCLOSURE),
        ("Civil Code 1798.83", "US-CA", DISCLOSURE),
        ("Under Shine the Light, please.", "US-OR", None),
        ("A copy of my data", "US-CA", None),
    ],
)
def test_access_that_asks_who_was_told_gets_the_disclosure_in_california(
    details: str, residence: str, also: Right | None
) -> None:
    assert also_asked(ACCESS, details, residence) is also


def test_no_other_right_opens_a_second() -> None:
    for right in set(Right) - {ACCESS, DISCLOSURE}:
        assert also_asked(right, "Send me a copy of my data", "US-CA") is None
