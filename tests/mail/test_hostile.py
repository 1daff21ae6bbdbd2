"""Mails made to hurt: to cost minutes of a Lambda, or to be read as somebody else's than DMARC vouched for."""

from __future__ import annotations

import time

import pytest

from chalicelib.mail import plain
from chalicelib.mail.inbound import LONGEST_HEADER, Letter, parse

HEAD = b"To: us@example.com\r\nSubject: Hello\r\nMessage-ID: <a@mail.example.com>\r\n"
FROM = b"From: walk.in@example.com\r\n"
LARGE = 3_000_000
MULTIPART = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'


def nested(levels: int) -> bytes:
    one = 'Content-Type: multipart/mixed; boundary="b{0}"\r\n\r\n--b{0}\r\n'
    return "".join(one.format(n) for n in range(levels)).encode()


@pytest.mark.parametrize(
    "rest",
    [
        b"From: other@example.com\r\n" * (LARGE // 25) + b"\r\nHi",
        nested(900) + b"\r\n" + b"x\r\n" * (LARGE // 3),
        nested(20_000),
        MULTIPART + b"--b\r\n\r\nHi\r\n" * (LARGE // 11),
        b"Content-Type: text/html\r\n\r\n" + b"<p " * (LARGE // 3),
        b"Content-Type: text/html\r\n\r\n" + b"<p " + b"a " * 50_000 + b">",
        b"Content-Type: text/html\r\n\r\n" + b"<!--" * (LARGE // 4),
        b"Content-Type: text/html\r\n\r\n" + b"<a a='" * (LARGE // 6),
    ],
    ids=["many_froms", "nested_long", "nested_deep", "many_parts", "open_tags", "an_endless_tag", "comments", "quotes"],
)  # fmt: skip
def test_no_mail_costs_a_minute(rest: bytes) -> None:
    began = time.process_time()
    assert isinstance(parse(FROM + HEAD + rest), Letter)
    assert time.process_time() - began < 15


@pytest.mark.parametrize(
    "sender",
    [
        "walk.in@example.com," + " " * LONGEST_HEADER + "attacker@evil.example.com",
        "walk.in@example.com (" + "a" * LONGEST_HEADER + "), attacker@evil.example.com",
        "<@evil.example.com:walk.in@example.com>",
        "attacker: walk.in@example.com;",
    ],
    ids=["beyond_what_is_read", "behind_a_comment", "a_route", "a_group"],
)
def test_a_from_that_two_programs_read_as_two_people_is_nobodys(sender: str) -> None:
    assert parse(f"From: {sender}\r\n".encode() + HEAD + b"\r\nSTOP").senders == ()


def test_a_page_keeps_its_words_whatever_is_not_closed() -> None:
    page = "<p>Please <b>delete</b> <!-- no > --> my account <a href='x'>now</a> 1 < 2 <p class"
    assert " ".join(plain.from_page(page).split()) == "Please delete my account now 1 < 2 <p class"


def test_a_mail_with_a_large_file_is_read() -> None:
    words = b"--b\r\nContent-Type: text/plain\r\n\r\nDelete my account\r\n"
    file = b"--b\r\nContent-Disposition: attachment; filename=x.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    letter = parse(FROM + HEAD + MULTIPART + words + file + b"aGVsbG8gaGVsbG8g\r\n" * 400_000 + b"--b--\r\n")
    assert (letter.text, letter.files, letter.broken) == ("Delete my account", 1, False)
