"""The road on moto's engine, walked by small fakes: each step does what the test scripts, in turn.

No test leaves a thread of the engine behind: one that outlives the mock would call the real AWS.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import boto3
import pytest

from local import aws, machine

SILENT = None
"""A person who says nothing: the wait stays open."""

WAITED_FOR = {
    "proof": "ask_for_proof",
    "proof_reminder": "ask_for_proof",
    "decision": "ask_staff",
    "reply": "ask_customer",
    "attention": "need_attention",
}
LATER = ("answer", "answer_reminder", "answer_last")

USUAL: dict[str, Any] = {
    "ask_for_proof": {},
    "lapse": {},
    "gather_source": {"state": "found"},
    "note_failed_source": {"state": "failed"},
    "await_source": {},
    "ask_staff": {"next": "fulfil"},
    "ask_customer": {},
    "lapse_reply": {},
    "offer_undo": {},
    "begin_fulfilment": {},
    "fulfil_source": {"state": "done"},
    "note_unfulfilled_source": {"state": "failed"},
    "tell_recipients": {},
    "send_answer": {},
    "need_attention": {"next": "gather"},
    "run_errand": {},
}


class Road:
    """One request's road. `script` maps a step to what it does at its first, second, … call; then the usual.

    What a step does: a dict is its answer (for a step that waits: the person's), an exception is raised, SILENT waits.
    """

    def __init__(self, arn: str) -> None:
        self.arn, self.client = arn, boto3.client("stepfunctions")
        self.script: dict[str, list[Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.tokens: list[str] = []

    def handlers(self) -> dict[str, machine.Handler]:
        return {step: lambda event, context, step=step: self._do(step, event) for step in USUAL}

    def _do(self, step: str, event: dict[str, Any]) -> Any:
        token = event.pop("task_token", None)
        self.calls.append((step, event))
        acts = self.script.get(step)
        act = acts.pop(0) if acts else USUAL[step]
        if isinstance(act, Exception):
            raise act
        if token is None:
            return act
        self.tokens.append(token)
        if act is not SILENT:
            self.client.send_task_success(taskToken=token, output=json.dumps(act))
        return None

    def begin(self, start: str = "proof", sources: tuple[str, ...] = ("shop", "news")) -> str:
        said = {"request_id": "R-0000-0001", "start": start, "sources": self._sources(sources), "waits": self._waits()}
        if start == "errand":
            sealed = {"errand_id": "errand-1", "errand": "links", "sealed": "c2VhbGVk"}
            said = {**sealed, "start": start, "waits": self._waits()}
        name = f"R-0000-0001-{next(NUMBERS)}"
        started = self.client.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps(said))
        return str(started["executionArn"])

    def _sources(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        later = dict.fromkeys(LATER, self._short("await_source"))
        return [{"name": name, "waits": later} for name in names]

    def _waits(self) -> dict[str, int]:
        """A second where the test lets time run out, else more than a busy machine takes."""
        return {wait: self._short(step) for wait, step in WAITED_FOR.items()} | {"undo": 1, "errand": 1}

    def _short(self, step: str) -> int:
        return 1 if any(not isinstance(act, dict) for act in self.script.get(step, ())) else 30

    def end(self, execution: str) -> dict[str, Any]:
        """How it ended, which must be well."""
        ends = time.monotonic() + 15
        while (seen := self.client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < ends, f"still running after {self.steps()}"
            time.sleep(0.01)
        assert seen["status"] == "SUCCEEDED", self.client.get_execution_history(executionArn=execution)["events"][-1]
        return json.loads(seen["output"])

    def walk(self, **begin: Any) -> list[str]:
        """The steps taken, first to last."""
        self.end(self.begin(**begin))
        return self.steps()

    def until(self, waits: int) -> str:
        """The task token of that wait, once it is open."""
        ends = time.monotonic() + 5
        while len(self.tokens) < waits:
            assert time.monotonic() < ends, f"no wait after {self.steps()}"
            time.sleep(0.005)
        return self.tokens[waits - 1]

    def steps(self) -> list[str]:
        return [step for step, _ in self.calls]

    def told(self, step: str, key: str) -> list[Any]:
        """What each call of a step was told under `key`."""
        return [event[key] for name, event in self.calls if name == step]


NUMBERS = count(1)


class _Handlers(dict[str, machine.Handler]):
    """Those of the test that runs now."""


@pytest.fixture(scope="module")
def engine() -> Iterator[tuple[str, Mapping[str, machine.Handler]]]:
    handlers = _Handlers()
    with aws.engine(handlers) as arn:
        yield arn, handlers


@pytest.fixture
def road(engine: tuple[str, _Handlers]) -> Iterator[Road]:
    arn, handlers = engine
    walked = Road(arn)
    handlers.update(walked.handlers())
    yield walked
    assert machine.halt() == []
