"""What a message asks, read by its content and not its heading: "who was told" and "what do you hold" are two rights.

A California "what do you hold" is a request to know (Civ. Code 1798.110), not one under 1798.83, whatever form it came
on; a message that is plainly both opens both. Only plain English phrases are read, and none that is denied ("I do not
want a copy"): where it is not plain, the right that was chosen stands. Leaves to others: filing (intake).
"""

from __future__ import annotations

import re

from chalicelib.domain.request import Right

_DATA = r"(?:personal |own )?(?:data|information|info|records?|file)"
_OWN_DATA = re.compile(
    rf"\bcop(?:y|ies) of (?:all (?:of )?)?(?:my|the) {_DATA}\b(?! (?:policy|list))"
    r"|\b(?:what|which|all|any|everything)(?: \w+){0,3} you (?:\w+ )?(?:have|hold|keep|know|stored?|collected?|got)"
    r"(?: on file)? (?:about|on|of) me\b"
    rf"|\b{_DATA} (?:that |which )?you (?:have |hold |keep |store |collect(?:ed)? )+(?:about|on) me\b"
    rf"|\baccess (?:to )?my {_DATA}\b"
    rf"|\b(?:see|send me|show me|give me) (?:all )?my {_DATA}\b"
)
_WHO_WAS_TOLD = re.compile(
    r"\bshine[- ]the[- ]light\b|\b1798\.83\b"
    r"|\b(?:who|whom|which (?:\w+ )?(?:companies|businesses|parties|others)|what (?:companies|third parties))\b"
    r"(?: \w+){0,6} (?:give|gave|given|tell|told|disclosed?|shared?|sell|sold|pass|passed)(?: \w+){0,2}"
    rf" my {_DATA}\b"
)
_DENIED = re.compile(r"\b(?:not|n't|never|no need|without)(?: \w+){0,4}$|n't(?: \w+){0,4}$|\binstead of(?: \w+){0,3}$")


def also_asked(right: Right, details: str | None, residence: str | None) -> Right | None:
    """The other right that a message filed under `right` plainly asks for too; None where it does not.

    Who was told is a Californian's to ask (1798.83): under access it counts only from there.
    """
    if right is Right.CALIFORNIA_DISCLOSURE and _says(_OWN_DATA, details):
        return Right.ACCESS
    if right is Right.ACCESS and (residence or "").upper() == "US-CA" and _says(_WHO_WAS_TOLD, details):
        return Right.CALIFORNIA_DISCLOSURE
    return None


def _says(plainly: re.Pattern[str], details: str | None) -> bool:
    text = " ".join((details or "").casefold().replace("’", "'").split())
    return any(not _DENIED.search(_sentence_before(text, m.start())) for m in plainly.finditer(text))


def _sentence_before(text: str, at: int) -> str:
    """What stands before a place within its sentence: a denial there counts, one of the sentence before does not."""
    return re.split(r"[.;!?]\s", text[:at])[-1].rstrip()
