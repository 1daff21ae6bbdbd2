"""What a source in S3 does beyond the contract of all sources: broken files, races, CSV, objects, large files."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.plan import Doing
from chalicelib.errors import PlanDrifted, SourceMisread, SourceUnavailable
from chalicelib.sources import buckets
from chalicelib.sources.lines import Csv, JsonLines, like
from chalicelib.sources.s3 import S3Source

from .faulty import NO_CONNECTION, SECRET, refusal
from .made import Aws
from .shop import all_of, told, who
from .test_dynamodb_source import Meddled

ANN, BOB = who(email="ann@example.com"), who(email="bob@example.com")
_numbers = count()


def fields(*names: str, **more: Any) -> dict[str, Any]:
    return {f: {"label": f, "category": "user", **more.get(f, {})} for f in names}


def logs(format: str = "jsonl", **more: Any) -> dict[str, Any]:
    told_off = {"stop": {"email": False}}
    said = fields("id", "email", "note", "wants", wants=told_off)
    return {"title": "Log", "format": format, "identity": {"email": "email"}, "fields": said, **more}


class Bucket:
    """One of one's own, with a source on it."""

    def __init__(self, **collections: Any) -> None:
        self.s3, self.name = boto3.client("s3"), f"logs-{next(_numbers)}"
        self.s3.create_bucket(Bucket=self.name)
        said = {"kind": "s3", "title": "Logs", "where": self.name, "collections": collections or {"log": logs()}}
        self.map = SourceMap.model_validate(said)
        self.source = S3Source("logs", self.map, self.s3)

    def put(self, key: str, data: bytes, **more: Any) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=data, **more)

    def get(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())

    def there(self) -> list[str]:
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket=self.name).get("Contents", ())]

    def meddled(self, operation: str, meddle: Callable[[int], None]) -> S3Source:
        return S3Source("logs", self.map, Meddled(self.s3, operation, meddle))


@pytest.fixture
def make(aws: Aws) -> Iterator[Callable[..., Bucket]]:
    made: list[Bucket] = []

    def one(**collections: Any) -> Bucket:
        made.append(Bucket(**collections))
        return made[-1]

    yield one
    for bucket in made:
        for key in bucket.there():
            bucket.s3.delete_object(Bucket=bucket.name, Key=key)
        bucket.s3.delete_bucket(Bucket=bucket.name)


def row(id: int, email: str | None = "ann@example.com", **more: Any) -> bytes:
    return json.dumps({"id": id, "email": email, "note": "n", "wants": True} | more).encode() + b"\n"


BROKEN = [
    (b'{"id": 2, "email": "ann@exa\n', "line 2 is no JSON"),
    (b"[1, 2]\n", "line 2 is no JSON object"),
    (b'{"id": 2, "mail": "ann@example.com"}\n', "line 2 has no email"),
    (b"\xff\xfe\x00\n", "line 2 is no JSON"),
]


@pytest.mark.parametrize(("broken", "said"), BROKEN)
def test_a_broken_line_is_named_by_file_and_number_and_nothing_is_guessed(
    make: Any, broken: bytes, said: str
) -> None:  # fmt: skip
    bucket = make()
    bucket.put("log/a.jsonl", row(1) + broken + row(3))
    for step in (
        lambda: all_of(bucket.source, ANN),
        lambda: bucket.source.read([("log", ("1",))]),
        lambda: bucket.source.stop(ANN, ["email"]),
    ):
        with pytest.raises(SourceMisread, match=f"source logs: log/a.jsonl {said}.*then try again") as misread:
            step()
        assert "ann" not in str(misread.value)
    assert bucket.get("log/a.jsonl") == row(1) + broken + row(3)


def test_what_breaks_after_the_plan_stays_byte_for_byte_and_is_reported(make: Any) -> None:
    """What can be erased is erased; "done" is not said (rule 8)."""
    bucket = make()
    bucket.put("log/a.jsonl", row(1) + row(2, "bob@example.com") + row(3))
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]
    broken = row(3)[:20]
    bucket.put("log/a.jsonl", row(1) + b"\n" + row(2, "bob@example.com") + broken)
    bucket.source.carry_out(plan)
    assert bucket.get("log/a.jsonl") == b"\n" + row(2, "bob@example.com") + broken
    with pytest.raises(SourceMisread, match=r"log/a.jsonl line 3 is no JSON"):
        bucket.source.not_done(plan)


