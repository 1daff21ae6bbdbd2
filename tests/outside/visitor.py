"""A visitor with bad manners: what the tests from outside share. HTTP and mailbox only."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.serving import serving
from local.walk import Answer, Walker

STATUSES = {
    "received", "verifying", "gathering", "in_review", "asked", "cooling_off", "fulfilling", "frozen",
    "needs_attention", "fulfilled", "partly_fulfilled", "refused", "lapsed", "withdrawn",
}  # fmt: skip
RIGHTS = ["access", "correction", "deletion", "california_disclosure", "opt_out", "concern"]
REFERENCE = re.compile(r"R-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")
STACK = re.compile(r"Traceback|File \"/|chalicelib|botocore|psycopg|sqlalchemy|jinja2|Internal ?Server ?Error", re.I)
NUMBERS = itertools.count(1)


class Visitor(Walker):
    """One visitor; a thread of its own needs one of its own."""

    @property
    def base(self) -> str:
        return str(self.run["base_url"])

    def fresh(self) -> str:
        """An address nobody has."""
        return f"nobody{next(NUMBERS)}@example.com"

    def api(self, body: Any, **headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.call("POST", "/api/requests", raw, **{"Content_Type": "application/json", **headers})

    def everything(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"{self.run['mail_url']}/api/messages").json()
        return found

    def settled(self, pause: float = 0.5) -> int:
        """How many mails there are, once no new one comes for a while."""
        count, since, deadline = len(self.everything()), time.monotonic(), time.monotonic() + self.patience
        while time.monotonic() < min(since + pause, deadline):
            time.sleep(0.1)
            if (now := len(self.everything())) != count:
                count, since = now, time.monotonic()
        return count

    def settled_for(self, to: str, pause: float = 0.5) -> list[dict[str, Any]]:
        self.settled(pause)
        return self.mails(to)

    def customer(self, index: int) -> dict[str, Any]:
        return dict(self.run["customers"][index])

    def in_review(self, right: str, customer: dict[str, Any], **fields: Any) -> tuple[str, str]:
        """File and prove; the reference, and the staff member who may decide."""
        reference = self.file(right, customer["email"], **fields)
        self.prove(customer["email"], reference, customer.get("answers"))
        return reference, self.reviewer(reference)

    def plan(self, review: str) -> str:
        found = re.search(r'name="plan"[^>]*value="([0-9a-f]+)"', self.get(review).text)
        return found[1] if found else ""

    def signed_in(self, email: str) -> str:
        """A staff member's session cookie."""
        before = frozenset(re.findall(r"\S+/staff/sign-in/\S+", " ".join(m["text"] for m in self.mails(email))))
        assert self.post("/staff/sign-in", {"email": email}).status == 200
        answer = self.post(self.link(email, "staff/sign-in", not_in=before), {})
        return answer.headers["set-cookie"].split(";")[0]


def swept(run: dict[str, Any]) -> None:
    """Empty the mailbox, so that it stays quick, and remember what was in it."""
    v = Visitor(run)
    run.setdefault("seen", []).extend(v.everything())
    v.call("DELETE", f"{run['mail_url']}/api/messages")


def decent(answer: Answer) -> Answer:
    """No server fault, no stack trace."""
    assert answer.status < 500, (answer.status, answer.text[:500])
    found = STACK.search(answer.text)
    assert not found, answer.text[max(0, found.start() - 200) : found.end() + 200]
    return answer


def words(page: str) -> str:
    """What a person reads of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|head)\b.*?</\1>", " ", page))).strip()


def in_parallel(run: dict[str, Any], jobs: list[Callable[[Visitor], Any]]) -> list[Any]:
    """All jobs at the same moment, each with a connection of its own."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [f.result() for f in [pool.submit(lambda job=job: job(Visitor(run))) for job in jobs]]


def raw(url: str, data: bytes, patience: float = 5.0) -> bytes:
    """Bytes as they are, over one connection."""
    where = urlsplit(url)
    with socket.create_connection((str(where.hostname), int(where.port or 80)), patience) as line:
        line.sendall(data)
        heard = b""
        try:
            while part := line.recv(65536):
                heard += part
        except TimeoutError:
            pass
        return heard


@contextmanager
def overheard(business: str, **environ: str) -> Iterator[dict[str, Any]]:
    """`serving`, with what the process writes to stderr kept in the file `log`."""
    with tempfile.TemporaryDirectory(prefix="outside-") as folder:
        log = Path(folder) / "stderr"
        ours = os.dup(2)
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
        system = serving(business, **environ)
        try:
            run = system.__enter__()
        finally:
            os.dup2(ours, 2)
            os.close(ours)
        try:
            yield run | {"log": str(log)}
        finally:
            system.__exit__(None, None, None)
