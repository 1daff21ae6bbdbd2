"""A raw mail taken apart: any bytes give a letter, and only its new words are read."""

from __future__ import annotations

import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.mail.arrival import Arrival, Standing, arrivals
from chalicelib.mail.inbound import LONGEST_TEXT, Letter, parse
from chalicelib.mail.plain import fresh, from_page

HEAD = b"From: Kim <kim@example.com>\r\nSubject: Hello\r\n"
HEADERS = st.sampled_from(
    ["From", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "References", "Message-ID", "Auto-Submitted",
     "Content-Disposition", "MIME-Version", "Precedence", "Date"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["multipart/mixed; boundary=x", "text/html; charset=klingon", "text/plain; charset=utf-16", "base64", "a@b@c",
         "=?utf-8?b?!!!!?=", "=?klingon?q?x?=", "<>", "\"", "(((((", "message/rfc822", "multipart/report", "a@[::1]"]
    ),
)  # fmt: skip


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_letter(raw: bytes) -> None:
    assert isinstance(parse(raw), Letter)


@settings(max_examples=300)
@given(st.lists(st.tuples(HEADERS, VALUES), max_size=12), st.binary(max_size=500))
def test_any_headers_are_a_letter(headers: list[tuple[str, str]], body: bytes) -> None:
    said = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("utf-8", "surrogatepass")
    letter = parse(said + b"\r\n" + body + b"\r\n--x\r\n\r\nmore\r\n--x--\r\n")
    assert all("@" in sender and "\n" not in sender for sender in letter.senders)
    assert "\n" not in letter.subject
    assert "\x00" not in letter.text


@given(st.text(max_size=2000))
def test_any_text_loses_only_what_was_quoted(text: str) -> None:
    assert not any(line.startswith(">") for line in fresh(text).split("\n"))
    assert isinstance(from_page(text), str)


@pytest.mark.parametrize(
    "raw",
    [
        b"(" * 1_000_000,
        b"From: " + b"(" * 500_000 + b"\r\n\r\nx",
        b"From: " + b"a@example.com, " * 30_000 + b"\r\n\r\nx",
        b"To: " + b"a@example.com, " * 30_000 + b"\r\nFrom: a@example.com\r\n\r\nx",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)),
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div class=gmail_quote><blockquote>" * 50_000,
        HEAD + b"\r\n" + b"From: x\n" * 100_000,
        HEAD + b"\r\n" + b"on a\n" * 200_000,
        HEAD + b"\r\n" + b"x" * 2_000_000,
        HEAD + b"References: " + b"<R-0000-0000@x> " * 100_000 + b"\r\n\r\nx",
    ],
    ids=range(10),
)  # fmt: skip
def test_hostile_bytes_cost_little(raw: bytes) -> None:
    began = time.perf_counter()
    assert isinstance(parse(raw), Letter)
    assert time.perf_counter() - began < 5


def test_a_plain_mail() -> None:
    letter = parse(HEAD + b"Message-ID: <1@example.com>\r\n\r\nDelete my account.\r\n")
    assert (letter.senders, letter.subject, letter.text) == (("kim@example.com",), "Hello", "Delete my account.")
    assert (letter.files, letter.automatic, letter.broken, letter.cut) == (0, "", False, False)


@pytest.mark.parametrize(
    ("sender", "senders"),
    [
        ("Kim <KIM@Example.com>", ("KIM@example.com",)),
        ('"Kim, the \\"one\\"" <kim@example.com>', ("kim@example.com",)),
        ("=?utf-8?q?Kim=0d=0aBcc:_b@example.com?= <kim@example.com>", ()),
        ('"\u202emoc.elpmaxe@mik" <kim@example.com>', ("kim@example.com",)),
        ("mik@example.org <kim@example.com>", ()),
        ("a@example.com, b@example.com", ("a@example.com", "b@example.com")),
        ("Group: a@example.com;", ()),
        ("kim at example.com", ()),
        ("<>", ()),
        ("", ()),
    ],
)
def test_who_wrote(sender: str, senders: tuple[str, ...]) -> None:
    assert parse(f"From: {sender}\r\nSubject: x\r\n\r\nx".encode()).senders == senders


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, Nov 2, 2026 at 9:00 AM Jeffers <a@example.com> wrote:\n> REMOVE",
        "On Mon, Nov 2, 2026 at 9:00 AM Jeffers\n<a@example.com> wrote:\nREMOVE",
        "El lun, 2 nov 2026, Jeffers escribió:\nREMOVE",
        "-----Original Message-----\nREMOVE",
        "From: Jeffers <a@example.com>\nSent: Monday\nTo: me\nREMOVE",
        "De: Jeffers\nEnviado: lunes\nREMOVE",
        "-- \nREMOVE industries",
        "> REMOVE",
    ],
)
def test_old_words_are_not_read_again(quoted: str) -> None:
    assert fresh(f"Thank you.\n\n{quoted}") == "Thank you."


