"""A posted form with files (multipart/form-data, RFC 7578), read within its limits.

The standard library's mail parser reads it: the format is MIME's. Bad bytes end here, as an Unreadable with a 4xx.
Leaves to others: which files are taken (domain/attachment), what the fields mean (the views).
"""

from __future__ import annotations

from email import policy
from email.message import Message
from email.parser import BytesParser

from chalicelib.domain.attachment import MOST_BYTES
from chalicelib.web.asked import LARGEST_BODY, MOST_FIELDS, Asked, Fields, Unreadable

MULTIPART = "multipart/form-data"
MOST_LINES = 20_000
"""Lines that may begin a part: of 600,000 the parser takes a minute, before anybody can count the parts."""
UNREADABLE = "This form could not be read. Please send it again."
Files = list[tuple[str, str, bytes]]
"""Field, the file's name, its bytes."""


def form(asked: Asked) -> tuple[Fields, Files]:
    """Every field and file of a posted form, in order; a form without files may be urlencoded. Raises Unreadable."""
    kind = asked.header("content-type")
    if kind.partition(";")[0].strip().lower() != MULTIPART:
        return asked.form(), []
    return parsed(kind, asked.body(most=MOST_BYTES + LARGEST_BODY))


def parsed(content_type: str, body: bytes) -> tuple[Fields, Files]:
    """The parts of a multipart body. Raises Unreadable."""
    if not content_type.isascii() or not content_type.isprintable() or body.count(b"\n--") > MOST_LINES:
        raise Unreadable(400, "unreadable", UNREADABLE)
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    whole = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    parts = whole.get_payload()
    if whole.defects or not isinstance(parts, list) or len(parts) > MOST_FIELDS:
        raise Unreadable(400, "unreadable", UNREADABLE)
    fields, files = Fields(), Files()
    for part in (p for p in parts if isinstance(p, Message)):
        name, file = _names(part)
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes):
            raise Unreadable(400, "unreadable", UNREADABLE)
        if file is None:
            fields.setdefault(name, []).append(_text(data))
        elif file or data:  # a browser sends an empty part where no file was chosen
            files.append((name, file, data))
    return fields, files


def _names(part: Message) -> tuple[str, str | None]:
    """The field, and the file's name if it is one. Raises Unreadable."""
    name = part.get_param("name", header="content-disposition")
    if not isinstance(name, str) or not name or part.is_multipart() or "content-transfer-encoding" in part:
        raise Unreadable(400, "unreadable", UNREADABLE)
    return name, part.get_filename()


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        raise Unreadable(400, "unreadable", UNREADABLE) from bad
