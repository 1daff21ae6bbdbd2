"""The files of the access package, written row by row: a million records take no more memory than a thousand.

The page works offline and loads nothing from anywhere; the tables open in a spreadsheet without running anything; the
manifest lets anyone check that no file was changed. Leaves to others: what is said (contents), where it is kept.
"""

from __future__ import annotations

import codecs
import copy
import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from chalicelib import language
from chalicelib.businesses.loader import categories
from chalicelib.businesses.model import Business
from chalicelib.domain.datamap import Never
from chalicelib.domain.masking import STRUCK, not_shown
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Personal, Request
from chalicelib.language import Said, gettext
from chalicelib.law import labels
from chalicelib.package.archive import Archive, Entry
from chalicelib.package.contents import contents
from chalicelib.package.parts import Given, Row, Strike, given
from chalicelib.package.words import STORIES, category_words, list_words, value_words, when_words

TEMPLATES = Path(__file__).parent.parent / "templates" / "package"
SCHEMA = Path(__file__).parent / "schema.json"
FORMULA = re.compile(r"(?:[^\S\t\r\n]|[\u200b\ufeff])*[=+\-@\t\r\n＝＋－＠]")
"""How a text starts that a spreadsheet might run, after blanks too; some take the wide signs for the narrow ones."""

SHOWN, BATCH = 200, 500
"""Records of a collection on the page: more than anyone reads there. Rows that are written at once."""
WITHHELD = Said({not_shown(kind): not_shown(kind) for kind in Never})
"""What stands where a value is held and not shown."""
PLACE = "\u0000rows "
INDENT = " " * 6
LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass
class Package:
    """The package of one access request: `given` is by source; `at` (UTC) is when it was made.

    The caller has made sure that every row is this person's.
    """

    business: Business
    request: Request
    personal: Personal
    given: Mapping[str, Given]
    at: datetime
    most: int | None = SHOWN
    """How many records of a collection the page shows; the rest is in its table. None: all."""
    attached: Mapping[str, bytes] = field(default_factory=dict)
    """Files that somebody found by hand, by their path in the zip."""

    def __post_init__(self) -> None:
        facts = {source: given.facts for source, given in self.given.items()}
        with language.speaking(self.request.language):
            self.told = contents(self.business, self.request, self.personal, facts, at=self.at)
            self._withheld = (
                {} if language.current() == language.ENGLISH else dict(WITHHELD.items()) | {STRUCK: gettext(STRUCK)}
            )
        self._strike = Strike(secret for f in facts.values() for secret in f.secrets)

    def write(self, archive: Archive, pause: Callable[[], None] = lambda: None) -> None:
        """Write the files that the archive lacks, and close it. `pause` is called after each, and may raise."""
        tables = {
            _table_name(source, collection): (source, collection) for source, collection in _with_records(self.told)
        }
        files: dict[str, Callable[[], Iterable[bytes]]] = {
            name: partial(self._table, source, collection) for name, (source, collection) in tables.items()
        }
        files |= {
            "data.json": self._data, "schema.json": lambda: [_schema()], "index.html": lambda: [self.page().encode()],
        }  # fmt: skip
        files |= {name: partial(list, [data]) for name, data in self.attached.items()}
        for name, made in files.items():
            if not archive.has(name):
                archive.add(name, made())
                pause()
        first = ("index.html", "data.json", "schema.json", *tables, *self.attached)
        listed = sorted(archive.entries, key=lambda e: first.index(e.name))
        archive.add("manifest.json", [manifest(self.request.reference, listed, self.at)])
        archive.close(first)

    def page(self) -> str:
        """The readable page."""
        told = copy.deepcopy(self.told)
        for source, collection in _with_records(told):
            some = itertools.islice(self._rows(source, collection["id"]), self.most)
            collection["records"] = [dict(zip(collection["fields"], row, strict=True)) for row in some]
            if len(collection["records"]) < collection["count"]:
                collection["table"] = _table_name(source, collection)
        with language.speaking(self.request.language):
            return page(self.business, told)

    def _rows(self, source: str, collection: str) -> Iterator[Row]:
        for row in self.given[source].rows(collection):
            row = [self._strike.out_of(v) for v in row] if self._strike else row
            yield [self._said(v) for v in row] if self._withheld else row

    def _said(self, value: Any) -> Any:
        """A value; where it only says that something is held and not shown, in the package's language."""
        if not isinstance(value, str):
            return value
        return self._withheld.get(value, value).replace(STRUCK, self._withheld[STRUCK])

    def _table(self, source: str, collection: dict[str, Any]) -> Iterator[bytes]:
        """A collection as CSV with a heading, for spreadsheets: UTF-8 with its mark, so that they see it is."""
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow([cell(f["label"]) for f in collection["fields"].values()])
        yield codecs.BOM_UTF8
        for batch in _batches(self._rows(source, collection["id"])):
            writer.writerows([cell(v) for v in values] for values in batch)
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()

    def _data(self) -> Iterator[bytes]:
        """data.json: the told, with each collection's rows let in where they belong."""
        told = copy.deepcopy(self.told)
        held = _with_records(told)
        for n, (_, collection) in enumerate(held):
            collection["records"] = f"{PLACE}{n}"
        text = _json(told).decode()
        for n, (source, collection) in enumerate(held):
            before, text = text.split(json.dumps(f"{PLACE}{n}", ensure_ascii=False), 1)
            yield before.encode() + b"["
            names, mark = list(collection["fields"]), ""
            for batch in _batches(self._rows(source, collection["id"])):
                said = (",\n" + INDENT).join(LINE.encode(dict(zip(names, v, strict=True))) for v in batch)
                yield f"{mark}\n{INDENT}{said}".encode()
                mark = ","
            yield f"\n{INDENT[:-1]}]".encode()
        yield text.encode()