def test_half_a_gzip_is_reported_and_left_alone(make: Any) -> None:
    bucket = make()
    whole = gzip.compress(b"".join(row(n) for n in range(5000)))
    plan = _plan_for(bucket, whole)
    bucket.put("log/a.jsonl.gz", whole[: len(whole) // 2])
    with pytest.raises(SourceMisread, match=r"log/a.jsonl.gz line \d+ \(the gzip ends in its middle\)"):
        all_of(bucket.source, ANN)
    with pytest.raises(SourceMisread, match="the gzip ends in its middle"):
        bucket.source.carry_out(plan[:1])
    assert bucket.get("log/a.jsonl.gz") == whole[: len(whole) // 2]
    assert not bucket.s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads")


def test_a_damaged_gzip_is_reported(make: Any) -> None:
    bucket = make()
    whole = bytearray(gzip.compress(b"".join(row(n, note=str(n) * 9) for n in range(500))))
    whole[len(whole) // 2 : len(whole) // 2 + 40] = b"\x00" * 40
    bucket.put("log/a.jsonl.gz", bytes(whole))
    with pytest.raises(SourceMisread, match=r"the gzip is damaged|is no JSON"):
        all_of(bucket.source, ANN)


def _plan_for(bucket: Bucket, data: bytes) -> list[Any]:
    bucket.put("log/a.jsonl.gz", data)
    return [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]


def test_many_faults_are_summed_up(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", b"no\n" * 9)
    with pytest.raises(SourceMisread, match=r"line 5 is no JSON; and 4 more"):
        all_of(bucket.source, ANN)


def test_what_is_not_changed_stays_byte_for_byte(make: Any) -> None:
    """Odd spacing, escapes, numbers with zeros, line ends of Windows, no line end at last."""
    bucket = make()
    odd = b'{"id":7,  "email":"bob@example.com", "note":"\\u00e9 1.500e3", "wants":1.50, "more":{"x":[1.0]}}\r\n'
    bucket.put("log/a.jsonl", odd + row(1) + b"\r\n" + odd.rstrip())
    bucket.source.carry_out([told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)])
    assert bucket.get("log/a.jsonl") == odd + b"\r\n" + odd.rstrip()


def test_a_changed_line_keeps_its_types_and_what_is_not_mapped(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", '{"id":1,"email":"ann@example.com","note":3,"wants":true,"x":{"é":[1]}}\r\n'.encode())
    (found,) = all_of(bucket.source, ANN)
    plan = [told(found, Doing.CHANGE, note="12", wants="false", email=None)]
    bucket.source.carry_out(plan)
    assert bucket.get("log/a.jsonl") == b'{"id":1,"email":null,"note":12,"wants":false,"x":{"\xc3\xa9":[1]}}\r\n'
    assert bucket.source.not_done(plan) == []


@pytest.mark.parametrize(
    ("held", "text", "written"),
    [(3, "12", 12), (3, "012", "012"), (3, "x", "x"), (1.5, "2.5", 2.5), (1.5, "2.50", "2.50"), (True, "no", False),
     ("3", "12", "12"), (None, "12", "12"), (3, None, None), ("on", False, False)],
)  # fmt: skip
def test_a_new_value_is_of_the_old_type_where_that_says_the_same(held: Any, text: Any, written: Any) -> None:
    new = like(held, text)
    assert (new, type(new)) == (written, type(written))


def test_packed_stays_packed_and_an_object_keeps_what_it_is(make: Any) -> None:
    bucket = make()
    more = {"ContentType": "application/x-ndjson", "Metadata": {"by": "the shipper"}, "CacheControl": "no-store"}
    bucket.put("log/a", gzip.compress(row(1) + row(2, "bob@example.com")), **more)  # told by its bytes, not its name
    bucket.source.carry_out([told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)])
    assert gzip.decompress(bucket.get("log/a")) == row(2, "bob@example.com")
    said = bucket.s3.head_object(Bucket=bucket.name, Key="log/a")
    assert {name: said[name] for name in more} == more


def test_an_emptied_log_stays_as_an_empty_file(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1))
    bucket.source.carry_out([told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)])
    assert bucket.get("log/a.jsonl") == b""
    assert all_of(bucket.source, ANN) == []


def test_a_line_written_meanwhile_is_not_lost(make: Any) -> None:
    """The file is replaced between reading and writing: the write is refused, and done again on what is there now."""
    bucket = make()
    bucket.put("log/a.jsonl", row(1))
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]

    def append(calls: int) -> None:
        if calls == 1:
            bucket.put("log/a.jsonl", row(1) + row(2, "bob@example.com"))

    bucket.meddled("put_object", append).carry_out(plan)
    assert bucket.get("log/a.jsonl") == row(2, "bob@example.com")


def test_a_record_changed_meanwhile_is_drift(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1))
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]
    source = bucket.meddled("put_object", lambda n: bucket.put("log/a.jsonl", row(1, note="new")))
    with pytest.raises(PlanDrifted):
        source.carry_out(plan)
    assert bucket.get("log/a.jsonl") == row(1, note="new")


