"""How people are named alike, and what a right answer is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.identity import Identifier, IdentifierKind, keyed_hash, normalise
from chalicelib.domain.verification import TRIES, Proof, same


@pytest.mark.parametrize(
    ("kind", "typed", "one_spelling"),
    [
        ("email", " Ada@Example.COM ", "ada@example.com"),
        ("email", "ada+shop@example.com", "ada+shop@example.com"),
        ("phone", "+1 (555) 010-0199", "5550100199"),
        ("phone", "555.010.0199", "5550100199"),
        ("customer_number", " c-1007 ", "c-1007"),
        ("name", "  Ada   LOVELACE ", "ada lovelace"),
    ],
)
def test_one_spelling_for_each_identifier(kind: str, typed: str, one_spelling: str) -> None:
    assert normalise(IdentifierKind(kind), typed) == one_spelling


@given(st.sampled_from(list(IdentifierKind)), st.text(max_size=40))
def test_spelling_it_twice_changes_nothing(kind: IdentifierKind, typed: str) -> None:
    once = normalise(kind, typed)
    if kind is IdentifierKind.PHONE and len(once) == 11:
        return  # a leading 1 of an 11-digit number is a country code only once
    assert normalise(kind, once) == once


def test_hashes_say_nothing_without_the_key_and_keep_kinds_apart() -> None:
    email = Identifier.of("email", "ada@example.com")
    assert keyed_hash(b"one", email) != keyed_hash(b"two", email)
    assert keyed_hash(b"one", email) != keyed_hash(b"one", Identifier(kind=IdentifierKind.NAME, value=email.value))
    assert "ada" not in keyed_hash(b"one", email)


@pytest.mark.parametrize(
    ("answer", "held"),
    [
        ("a-1007", "A1007"),
        ("$1,234.50", 1234.5),
        ("1234.5", "1234.50"),
        ("48.00", "48"),
        (" Müesli ", "muesli"),
        ("12345-6789", "12345 6789"),
    ],
)
def test_sane_spellings_of_the_right_answer_are_right(answer: str, held: object) -> None:
    assert same(answer, ["other", held])


@pytest.mark.parametrize(("answer", "held"), [("", ""), ("  ", " "), ("123.45", "12345"), ("1007", "10077")])
def test_what_is_not_the_answer_is_not(answer: str, held: str) -> None:
    assert not same(answer, [held])


@given(st.text(max_size=30))
def test_nothing_on_file_is_never_matched(answer: str) -> None:
    assert not same(answer, [])


def test_the_mailbox_alone_is_one_point() -> None:
    assert Proof(mailbox=True).suffices
    assert not Proof(mailbox=True, required=2).suffices
    assert Proof(mailbox=True, required=2, matched=("order_number",)).suffices


def test_points_do_not_replace_a_declaration_that_is_due() -> None:
    proof = Proof(mailbox=True, required=2, matched=("a",), declaration_required=True)
    assert not proof.suffices
    assert proof.model_copy(update={"declared": True}).suffices


def test_tries_run_out() -> None:
    assert Proof(tries=TRIES).tries_left == 0
