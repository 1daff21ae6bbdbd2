"""The files of the access package and the zip around them, the same bytes for the same input.

The page works offline and loads nothing from anywhere; the tables open in a spreadsheet without running anything; the
manifest lets anyone check that no file was changed. Leaves to others: what is said (contents), where it is kept.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from chalicelib.businesses.loader import categories
from chalicelib.businesses.model import Business
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Personal, Request
from chalicelib.package.contents import contents
from chalicelib.package.words import STORIES, category_words, list_words, value_words, when_words

TEMPLATES = Path(__file__).parent.parent / "templates" / "package"
SCHEMA = Path(__file__).parent / "schema.json"
FORMULA = re.compile(r"(?:[^\S\t\r\n]|[\u200b\ufeff])*[=+\-@\t\r\n＝＋－＠]")
"""How a text starts that a spreadsheet might run, after blanks too; some take the wide signs for the narrow ones."""


def build(
    business: Business,
    request: Request,
    personal: Personal,
    records: Mapping[str, Sequence[Record]],
    *,
    at: datetime,
    attached: Mapping[str, bytes] | None = None,
) -> bytes:
    """The package of an access request as a zip. `records` are by source; `at` (UTC) is when it was made.

    `attached` are files that somebody found by hand, by their path in the zip.

    The caller has made sure that every record is this person's.
    """
    told = contents(business, request, personal, records, at=at)
    files = {
        "index.html": page(business, told).encode(),
        "data.json": _json(told),
        "schema.json": _schema(),
    }
    for source in told["sources"]:
        for collection in source["collections"]:
            if "records" in collection:
                files[f"tables/{source['id']}-{collection['id']}.csv"] = table(collection)
    files |= attached or {}
    files["manifest.json"] = manifest(request.reference, files, at)
    return _zip(files, at)


def readable(
    business: Business,
    request: Request,
    personal: Personal,
    records: Mapping[str, Sequence[Record]],
    *,
    at: datetime,
) -> str:
    """The readable page alone, to be printed."""
    return page(business, contents(business, request, personal, records, at=at))


def page(business: Business, told: Mapping[str, Any]) -> str:
    """The readable page."""
    zone, labels = business.zone, categories()
    chapters = [
        (title, held)
        for story, title in STORIES.items()
        if (held := [c for s in told["sources"] for c in s["collections"] if c["story"] == story])
    ]
    return _template().render(
        told=told, business=business, chapters=chapters,
        made_at=when_words(datetime.fromisoformat(told["made_at"]).astimezone(zone)),
        received_at=when_words(datetime.fromisoformat(told["request"]["received_at"]).astimezone(zone)),
        words=lambda value: value_words(value, zone),
        categories=lambda keys: "; ".join(labels.get(key) or category_words(key) for key in keys),
        listed=list_words,
        names=lambda ids: ", ".join(business.sharing.recipients[id].name for id in ids),
        nothing=[s["title"] for s in told["sources"] if not s["found"]],
        total=sum(s["found"] for s in told["sources"]),
    )  # fmt: skip


def table(collection: Mapping[str, Any]) -> bytes:
    """A collection as CSV with a heading, for spreadsheets: UTF-8 with its mark, so that they see it is."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(cell(f["label"]) for f in collection["fields"].values())
    rows.writerows([cell(v) for v in record.values()] for record in collection["records"])
    return out.getvalue().encode("utf-8-sig")


def cell(value: Any) -> str | int | float:
    """A value that no spreadsheet takes for a formula: an apostrophe goes before a text that looks like one."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return value
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
            return "'" + text if FORMULA.match(text) else text


def manifest(reference: str, files: Mapping[str, bytes], at: datetime) -> bytes:
    listed = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
    ]
    return _json({"reference": reference, "made_at": at.isoformat(), "files": listed})


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _zip(files: Mapping[str, bytes], at: datetime) -> bytes:
    out = io.BytesIO()
    moment = at.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, moment)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # the same bytes on every platform
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    return environment.get_template("index.html")


@lru_cache(maxsize=1)
def _schema() -> bytes:
    return SCHEMA.read_bytes()
