"""Objects in an S3 bucket: listed, streamed, written anew only if nobody else did meanwhile, deleted.

Memory stays small however large an object is: it is read as a stream and written in parts, and it comes into being
whole or not at all. Every write says by ETag which state it replaces. Leaves to others: what stands in them (s3).
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import answering, code, http_status

PART = 8 * 1024 * 1024
"""Bytes of one part of a large object; S3 takes none under 5 MiB but the last."""
KEPT = (
    "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata",
    "SSEKMSKeyId", "ServerSideEncryption", "StorageClass",
)  # fmt: skip
"""What an object written anew has as it had it before."""
MEND = "Run `make check-data` to see where the data map and the bucket disagree"


class Changed(Exception):
    """The object is no longer what was read, or gone."""


@dataclass(frozen=True)
class File:
    key: str
    etag: str
    size: int
    modified: datetime


class Bucket:
    def __init__(self, source: str, name: str, client: Any) -> None:
        self.name = name
        self._source, self._client = source, client

    def files(self, prefix: str) -> list[File]:
        """The objects whose keys begin so, in the order of their keys, every page of them."""
        with self.asked():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            found = [o for page in pages for o in page.get("Contents", ()) if not o["Key"].endswith("/")]
        return [File(o["Key"], o["ETag"], o["Size"], o["LastModified"]) for o in found]

    def prefixes(self) -> list[str]:
        """What stands before the first slash of all keys."""
        with self.asked():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Delimiter="/")
            return [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", ())]

    def keeps_versions(self) -> bool:
        with self.asked():
            return bool(self._client.get_bucket_versioning(Bucket=self.name).get("Status") == "Enabled")

    def get(self, file: File) -> dict[str, Any]:
        """The object as it was listed: its `Body` is a stream. Raises Changed."""
        with self.asked(file.key), unchanged():
            return dict(self._client.get_object(Bucket=self.name, Key=file.key, IfMatch=file.etag))

    def head(self, key: str) -> File | None:
        """The object as it is now; None when there is none."""
        with self.asked(key):
            try:
                said = self._client.head_object(Bucket=self.name, Key=key)
            except ClientError as fault:
                if code(fault) in ("404", "NoSuchKey"):
                    return None
                raise
        return File(key, said["ETag"], said["ContentLength"], said["LastModified"])

    def delete(self, file: File) -> None:
        """Raises Changed when it is no longer what was listed."""
        with self.asked(file.key), unchanged():
            self._client.delete_object(Bucket=self.name, Key=file.key, IfMatch=file.etag)

    @contextmanager
    def written(self, file: File, said: dict[str, Any], *, packed: bool) -> Iterator[Any]:
        """A stream for what replaces the object; on the way out it stands there whole, on an error nothing changed.

        `said` is the answer to `get`. Raises Changed.
        """
        sink = _Sink(self._client, {"Bucket": self.name, "Key": file.key}, {k: said[k] for k in KEPT if said.get(k)})
        with self.asked(file.key), unchanged():
            try:
                if packed:
                    with gzip.GzipFile(filename="", mode="wb", fileobj=sink, compresslevel=6, mtime=0) as stream:
                        yield stream
                else:
                    yield sink
                sink.finish(file.etag)
            except BaseException:
                sink.abandon()
                raise

    @contextmanager
    def asked(self, key: str = "") -> Iterator[None]:
        """Raises SourceUnavailable, SourceMisread in our words."""
        what = f"object {key} of bucket {self.name}" if key else f"bucket {self.name}"
        with answering(self._source, what, MEND):
            yield


@contextmanager
def unchanged() -> Iterator[None]:
    """Raises Changed when S3 says that an ETag is not the object's any more."""
    try:
        yield
    except ClientError as fault:
        if http_status(fault) in (409, 412) or code(fault) in ("PreconditionFailed", "NoSuchKey"):
            raise Changed from None
        raise


class Stream(io.RawIOBase):
    """The body of an answer as a file, so that it can be buffered and looked at ahead."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


class _Sink(io.RawIOBase):
    """What is written goes to S3 part by part; a small object in one piece."""

    def __init__(self, client: Any, at: dict[str, Any], kept: dict[str, Any]) -> None:
        self._client, self._at, self._kept = client, at, kept
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._buffer += data
        if len(self._buffer) >= PART:
            self._send()
        return len(data)

    def finish(self, etag: str) -> None:
        if self._upload is None:
            self._client.put_object(**self._at, **self._kept, Body=bytes(self._buffer), IfMatch=etag)
            return
        if self._buffer:
            self._send()
        self._client.complete_multipart_upload(
            **self._at, UploadId=self._upload, MultipartUpload={"Parts": self._parts}, IfMatch=etag
        )
        self._upload = None

    def abandon(self) -> None:
        """Leave nothing behind; what cannot be removed now, the bucket's own rule for unfinished uploads removes."""
        if self._upload is not None:
            with suppress(ClientError):
                self._client.abort_multipart_upload(**self._at, UploadId=self._upload)

    def _send(self) -> None:
        if self._upload is None:
            self._upload = str(self._client.create_multipart_upload(**self._at, **self._kept)["UploadId"])
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._at, UploadId=self._upload, PartNumber=number, Body=bytes(self._buffer)
        )  # fmt: skip
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._buffer.clear()
