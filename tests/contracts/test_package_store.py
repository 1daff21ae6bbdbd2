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


def put_package(packages: PackageStore, reference: str, *pieces: bytes) -> None:
    writer = packages.write_package(reference)
    for piece in pieces or (b"PK",):
        writer.write(piece)
    writer.finish()


def none_is_there(packages: PackageStore, reference: str, name: str) -> bool:
    try:
        packages.part(reference, name)
    except RequestNotFound:
        return True
    return False


def test_parts_come_back_by_name(packages: PackageStore, reference: str) -> None:
    packages.put_part(reference, "shop/1", b"1")
    packages.put_part(reference, "crm", b"2")
    packages.put_part(reference, "shop/1", b"\x00again")
    packages.put_part(f"{reference}-other", "mine", b"not mine")
    assert packages.part(reference, "shop/1") == b"\x00again"
    assert packages.part(reference, "crm") == b"2"
    assert none_is_there(packages, reference, "mine")
    assert none_is_there(packages, reference, "shop")


def test_a_package_has_a_link_as_long_as_it_is_there(packages: PackageStore, reference: str) -> None:
    with pytest.raises(RequestNotFound):
        packages.package_url(reference, "your-data.zip", 60)
    put_package(packages, reference)
    assert "your-data.zip" in packages.package_url(reference, "your-data.zip", 60)


def test_nobody_can_fetch_a_package_before_it_is_finished(packages: PackageStore, reference: str) -> None:
    """Not one that was cut short either; whoever takes it up again writes the rest."""
    first = packages.write_package(reference)
    first.write(b"a" * 9_000_000)
    first.write(b"b")
    so_far = first.pause()
    with pytest.raises(RequestNotFound):
        packages.package_url(reference, "your-data.zip", 60)
    second = packages.write_package(reference, so_far)
    second.write(b"c" * 9_000_000)
    second.finish()
    assert content(packages, reference) == b"a" * 9_000_000 + b"b" + b"c" * 9_000_000


def content(packages: PackageStore, reference: str) -> bytes:
    if isinstance(packages, MemoryPackageStore):
        return packages.packages[reference]
    assert isinstance(packages, S3PackageStore)
    key = f"packages/{reference}/package.zip"
    data: bytes = packages.client.get_object(Bucket=packages.bucket, Key=key)["Body"].read()
    return data


def test_a_package_made_again_takes_the_place_of_the_first(packages: PackageStore, reference: str) -> None:
    put_package(packages, reference, b"first", b"one")
    put_package(packages, reference, b"second")
    assert content(packages, reference) == b"second"


def test_a_dropped_package_is_gone_and_its_parts_stay(packages: PackageStore, reference: str) -> None:
    packages.put_part(reference, "shop", b"1")
    put_package(packages, reference)
    packages.drop_package(reference)
    packages.drop_package(reference)
    with pytest.raises(RequestNotFound):
        packages.package_url(reference, "your-data.zip", 60)
    assert packages.part(reference, "shop") == b"1"


def test_an_answer_comes_back_by_name_and_is_no_part_of_the_package(packages: PackageStore, reference: str) -> None:
    with pytest.raises(RequestNotFound):
        packages.answer(reference, "gather-letters-1")
    packages.put_answer(reference, "gather-letters-1", b"\x00sealed")
    assert packages.answer(reference, "gather-letters-1") == b"\x00sealed"
    with pytest.raises(RequestNotFound):
        packages.part(reference, "gather-letters-1")
    with pytest.raises(RequestNotFound):
        packages.answer(f"{reference}-other", "gather-letters-1")
    packages.forget(reference)
    with pytest.raises(RequestNotFound):
        packages.answer(reference, "gather-letters-1")


def test_forgetting_takes_all_of_one_request(packages: PackageStore, reference: str) -> None:
    for ref in (reference, f"{reference}-other"):
        packages.put_part(ref, "shop", b"1")
        put_package(packages, ref)
    packages.forget(reference)
    packages.forget(reference)
    assert none_is_there(packages, reference, "shop")
    with pytest.raises(RequestNotFound):
        packages.package_url(reference, "your-data.zip", 60)
    assert packages.part(f"{reference}-other", "shop") == b"1"


def test_a_thousand_parts_and_more(aws: Aws, reference: str) -> None:
    packages = S3PackageStore(aws.client("s3"), aws.settings["RIGHTSDESK_PACKAGES"])
    for n in range(1005):
        packages.put_part(reference, f"{n:04d}", b"")
    packages.forget(reference)
    left = aws.client("s3").list_objects_v2(Bucket=packages.bucket, Prefix=f"packages/{reference}/")
    assert left["KeyCount"] == 0


def test_a_large_package_takes_no_more_memory_than_a_piece(aws: Aws, reference: str) -> None:
    packages = S3PackageStore(aws.client("s3"), aws.settings["RIGHTSDESK_PACKAGES"])
    writer = packages.write_package(reference)
    for _ in range(40):
        writer.write(b"x" * 1_000_000)
        assert len(writer.pause().tail) < 9_000_000
    assert len(writer.pause().pieces) == 4


def test_a_link_leads_where_files_are_and_downloads(aws: Aws, reference: str) -> None:
    bucket, files = aws.settings["RIGHTSDESK_PACKAGES"], aws.client("s3", endpoint_url="http://127.0.0.1:8000/files")
    packages = S3PackageStore(aws.client("s3"), bucket, files)
    put_package(packages, reference)
    url = packages.package_url(reference, "your-data.zip", 60)
    assert url.startswith(f"http://127.0.0.1:8000/files/{bucket}/packages/{reference}/package.zip?")
    assert "attachment" in url
