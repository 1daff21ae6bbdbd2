"""The promises of a package store: parts by name, one package, a short-lived link, all gone when forgotten."""

from __future__ import annotations

import itertools

import pytest

from chalicelib.adapters.memory import MemoryPackageStore
from chalicelib.adapters.s3 import S3PackageStore
from chalicelib.errors import RequestNotFound
from chalicelib.ports import PackageStore

from .made import Aws

numbers = itertools.count(1)


@pytest.fixture
def packages(where: str, request: pytest.FixtureRequest) -> PackageStore:
    if where == "memory":
        return MemoryPackageStore()
    aws = request.getfixturevalue("aws")
    return S3PackageStore(aws.client("s3"), aws.settings["RIGHTSDESK_PACKAGES"])


@pytest.fixture
def reference() -> str:
    return f"R-PACK-{next(numbers):04d}"


def test_parts_come_back_by_name(packages: PackageStore, reference: str) -> None:
    assert packages.parts(reference) == {}
    packages.put_part(reference, "shop", b"1")
    packages.put_part(reference, "crm", b"2")
    packages.put_part(reference, "shop", b"\x00again")
    packages.put_part(f"{reference}-other", "shop", b"not mine")
    assert packages.parts(reference) == {"shop": b"\x00again", "crm": b"2"}


def test_a_package_has_a_link_as_long_as_it_is_there(packages: PackageStore, reference: str) -> None:
    with pytest.raises(RequestNotFound):
        packages.package_url(reference, "your-data.zip", 60)
    packages.put_package(reference, b"PK")
    assert "your-data.zip" in packages.package_url(reference, "your-data.zip", 60)
    assert packages.parts(reference) == {}


def test_an_answer_comes_back_by_name_and_is_no_part_of_the_package(packages: PackageStore, reference: str) -> None:
    with pytest.raises(RequestNotFound):
        packages.answer(reference, "gather-letters-1")
    packages.put_answer(reference, "gather-letters-1", b"\x00sealed")
    assert packages.answer(reference, "gather-letters-1") == b"\x00sealed"
    assert packages.parts(reference) == {}
    with pytest.raises(RequestNotFound):
        packages.answer(f"{reference}-other", "gather-letters-1")
    packages.forget(reference)
    with pytest.raises(RequestNotFound):
        packages.answer(reference, "gather-letters-1")


def test_forgetting_takes_all_of_one_request(packages: PackageStore, reference: str) -> None:
    for ref in (reference, f"{reference}-other"):
        packages.put_part(ref, "shop", b"1")
        packages.put_package(ref, b"PK")
    packages.forget(reference)
    packages.forget(reference)
    assert packages.parts(reference) == {}
    with pytest.raises(RequestNotFound):
        packages.package_url(reference, "your-data.zip", 60)
    assert packages.parts(f"{reference}-other") == {"shop": b"1"}


def test_a_thousand_parts_and_more(aws: Aws, reference: str) -> None:
    packages = S3PackageStore(aws.client("s3"), aws.settings["RIGHTSDESK_PACKAGES"])
    for n in range(1005):
        packages.put_part(reference, f"{n:04d}", b"")
    assert len(packages.parts(reference)) == 1005
    packages.forget(reference)
    assert packages.parts(reference) == {}


def test_a_link_leads_where_files_are_and_downloads(aws: Aws, reference: str) -> None:
    bucket, files = aws.settings["RIGHTSDESK_PACKAGES"], aws.client("s3", endpoint_url="http://127.0.0.1:8000/files")
    packages = S3PackageStore(aws.client("s3"), bucket, files)
    packages.put_package(reference, b"PK")
    url = packages.package_url(reference, "your-data.zip", 60)
    assert url.startswith(f"http://127.0.0.1:8000/files/{bucket}/packages/{reference}/package.zip?")
    assert "attachment" in url
