"""One table from the domain's errors to HTTP: whole, and telling nobody's data."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from chalicelib import errors as e
from chalicelib.web import errors
from tests.web import samples
from tests.web.conftest import Desk


def tree(root: type[Exception] = e.RightsdeskError) -> list[type[Exception]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in tree(child))]


MADE: dict[type[Exception], Exception] = {
    e.AlreadyFiled: e.AlreadyFiled("R-0000-0001"),
    e.InvalidRequest: e.InvalidRequest({"email": "Give it."}),
    e.DecisionNotAllowed: e.DecisionNotAllowed("Ask back first."),
    e.LimitReached: e.LimitReached("tries", samples.NOW + timedelta(minutes=5)),
    e.Misconfigured: e.Misconfigured("f", "w", "p", "m"),
}


@pytest.mark.parametrize("kind", tree(), ids=lambda k: k.__name__)
def test_every_error_has_its_row(kind: type[Exception]) -> None:
    assert kind in errors.TABLE
    told = errors.told(MADE.get(kind) or kind("kim@example.com"), "/track/{token}", samples.NOW)
    assert 400 <= told.status < 600
    assert "kim@example.com" not in repr(told)
    assert told.title
    assert told.message.endswith(".")


def test_a_limit_says_when_to_come_back() -> None:
    assert errors.told(MADE[e.LimitReached], "/requests", samples.NOW).retry_after == 300


@pytest.mark.parametrize(
    ("error", "path", "says", "offer"),
    [
        (e.LinkExpired("results"), "/results/{token}", "a link to get an answer", "links"),
        (e.LinkMissing(), "/verify/{token}", "a link to confirm a request", "links"),
        (e.LinkInvalid("track"), "/verify/{token}", "a link to follow a request", "links"),
        (e.LinkExpired("staff/sign-in"), "/staff/sign-in/{token}", "a link to sign in", "sign-in"),
        (e.LinkMissing(), "/review/{token}", "a link to decide a request", "sign-in"),
    ],
)
def test_a_dead_link_says_what_it_was_for_and_where_a_new_one_is(
    error: e.LinkError, path: str, says: str, offer: str
) -> None:
    told = errors.told(error, path, samples.NOW)
    assert says in told.message
    assert told.offer == offer


HEAR_AGAIN = {"email": "kim@example.com", "scope": "email"}
"""A page that mails before it answers, the same for everyone."""


def test_a_fault_of_ours_tells_and_logs_no_value(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.mailer.fault = RuntimeError("secret-value kim@example.com")
    with caplog.at_level(logging.DEBUG):
        answer = desk.post("/hear-again", HEAR_AGAIN)
    assert answer.status_code == 500
    assert b"secret-value" not in answer.body
    assert "secret-value" not in caplog.text
    assert "kim@example.com" not in caplog.text
    assert "RuntimeError at /hear-again" in caplog.text


def test_a_service_that_is_down_says_when_to_try_again(desk: Desk) -> None:
    desk.mailer.fault = e.ServiceUnavailable("ses")
    answer = desk.post("/hear-again", HEAR_AGAIN, accept="application/json")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
