"""The road, app.py, the errors and the use cases say the same: what one names, the other has."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.utils import to_cfn_resource_name
from statelint.linter import Linter

from chalicelib import errors
from local import machine

ROOT = Path(__file__).parent.parent.parent
ROAD: dict[str, Any] = json.loads(machine.ROAD.read_text())
RETRIED = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "ServiceUnavailable",
    "SourceUnavailable",
    "RequestChanged",
}
LITERALS = {
    "$.start": {"proof", "gather", "fulfil", "answer", "errand"},
    "$.decided.next": {"proof", "gather", "staff", "ask", "undo", "fulfil", "answer"},
}
WAITS = {"proof", "proof_reminder", "decision", "reply", "undo", "attention", "errand"}
ANSWER_WAITS = {"answer", "answer_reminder", "answer_last"}
"""Inside a Map: given with each source, for each may take its own time."""

State = dict[str, Any]


def machines(road: State = ROAD) -> Iterator[State]:
    """The road, and the small one inside each Map."""
    yield road
    for state in road["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


STATES = [(name, state) for each in machines() for name, state in each["States"].items()]
TASKS = [(name, state) for name, state in STATES if state["Type"] == "Task"]


def after(state: State) -> set[str]:
    """Every state that may come next."""
    ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {way["Next"] for way in ways if "Next" in way} | ({state["Default"]} if "Default" in state else set())


def registered() -> dict[str, ast.FunctionDef]:
    """The Lambdas of app.py by name, read without importing it."""
    page = ast.parse((ROOT / "app.py").read_text())
    return {
        node.name: node
        for node in page.body
        if isinstance(node, ast.FunctionDef)
        and any("lambda_function" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


def function_of(task: State) -> str:
    return str(task["Parameters"]["FunctionName"]).strip("${}")


CALLED_BY_SES = {"receive_mail", "note_mail_feedback", "receive_canary_mail"}


def test_every_step_is_a_function_and_every_function_a_step() -> None:
    steps = {to_cfn_resource_name(name) for name in registered().keys() - CALLED_BY_SES}
    assert {function_of(task) for _, task in TASKS} == steps


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[name for name, _ in TASKS])
def test_a_function_reads_what_its_step_is_given(name: str, task: State) -> None:
    body = next(node for found, node in registered().items() if to_cfn_resource_name(found) == function_of(task))
    read = set(re.findall(r"event\['(\w+)'\]", ast.unparse(body)))
    assert read == {key.removesuffix(".$") for key in task["Parameters"]["Payload"]}


def test_every_error_named_exists() -> None:
    named = {
        error for _, state in STATES for way in ("Retry", "Catch") for rule in state.get(way, ())
        for error in rule["ErrorEquals"]
    }  # fmt: skip
    ours = {error for error in named if not error.startswith(("States.", "Lambda."))}
    assert ours <= {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert ours >= {"RequestClosed", "RequestFrozen", "PlanDrifted", "SourceAwaited"}


def test_a_source_that_answers_later_is_waited_for_with_a_last_end() -> None:
    """Asked, reminded, the lead told, then noted: three waits, each shorter than for ever, in each of the two Maps."""
    steps = {"gather": "Gather from one source", "fulfil": "Carry out in one source"}
    maps = [state["ItemProcessor"] for state in ROAD["States"].values() if state["Type"] == "Map"]
    for step, each in zip(steps, maps, strict=True):
        states, asked = each["States"], list[int]()
        name = next(c["Next"] for c in states[each["StartAt"]]["Catch"] if c["ErrorEquals"] == ["SourceAwaited"])
        while states[name]["Type"] == "Task":
            payload = states[name]["Parameters"]["Payload"]
            assert (payload["step"], states[name]["Next"]) == (step, steps[step])
            asked.append(payload["reminder"])
            name = states[name]["Catch"][0]["Next"]
        assert asked == [0, 1, 2]
        assert states[name]["Result"] == {"Error": "SourceSilent"}


def test_the_road_is_started_with_the_waits_of_each_source() -> None:
    """What usecases/road.py gives a source is what the states inside the Maps wait for."""
    said = ast.parse((ROOT / "chalicelib/usecases/road.py").read_text())
    words = {node.value for node in ast.walk(said) if isinstance(node, ast.Constant)}
    waits = {state["TimeoutSecondsPath"] for _, state in STATES if "TimeoutSecondsPath" in state}
    assert words & {path.removeprefix("$.waits.") for path in waits} >= ANSWER_WAITS


@pytest.mark.parametrize("variable", LITERALS)
def test_every_literal_of_a_choice_is_one_that_is_given(variable: str) -> None:
    rules = [rule for _, state in STATES for rule in state.get("Choices", ()) if rule["Variable"] == variable]
    assert {rule["StringEquals"] for rule in rules} == LITERALS[variable]


def test_the_use_cases_say_the_same_words() -> None:
    """What the machine is told is written in usecases/road.py, which the choices must know."""
    said = pytest.importorskip("chalicelib.usecases.road")
    assert {*said.NEXT.values(), "answer"} == LITERALS["$.decided.next"]


def test_every_choice_has_a_way_for_what_it_does_not_know() -> None:
    assert all("Default" in state for _, state in STATES if state["Type"] == "Choice")


def test_every_state_is_reachable_and_none_is_missing() -> None:
    for each in machines():
        reached, ahead = set[str](), {each["StartAt"]}
        while ahead:
            reached |= ahead
            ahead = {name for state in ahead for name in after(each["States"][state])} - reached
        assert reached == set(each["States"])


def test_every_wait_is_bounded() -> None:
    """By the input, in seconds; a wait for a person has a next state when nobody comes."""
    outside = set(ROAD["States"])
    for name, state in STATES:
        if state.get("Resource", "").endswith(".waitForTaskToken"):
            given = WAITS if name in outside else ANSWER_WAITS
            assert state["TimeoutSecondsPath"].removeprefix("$.waits.") in given, name
            assert state["Catch"][0]["ErrorEquals"] == ["States.Timeout"], name
        if state["Type"] == "Wait":
            assert state["SecondsPath"].removeprefix("$.waits.") in WAITS, name


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[name for name, _ in TASKS])
def test_every_step_is_tried_again(name: str, task: State) -> None:
    """And, where a source or a package may be too much for one call, called again: that often, and no oftener."""
    again = [{"MoreToDo"}] if name in IN_PAGES else []
    assert [set(rule["ErrorEquals"]) for rule in task["Retry"]] == [RETRIED, *again]
    assert all(rule["MaxAttempts"] <= 500 for rule in task["Retry"])


IN_PAGES = {"Gather from one source", "Carry out in one source", "Send the answer"}
"""Steps that stop when their Lambda's time is over, with what they did kept."""


