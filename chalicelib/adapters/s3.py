"""Access packages and their parts on S3, under one prefix per request, and raw mail that came in, under another.

Rule 7 names these exceptions: unversioned, encrypted by the bucket's default, expiring. A link to a package is made
when it is used, for it dies with the role's session. Leaves to others: what is in a package (package/), how raw mail
gets there (SES, by the receipt rule of .chalice/resources.json).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import http_status, retryable
from chalicelib.errors import RequestNotFound


class S3PackageStore:
    """See ports.PackageStore. `signer` is the client that signs links, where files have another address than S3's."""

    def __init__(self, client: Any, bucket: str, signer: Any = None) -> None:
        self.client, self.bucket, self.signer = client, bucket, signer or client

    def put_part(self, reference: str, name: str, data: bytes) -> None:
        self._put(_part(reference, name), data, "application/octet-stream")

    def parts(self, reference: str) -> dict[str, bytes]:
        prefix = _part(reference, "")
        return {key.removeprefix(prefix): self._read(key) for key in self._keys(prefix)}

    def put_answer(self, reference: str, name: str, data: bytes) -> None:
        self._put(_answer(reference, name), data, "application/octet-stream")

    def answer(self, reference: str, name: str) -> bytes:
        try:
            return self._read(_answer(reference, name))
        except ClientError as fault:
            if http_status(fault) != 404:
                raise
            raise RequestNotFound(reference) from None

    def put_package(self, reference: str, data: bytes) -> None:
        self._put(_package(reference), data, "application/zip")

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

    def forget(self, reference: str) -> None:
        keys = [*self._keys(f"packages/{reference}/"), *self._keys(_answer(reference, ""))]
        for start in range(0, len(keys), 1000):
            doomed = {"Objects": [{"Key": key} for key in keys[start : start + 1000]], "Quiet": True}
            with retryable("s3"):
                self.client.delete_objects(Bucket=self.bucket, Delete=doomed)

    def _put(self, key: str, data: bytes, kind: str) -> None:
        with retryable("s3"):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=kind)

    def _read(self, key: str) -> bytes:
        with retryable("s3"):
            data: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return data

    def _keys(self, prefix: str) -> list[str]:
        with retryable("s3"):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", ())]


READ = 2 * 1024 * 1024
"""Bytes of a mail: its words come first, and files are never opened."""


class S3Inbox:
    """See ports.Inbox."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client, self.bucket = client, bucket

    def read(self, id: str) -> bytes | None:
        try:
            with retryable("s3"):
                found = self.client.get_object(Bucket=self.bucket, Key=_mail(id), Range=f"bytes=0-{READ - 1}")
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
            self.client.delete_object(Bucket=self.bucket, Key=_mail(id))


def _mail(id: str) -> str:
    return f"inbound/{id}"


def _part(reference: str, name: str) -> str:
    return f"packages/{reference}/parts/{name}"


def _answer(reference: str, name: str) -> str:
    """Apart from the packages: it is needed until staff have decided, however long that takes."""
    return f"answers/{reference}/{name}"


def _package(reference: str) -> str:
    return f"packages/{reference}/package.zip"
