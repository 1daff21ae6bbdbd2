"""An upgrade loses no running request: the road of each earlier release is walked on today's functions.

An execution keeps the definition that it began with, for up to a year, and calls the functions of today. So functions
and what they are given are only ever added to. At a release, its definition is copied to releases/<version>.asl.json.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalice.utils import to_cfn_resource_name

from chalicelib import errors
from local import demo
from tests.machine import on_release
from tests.machine.test_consistency import machines, registered

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.asl.json"))


@pytest.fixture(params=RELEASES, ids=[path.name for path in RELEASES])
def release(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def tasks(release: Path) -> list[dict[str, Any]]:
    road = json.loads(release.read_text())
    return [s for each in machines(road) for s in each["States"].values() if s["Type"] == "Task"]


def test_every_step_of_then_is_a_function_of_today(release: Path) -> None:
    today = {to_cfn_resource_name(name) for name in registered()}
    assert {task["Parameters"]["FunctionName"].strip("${}") for task in tasks(release)} <= today


def test_todays_functions_need_no_more_than_they_were_given_then(release: Path) -> None:
    """A fact that a function got since is read by `event.get`, for old roads do not know it."""
    needed = {
        to_cfn_resource_name(name): set(re.findall(r"event\['(\w+)'\]", ast.unparse(body)))
        for name, body in registered().items()
    }
    for task in tasks(release):
        given = {key.removesuffix(".$") for key in task["Parameters"]["Payload"]}
        assert needed[task["Parameters"]["FunctionName"].strip("${}")] <= given


def test_every_error_that_a_road_of_then_catches_still_exists(release: Path) -> None:
    text = release.read_text()
    caught = {e for names in re.findall(r'"ErrorEquals":\s*\[([^\]]*)\]', text) for e in re.findall(r'"(\w+)"', names)}
    assert caught <= {name for name, kind in vars(errors).items() if isinstance(kind, type)}


def test_a_request_that_began_then_is_answered_today(release: Path) -> None:
    """Every right, walked by real people's means on the old definition, with today's code behind it."""
    done = on_release.walk(release)
    assert done == [right.__name__ for right in demo.RIGHTS]
