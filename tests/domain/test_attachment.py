"""Attached files: what they are by their bytes, a safe name of their own, no more than fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.attachment import MOST_BYTES, NotTaken, accepted

PDF, PNG, JPEG = b"%PDF-1.7", b"\x89PNG\r\n\x1a\n..", b"\xff\xd8\xff\xe0"


def test_the_bytes_say_what_a_file_is_and_not_its_name() -> None:
    taken = accepted([("letter.exe", PDF), ("scan.pdf", PNG), ("photo", JPEG), ("note.html", b"Dear shop\n")])
    assert list(taken) == ["letter.pdf", "scan.png", "photo.jpg", "note.txt"]


@pytest.mark.parametrize("data", [b"MZ\x90\x00", b"PK\x03\x04", b"\x1f\x8b", b"", b"\x00", b"text\x1b[2J", b"\xff\xfe"])
def test_other_kinds_are_not_taken(data: bytes) -> None:
    with pytest.raises(NotTaken):
        accepted([("letter.pdf", data)])


def test_equal_names_are_told_apart() -> None:
    assert list(accepted([("a-2.pdf", PDF), ("a.pdf", PDF), ("a.pdf", PDF), ("a.pdf", PNG)])) == [
        "a-2.pdf", "a.pdf", "a-3.pdf", "a.png",
    ]  # fmt: skip


def test_no_more_than_fits_is_taken() -> None:
    assert accepted([("a.pdf", PDF.ljust(MOST_BYTES, b"."))])
    with pytest.raises(NotTaken, match="4 MB"):
        accepted([("a.pdf", PDF.ljust(MOST_BYTES, b".")), ("b.txt", b"x")])
    with pytest.raises(NotTaken, match="10 files"):
        accepted([("a.pdf", PDF)] * 11)


@given(st.lists(st.text(max_size=90), max_size=10))
def test_a_name_is_safe_wherever_it_lands(names: list[str]) -> None:
    """No folder, no hidden file, nothing a shell or a spreadsheet reads; each file keeps its place."""
    taken = accepted([(name, PDF) for name in names])
    assert len(taken) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][\w-]{0,70}\.pdf", name, re.ASCII) for name in taken)