def test_a_file_that_never_rests_is_tried_again_later(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1))
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]
    source = bucket.meddled("put_object", lambda n: bucket.put("log/a.jsonl", row(1) + row(n + 1, "bob@example.com")))
    with pytest.raises(SourceUnavailable, match="keep changing"):
        source.carry_out(plan)
    with pytest.raises(SourceUnavailable, match="keep changing"):
        source.stop(ANN, ["email"])


def test_a_large_file_is_written_in_parts_and_the_same_guard_holds(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(buckets, "PART", 5 * 1024 * 1024)
    bucket, others = make(), b"".join(row(n, "bob@example.com", note="x" * 900) for n in range(2, 12_000))
    bucket.put("log/a.jsonl", row(1) + others)
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]

    def replace(calls: int) -> None:
        if calls == 1:
            bucket.put("log/a.jsonl", others + row(1))

    bucket.meddled("complete_multipart_upload", replace).carry_out(plan)
    assert bucket.get("log/a.jsonl") == others
    assert not bucket.s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads")


def test_the_same_line_in_two_files_is_one_record_and_goes_from_both(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1) + row(1))
    bucket.put("log/b.jsonl", row(1))
    (found,) = all_of(bucket.source, ANN)
    bucket.source.carry_out([told(found, Doing.DELETE)])
    assert bucket.get("log/a.jsonl") == bucket.get("log/b.jsonl") == b""


def test_two_records_with_one_key_are_not_guessed_at(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1))
    bucket.put("log/b.jsonl", row(1, note="other"))
    with pytest.raises(SourceMisread, match=r"have the same key, in log/a.jsonl, log/b.jsonl. Name more fields"):
        all_of(bucket.source, ANN)


def test_a_prefix_without_any_file_is_not_nothing_held(make: Any) -> None:
    with pytest.raises(SourceMisread, match=r"there is no log under log/ in bucket logs-\d+. Correct `table`"):
        all_of(make().source, ANN)


@pytest.mark.parametrize("operation", ["list", "get_object", "put_object"])
@pytest.mark.parametrize("fault", [refusal("SlowDown", 503), refusal("InternalError", 500), NO_CONNECTION])
def test_what_may_pass_is_tried_again_later(make: Any, operation: str, fault: Exception) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1))
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, ANN)]

    def fail(_: int) -> None:
        raise fault

    source = bucket.meddled("get_paginator" if operation == "list" else operation, fail)
    if operation == "list":
        source = S3Source("logs", bucket.map, Listing(bucket.s3, fault))
    with pytest.raises(SourceUnavailable) as unavailable:
        (all_of(source, ANN), source.carry_out(plan))
    assert SECRET not in str(unavailable.value)
    assert bucket.get("log/a.jsonl") == row(1)


class Listing:
    def __init__(self, client: Any, fault: Exception) -> None:
        self._client, self._fault = client, fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        raise self._fault


@pytest.mark.parametrize(
    ("code", "said"),
    [("AccessDenied", "no right to it"), ("InvalidObjectState", "restore it first"), ("Strange", "GetObject Strange")],
)
def test_what_will_not_pass_is_for_the_engineer(make: Any, code: str, said: str) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1))

    def fail(_: int) -> None:
        raise refusal(code, operation="GetObject")

    with pytest.raises(SourceMisread, match=rf"object log/a.jsonl of bucket logs-\d+ .*{said}") as misread:
        all_of(bucket.meddled("get_object", fail), ANN)
    assert SECRET not in str(misread.value)


def test_a_bucket_that_is_gone_is_misread(make: Any) -> None:
    gone = make().map.model_copy(update={"where": "never-made"})
    with pytest.raises(SourceMisread, match="bucket never-made is not there"):
        all_of(S3Source("logs", gone, boto3.client("s3")), ANN)


