"""Every mail, in each of its shapes, keeps the promises that hold for all mails."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from chalicelib.mail.messages import TEMPLATES, compose
from tests.mail.samples import BASE, MAILS, WITHOUT_REFERENCE
from tests.web import samples

REFERENCE = "R-7K2M-Q4TX"
NAMES = sorted({name.partition("-")[0] for name in MAILS})
CUSTOMER = [
    n for n in MAILS if not n.startswith(("staff_", "recipient_", "task", "links", "hear_again", "policy_change"))
]


def composed(shape: str) -> EmailMessage:
    name = shape.partition("-")[0]
    reference = None if name in WITHOUT_REFERENCE else REFERENCE
    raw = compose(
        name,
        business=samples.business(),
        to="kim.park@example.com",
        reference=reference,
        context=MAILS[shape],
        at=samples.NOW,
    )
    return message_from_bytes(raw, policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def ours(text: str) -> list[str]:
    return re.findall(re.escape(BASE) + r"/[\w/~.-]+", text)


def test_every_template_has_a_sample() -> None:
    assert {p.name for p in TEMPLATES.iterdir() if p.is_dir()} == set(NAMES)
    for name in NAMES:
        assert {p.name for p in (TEMPLATES / name).iterdir()} == {"subject.txt", "body.txt", "body.html"}


@pytest.mark.parametrize("shape", MAILS)
def test_is_text_and_html_from_the_business(shape: str) -> None:
    mail = composed(shape)
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["From"] == "Pawsome Pets <privacy@pawsome.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [p.get_content_type() for p in mail.iter_parts()] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        assert "1 Kennel Road" in part(mail, kind), "the postal address stands in the footer"


@pytest.mark.parametrize("shape", MAILS)
def test_subject_has_the_reference_and_nothing_personal(shape: str) -> None:
    mail = composed(shape)
    subject = str(mail["Subject"])
    assert (REFERENCE in subject) == (shape.partition("-")[0] not in WITHOUT_REFERENCE)
    assert "kim" not in subject.lower()
    assert "@" not in subject
    assert len(subject) < 90


@pytest.mark.parametrize("shape", CUSTOMER)
def test_a_customer_finds_the_tracker_once_and_can_say_not_me(shape: str) -> None:
    mail = composed(shape)
    for kind in ("plain", "html"):
        body = part(mail, kind)
        assert sum("/track/" in link for link in ours(body)) == 1
        assert "That wasn’t me" in body or "that wasn’t me" in body


@pytest.mark.parametrize("shape", MAILS)
def test_every_link_stands_once_in_each_part_and_both_parts_have_the_same(shape: str) -> None:
    mail = composed(shape)
    text, html = ours(part(mail, "plain")), ours(part(mail, "html"))
    assert len(text) == len(set(text))
    assert sorted(text) == sorted(html)
    given = [*MAILS[shape]["links"].values(), *(url for *_, url in MAILS[shape].get("found", []))]
    assert sorted(text) == sorted(given)


@pytest.mark.parametrize("shape", MAILS)
def test_html_loads_nothing_and_escapes_what_was_typed(shape: str) -> None:
    html = part(composed(shape), "html")
    assert not re.search(r"<(img|script|link|iframe|style|table|form|input)\b|url\(|@import", html, re.I)
    assert "<or>" not in html
    assert html.count("<!doctype html>") == 1


@pytest.mark.parametrize("shape", MAILS)
def test_text_is_plain_and_whole(shape: str) -> None:
    text = part(composed(shape), "plain")
    assert "{{" not in text
    assert "{%" not in text
    assert "&amp;" not in text
    assert "&#" not in text
    assert not re.search(r"\n{3,}", text)
    assert not re.search(r"\S - \S+: \d+ *- ", text), "list items stand on lines of their own"


ASKS = re.compile(
    r"(reply|answer|respond|write back|email us|send us) (to this (mail|email) )?(with|your|by email)|"
    r"by return|attach|your (password|card number|social security)",
    re.I,
)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.*")), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_template_asks_for_data_by_email(path: Path) -> None:
    """JEF-9: questions are answered on the page only."""
    assert not ASKS.search(path.read_text())


def test_no_mail_says_whether_somebody_is_known_before_proof() -> None:
    """Rule 6: the mail that asks for proof is made from the business and the right, never from data."""
    used = set(re.findall(r"\{[{%].*?[%}]\}", (TEMPLATES / "verify" / "body.txt").read_text()))
    names = set(
        re.findall(r"\b(?:again|reminder|tries_left|questions|words|right|links|business|request)\b", " ".join(used))
    )
    assert names <= {"again", "reminder", "tries_left", "questions", "words", "right", "links", "business", "request"}


def test_the_same_mail_has_the_same_id_and_threads_with_its_request() -> None:
    one, other = composed("verify"), composed("verify")
    assert one["Message-ID"] == other["Message-ID"]
    assert one["Message-ID"] != composed("asked")["Message-ID"]
    assert one["References"] == composed("asked")["References"] == f"<{REFERENCE}@pawsome.example.com>"
    assert str(one["Date"]) == "Fri, 20 Nov 2026 18:30:00 +0000"


@pytest.mark.parametrize("to", ["kim@example.com", "o'hara+x@example.co.uk"])
def test_the_address_is_only_in_the_to_line(to: str) -> None:
    raw = compose(
        "verify", business=samples.business(), to=to, reference=REFERENCE, context=MAILS["verify"], at=samples.NOW
    )
    mail = message_from_bytes(raw, policy=policy.default)
    assert str(mail["To"]) == to
    assert to not in part(mail, "plain") + part(mail, "html")
