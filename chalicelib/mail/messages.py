"""Mails: a template and its context become one MIME message, text and HTML.

The subject carries the reference and nothing personal (rule 7); no remote images, no data asked by reply (JEF-9).
Leaves to others: whether to send and to whom (usecases/correspondence), handing over (adapters/ses).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from chalicelib import language
from chalicelib.businesses.model import Business
from chalicelib.law.categories import label
from chalicelib.mail import colours, rules, staff_words, words

TEMPLATES = Path(__file__).parent.parent / "templates" / "mail"
IN_ENGLISH = ("staff_", "task", "recipient_notice")
"""How the names of mails begin that go to the business's own people and to those it passes data to."""


def compose(
    name: str,
    *,
    business: Business,
    to: str,
    reference: str | None,
    context: Mapping[str, Any],
    at: datetime,
    one_click: str | None = None,
) -> bytes:
    """The raw message `templates/mail/<name>` for `context`, dated `at` (UTC).

    `one_click`: what stops such mail by one POST (RFC 8058). The same name, reference, address and time make the same
    Message-ID; all mails of a request form one thread. It is written in the language spoken now; what is for staff, in
    English.
    """
    with language.speaking(language.ENGLISH if name.startswith(IN_ENGLISH) else language.current()):
        told = {**context, "business": business, "reference": reference, "accent": colours.light(business.colour)}
        message = _addressed(business, to, reference, at)
        message["Subject"] = _part(name, "subject.txt", told).strip()
        message["Message-ID"] = f"<{_stable(name, reference, to, at.isoformat())}@{_domain(business)}>"
        if one_click:
            message["List-Unsubscribe"] = f"<{one_click}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text = re.sub(r"\n{3,}", "\n\n", _part(name, "body.txt", told)).strip() + "\n"
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(_part(name, "body.html", told), subtype="html", cte="quoted-printable")
        message["Content-Language"] = language.current()
    return message.as_bytes()


def worded(name: str, *, business: Business, reference: str | None, context: Mapping[str, Any]) -> tuple[str, str]:
    """The subject and the words of a mail without its links and footer, for a letter that says the same."""
    told = {**context, "business": business, "reference": reference, "accent": colours.light(business.colour)}
    said = _part(name, "body.txt", {**told, "printed": True})
    return _part(name, "subject.txt", told).strip(), re.sub(r"\n{3,}", "\n\n", said).strip()


def _addressed(business: Business, to: str, reference: str | None, at: datetime) -> EmailMessage:
    """An empty message with who, when, and the thread of its request."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=business.name, addr_spec=business.sender)
    message["To"] = Address(addr_spec=to)
    message["Date"] = format_datetime(at.astimezone(UTC))
    if reference:
        message["In-Reply-To"] = message["References"] = f"<{reference}@{_domain(business)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    return message


def _domain(business: Business) -> str:
    return business.sender.partition("@")[2]


def _part(name: str, part: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(f"{name}/{part}").render(context)


def _stable(*said: str | None) -> str:
    return hashlib.blake2b("\n".join(s or "" for s in said).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates that fail on a missing name; HTML escapes what it is given, text and subjects do not."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(words=words, staff_words=staff_words, rules=rules, category_label=label)
    return words.spoken(env)