# -- CSV ---------------------------------------------------------------------------------------------------------------

HEADER = b"\xef\xbb\xbfid,email,note,wants\r\n"


def csv_bucket(make: Any, *lines: bytes) -> Bucket:
    bucket: Bucket = make(log=logs("csv"))
    bucket.put("log/a.csv.gz", gzip.compress(HEADER + b"".join(lines)))
    return bucket


def test_a_csv_row_is_found_changed_and_deleted_and_the_others_stay(make: Any) -> None:
    """Quotes, a line break inside a cell, an umlaut: bytes stay."""
    odd = '2,"bob@example.com","two\r\nlines, ""ü""",true\r\n'.encode()
    bucket = csv_bucket(make, b"1,Ann@Example.com,,true\r\n", odd, b"3,ann@example.com,n,true\r\n")
    found = all_of(bucket.source, ANN)
    assert [r.values for r in found] == [
        {"id": "1", "email": "Ann@Example.com", "note": None, "wants": "true"},
        {"id": "3", "email": "ann@example.com", "note": "n", "wants": "true"},
    ]
    plan = [told(found[0], Doing.BLANK, email=None, note='a "b", c'), told(found[1], Doing.DELETE)]
    bucket.source.carry_out(plan)
    assert bucket.source.not_done(plan) == []
    assert gzip.decompress(bucket.get("log/a.csv.gz")) == HEADER + b'1,,"a ""b"", c",true\r\n' + odd


def test_an_opt_out_is_written_into_csv(make: Any) -> None:
    bucket = csv_bucket(make, b"1,ann@example.com,n,true\r\n")
    assert (bucket.source.stop(ANN, ["email"]), bucket.source.stop(ANN, ["email"])) == (1, 0)
    assert gzip.decompress(bucket.get("log/a.csv.gz")) == HEADER + b"1,ann@example.com,n,false\r\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"id,mail,note,wants\n1,ann@example.com,n,true\n", r"line 1 \(the header has no column email\)"),
        (b"\n", r"line 1 \(there is no header\)"),
        (b"id,email,note,wants\n1,ann@example.com\n", "line 2 has 2 columns, the header 4"),
        (b'id,email,note,wants\n1,ann@example.com,"n,true\n2,x,y,true\n', "line 2 is no CSV"),
        (b"id,email,note,wants\n1,ann@example.com,\xff,true\n", "line 2 is not UTF-8"),
    ],
)
def test_a_broken_csv_says_where(make: Any, data: bytes, said: str) -> None:
    bucket = make(log=logs("csv"))
    bucket.put("log/a.csv", data)
    with pytest.raises(SourceMisread, match=f"source logs: log/a.csv {said}") as misread:
        all_of(bucket.source, ANN)
    assert "ann" not in str(misread.value)


def test_an_empty_csv_holds_nobody(make: Any) -> None:
    bucket = make(log=logs("csv"))
    bucket.put("log/a.csv", b"")
    assert all_of(bucket.source, ANN) == []


CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.sampled_from(["\n", "\r\n"]))
@example([("", "", "\r")], "\n")
def test_any_csv_is_read_as_it_was_written_and_gives_its_bytes_back(rows: Any, ending: str) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])
    data = text.getvalue().encode()
    syntax = Csv(["a", "b"])
    lines = list(syntax.lines(io.BytesIO(data)))
    assert b"".join(line.raw for line in lines) == data
    assert not [line for line in lines if line.broken]
    assert [tuple(v or "" for v in line.row.values()) for line in lines if line.row is not None] == rows
    for line in (one for one in lines if one.row is not None):
        (_, again) = Csv(["a"]).lines(io.BytesIO(lines[0].raw + syntax.changed(line, {"a": "x\ny"})))
        assert again.row == {**(line.row or {}), "a": "x\ny"}


@given(st.binary(max_size=60), st.sampled_from(["jsonl", "csv"]))
def test_no_bytes_are_lost_whatever_they_are(data: bytes, format: str) -> None:
    syntax = JsonLines(["id"]) if format == "jsonl" else Csv(["id"])
    head = b"" if format == "jsonl" else b"id\n"
    assert b"".join(line.raw for line in syntax.lines(io.BytesIO(head + data))) == head + data


