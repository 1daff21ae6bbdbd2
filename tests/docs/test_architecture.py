"""The directions that docs/architecture.md draws are those of the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

MAY = {
    # room: which rooms of ours it may import
    "domain": {"domain", "errors"},
    "law": {"law", "domain", "errors"},
    "businesses": {"businesses", "law", "domain", "errors"},
    "ports": {"domain", "errors", "links"},
    "links": {"errors"},
    "errors": set(),
    "config": {"errors"},
    "sources": {"sources", "ports", "domain", "errors"},
    "adapters": {"adapters", "ports", "domain", "errors", "links"},
}
NOT_FOR_USECASES = {"adapters", "sources", "web", "bootstrap"}
MODULES = sorted((ROOT / "chalicelib").rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("chalicelib.")}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "chalicelib").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_the_way_they_may(path: Path) -> None:
    room, used = room_of(path), rooms(path)
    if room in MAY:
        assert used <= MAY[room]
    if room == "usecases":
        assert not used & NOT_FOR_USECASES
    if room not in ("bootstrap", "adapters"):
        assert "adapters" not in used
    outside = {name.split(".")[0] for name in imports(path)}
    assert "boto3" not in outside or room == "bootstrap"
    assert "botocore" not in outside or room in ("bootstrap", "adapters")
    assert "chalice" not in outside or room == "web"
    assert not {"local", "tests"} & outside