def test_every_step_that_reads_pages_is_told_how_much_time_it_has() -> None:
    for name, task in TASKS:
        body = next(node for found, node in registered().items() if to_cfn_resource_name(found) == function_of(task))
        assert ("in_time(context)" in ast.unparse(body)) == (name in IN_PAGES), name


def test_nothing_dead_ends() -> None:
    """Whatever a step raises leads to a state; a source's fault stays inside its Map, whose own catch is last."""
    for name, state in ROAD["States"].items():
        if state["Type"] in ("Task", "Map"):
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
    assert not [name for name, state in STATES if state["Type"] == "Fail"]


def test_the_data_stays_small_and_holds_nothing_that_steps_answer() -> None:
    kept = {state.get("ResultPath") for _, state in STATES if state["Type"] in ("Task", "Map")}
    assert kept == {None, "$.decided"}
    assert all("ResultPath" in state for _, state in STATES if state["Type"] in ("Task", "Map"))


def test_names_read_like_sentences() -> None:
    assert all(re.fullmatch(r"[A-Z][a-z' ]+[a-z]\??", name) for name, _ in STATES)


def test_the_linter_of_the_language_is_content() -> None:
    assert Linter.validate(str(machine.ROAD)) == []
    assert Linter.validate(machine.definition()) == []


def test_the_page_of_triggers_imports_only_what_it_calls() -> None:
    """The import linter reads packages, and app.py is none."""
    page = ast.parse((ROOT / "app.py").read_text())
    from_ = {node.module for node in ast.walk(page) if isinstance(node, ast.ImportFrom)}
    assert from_ == {
        "__future__", "collections.abc", "typing", "chalice.app", "chalicelib.bootstrap", "chalicelib.usecases",
        "chalicelib.web",
    }  # fmt: skip
    assert not [node for node in ast.walk(page) if isinstance(node, ast.Import)]
