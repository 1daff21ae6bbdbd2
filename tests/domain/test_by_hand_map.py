"""A place that no program can read, as the data map says it: one collection, and somebody who looks."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.businesses.loader import load
from chalicelib.domain.datamap import DataMap, SourceMap

PAPERS: dict[str, Any] = {
    "title": "Letters",
    "fields": {"letters": {"label": "Letters", "category": "user.content.private"}},
}
MAP: dict[str, Any] = {
    "kind": "by_hand", "title": "Paper", "by_hand": {"instructions": "The cabinet.", "role": "support"},
    "collections": {"papers": PAPERS},
}  # fmt: skip


def said(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(MAP), **changes}


def test_it_needs_neither_key_nor_identity() -> None:
    read = SourceMap.model_validate(said())
    assert read.collections["papers"].key == ()
    assert read.days == 7


@pytest.mark.parametrize(
    "wrong",
    [
        said(by_hand=None),
        said(kind="sql"),
        said(by_hand={"instructions": "The cabinet."}),
        said(by_hand={"instructions": "The cabinet.", "role": "support", "address": "file@example.com"}),
        said(collections={"papers": PAPERS, "more": PAPERS}),
        said(days=0),
        said(kind="sql", by_hand=None, collections={"papers": {**PAPERS, "key": ["letters"]}}),
    ],
)
def test_what_says_not_who_looks_or_what_is_there_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SourceMap.model_validate(wrong)


def test_a_role_that_nobody_has_is_refused() -> None:
    business = load("microkitten")
    place = SourceMap.model_validate(said(by_hand={"instructions": "The cabinet.", "role": "nobody"}))
    sources = {**business.datamap.sources, "letters": place}
    with pytest.raises(ValidationError, match="no staff has the role"):
        type(business).model_validate({**dict(business), "datamap": DataMap(sources=sources)})
