"""`make package`: what is in the zip and the template, and whether it stands up by itself."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.businesses.loader import shipped
from chalicelib.config import VARIABLES
from chalicelib.law import calendars
from local import package, stripping, template

ROOT = Path(__file__).parents[2]
OF_LAMBDA = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
LAMBDAS_C_LIBRARY = (2, 17)
"""Older than the one of any of Lambda's Pythons."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.package("jeffers", tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def sam(made: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / "sam.json").read_text())
    return found


@pytest.fixture(scope="module")
def unpacked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zip")
    with zipfile.ZipFile(made / "deployment.zip") as zipped:
        zipped.extractall(folder)
    return folder


def functions(sam: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n: r["Properties"] for n, r in sam["Resources"].items() if r["Type"] == template.FUNCTION}


# -- the zip ----------------------------------------------------------------------------------------------------------


def test_the_zip_is_small_and_has_only_this_business(made: Path, unpacked: Path) -> None:
    assert (made / "deployment.zip").stat().st_size <= 20_000_000
    businesses = {path.parent.name for path in unpacked.glob("chalicelib/businesses/*/business.yaml")}
    assert businesses == {"jeffers"}
    words = [p for p in (unpacked / "chalicelib" / "businesses").rglob("*") if p.is_dir()]
    assert not {p.name for p in words} & (set(shipped()) - {"jeffers"})


def test_the_translations_ship_and_those_of_libraries_do_not(unpacked: Path) -> None:
    shipped = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.suffix in (".mo", ".po")}
    assert shipped == {"chalicelib/locale/es/LC_MESSAGES/rightsdesk.mo"}
    assert (unpacked / "chalicelib" / "businesses" / "jeffers" / "es.yaml").is_file()


def test_nothing_of_the_laptop_or_the_tests_ships(unpacked: Path) -> None:
    names = {path.name for path in unpacked.iterdir()}
    assert not names & {"local", "tests", "bench", "docs", "moto", "boto3", "botocore", "pip", "setuptools"}
    assert not list(unpacked.rglob("__pycache__"))
    assert not list(unpacked.rglob("*.pyi"))


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    """Whatever their order and time: an unchanged stage changes nothing on AWS."""
    files = {"app.py": "1", "chalicelib/businesses/mine/business.yaml": "2", "holidays/countries/france.py": "3"}
    sums = []
    for when, names in (((2020, 1, 1, 0, 0, 0), list(files)), ((2026, 5, 5, 5, 5, 6), list(reversed(files)))):
        path = tmp_path / f"{when[0]}.zip"
        with zipfile.ZipFile(path, "w") as zipped:
            for name in names:
                zipped.writestr(zipfile.ZipInfo(name, when), files[name])
        stripping.strip(path, "mine")
        sums.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert sums[0] == sums[1]
    assert zipfile.ZipFile(path).namelist() == ["app.py", "chalicelib/businesses/mine/business.yaml"]


def test_its_libraries_run_on_lambdas_linux(unpacked: Path) -> None:
    for path in [p for p in unpacked.rglob("*") if p.is_file() and ".so" in p.suffixes]:
        wants = re.findall(rb"GLIBC_(\d+)\.(\d+)", path.read_bytes())
        assert max(((int(a), int(b)) for a, b in wants), default=(0, 0)) <= LAMBDAS_C_LIBRARY, path.name


