"""The gallery: every mail in each of its shapes, as the business that runs would write it. Nobody is sent one.

What fills them is what the tests of the templates use (`tests/mail/samples.py`); name, colour, contact and wording are
the running business's. Leaves to others: the mails that are really sent (mailbox).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from chalicelib.businesses.model import Business
from chalicelib.mail.messages import compose

PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
SCHEME = re.compile(r'(name="(?:supported-)?color-schemes?" content=)"[^"]*"')


@dataclass(frozen=True)
class Preview:
    """One mail: `shape` is its name, or name and shape."""

    shape: str
    subject: str
    text: str
    html: str

    def painted(self, scheme: str) -> str:
        """Its page as a mail program in this colour scheme, `light` or `dark`, would paint it."""
        return SCHEME.sub(rf'\1"{scheme}"', self.html)


@dataclass(frozen=True)
class Gallery:
    business: Business

    @cached_property
    def previews(self) -> dict[str, Preview]:
        """All of them, by shape; made when somebody looks, for the run should start quickly."""
        from tests.mail.samples import MAILS

        return {shape: self._preview(shape) for shape in MAILS}

    def page(self, chosen: str) -> str:
        """The page with one mail open: the one named, or the first."""
        shown = self.previews.get(chosen) or next(iter(self.previews.values()))
        return PAGES.get_template("gallery.html").render(
            previews=self.previews.values(), shown=shown, business=self.business
        )

    def _preview(self, shape: str) -> Preview:
        from tests.mail.samples import MAILS, WITHOUT_REFERENCE
        from tests.web.samples import NOW

        name = shape.partition("-")[0]
        raw = compose(
            name,
            business=self.business,
            to="someone@example.com",
            reference=None if name in WITHOUT_REFERENCE else "R-7K2M-Q4TX",
            context=MAILS[shape],
            at=NOW,
        )
        mail = message_from_bytes(raw, policy=policy.default)
        return Preview(shape, str(mail["Subject"]), _part(mail, "plain"), _part(mail, "html"))


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body else ""
