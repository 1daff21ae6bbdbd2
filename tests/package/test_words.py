"""How the page says values."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.package.words import category_words, list_words, value_words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "—"), ("", "—"), (True, "Yes"), (False, "No"), (0, "0"), ("2024-02-29", "29 February 2024"),
        ("2024-02-30", "2024-02-30"), ("2024-07-01T12:00:00Z", "1 July 2024, 08:00 EDT"),
        ("2024-07-01T12:00:00", "1 July 2024, 12:00"), ("2024-07-01T00:00:00", "1 July 2024"), (["a", 1], "a, 1"),
        ([], "—"), ({"a": [1]}, '{\n  "a": [\n    1\n  ]\n}'), ("12.50", "12.50"),
    ],
)  # fmt: skip
def test_a_value_is_said_as_a_person_reads_it(value: Any, said: str) -> None:
    assert value_words(value, ZoneInfo("America/New_York")) == said


@pytest.mark.parametrize(
    ("key", "said"),
    [("user.contact.email", "contact: email"), ("user.date_of_birth", "date of birth"), ("user", "user"),
     ("system.operations", "system: operations")],
)  # fmt: skip
def test_a_category_is_said_in_words(key: str, said: str) -> None:
    assert category_words(key) == said


def test_a_list_is_said_with_and() -> None:
    assert [list_words(w) for w in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
