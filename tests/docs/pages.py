"""Reading the pages: tables and code by the comment that stands before them, headings, links."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CHANGELOG.md", "SECURITY.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))

Row = tuple[str, ...]


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def tables(page: str, mark: str) -> list[list[Row]]:
    """The body rows of each table after `<!-- mark -->`."""
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n((?:\|.*\n)+)", text(page), re.MULTILINE)
    return [[_cells(line) for line in table.splitlines()[2:]] for table in found]


def rows(page: str, mark: str) -> list[Row]:
    """All rows of all tables so marked. None marked is an error, or a test would hold nothing."""
    found = [row for table in tables(page, mark) for row in table]
    assert found, f"{page} has no table marked <!-- {mark} -->"
    return found


def marks(page: str, kind: str) -> list[str]:
    """What follows `kind: ` in the comments of a page."""
    return re.findall(rf"^<!-- {kind}: (.+) -->$", text(page), re.MULTILINE)


def code(page: str, mark: str) -> str:
    """The one block of code after `<!-- mark -->`."""
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n```\w*\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)
    assert len(found) == 1, f"{page} has {len(found)} blocks marked <!-- {mark} -->"
    return str(found[0])


def names(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def firsts(page: str, mark: str) -> list[str]:
    """The name in the first cell of each row; each stands once."""
    found = [names(row[0])[0] if names(row[0]) else row[0] for row in rows(page, mark)]
    assert len(found) == len(set(found)), f"{page}: {mark}: a row stands twice"
    return found


def anchors(page: str) -> set[str]:
    """The headings of a page, as links name them."""
    heads = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(page: str) -> list[str]:
    """Where the links and pictures of a page lead, code left out."""
    plain = re.sub(r"^```.*?^```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", plain)


def _cells(line: str) -> Row:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
