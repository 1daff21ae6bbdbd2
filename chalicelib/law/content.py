"""What a message asks, read by its content and not its heading: forms, letters and mails by the same phrases.

A California "what do you hold" is a request to know (Civ. Code 1798.110), not one under 1798.83, whatever form it came
on; a message that is plainly both opens both. A subject line that marks a message decides only where its words do not
(JEF-6). Only plain phrases are read (phrases.yaml: English and Spanish), and none that is denied ("I do not want a
copy"): where it is not plain, the right that was chosen stands, or a person reads it. Leaves to others: filing
(intake), which mails are read at all (usecases/inbound).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from chalicelib.domain.request import Right
from chalicelib.errors import Misconfigured
from chalicelib.law.loader import parsed

PHRASES = Path(__file__).parent / "phrases.yaml"
EVERYTHING = "all"
"""Among the scopes to stop: every way of being contacted."""
CONTACT = ("email", "post", "phone")
_ANSWERED_TO = re.compile(r"^(?:(?:re|aw|sv|fw|fwd|rv|res?p?)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


Way = tuple[re.Pattern[str], re.Pattern[str], str]
"""A phrase, the denials of its language, and the language."""


@dataclass(frozen=True)
class Asks:
    """What a message plainly asks. Empty: a person must read it."""

    rights: tuple[Right, ...] = ()
    stops: tuple[str, ...] = ()
    """Scopes to stop, of a business's `opt_outs`, or EVERYTHING."""
    residence: str | None = None
    """`US-CA` where it says so."""
    child: bool = False
    """It is about the writer's child, and asks nothing about the writer."""
    language: str = "en"
    """In which it asks, as far as it is plain."""
    agent: bool = False
    """Somebody writes for a client: a person reads it."""


@dataclass(frozen=True)
class _Phrases:
    """The file, compiled. Each phrase stands with its language."""

    rights: dict[str, list[Way]]
    stops: dict[str, list[Way]]
    marks: dict[str, re.Pattern[str]]
    capitals: re.Pattern[str]
    who: dict[str, list[re.Pattern[str]]]
    denied: tuple[re.Pattern[str], ...]


def asks(subject: str, text: str) -> Asks:
    """What a mail asks by its words; its subject is read as words too, and as a mark where the words say nothing."""
    said, mark, book = _plain(f"{subject}. {text}"), _mark(subject), _phrases()
    rights = _rights(said)
    if not set(rights) - {Right.CONCERN}:
        theirs = _rights(_about_the_writer(said))
        child = set(theirs) > set(rights)
        rights = theirs
    else:
        child = False
    others: list[Right] = [r for r in rights if r is not Right.CONCERN]
    if others:
        rights = others  # who asks for something is answered by that; a concern beside it is read with it
    stops = [scope for scope, ways in book.stops.items() if _says(ways, said)]
    if marked_to_stop(subject) and "email" not in stops:
        stops.append("email")
    if not rights and not stops and mark in MARKED:
        rights = [MARKED[mark]]
    californian = any(_undenied(p, denied, said) for p in book.who["californian"] for denied in book.denied[:1])
    return Asks(
        rights=tuple(rights), stops=tuple(stops), residence="US-CA" if californian else None, child=child,
        language=_language(said),
        agent=any(p.search(said) for p in book.who["agent"]),
    )  # fmt: skip


def _language(said: str) -> str:
    """The language whose phrases say the most; English where none does."""
    ways = [way for family in (*_phrases().rights.values(), *_phrases().stops.values()) for way in family]
    spoken = Counter(language for plainly, denied, language in ways if _undenied(plainly, denied, said))
    return spoken.most_common(1)[0][0] if spoken else "en"


MARKED = {"california": Right.CALIFORNIA_DISCLOSURE, "information": Right.ACCESS}
"""What a mark in the subject means where the words are silent: a mark alone makes nobody a parent."""


def marked_to_stop(subject: str) -> bool:
    """Whether a subject says REMOVE, as the mails of a business tell people to write (CET-2)."""
    return _mark(subject) == "remove" or bool(_phrases().capitals.search(subject))


def also_asked(right: Right, details: str | None, residence: str | None) -> Right | None:
    """The other right that a message filed under `right` plainly asks for too; None where it does not.

    Who was told is a Californian's to ask (1798.83): under access it counts only from there.
    """
    said, ways = _plain(details or ""), _phrases().rights
    if right is Right.CALIFORNIA_DISCLOSURE and _says(ways[Right.ACCESS], said):
        return Right.ACCESS
    californian = (residence or "").upper() == "US-CA"
    if right is Right.ACCESS and californian and _says(ways[Right.CALIFORNIA_DISCLOSURE], said):
        return Right.CALIFORNIA_DISCLOSURE
    return None


def _mark(subject: str) -> str | None:
    said = _plain(_ANSWERED_TO.sub("", subject.strip())).strip(" .!\"'")
    return next((name for name, pattern in _phrases().marks.items() if pattern.fullmatch(said)), None)


def _about_the_writer(said: str) -> str:
    """The same words as if they were about the writer: "my son's data" as "my data", so that one list serves both."""
    for pattern in _phrases().who["child"]:
        said = pattern.sub(lambda m: "my" if m[0].endswith(("'s", "s'")) else f"{m[0].split()[0]} me", said)
    return said


def _rights(said: str) -> list[Right]:
    return [Right(right) for right, ways in _phrases().rights.items() if _says(ways, said)]


def _says(ways: list[Way], text: str) -> bool:
    return any(_undenied(plainly, denied, text) for plainly, denied, _ in ways)


def _undenied(plainly: re.Pattern[str], denied: re.Pattern[str], text: str) -> bool:
    return any(not denied.search(_sentence_before(text, m.start())) for m in plainly.finditer(text))


def _sentence_before(text: str, at: int) -> str:
    """What stands before a place within its sentence: a denial there counts, one of the sentence before does not."""
    return re.split(r"[.;!?]\s", text[max(0, at - LONGEST_SENTENCE) : at])[-1].rstrip()


LONGEST_SENTENCE = 300


def _plain(text: str) -> str:
    """Lower case, without accents, blanks single, one kind of apostrophe."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


@lru_cache(maxsize=1)
def _phrases() -> _Phrases:
    try:
        return _compiled(parsed(PHRASES))
    except (re.error, KeyError, AttributeError, TypeError, ValueError) as bad:
        raise Misconfigured(PHRASES.name, "phrases", str(bad)[:100], "write each phrase as the others are") from bad


def _compiled(book: dict[str, Any]) -> _Phrases:
    words, denied = book["words"], {language: re.compile(p) for language, p in book["denied"].items()}

    def compiled(phrase: str) -> re.Pattern[str]:
        for name, word in words.items():
            phrase = phrase.replace(f"{{{name}}}", word)
        return re.compile(phrase)

    def ways(family: dict[str, list[str]]) -> Iterator[Way]:
        for language, phrases in family.items():
            yield from ((compiled(phrase), denied[language], language) for phrase in phrases)

    return _Phrases(
        rights={Right(right).value: list(ways(family)) for right, family in book["rights"].items()},
        stops={scope: list(ways(family)) for scope, family in book["stops"].items()},
        marks={name: re.compile("|".join(said)) for name, said in book["marks"].items()},
        capitals=re.compile(rf"\b(?:{'|'.join(book['capitals'])})\b"),
        who={name: [compiled(p) for p in book[name]] for name in ("californian", "child", "agent")},
        denied=tuple(denied.values()),
    )
