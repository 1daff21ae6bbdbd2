"""A data map of tables in DynamoDB and files in S3: what is wrong with one is said with its place and its mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.businesses.check import unexplained
from chalicelib.businesses.loader import SHIPPED, load
from chalicelib.domain.datamap import DataMap, SourceMap
from chalicelib.errors import Misconfigured

CETRUS, SITE = "sources.usage.collections", "sources.site.collections"


def spoiled(tmp_path: Path, business: str, path: str, value: Any) -> Misconfigured:
    """What a business is told whose data map says `value` at a dotted path; None takes the key out."""
    folder = tmp_path / business
    folder.mkdir()
    for file in (SHIPPED / business).iterdir():
        said = yaml.safe_load(file.read_text())
        if file.name == "datamap.yaml":
            *way, last = path.split(".")
            here = said
            for step in way:
                here = here[step]
            here[last] = value
            if value is None:
                del here[last]
        (folder / file.name).write_text(yaml.safe_dump(said))
    with pytest.raises(Misconfigured) as told:
        load(str(folder))
    return told.value


@pytest.mark.parametrize(
    ("business", "path", "value", "where", "problem", "mend"),
    [
        ("microkitten", f"{SITE}.visitors.lookup", None, "visitors.lookup", "find records by email", "index"),
        ("microkitten", f"{SITE}.visitors.lookup.browser", {"index": "x"}, "lookup.browser", "nobody", "identity"),
        ("microkitten", f"{SITE}.visitors.lookup.email", {}, "visitors.lookup.email.index", "missing", "`index`"),
        ("microkitten", f"{SITE}.visits.key", ["cookie_id", "id", "page"], "visits.key", "one part", "sort key"),
        ("microkitten", f"{SITE}.visits.fields.id.blank", "gone", "fields.id", "nobody can change", "blank"),
        ("microkitten", f"{SITE}.visits.format", "jsonl", "visits.format", "`kind: s3`", "format: jsonl"),
        ("microkitten", "sources.site.kind", "dynamo", "sources.site.kind", "not one of the words", "'dynamodb'"),
        ("cetrus", f"{CETRUS}.usage_log.format", None, "usage_log.format", "`kind: s3`", "format: jsonl"),
        ("cetrus", f"{CETRUS}.usage_log.format", "json", "usage_log.format", "not one of the words", "'csv'"),
        ("cetrus", f"{CETRUS}.usage_log.lookup", {"id": {"index": "x"}}, "usage_log.lookup", "dynamodb", "take it out"),
        ("cetrus", f"{CETRUS}.crash_reports.format", "objects", "crash_reports.fields", "known of an object", "owner"),
    ],
)  # fmt: skip
def test_a_place_described_wrongly_is_refused_with_the_mend(
    tmp_path: Path, business: str, path: str, value: Any, where: str, problem: str, mend: str
) -> None:
    said = spoiled(tmp_path, business, path, value)
    assert where in said.where
    assert problem in said.problem
    assert mend in said.mend


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"key": ["owner"]}, "found by its `owner`"), ({"identity": {"email": "type"}}, "found by its `owner`"),
     ({"fields": {"key": {"label": "k", "category": "user", "correct": "text"}}}, "never changed")],
)  # fmt: skip
def test_objects_are_found_by_their_owner_and_never_changed(changed: dict[str, Any], said: str) -> None:
    fields = {f: {"label": f, "category": "user"} for f in ("key", "owner", "type")}
    pictures: dict[str, Any] = {"title": "P", "format": "objects", "key": ["key"], "identity": {"email": "owner"}}
    pictures |= {"fields": fields | changed.pop("fields", {})} | changed
    with pytest.raises(ValueError, match=said):
        SourceMap.model_validate({"kind": "s3", "title": "S", "collections": {"pictures": pictures}})


def sampled() -> tuple[DataMap, dict[str, Any]]:
    visitors = {"cookie_id": ("text", True), "email": ("text", True), "partner_sites": ("boolean", True)}
    live = {"visitors": visitors, "visits": {}, "daily_totals": {}}
    datamap = load("microkitten").datamap
    return DataMap(sources={"site": datamap.sources["site"]}), {"dynamodb microkitten-site-": live}


def test_a_mapped_field_that_no_sample_shows_is_no_fault() -> None:
    datamap, live = sampled()
    assert unexplained(datamap, live) == []


def test_an_attribute_or_a_table_that_nobody_mapped_is_one() -> None:
    datamap, live = sampled()
    (tables,) = live.values()
    tables["visitors"]["shoe_size"] = ("numeric", True)
    tables["carts"] = {}
    assert {p.where for p in unexplained(datamap, live)} == {
        "sources.site.collections.visitors.fields.shoe_size", "sources.site.collections",
    }  # fmt: skip


def test_a_value_that_the_attribute_cannot_hold_is_one() -> None:
    datamap, live = sampled()
    (tables,) = live.values()
    tables["visitors"]["partner_sites"] = ("text", True)
    (problem,) = unexplained(datamap, live)
    assert problem.where.endswith("partner_sites.stop.sharing")