def build(
    business: Business, request: Request, personal: Personal, records: Mapping[str, Sequence[Record]], *, at: datetime
) -> bytes:
    """The package as a zip, from records by source that are all at hand and all this person's."""
    out = io.BytesIO()
    Package(business, request, personal, of_records(business, records), at).write(Archive(out, at))
    return out.getvalue()


def readable(
    business: Business, request: Request, personal: Personal, given: Mapping[str, Given], *, at: datetime
) -> str:
    """The readable page alone, with every record, to be printed."""
    return Package(business, request, personal, given, at, most=None).page()


def of_records(business: Business, records: Mapping[str, Sequence[Record]]) -> dict[str, Given]:
    return {id: given(business.datamap.sources[id], found) for id, found in records.items()}


def _table_name(source: str, collection: Mapping[str, Any]) -> str:
    return f"tables/{source}-{collection['id']}.csv"


def _with_records(told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(s["id"], c) for s in told["sources"] for c in s["collections"] if "records" in c]


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def page(business: Business, told: Mapping[str, Any]) -> str:
    """The readable page."""
    zone, known = business.zone, {**labels(), **categories()}
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
        categories=lambda keys: "; ".join(language.lookup(known.get(key) or category_words(key)) for key in keys),
        listed=list_words,
        names=lambda ids: ", ".join(business.sharing.recipients[id].name for id in ids),
        nothing=[s["title"] for s in told["sources"] if not s["found"]],
        total=sum(s["found"] for s in told["sources"]),
    )  # fmt: skip


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


def manifest(reference: str, entries: Iterable[Entry], at: datetime) -> bytes:
    listed = [{"name": e.name, "bytes": e.bytes, "sha256": e.sha256} for e in entries]
    return _json({"reference": reference, "made_at": at.isoformat(), "files": listed})


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    language.teach(environment)
    return environment.get_template("index.html")


@lru_cache(maxsize=1)
def _schema() -> bytes:
    return SCHEMA.read_bytes()
