"""How the package's page says dates, yes and no, and categories to a person. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib import language
from chalicelib.language import Said, gettext

STORIES: Said[str, str] = Said(
    {
        "you": "You and your account",
        "orders": "Your orders and payments",
        "pets": "Your animals",
        "messages": "Messages",
        "choices": "Your choices",
        "activity": "Your activity",
        "shared": "What you told us about others, and they about you",
        "work": "Your work with us",
    }
)
"""Chapters of the page, in the order they are told."""

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?([+-]\d{2}:\d{2}|Z)?")


def category_words(key: str) -> str:
    """A category without a label of its own: `user.contact.email` as `contact: email`."""
    first, *rest = key.removeprefix("user.").replace("_", " ").split(".")
    return f"{first}: {', '.join(rest)}" if rest else first


def list_words(words: Sequence[str]) -> str:
    """`a, b and c`."""
    *first, last = words
    return gettext("%(first)s and %(last)s", first=", ".join(first), last=last) if first else last


def when_words(at: datetime | date) -> str:
    """A day as `5 March 2025`, a point in time with its hour and zone."""
    day = f"{at.day} {at:%B %Y}" if language.current() == language.ENGLISH else language.day(at)
    if not isinstance(at, datetime) or (at.tzinfo is None and (at.hour, at.minute) == (0, 0)):
        return day
    return f"{day}, {at:%H:%M %Z}".rstrip()


def value_words(value: Any, zone: ZoneInfo) -> str:
    """A JSON value as a person reads it; times in the business's zone."""
    match value:
        case None | "":
            return "—"
        case bool():
            return gettext("Yes") if value else gettext("No")
        case str():
            return _text_words(value, zone)
        case list() if all(isinstance(v, str | int | float) for v in value):
            return ", ".join(value_words(v, zone) for v in value) or "—"
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, indent=2)
        case _:
            return str(value)


def _text_words(text: str, zone: ZoneInfo) -> str:
    try:
        if ISO_DAY.fullmatch(text):
            return when_words(date.fromisoformat(text))
        if ISO_TIME.fullmatch(text):
            at = datetime.fromisoformat(text)
            return when_words(at.astimezone(zone) if at.tzinfo else at)
    except ValueError:  # looks like a date and is none
        pass
    return text
