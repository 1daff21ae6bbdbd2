"""The road on one's own machine: moto runs the real state machine, and each of its tasks calls our real function.

A task reaches us where moto would start a container; an error comes back as Lambda gives it, with its class's name, for
the machine catches by that name. Leaves to others: the other services (local/aws), what the functions do (app).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from chalice.local import LambdaContext

Handler = Callable[[Any, Any], Any]

NAME = "rightsdesk-requests"
ROAD = Path(__file__).parent.parent / "chalicelib" / "workflow" / "request.asl.json"
ROLE = "arn:aws:iam::123456789012:role/rightsdesk-machine"
ENGINE_THREADS = re.compile(r"\((_execution_logic|eval|_exec_and_notify)\)")


def definition() -> str:
    """The road with every `${AskForProof}` filled in by its function's name, `ask_for_proof`."""
    return re.sub(r"\$\{(\w+)\}", lambda found: _snake(found[1]), ROAD.read_text())


def _snake(camel: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", camel).lower()


def create() -> str:
    """Make the state machine in moto; its ARN."""
    made = boto3.client("stepfunctions").create_state_machine(name=NAME, definition=definition(), roleArn=ROLE)
    return str(made["stateMachineArn"])


@contextmanager
def answering(handlers: Mapping[str, Handler]) -> Iterator[None]:
    """Let `handlers`, by function name, answer every Lambda invocation while this lasts."""
    from moto.awslambda.exceptions import UnknownFunctionException
    from moto.awslambda_simple.models import LambdaSimpleBackend

    def invoke(
        backend: Any, function_name: str, qualifier: Any, body: Any, headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        name = function_name.rsplit(":", 1)[-1]
        if name not in handlers:  # moto's own answer would be success
            raise UnknownFunctionException(f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}")
        try:
            answer = handlers[name](json.loads(body), LambdaContext(name, 512, 300_000))
        except Exception as error:
            response_headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
        return json.dumps(answer).encode()

    with patch.object(LambdaSimpleBackend, "invoke", invoke):
        yield


def halt(seconds: float = 10) -> list[str]:
    """Stop every execution and wait until the engine's threads are gone; the names of those that are not.

    A thread that outlives the mock would call the real AWS. moto's own StopExecution wakes no waiting task.
    """
    ends = time.monotonic() + seconds
    while (alive := _engine_threads()) and time.monotonic() < ends:
        for execution in list(_running()):
            _stop(execution)
        alive[0].join(0.02)
    return [thread.name for thread in alive]


def _engine_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if ENGINE_THREADS.search(thread.name)]


def _running() -> Iterator[Any]:
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    for account in list(stepfunctions_parser_backends.values()):
        for backend in list(account.values()):
            for machine in backend.state_machines:
                yield from machine.executions


def _stop(execution: Any) -> None:
    env = execution.exec_worker.env if execution.exec_worker else None
    if env is None:  # it has only just been started
        return
    if env.is_running():
        env.set_stop(stop_date=datetime.now(tz=UTC), cause=None, error=None)
    for waiting in list(env.callback_pool_manager._pool.values()):
        waiting.interrupt_all()
