"""A boto client whose answers are faults, as botocore would raise them: moto cannot be told to throttle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

SECRET = "ann@example.com"  # what AWS quotes in a message must not be passed on


def refusal(code: str, status: int = 400, operation: str = "Op") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


NO_CONNECTION = ConnectTimeoutError(endpoint_url="https://aws.example.com")
NO_ANSWER = ReadTimeoutError(endpoint_url="https://aws.example.com")


class Faulty:
    """Every operation raises `faults` in turn, then gives `after`."""

    def __init__(self, *faults: Exception, after: Any = None) -> None:
        self.faults, self.after, self.calls = list(faults), after, 0

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            self.calls += 1
            if self.faults:
                raise self.faults.pop(0)
            return self.after

        return call
