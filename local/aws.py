"""AWS on one's own machine: moto, mended, with our tables, keys, buckets, mail and the road in it.

Everything lives in this process's memory and is gone afterwards; nothing may reach the real AWS. Leaves to others:
what moto gets wrong (moto_mends), the tables and keys (resources), the engine of the road (machine), what a
function may do (allowed).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chalicelib.businesses.model import Business
from local import allowed, machine
from local.machine import Handler
from local.permits import permits

REGION = "us-east-1"
ACCOUNT = "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
CONFIG = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}


@contextmanager
def engine(handlers: Mapping[str, Handler]) -> Iterator[str]:
    """A mended moto whose state machine calls `handlers`; its ARN. On the way out no thread of the engine is left."""
    from moto import mock_aws

    from local import moto_mends, moto_speed

    logging.getLogger("moto").setLevel(logging.CRITICAL)  # it would print the state of every task that fails
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(CREDENTIALS)  # whatever is configured for the real AWS must not be used here
    moto_mends.spare_the_engine_ec2()
    with mock_aws(config=CONFIG), machine.answering(handlers):
        moto_mends.mend_transactions()
        moto_mends.mend_catch_to_itself()
        moto_mends.mend_signals()
        moto_mends.cache_asl_parse()
        moto_mends.cache_boto_client_for()
        moto_speed.speed_up(ACCOUNT, REGION)
        try:
            yield machine.create()
        finally:
            left = machine.halt()
    if left:
        raise RuntimeError(f"the engine left threads behind: {', '.join(left)}")


@contextmanager
def cloud(
    handlers: Mapping[str, Handler], business: Business, keys: Mapping[str, bytes] | None = None
) -> Iterator[dict[str, str]]:
    """A stage: the engine, the tables, the keys (peers' among them), and the business's mail; the settings' values.

    Every function may do what its role will let it do on AWS, and nothing else.
    """
    with engine(allowed.each(handlers)) as road:
        import boto3

        from local.resources import create_resources

        boto3.client("ses").verify_email_identity(EmailAddress=business.sender)
        settings = {"RIGHTSDESK_STATE_MACHINE": road, **create_resources(keys={**_given(), **(keys or {})})}
        with allowed.enforced(settings, permits(business.datamap)):
            yield settings


def _given() -> dict[str, bytes]:
    """The keys under which a member page and a mailer of one's own sign, if they are given; the others are random."""
    said = {name: os.environ.get(f"RIGHTSDESK_{name.upper()}_KEY") for name in ("member", "stop", "check")}
    return {name: key.encode() for name, key in said.items() if key}
