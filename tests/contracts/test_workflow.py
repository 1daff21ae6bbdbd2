"""The promises of a workflow: starting and completing twice are answers, not errors (rule 18).

Leaves to others: the road itself, walked in moto's engine by the machine's own tests.
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.memory import MemoryWorkflow
from chalicelib.adapters.stepfunctions import StepFunctionsWorkflow
from chalicelib.errors import ServiceUnavailable
from chalicelib.ports import Workflow

from .faulty import NO_ANSWER, Faulty, refusal
from .made import Aws

ROLE = "arn:aws:iam::123456789012:role/road"
ROAD = json.dumps({"StartAt": "Go", "States": {"Go": {"Type": "Pass", "End": True}}})


@pytest.fixture
def machine(aws: Aws) -> str:
    made = aws.client("stepfunctions").create_state_machine(name="road", definition=ROAD, roleArn=ROLE)
    return str(made["stateMachineArn"])


@pytest.fixture
def workflow(where: str, request: pytest.FixtureRequest) -> Workflow:
    if where == "memory":
        return MemoryWorkflow()
    machine = request.getfixturevalue("machine")
    return StepFunctionsWorkflow(request.getfixturevalue("aws").client("stepfunctions"), machine)


def test_starting_twice_is_one_start(workflow: Workflow) -> None:
    for _ in range(2):
        workflow.start("R-0000-0001-1", {"request_id": "R-0000-0001"})


def test_a_token_nobody_waits_on_is_no_error(workflow: Workflow) -> None:
    assert workflow.complete("no such token", {}) is False
    assert workflow.fail("no such token", "RequestClosed") is False


def test_memory_completes_a_wait_once() -> None:
    done: list[object] = []
    workflow = MemoryWorkflow(on_complete=lambda token, output: done.append((token, output)))
    token, other, late = (workflow.wait_for(w) for w in ("decision", "proof", "reply"))
    assert workflow.complete(token, {"next": "fulfil"}) is True
    assert workflow.complete(token, {"next": "answer"}) is False
    assert workflow.fail(other, "RequestClosed") is True
    workflow.time_out(late)
    assert workflow.complete(late, {}) is False
    assert workflow.answers == {token: ({"next": "fulfil"}, None), other: (None, "RequestClosed")}
    assert done == [(token, {"next": "fulfil"})]


def test_memory_tells_of_each_start_once() -> None:
    begun: list[str] = []
    workflow = MemoryWorkflow(on_start=lambda name, data: begun.append(name))
    workflow.start("R-1", {})
    workflow.start("R-1", {})
    assert begun == ["R-1"] == list(workflow.started)


def test_step_functions_runs_it_by_name_with_its_input(aws: Aws, machine: str) -> None:
    client = aws.client("stepfunctions")
    StepFunctionsWorkflow(client, machine).start("R-0000-0002-1", {"request_id": "R-0000-0002"})
    arn = machine.replace(":stateMachine:", ":execution:") + ":R-0000-0002-1"
    assert json.loads(client.describe_execution(executionArn=arn)["input"]) == {"request_id": "R-0000-0002"}


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_wait_that_is_over_gives_false(code: str) -> None:
    assert StepFunctionsWorkflow(Faulty(refusal(code)), "arn").complete("t", {}) is False


def test_a_name_that_was_taken_is_the_same_start() -> None:
    StepFunctionsWorkflow(Faulty(refusal("ExecutionAlreadyExists")), "arn").start("n", {})


@pytest.mark.parametrize("fault", [refusal("ThrottlingException"), refusal("Odd", 500), NO_ANSWER])
def test_what_may_pass_is_retryable(fault: Exception) -> None:
    with pytest.raises(ServiceUnavailable):
        StepFunctionsWorkflow(Faulty(fault), "arn").complete("t", {})


def test_what_will_not_pass_is_a_surprise() -> None:
    with pytest.raises(ClientError):
        StepFunctionsWorkflow(Faulty(refusal("AccessDeniedException")), "arn").start("n", {})
