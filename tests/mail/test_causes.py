"""Why something did not work, as staff read it: words, never the name of a class."""

from __future__ import annotations

import pytest

from chalicelib import errors
from chalicelib.mail import words


def every_error(root: type[Exception] = errors.RightsdeskError) -> list[str]:
    return [root.__name__, *(name for child in root.__subclasses__() for name in every_error(child))]


@pytest.mark.parametrize("name", [*every_error(), "KeyError", "States.Timeout", "Lambda.Unknown", "", None])
def test_no_cause_is_the_name_of_a_class(name: str | None) -> None:
    said = words.cause(name)
    assert " " in said
    assert not name or name not in said


def test_a_cause_that_is_words_already_stays_as_it_is() -> None:
    assert words.cause("it answered with status 404") == "it answered with status 404"
