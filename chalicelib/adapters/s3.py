"""Access packages and their parts on S3, under one prefix per request, and raw mail that came in, under another.

Rule 7 names these exceptions: unversioned, encrypted by the bucket's default, expiring. A link to a package is made
when it is used, for it dies with the role's session. Leaves to others: what is in a package (package/), how raw mail
gets there (SES, by the receipt rule of .chalice/resources.json).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import http_status, retryable
from chalicelib.errors import RequestNotFound
from chalicelib.ports import Unfinished

PIECE = 8 * 1024 * 1024
"""Bytes of a package that are sent at once; S3 takes no fewer than 5 MiB."""
ZIP = "application/zip"


class S3PackageStore:
    """See ports.PackageStore. `signer` is the client that signs links, where files have another address than S3's."""

    def __init__(self, client: Any, bucket: str, signer: Any = None) -> None:
        self.client, self.bucket, self.signer = client, bucket, signer or client

    def put_part(self, reference: str, name: str, data: bytes) -> None:
        self._put(_part(reference, name), data)

    def part(self, reference: str, name: str) -> bytes:
        return self._read(reference, _part(reference, name))

    def put_answer(self, reference: str, name: str, data: bytes) -> None:
        self._put(_answer(reference, name), data)

    def answer(self, reference: str, name: str) -> bytes:
        return self._read(reference, _answer(reference, name))

    def _put(self, key: str, data: bytes) -> None:
        with retryable("s3"):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType="application/octet-stream")

    def _read(self, reference: str, key: str) -> bytes:
        try:
            with retryable("s3"):
                data: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as fault:
            if http_status(fault) != 404:
                raise
            raise RequestNotFound(reference) from None
        return data

    def write_package(self, reference: str, so_far: Unfinished | None = None) -> S3Writer:
        return S3Writer(self.client, {"Bucket": self.bucket, "Key": _package(reference)}, so_far or Unfinished())

    def package_url(self, reference: str, filename: str, seconds: int) -> str:
        place = {"Bucket": self.bucket, "Key": _package(reference)}
        try:
            with retryable("s3"):
                self.client.head_object(**place)
        except ClientError as fault:
            if http_status(fault) != 404:
                raise
            raise RequestNotFound(reference) from None
        shown_as = {"ResponseContentDisposition": f'attachment; filename="{filename}"'}
        return str(self.signer.generate_presigned_url("get_object", Params={**place, **shown_as}, ExpiresIn=seconds))

    def drop_package(self, reference: str) -> None:
        with retryable("s3"):
            self.client.delete_object(Bucket=self.bucket, Key=_package(reference))

    def forget(self, reference: str) -> None:
        keys = [*self._keys(f"packages/{reference}/"), *self._keys(_answer(reference, ""))]
        for start in range(0, len(keys), 1000):
            doomed = {"Objects": [{"Key": key} for key in keys[start : start + 1000]], "Quiet": True}
            with retryable("s3"):
                self.client.delete_objects(Bucket=self.bucket, Delete=doomed)

    def _keys(self, prefix: str) -> list[str]:
        with retryable("s3"):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", ())]


class S3Writer:
    """See ports.PackageWriter: small packages in one call, others in pieces that S3 joins at the end.

    Pieces of a package that is never finished are nobody's to read; the bucket's rule clears them away in a day.
    """

    def __init__(self, client: Any, place: dict[str, str], so_far: Unfinished) -> None:
        self._client, self._place = client, place
        self._upload, self._pieces, self._tail = so_far.upload, list(so_far.pieces), bytearray(so_far.tail)

    def write(self, data: bytes) -> None:
        self._tail += data
        if len(self._tail) >= PIECE:
            self._send()

    def pause(self) -> Unfinished:
        return Unfinished(self._upload, tuple(self._pieces), bytes(self._tail))

    def finish(self) -> None:
        with _still_there(self._place["Key"]), retryable("s3"):
            if not self._upload:
                self._client.put_object(**self._place, Body=bytes(self._tail), ContentType=ZIP)
                return
            if self._tail:
                self._send()
            listed = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(self._pieces, 1)]
            self._client.complete_multipart_upload(
                **self._place, UploadId=self._upload, MultipartUpload={"Parts": listed}
            )

    def _send(self) -> None:
        with _still_there(self._place["Key"]), retryable("s3"):
            if not self._upload:
                begun = self._client.create_multipart_upload(**self._place, ContentType=ZIP)
                self._upload = begun["UploadId"]
            number = len(self._pieces) + 1
            sent = self._client.upload_part(
                **self._place, UploadId=self._upload, PartNumber=number, Body=bytes(self._tail)
            )
        self._pieces.append(sent["ETag"])
        self._tail.clear()


@contextmanager
def _still_there(key: str) -> Iterator[None]:
    """Raises RequestNotFound when the upload has been finished, or cleared away, by now."""
    try:
        yield
    except ClientError as fault:
        if fault.response["Error"]["Code"] != "NoSuchUpload":
            raise
        raise RequestNotFound(key) from None


READ = 2 * 1024 * 1024
"""Bytes of a mail: its words come first, and files are never opened."""


class S3Inbox:
    """See ports.Inbox."""

    def __init__(self, client: Any, bucket: str, prefix: str = "inbound") -> None:
        self.client, self.bucket, self.prefix = client, bucket, prefix

    def read(self, id: str) -> bytes | None:
        try:
            with retryable("s3"):
                found = self.client.get_object(
                    Bucket=self.bucket, Key=f"{self.prefix}/{id}", Range=f"bytes=0-{READ - 1}"
                )
                data: bytes = found["Body"].read()
        except ClientError as fault:
            if http_status(fault) == 416:  # nothing in it, so no first byte
                return b""
            if http_status(fault) != 404:
                raise
            return None
        return data

    def forget(self, id: str) -> None:
        with retryable("s3"):
            self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{id}")


def _part(reference: str, name: str) -> str:
    return f"packages/{reference}/parts/{name}"


def _answer(reference: str, name: str) -> str:
    """Apart from the packages: it is needed until staff have decided, however long that takes."""
    return f"answers/{reference}/{name}"


def _package(reference: str) -> str:
    return f"packages/{reference}/package.zip"