def test_a_page_is_read_without_its_markup_and_quotations() -> None:
    page = "<style>p{}</style><p>Delete&nbsp;my <b>account</b></p><div class='gmail_quote'><div>REMOVE</div></div>bye"
    assert fresh(from_page(page).replace("\xa0", " ")) == "Delete my account\n\nbye"


def test_text_goes_before_a_page_and_files_are_only_counted() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "kim@example.com", "x"
    message.set_content("words")
    message.add_alternative("<p>page</p>", subtype="html")
    message.add_attachment(b"secret", maintype="application", subtype="pdf", filename="x.pdf")
    message.add_attachment("delete my account", filename="x.txt")
    letter = parse(message.as_bytes())
    assert (letter.text, letter.files) == ("words", 2)


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "¿Qué?".encode(), "¿Qué?"),
        ("iso-8859-1", "¿Qué?".encode("latin-1"), "¿Qué?"),
        ("klingon", "¿Qué?".encode(), "¿Qué?"),
        ("utf-8", b"\xff\xfehello", "\ufffd\ufffdhello"),
        ("us-ascii", "\u202eelete\x00".encode(), None),
    ],
)
def test_charsets_right_and_wrong(charset: str, body: bytes, text: str | None) -> None:
    letter = parse(HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body)
    assert letter.text == text if text else "\x00" not in letter.text


def test_a_long_mail_is_cut_and_says_so() -> None:
    letter = parse(HEAD + b"\r\n" + b"word " * 5000)
    assert letter.cut
    assert len(letter.text) == LONGEST_TEXT


def test_the_thread_is_known_by_references_and_by_subject() -> None:
    raw = b"From: a@example.com\r\nSubject: Re: x (R-7K2M-Q4TX)\r\nReferences: <R-0000-AAAA@example.com>\r\n\r\nx"
    assert parse(raw).references == ("R-0000-AAAA", "R-7K2M-Q4TX")


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Auto-Submitted: no", ""),
        ("Auto-Submitted: auto-replied", "reply"),
        ("Precedence: junk", "bulk"),
        ("List-Unsubscribe: <https://example.com>", "bulk"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "bounce"),
        ("X-Priority: 1", ""),
    ],
)
def test_what_no_person_wrote(header: str, automatic: str) -> None:
    assert parse(f"From: a@example.com\r\nSubject: x\r\n{header}\r\n\r\nx".encode()).automatic == automatic


@pytest.mark.parametrize(
    ("verdicts", "standing"),
    [
        ({"dmarc": "PASS"}, Standing.AUTHENTIC),
        ({"dmarc": "PASS", "spf": "FAIL"}, Standing.AUTHENTIC),
        ({"dmarc": "FAIL", "dmarc_policy": "REJECT", "spf": "PASS"}, Standing.FORGED),
        ({"dmarc": "FAIL", "dmarc_policy": "QUARANTINE"}, Standing.FORGED),
        ({"dmarc": "FAIL", "dmarc_policy": "NONE"}, Standing.UNSURE),
        ({"dmarc": "GRAY", "spf": "FAIL", "dkim": "GRAY"}, Standing.FORGED),
        ({"dmarc": "GRAY", "spf": "FAIL", "dkim": "PASS"}, Standing.UNSURE),
        ({"dmarc": "GRAY", "spf": "PASS"}, Standing.UNSURE),
        ({"dmarc": "PROCESSING_FAILED"}, Standing.UNSURE),
        ({}, Standing.UNSURE),
    ],
)
def test_how_sure_the_sender_is(verdicts: dict[str, str], standing: Standing) -> None:
    arrival = Arrival(id="x", at="2026-11-02T17:00:00+00:00", **verdicts)  # type: ignore[arg-type]
    assert arrival.standing is standing


def test_ses_event_as_aws_documents_it() -> None:
    """The shape of the SES developer guide's example, with our own addresses."""
    receipt = {
        "timestamp": "2026-11-02T17:00:00.000Z", "processingTimeMillis": 574, "recipients": ["a@example.com"],
        "spamVerdict": {"status": "PASS"}, "virusVerdict": {"status": "PASS"}, "spfVerdict": {"status": "PASS"},
        "dkimVerdict": {"status": "GRAY"}, "dmarcVerdict": {"status": "FAIL"}, "dmarcPolicy": "reject",
        "action": {"type": "Lambda", "functionArn": "arn", "invocationType": "Event"},
    }  # fmt: skip
    mail = {
        "timestamp": "2026-11-02T17:00:00.000Z", "source": "kim@example.org", "messageId": "o3vrnil0e2ic",
        "destination": ["a@example.com"], "headersTruncated": False, "headers": [], "commonHeaders": {},
    }  # fmt: skip
    event = {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": {"mail": mail, "receipt": receipt}}]}
    [arrival] = arrivals(event)
    assert (arrival.id, arrival.standing, arrival.bounced) == ("o3vrnil0e2ic", Standing.FORGED, False)
    assert arrival.at.isoformat() == "2026-11-02T17:00:00+00:00"