def test_a_line_that_never_ends_is_passed_on_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.sources.lines.LONGEST", 64)
    data = b'{"id": 1}\n' + b"x" * 200 + b"\n" + b'{"id": 2}\n'
    lines = list(JsonLines(["id"]).lines(io.BytesIO(data)))
    assert b"".join(line.raw for line in lines) == data
    assert [line.row for line in lines if line.row] == [{"id": 1}, {"id": 2}]
    assert [(line.number, line.broken) for line in lines if line.broken] == [(2, "is longer than 4 MB")]


# -- objects -----------------------------------------------------------------------------------------------------------

AVATARS = {
    "title": "Pictures", "format": "objects", "key": ["key"], "identity": {"customer_number": "owner"},
    "fields": fields("key", "owner", "size", "modified", "type", "content"),
}  # fmt: skip


def test_objects_under_a_customers_prefix_are_theirs_and_no_others(make: Any) -> None:
    bucket = make(avatars=AVATARS)
    bucket.put("avatars/A-7/me.txt", "é".encode(), ContentType="text/plain")
    bucket.put("avatars/A-7/old/big.png", b"\x89" * 70_000, ContentType="image/png")
    bucket.put("avatars/A-71/me.png", b"\x89PNG", ContentType="image/png")
    found = all_of(bucket.source, who(customer_number="a-7"))
    assert [(r.key, r.values["size"], r.values["type"], r.values["content"]) for r in found] == [
        (("avatars/A-7/me.txt",), 2, "text/plain", "é"), (("avatars/A-7/old/big.png",), 70_000, "image/png", None),
    ]  # fmt: skip
    assert {r.values["owner"] for r in found} == {"A-7"}
    (other,) = all_of(bucket.source, who(customer_number="A-71"))
    assert other.values["content"] == "iVBORw=="
    for nobody in ("", "A-7/old", "A", "../A-7"):
        assert all_of(bucket.source, who(customer_number=nobody)) == []

    plan = [told(r, Doing.DELETE) for r in found]
    bucket.source.carry_out(plan)
    bucket.source.carry_out(plan)
    assert bucket.source.not_done(plan) == []
    assert bucket.there() == ["avatars/A-71/me.png"]


def test_an_object_replaced_since_the_plan_is_drift(make: Any) -> None:
    bucket = make(avatars=AVATARS)
    bucket.put("avatars/A-7/me.txt", b"old")
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, who(customer_number="A-7"))]
    bucket.put("avatars/A-7/me.txt", b"newer")
    with pytest.raises(PlanDrifted):
        bucket.source.carry_out(plan)
    assert bucket.there() == ["avatars/A-7/me.txt"]


def test_an_object_replaced_at_the_last_instant_is_not_deleted(make: Any) -> None:
    bucket = make(avatars=AVATARS)
    bucket.put("avatars/A-7/me.txt", b"old")
    plan = [told(r, Doing.DELETE) for r in all_of(bucket.source, who(customer_number="A-7"))]
    source = bucket.meddled("delete_object", lambda n: bucket.put("avatars/A-7/me.txt", b"newer"))
    with pytest.raises(PlanDrifted):
        source.carry_out(plan)
    assert bucket.get("avatars/A-7/me.txt") == b"newer"


def test_objects_are_reached_through_a_log(make: Any) -> None:
    """The log names the owner; whoever is found there has these objects too."""
    hanging = AVATARS | {"identity": {}, "via": {"field": "owner", "collection": "log", "equals": "note"}}
    bucket = make(log=logs(), avatars=hanging)
    bucket.put("log/a.jsonl", row(1, note="A-7") + row(2, "bob@example.com", note="A-71"))
    for owner in ("A-7", "A-71"):
        bucket.put(f"avatars/{owner}/me.txt", owner.encode())
    assert [r.values["content"] for r in all_of(bucket.source, BOB) if r.collection == "avatars"] == ["A-71"]


def test_the_sample_shows_prefixes_and_fields_nobody_mapped(make: Any) -> None:
    bucket = make()
    bucket.put("log/a.jsonl", row(1, extra="x", at="2026-01-02T03:04:05Z"))
    bucket.put("forgotten/b.jsonl", row(1))
    shape = bucket.source.shape()
    assert shape.keys() == {"log", "forgotten"}
    assert {f: kind for f, (kind, _) in shape["log"].items()} == {
        "id": "numeric", "email": "text", "note": "text", "wants": "boolean", "extra": "text", "at": "text (date)",
    }  # fmt: skip
