"""What may be shown of a value, to the person it is about and to staff."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.datamap import FieldMap, Never
from chalicelib.domain.masking import KIND_WORDS, NOT_FOR_THIS_ROLE, STRUCK, for_staff, guarded, shown

SECRETS = st.text(st.characters(categories=["Lu", "Nd"]), min_size=9, max_size=20)


def field(**more: Any) -> FieldMap:
    return FieldMap(label="l", category="user.name", **more)


@given(kind=st.sampled_from(Never), secret=SECRETS, may_see=st.booleans(), third=st.booleans())
def test_a_never_disclosed_value_is_named_and_not_shown_to_anyone(
    kind: Never, secret: str, may_see: bool, third: bool
) -> None:
    f = field(never=kind, third_person=third)
    for said in (shown(f, secret), for_staff(f, secret, may_see=may_see)):
        assert said == f"held, not shown: {KIND_WORDS[kind]}"


def test_every_kind_has_words() -> None:
    assert set(KIND_WORDS) == set(Never)


@pytest.mark.parametrize(
    ("value", "said"),
    [("Gina Gift", "G•••"), ("joe@example.com", "j•••@•••"), (" éva", "é•••"), ("", "•••"), (1987, "•••"),
     (True, "•••"), (["a"], "•••"), (None, None)],
)  # fmt: skip
def test_a_third_persons_value_is_its_first_letter(value: Any, said: str | None) -> None:
    assert shown(field(third_person=True), value) == said


def test_staff_see_what_their_role_may_see() -> None:
    """PRU-6; a third person's value is seen by those whose job it is."""
    assert for_staff(field(third_person=True), "Gina", may_see=True) == "Gina"
    assert for_staff(field(), "Ann", may_see=False) == NOT_FOR_THIS_ROLE
    assert for_staff(field(), None, may_see=False) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("card 4111-1111-1111-1111.", f"card {STRUCK}."),
        ("378282246310005", STRUCK),
        ("5502 4111 1111 1111 1111 12/27, 378282246310005", f"5502 {STRUCK} 12/27, {STRUCK}"),
        ("ssn 078-05-1120", f"ssn {STRUCK}"),
        ("parcel 4111111111111112", "parcel 4111111111111112"),
        ("call +1 334 555 0100", "call +1 334 555 0100"),
        ("2025-03-01T10:00:00+00:00", "2025-03-01T10:00:00+00:00"),
        ("12.50", "12.50"),
    ],
)
def test_numbers_of_cards_and_of_social_security_are_struck_out_of_texts(text: str, said: str) -> None:
    assert guarded(text) == said
    assert guarded({"a": [text, 5]}) == {"a": [said, 5]}


@given(value=st.none() | st.booleans() | st.integers() | st.text(max_size=10))
def test_an_ordinary_value_is_shown_as_it_is(value: Any) -> None:
    assert shown(field(), value) == value
