"""Mails are read by what they ask, in English and Spanish; a subject's mark decides only where words are silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import Right
from chalicelib.law.content import Asks, asks, marked_to_stop

A, C, D, L, N = Right.ACCESS, Right.CORRECTION, Right.DELETION, Right.CALIFORNIA_DISCLOSURE, Right.CONCERN


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("Hello, please send me a copy of my data.", {A}),
        ("What information do you have about me?", {A}),
        ("Under the CCPA I make a request to know.", {A}),
        ("¿Qué datos tienen ustedes sobre mí?", {A}),
        ("Quiero una copia de mis datos personales", {A}),
        ("Please delete my account.", {D}),
        ("I want you to erase all my personal information and close it", {D}),
        ("Remove me from your database, please", {D}),
        ("Deseo eliminar mi cuenta", {D}),
        ("Por favor borren mis datos", {D}),
        ("My address has changed.", {C}),
        ("Could you correct my phone number?", {C}),
        ("we have moved house, our new address is 1 Barn Lane", {C}),
        ("Quisiera corregir mi dirección", {C}),
        ("Whom did you tell about me?", {L}),
        ("Which companies did you give my information to last year?", {L}),
        ("¿A qué empresas han dado mis datos?", {L}),
        ("Tell me which companies you sold my data to, and send me a copy of my data.", {A, L}),
        ("Give me a copy of my data. Then delete my account.", {A, D}),
        ("You do not follow your privacy policy!", {N}),
        ("I have a complaint about your privacy practices", {N}),
        ("Tengo una queja sobre la privacidad", {N}),
        ("I am worried about my data, delete my account", {D}),
        ("Where is my parcel?", set()),
        ("Please do not delete my account", set()),
        ("No quiero borrar mis datos", set()),
        ("I updated my order yesterday", set()),
        ("", set()),
    ],
)
def test_the_rights_a_text_asks_for(text: str, rights: set[Right]) -> None:
    assert set(asks("Hello", text).rights) == rights


@pytest.mark.parametrize(
    ("subject", "text", "rights", "child"),
    [
        ("California Privacy Rights", "", {L}, False),
        ("Re: California Privacy Rights", "Thank you", {L}, False),
        ("Derechos de privacidad de California", "Gracias", {L}, False),
        ("California Privacy Rights", "What do you have about me?", {A}, False),
        ("California Privacy Rights", "Please delete my account", {D}, False),
        ("Privacy Information Request", "", {A}, False),
        ("Privacy Information Request", "Please correct my phone number", {C}, False),
        ("Privacy Information Request", "What do you have about my 8-year-old daughter?", {A}, True),
        ("Privacy Information Request", "I am her mother. Delete my daughter's data.", {D}, True),
        ("Hello", "Delete my son's account", {D}, True),
        ("Delete my account", "", {D}, False),
        ("Hi", "I bought a saddle for my daughter. Please delete my account", {D}, False),
        ("Hi", "I have a complaint about your privacy practices and my daughter", {N}, False),
    ],
)
def test_content_decides_and_a_mark_where_it_is_silent(
    subject: str, text: str, rights: set[Right], child: bool
) -> None:
    found = asks(subject, text)
    assert (set(found.rights), found.child) == (rights, child)


@pytest.mark.parametrize(
    ("subject", "text", "stops"),
    [
        ("REMOVE", "", {"email"}),
        ("Re: Our summer sale REMOVE", "", {"email"}),
        ("remove", "please", {"email"}),
        ("Unsubscribe", "", {"email"}),
        ("BAJA", "", {"email"}),
        ("News", "Take me off your list", {"email"}),
        ("News", "please stop sending me these", {"email"}),
        ("News", "I don't want any more of your emails", {"email"}),
        ("News", "No quiero recibir más correos", {"email"}),
        ("News", "You have not stopped sending me offers", {"email"}),
        ("News", "Do not sell my personal information", {"sharing"}),
        ("News", "No vendan mis datos", {"sharing"}),
        ("News", "stop the catalogs", {"post"}),
        ("News", "Don't call me", {"phone"}),
        ("News", "Do not contact me again", {"all"}),
        ("News", "Please do not unsubscribe me", set()),
        ("Remove", "", {"email"}),
        ("How do I remove a stain", "", set()),
    ],
)
def test_what_to_stop(subject: str, text: str, stops: set[str]) -> None:
    assert set(asks(subject, text).stops) == stops


def test_remove_and_a_deletion_are_both_read() -> None:
    found = asks("REMOVE", "Please delete my account and all my data.")
    assert (found.rights, found.stops) == ((D,), ("email",))


@pytest.mark.parametrize(
    "text", ["I live in California", "as a California resident", "under the CCPA", "vivo en California"]
)
def test_residence_is_what_they_say(text: str) -> None:
    assert asks("", text).residence == "US-CA"


@pytest.mark.parametrize("text", ["I do not live in California", "I live in Oregon", "California wine, please"])
def test_residence_is_never_guessed(text: str) -> None:
    assert asks("", text).residence is None


def test_who_writes_for_a_client_is_noticed() -> None:
    assert asks("", "As authorized agent I ask you to delete my data").agent


def test_a_subject_is_a_mark_only_whole_or_in_capitals() -> None:
    assert marked_to_stop("Re: RE: remove")
    assert marked_to_stop("please REMOVE")
    assert not marked_to_stop("Please remove my order")


@given(st.text(max_size=300), st.text(max_size=2000))
def test_any_text_can_be_read(subject: str, text: str) -> None:
    assert isinstance(asks(subject, text), Asks)


def test_reading_stays_quick_on_hostile_text() -> None:
    """No phrase backtracks for long: the longest mail that is read takes well under a second."""
    import time

    began = time.perf_counter()
    for bit in ("my ", "do not ", "who you gave ", "what you have you know ", "no quiero "):
        asks("x", bit * (5000 // len(bit)))
    assert time.perf_counter() - began < 5
