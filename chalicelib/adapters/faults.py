"""Which faults of AWS are worth another try: they become ServiceUnavailable, which every step retries.

Rule 7: what is raised names the service's operation and its error code, never its message, which may quote a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from chalicelib.errors import ServiceUnavailable, SourceMisread, SourceUnavailable

PASSING = frozenset(
    {
        "DependencyTimeoutException",
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "InternalServiceErrorException",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


@contextmanager
def retryable(service: str) -> Iterator[None]:
    """Raises ServiceUnavailable for what may pass: throttling, a server's fault, no connection."""
    try:
        yield
    except ClientError as fault:
        if code(fault) in PASSING or http_status(fault) >= 500:
            raise ServiceUnavailable(f"{service} {fault.operation_name} {code(fault)}") from None
        raise
    except (NoConnection, HTTPClientError) as fault:  # not reached; reached, and the answer lost
        raise ServiceUnavailable(f"{service} {type(fault).__name__}") from None


REFUSED = {
    "ResourceNotFoundException": "is not there",
    "NoSuchBucket": "is not there",
    "NoSuchKey": "is not there",
    "404": "is not there",
    "AccessDenied": "may not be used: this function's role has no right to it",
    "AccessDeniedException": "may not be used: this function's role has no right to it",
    "403": "may not be used: this function's role has no right to it",
    "InvalidObjectState": "is archived: restore it first",
}
"""What AWS says of a table, a bucket or an object, in words for whoever mends it."""


@contextmanager
def answering(source: str, what: str, mend: str) -> Iterator[None]:
    """For a source on AWS, asked for `what`. Raises SourceUnavailable for what may pass, else SourceMisread."""
    try:
        with retryable(what):
            yield
    except SourceUnavailable:
        raise
    except ServiceUnavailable as fault:
        raise SourceUnavailable(f"source {source} does not answer ({fault})") from None
    except IncompleteReadError:
        raise SourceUnavailable(f"source {source} does not answer ({what} was cut off)") from None
    except ClientError as fault:
        said = REFUSED.get(code(fault), f"is refused ({fault.operation_name} {code(fault)})")
        raise SourceMisread(f"source {source}: {what} {said}. {mend}.") from None


def code(fault: ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code", "unknown"))


def http_status(fault: ClientError) -> int:
    metadata: dict[str, Any] = dict(fault.response.get("ResponseMetadata", {}))
    return int(metadata.get("HTTPStatusCode", 400))
