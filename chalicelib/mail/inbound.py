"""A raw mail becomes what its writer says: who, the new words, what else came with it. Never raises on any bytes.

Only the text is read: files are counted and never opened, a page's markup is dropped, and so is what was quoted, for
old words are not asked again. Nothing here trusts the sender. Leaves to others: whether it is really theirs (arrival),
what they ask (law/content), what is done (usecases/inbound).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import InvalidHeaderDefect
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

from email_validator import EmailNotValidError, validate_email

from chalicelib.mail import plain

log = logging.getLogger("rightsdesk.mail")

LONGEST_TEXT = 5_000
"""Characters of a mail that are read; who writes more is read by a person."""
LONGEST_HEADER = 4_000
MOST_BYTES = 2_000_000
"""Of a raw mail that are read: people write their words before their files, and parsing more takes minutes."""
MOST_PARTS, MOST_NAMED_PARTS, MOST_FROMS = 500, 20, 5
"""Beyond so many nobody wrote it with a mail program, and each costs the parser time: all parts, parts within parts."""
MANY_RECIPIENTS = 20
"""More than so many in To and Cc: sent to the world, not to us."""
REFERENCE = re.compile(r"\bR-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")
_AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response)|autoreply|vacation reply|"
    r"undeliver(?:able|ed)|mail delivery (?:failed|failure|subsystem)|delivery status notification|returned mail|"
    r"respuesta autom[aá]tica|fuera de (?:la )?oficina|ausente)\b",
    re.IGNORECASE,
)
_PARTS, _ENDS = re.compile(rb"boundary", re.IGNORECASE), re.compile(rb"^--[^\r\n]", re.MULTILINE)
_ROUTE = re.compile(r"<\s*@")
_SYSTEMS = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)(?:[+@\-_.]|$)", re.IGNORECASE)
_AUTOMATIC_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Failed-Recipients", "X-Loop")


@dataclass(frozen=True)
class Letter:
    """What a mail says, as far as it is read."""

    senders: tuple[str, ...] = ()
    """Addresses of its From, each once; none where the From is malformed."""
    subject: str = ""
    text: str = ""
    """Its new words: what was quoted and signed is dropped."""
    cut: bool = False
    """It goes on beyond LONGEST_TEXT."""
    files: int = 0
    """Parts that were not opened."""
    message_id: str = ""
    references: tuple[str, ...] = ()
    """References of our requests that its thread or subject names."""
    automatic: str = ""
    """Why no person wrote it to us: `reply`, `bounce`, `bulk`; empty where one may have."""
    broken: bool = False
    """It could not be taken apart at all: a person must look at it."""


class _Bounded(EmailPolicy):
    """The modern policy, for headers of strangers: it parses them in time that grows faster than they do."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER]


POLICY = _Bounded()


def parse(raw: bytes) -> Letter:
    """The letter in these bytes; one that is `broken` where they cannot be taken apart."""
    if _too_many_parts(raw := raw[:MOST_BYTES]):
        return Letter(broken=True)
    try:
        message = message_from_bytes(raw, policy=POLICY)
        return _letter(message) if isinstance(message, EmailMessage) else Letter(broken=True)
    except (
        Exception
    ) as fault:  # the library raises many kinds on hostile bytes, deep nesting included: none may stop us
        log.warning("a mail could not be taken apart: %s", type(fault).__name__)
        return Letter(broken=True)


def _too_many_parts(raw: bytes) -> bool:
    """The library compares every line with every open part's end, and makes an object of each part."""
    return len(_PARTS.findall(raw)) > MOST_NAMED_PARTS or len(_ENDS.findall(raw)) > MOST_PARTS


def _letter(message: EmailMessage) -> Letter:
    subject = clean(_header(message, "Subject")).replace("\n", " ")[:500]
    text, files = _body(message)
    fresh = plain.fresh(clean(text))
    senders = _senders(message)
    return Letter(
        senders=senders, subject=subject, text=fresh[:LONGEST_TEXT], cut=len(fresh) > LONGEST_TEXT, files=files,
        message_id=_header(message, "Message-ID").strip()[:500],
        references=_references(message, subject), automatic=_automatic(message, senders, subject),
    )  # fmt: skip


