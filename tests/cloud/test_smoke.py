"""`make smoke`: a stage that serves passes; one that does not is told which part, and what to look at."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local import smoke
from local.server import serving as served
from local.serving import serving
from local.walk import Walker
from tests.cloud.test_deploy import ACCOUNT, SAID, Session, out, session  # noqa: F401 (the fixtures)


@pytest.fixture(scope="module")
def walk() -> Iterator[Walker]:
    with serving("jeffers") as run:
        yield Walker(run)


def heard(base: str, email: str = "") -> tuple[bool, list[str]]:
    lines: list[str] = []
    return smoke.tell(base, email, lines.append), lines


def test_the_laptops_stage_passes(walk: Walker) -> None:
    well, lines = heard(walk.run["base_url"])
    assert well, lines
    assert all(line.startswith("ok ") for line in lines)
    assert len(lines) == 5


def test_it_files_a_request_where_asked_and_only_there(walk: Walker) -> None:
    email = "engineer@example.com"
    assert walk.mails(email) == []
    well, lines = heard(walk.run["base_url"] + "/", email)
    assert well, lines
    reference = lines[-1].split("filed ")[1][:11]
    assert walk.link(email, "verify", reference)


def test_the_command_says_it_all_by_its_exit_status(walk: Walker) -> None:
    for url, status in ((walk.run["base_url"], 0), ("http://127.0.0.1:9", 1), ("nowhere", 2)):
        done = subprocess.run(
            [sys.executable, "-m", "local.smoke"], env={**os.environ, "URL": url}, capture_output=True, check=False
        )
        assert done.returncode == status, (url, done.stdout, done.stderr)


@contextmanager
def answering(answer: Callable[[str], tuple[int, dict[str, str], str]]) -> Iterator[str]:
    """A stage that answers to a path what `answer` says."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *said: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with served(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(
    ("status", "told"), [(403, "custom domain"), (502, "does not start"), (500, "a setting is missing")]
)
def test_a_stage_that_does_not_serve_is_told_why_it_may_be(status: int, told: str) -> None:
    with answering(lambda path: (status, {}, "{}")) as base:
        well, lines = heard(base)
    assert not well
    assert told in lines[0]


def test_each_fault_is_told_by_its_name() -> None:
    def faulty(path: str) -> tuple[int, dict[str, str], str]:
        if path == "/health":
            return 200, {"Access-Control-Allow-Origin": "*"}, json.dumps({"status": "ok"})
        return (
            200,
            {"X-Content-Type-Options": "nosniff"},
            '<form action="https://old.example.com/requests"><input name="email">',
        )

    with answering(faulty) as base:
        well, lines = heard(base, "a@example.com")
    assert not well
    said = "\n".join(lines)
    assert "headers missing or changed on the way: strict-transport-security" in said
    assert "other sites may read answers: access-control-allow-origin" in said
    assert f"not to {base}: deploy with PublicUrl={base}" in said
    assert "a request without an address got 200, not 422" in said
    assert "filing answered 200" in said


def test_pages_without_encryption_are_refused() -> None:
    assert smoke.encrypted("http://privacy.example.com") == (
        False, "http://privacy.example.com is not https: pages show personal data; give the https address",
    )  # fmt: skip


def test_nobody_there_is_said_so() -> None:
    well, lines = heard("http://127.0.0.1:9")
    assert not well
    assert "does not answer" in lines[0]


def test_a_stage_that_is_not_in_this_region_is_said_so(session: Session) -> None:  # noqa: F811
    lines: list[str] = []
    assert not smoke.of_aws("jeffers", session, lines.append)
    assert "there is no rightsdesk-jeffers in us-east-1: wrong STAGE, or wrong region" in lines[0]


def test_mail_that_cannot_leave_fails_the_look(session: Session, out: Any) -> None:  # noqa: F811
    from local import deploy

    deploy.deploy(session, ACCOUNT, "jeffers", SAID, lambda said: None, out)
    lines: list[str] = []
    assert not smoke.of_aws("jeffers", session, lines.append)
    assert "SES does not know example.com" in lines[0]
