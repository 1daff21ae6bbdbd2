"""Files that a person attaches to an answer: which kinds are taken, and under which name they travel.

A file is what its first bytes say, never what it is called; nothing that a browser would run is taken. Pure.
Leaves to others: reading them out of a form (web/uploads), keeping them sealed (usecases/by_hand).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import count

MOST_BYTES = 4 * 1024 * 1024
"""Of all files together: in base64, as they reach a Lambda, 5 MB would pass its 6 MB."""
MOST_FILES = 10
KINDS = {".pdf": b"%PDF-", ".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".txt": b""}
LONGEST_NAME = 60


class NotTaken(ValueError):
    """One sentence for whoever attached it; names no content."""


def accepted(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """The files by a safe name of their own, in order. Raises NotTaken."""
    taken: dict[str, bytes] = {}
    for name, data in files:
        ending = _kind(data)
        stem = _stem(name)
        names = (f"{stem}{f'-{n}' if n > 1 else ''}{ending}" for n in count(1))
        taken[next(name for name in names if name not in taken)] = data
    if len(taken) > MOST_FILES:
        raise NotTaken(f"At most {MOST_FILES} files fit.")
    if sum(map(len, taken.values())) > MOST_BYTES:
        raise NotTaken(f"The files are larger than {MOST_BYTES // 1024 // 1024} MB together.")
    return taken


def _kind(data: bytes) -> str:
    for ending, first in KINDS.items():
        if first and data.startswith(first):
            return ending
    if data and _is_text(data):
        return ".txt"
    raise NotTaken("Only PDF, PNG, JPEG and plain text are taken.")


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in text)


def _stem(name: str) -> str:
    """The name without folders, ending and signs that mean something somewhere."""
    last = re.split(r"[/\\]", name)[-1].rpartition(".")
    plain = unicodedata.normalize("NFKC", last[0] or last[2])
    return re.sub(r"[^\w-]+", "-", plain, flags=re.ASCII).strip("-_")[:LONGEST_NAME] or "file"
