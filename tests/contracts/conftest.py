"""Each port twice: the adapter on moto's AWS and the one in memory, held to the same suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.memory import SetClock
from local.peers import Ask, served

from .made import NOW, Aws


@pytest.fixture(scope="package")
def aws() -> Iterator[Aws]:
    from moto import mock_aws

    from local.moto_mends import mend_transactions
    from local.resources import create_resources

    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWS_PROFILE", raising=False)
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            mend_transactions()
            yield Aws(create_resources())


@pytest.fixture(params=["memory", "aws"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture(scope="package")
def peers() -> Iterator[tuple[str, dict[str, Ask]]]:
    """A loopback server that stands in for every peer: its address, and who answers there, by host."""
    there: dict[str, Ask] = {}
    with served(there) as address:
        yield address, there
