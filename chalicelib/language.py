"""The language that is spoken now: the reader's own, English or Spanish.

English is the source text, so a message without a translation is said in English, never not at all. Which language
it is stands in a context variable: the web sets it from the browser, the stages of the road from the request. Names of
laws and what people typed are never translated. Leaves to others: the translations (locale/), a business's own
words (businesses/<name>/es.yaml).
"""

from __future__ import annotations

import gettext as catalogues
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

ENGLISH = "en"
LANGUAGES = {"en": "English", "es": "Español"}
"""Every language there is, each by its own name."""
LOCALE = Path(__file__).parent / "locale"
MONTHS = {
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
        "noviembre", "diciembre",
    ),
}  # fmt: skip
HALVES = {"es": ("a. m.", "p. m.")}

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)
_chosen: ContextVar[bool] = ContextVar("chosen", default=False)
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)

K = TypeVar("K")
V = TypeVar("V")


def current() -> str:
    return _spoken.get()


def speak(language: str, *, chosen: bool = False) -> None:
    """Speak this language from here on; English where it is none of ours. `chosen`: the reader said so themself."""
    _spoken.set(language if language in LANGUAGES else ENGLISH)
    _chosen.set(chosen)


def follow(language: str) -> None:
    """Speak what a request was asked in, from here on, unless the reader has chosen."""
    if not _chosen.get():
        speak(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak this language within, whatever is chosen there; English where it is none of ours."""
    spoken, chosen = _spoken.set(language if language in LANGUAGES else ENGLISH), _chosen.set(False)
    try:
        yield
    finally:
        _spoken.reset(spoken)
        _chosen.reset(chosen)


def wanted(accept_language: str, offered: Sequence[str]) -> str:
    """Which of `offered` an Accept-Language header wants most (RFC 9110 12.5.4); the first where it wants none.

    The longest matching range decides about a language, `q=0` refuses it; what is no such header wants nothing.
    """
    asked = list(_ranges(accept_language))
    wishes = [(_wish(language, asked), -place, language) for place, language in enumerate(offered)]
    best = max(wishes)
    return best[2] if best[0] > 0 else offered[0]


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header[:1000].split(","):
        name, *parameters = (p.strip() for p in part.split(";"))
        if not re.fullmatch(r"\*|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", name):
            continue
        quality = 1.0
        for parameter in parameters:
            said = _QUALITY.fullmatch(parameter)
            quality = float(said[1]) if said else 0.0
        yield name.lower(), quality


def _wish(language: str, asked: Sequence[tuple[str, float]]) -> float:
    """How much it is wanted: by its own name, or a country's (`es-MX` takes our `es`), else by `*`."""
    own = [q for name, q in asked if name.partition("-")[0] == language]
    if own:
        return max(own)
    return max((q for name, q in asked if name == "*"), default=0.0)


@cache
def _catalogue(language: str) -> catalogues.NullTranslations:
    if language == ENGLISH:
        return catalogues.NullTranslations()
    return catalogues.translation("rightsdesk", LOCALE, [language])


def lookup(message: str) -> str:
    """The message in the language spoken now, its places still to be filled: what templates' `_` asks."""
    return _catalogue(current()).gettext(message) if message else message


def lookup_plural(one: str, many: str, number: int) -> str:
    return _catalogue(current()).ngettext(one, many, number)


def gettext(message: str, **places: Any) -> str:
    """The message, each `%(name)s` filled."""
    said = lookup(message)
    return said % places if places else said


def N_(message: str) -> str:
    """The message, to be said later: marks it for translation."""
    return message


def ngettext(one: str, many: str, number: int, **places: Any) -> str:
    """The message for this `number`, which fills `%(num)s`."""
    return lookup_plural(one, many, number) % {"num": number, **places}


def teach(environment: Any) -> None:
    """Let the templates of a Jinja environment speak: `_` and `ngettext`, whose places are escaped as all else is.

    A message is ours and may have markup; what is not ours is looked up by `lookup`, and escaped whole.
    """
    from jinja2 import pass_eval_context
    from markupsafe import Markup

    def safe(context: Any, message: str, places: dict[str, Any]) -> str:
        said = Markup(message) if context.autoescape else message  # noqa: S704  our own text
        return said % places if places else said

    @pass_eval_context
    def one(context: Any, message: str, **places: Any) -> str:
        return safe(context, lookup(message), places)

    @pass_eval_context
    def several(context: Any, single: str, plural: str, number: int, **places: Any) -> str:
        return safe(context, lookup_plural(single, plural, number), {"num": number, **places})

    environment.globals.update(_=one, ngettext=several, lookup=lookup, language=sys.modules[__name__])


def day(at: date) -> str:
    """A local day: January 4, 2027; 4 de enero de 2027."""
    if months := MONTHS.get(current()):
        return f"{at.day} de {months[at.month - 1]} de {at.year}"
    return f"{at:%B} {at.day}, {at.year}"


def time(at: datetime) -> str:
    """A local time with its zone: 3:05 PM PST; 3:05 p. m. PST."""
    halves = HALVES.get(current())
    half = halves[at.hour >= 12] if halves else f"{at:%p}"
    return f"{at.hour % 12 or 12}:{at:%M} {half} {at:%Z}"


class Said(dict[K, V]):
    """A table of words, each read in the language spoken now. Pages, mails and the test of translations read it."""

    def __getitem__(self, key: K) -> V:
        return cast(V, _said(super().__getitem__(key)))

    def get(self, key: Any, default: Any = None) -> Any:
        return _said(super().get(key, default))

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        return [self[key] for key in self]

    def sources(self) -> Iterator[str]:
        """Every message in it, in English."""
        for value in super().values():
            yield from (value,) if isinstance(value, str) else cast(Sequence[str], value)


def _said(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value and lookup(value)
    said = tuple(lookup(part) for part in value)
    return said if type(value) is tuple else type(value)(*said)