def _header(message: EmailMessage, name: str) -> str:
    """A header decoded as well as it can be; empty where it is not there or beyond reading."""
    try:
        return str(message.get(name, ""))
    except Exception:  # a header that the library cannot parse is as good as none
        return ""


def _senders(message: EmailMessage) -> tuple[str, ...]:
    """The addresses of every From; none where one of them is malformed.

    Two programs may read a malformed one as two people, and ours must not be another than the one DMARC vouched for:
    so one with a group, with a route, or longer than we read is malformed, too.
    """
    raw = [str(value) for name, value in message.raw_items() if name.lower() == "from"]
    if len(raw) > MOST_FROMS or any(len(value) >= LONGEST_HEADER or _ROUTE.search(value) for value in raw):
        return ()
    try:
        headers = message.get_all("From", [])
        if any(group.display_name is not None for header in headers for group in header.groups):
            return ()
        if any(isinstance(defect, InvalidHeaderDefect) for header in headers for defect in header.defects):
            return ()
        named = [address.addr_spec for header in headers for address in header.addresses]
    except Exception:  # as above
        return ()
    found = [address_of(spec) for spec in named]
    return tuple(dict.fromkeys(address for address in found if address)) if all(found) else ()


def address_of(typed: str) -> str | None:
    """An email address as it is written to; None where it is none."""
    try:
        found = validate_email(typed, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    return found.ascii_email or found.normalized


def _references(message: EmailMessage, subject: str) -> tuple[str, ...]:
    said = " ".join((_header(message, "In-Reply-To"), _header(message, "References"), subject.upper()))
    return tuple(dict.fromkeys(REFERENCE.findall(said)))[:5]


def _automatic(message: EmailMessage, senders: tuple[str, ...], subject: str) -> str:
    submitted = _header(message, "Auto-Submitted").strip().lower()
    kind = str(message.get_content_type())
    if kind in ("multipart/report", "message/delivery-status") or any(_SYSTEMS.match(s) for s in senders):
        return "bounce"
    if (submitted and not submitted.startswith("no")) or any(message.get(h) is not None for h in _AUTOMATIC_HEADERS):
        return "reply"
    if _AUTOMATIC_SUBJECT.match(subject):
        return "reply"
    precedence = _header(message, "Precedence").strip().lower()
    if precedence in ("bulk", "junk", "list", "auto_reply"):
        return "bulk" if precedence != "auto_reply" else "reply"
    listed = message.get("List-Id") is not None or message.get("List-Unsubscribe") is not None
    return "bulk" if listed or _recipients(message) > MANY_RECIPIENTS else ""


def _recipients(message: EmailMessage) -> int:
    """How many it was sent to openly, unparsed: a thousand addresses are not worth reading."""
    return sum(str(value).count("@") for name, value in message.raw_items() if name.lower() in ("to", "cc"))


def _body(message: EmailMessage) -> tuple[str, int]:
    """The words of a mail, and how many parts of it are left unopened."""
    words: list[tuple[str, str]] = []
    files = 0
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        attached = part.get_content_disposition() == "attachment" or part.get_filename() is not None
        if kind in ("text/plain", "text/html") and not attached:
            words.append((kind, _decoded(part)))
        else:
            files += 1
    texts = [text for kind, text in words if kind == "text/plain" and text.strip()]
    pages = [plain.from_page(text) for kind, text in words if kind == "text/html"]
    return "\n".join(texts or pages), files


def _decoded(part: Any) -> str:
    """By the charset it names, if there is such a one; what does not fit becomes a question mark."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """Without control characters and those that turn the direction of writing: text that is shown to staff."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept = (
        c for c in lines if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs") and c not in BIDI_OVERRIDES)
    )
    return "".join(kept)
