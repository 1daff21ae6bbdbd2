"""The workflow on Step Functions.

Rule 7: what goes in is ids and kinds, for an execution's history shows it. Rule 18: starting what was started and
completing what was completed are answers, not errors. Leaves to others: what the machine does (workflow/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import code, retryable

_WAITS_NO_MORE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctionsWorkflow:
    """See ports.Workflow. `client` is a boto3 Step Functions client, `machine` the state machine's ARN."""

    def __init__(self, client: Any, machine: str) -> None:
        self.client, self.machine = client, machine

    def start(self, name: str, data: Mapping[str, Any]) -> None:
        try:
            with retryable("states"):
                self.client.start_execution(stateMachineArn=self.machine, name=name, input=json.dumps(data))
        except ClientError as fault:
            if code(fault) != "ExecutionAlreadyExists":
                raise

    def complete(self, token: str, output: Mapping[str, Any]) -> bool:
        return self._answered("send_task_success", taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: str) -> bool:
        return self._answered("send_task_failure", taskToken=token, error=error)

    def _answered(self, operation: str, **what: str) -> bool:
        try:
            with retryable("states"):
                getattr(self.client, operation)(**what)
        except ClientError as fault:
            if code(fault) not in _WAITS_NO_MORE:
                raise
            return False
        return True