def test_it_stands_up_by_itself(unpacked: Path, sam: dict[str, Any], tmp_path: Path) -> None:
    """With boto3 as Lambda brings it and nothing else: every handler resolves, pages are served, days are counted."""
    beside = Path(boto3.__file__).parents[1]
    for name in OF_LAMBDA:
        (tmp_path / name).symlink_to(beside / name)
    settings = dict.fromkeys(VARIABLES, "x") | {
        "RIGHTSDESK_BUSINESS": "jeffers", "RIGHTSDESK_PUBLIC_URL": "https://privacy.example.com",
        "DATABASE_URL": template.SETTINGS["DATABASE_URL"],
    }  # fmt: skip
    handlers = [said["Handler"] for said in functions(sam).values()]
    done = subprocess.run(
        [sys.executable, "-I", "-S", Path(__file__).with_name("clean.py"), unpacked, tmp_path, *handlers],
        env=settings, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["business"] == "jeffers"
    assert set(found["pages"].values()) == {200}
    assert found["spanish"]
    for year, days in found["holidays"].items():
        assert days == sorted(
            str(d) for of in (calendars.federal_holidays, calendars.uk_holidays) for d in of(int(year))
        )


def test_requests_are_walked_on_what_ships(unpacked: Path, tmp_path: Path) -> None:
    """The demo of every right, with code and libraries from the zip; moto and the local server come from outside."""
    for path in unpacked.iterdir():
        if path.name != "chalice":  # what ships of it cannot serve locally
            (tmp_path / path.name).symlink_to(path)
    for name in ("local", ".chalice"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, "-m", "local.demo", "jeffers"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    assert "ended as it should" in done.stdout


# -- the template -----------------------------------------------------------------------------------------------------


def test_every_function_has_its_role_its_log_and_its_settings(sam: dict[str, Any]) -> None:
    for name, said in functions(sam).items():
        assert said["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        log = sam["Resources"][f"{name}Log"]["Properties"]
        assert log["RetentionInDays"] == {"Ref": "LogDays"}
        assert set(VARIABLES) <= set(said["Environment"]["Variables"])
        assert said["KmsKeyArn"]


def test_only_the_functions_of_the_sources_know_the_database_or_enter_its_network(sam: dict[str, Any]) -> None:
    knowing = {
        name for name, said in functions(sam).items()
        if said["Environment"]["Variables"]["DATABASE_URL"] == {"Ref": "DatabaseUrl"}
    }  # fmt: skip
    assert knowing == {name for name, said in functions(sam).items() if "VpcConfig" in said}
    assert knowing == set(template.SOURCE_FUNCTIONS)


def test_what_runs_by_itself_has_a_dead_letter_queue_and_an_alarm(sam: dict[str, Any]) -> None:
    alone = {name for name, said in functions(sam).items() if "Events" in said or name in template.TOLD}
    assert alone >= {"TakeUpTheLost", "PurgeWhatIsDue"}
    for name in alone:
        assert functions(sam)[name]["DeadLetterQueue"]["TargetArn"] == {"Fn::GetAtt": ["Undelivered", "Arn"]}
        assert sam["Resources"][f"{name}Alarm"]["Properties"]["AlarmActions"] == [{"Ref": "Alerts"}]


def test_the_roads_log_holds_no_data(sam: dict[str, Any]) -> None:
    assert sam["Resources"]["Road"]["Properties"]["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_the_log_of_calls_holds_no_path_and_no_address(sam: dict[str, Any]) -> None:
    """A path is a token, an address a person (rule 7); execution logs would hold both, and bodies."""
    api = sam["Resources"]["RestAPI"]["Properties"]
    said = set(re.findall(r"\$context\.([\w.]+)", api["AccessLogSetting"]["Format"]))
    assert said == {"requestTime", "httpMethod", "resourcePath", "status", "responseLatency"}
    assert api["MethodSettings"][0]["LoggingLevel"] == "OFF"
    assert api["MethodSettings"][0]["ThrottlingRateLimit"] == {"Ref": "ApiRate"}


def test_what_holds_data_stays_when_the_stack_goes(sam: dict[str, Any]) -> None:
    for name in ("Key", "RequestsTable", "KeysTable", "PackagesBucket", "Secrets"):
        assert (sam["Resources"][name]["DeletionPolicy"], sam["Resources"][name]["UpdateReplacePolicy"]) == (
            "Retain", "Retain",
        )  # fmt: skip
    for table, backed_up in (("RequestsTable", True), ("KeysTable", False)):
        said = sam["Resources"][table]["Properties"]
        assert said["DeletionProtectionEnabled"] is True
        assert said["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is backed_up
    assert "VersioningConfiguration" not in sam["Resources"]["PackagesBucket"]["Properties"]
    assert sam["Resources"]["Key"]["Properties"]["EnableKeyRotation"] is True


def test_no_other_origin_is_let_in(sam: dict[str, Any]) -> None:
    assert "Access-Control" not in json.dumps(sam["Resources"]["RestAPI"])


def test_names_and_domains_are_parameters(sam: dict[str, Any]) -> None:
    assert sam["Parameters"]["Domain"]["Default"] == "privacy.jeffers.example.com"
    resources = json.dumps({n: r for n, r in sam["Resources"].items() if n != "APIHandler"})
    assert "privacy.jeffers.example.com" not in resources.replace(
        '"RIGHTSDESK_PUBLIC_URL": "https://privacy.jeffers.example.com"', ""
    )
    assert functions(sam)["APIHandler"]["Environment"]["Variables"]["RIGHTSDESK_PUBLIC_URL"] == {"Ref": "PublicUrl"}


def test_every_exception_says_why(sam: dict[str, Any]) -> None:
    for name, resource in sam["Resources"].items():
        for skipped in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            assert len(skipped["comment"]) > 20, name


def test_cfn_lint_is_content(made: Path) -> None:
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([str(lint), str(made / "sam.json")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("stage", ["nowhere", ""])
def test_an_unknown_stage_is_refused_with_those_there_are(stage: str) -> None:
    with pytest.raises(package.CannotPackage, match="jeffers"):
        package.settings(stage)
