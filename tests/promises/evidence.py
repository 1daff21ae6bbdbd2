"""What a promise is judged by: everything that was shown or mailed, and every row of the business's own database.

Seen from outside only. Leaves to others: walking the road (local/walk), the running system (conftest).
"""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import yaml

from chalicelib.usecases.one_click import mint_stop_token
from local.walk import Answer
from tests.docs.test_examples import run as code_of
from tests.promises.conftest import KEYS, Desk

FILES = Path("chalicelib")
Rows = dict[str, dict[Any, dict[str, Any]]]
Changed = dict[str, set[Any]]


def written(business: str, file: str) -> Any:
    """One of the business's own files, as it wrote it: what it promises."""
    return yaml.safe_load((FILES / "businesses" / business / f"{file}.yaml").read_text())


# -- the database -----------------------------------------------------------------------------------------------------


def tables(desk: Desk) -> Rows:
    """Every row of every table of the business, by its key: the first column. DynamoDB tables and logs in S3 too."""
    names = desk.rows(
        "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    found = {t["name"]: {next(iter(r.values())): r for r in desk.rows(f"SELECT * FROM {t['name']}")} for t in names}
    elsewhere = {table: {r.get("id", r.get("cookie_id")): r for r in rows} for table, rows in desk.places().items()}
    return found | elsewhere


def changed(before: Rows, after: Rows) -> Changed:
    """The keys of all rows that are not as they were, by table; tables without any left out."""
    found = {t: {k for k in before[t].keys() | after[t].keys() if before[t].get(k) != after[t].get(k)} for t in before}
    return {table: keys for table, keys in found.items() if keys}


def today(desk: Desk) -> date:
    """The day by the business's own database."""
    day: date = desk.rows("SELECT current_date AS today")[0]["today"]
    return day


def keys(desk: Desk, sql: str, *args: Any) -> set[Any]:
    return {next(iter(row.values())) for row in desk.rows(sql, *args)}


def years_on(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def spoken(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def run_schedule(desk: Desk, name: str) -> dict[str, int]:
    """Run a scheduled function now, as the clock would; what it counted."""
    answer = desk.walk.call("POST", f"{desk.run['mail_url']}/api/schedules/{name}", b"")
    assert answer.status == 200, answer.text
    counted: dict[str, int] = answer.json()
    return counted


# -- mails and pages --------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """All that a visitor was ever answered, archives unpacked, and every address that was asked for."""

    desk: Desk
    pages: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def mails(self) -> list[dict[str, Any]]:
        return list(self.desk.walk.get(f"{self.desk.run['mail_url']}/api/messages").json())

    def everything(self) -> str:
        mails = [f"{m['subject']}\n{m['text']}\n{m['html']}\n{m['headers']}" for m in self.mails()]
        return "\n".join([*self.pages, *mails])


def recording(desk: Desk) -> Seen:
    """Keep from now on whatever the desk answers to anyone."""
    seen, call = Seen(desk), desk.walk.call

    def recorded(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
        answer = call(method, url, body, **headers)
        if not url.startswith(f"{desk.run['mail_url']}/api"):
            seen.urls += [url, answer.headers.get("location", "")]
            seen.pages.append(unpacked(answer.body))
            seen.answers.append(answer)
        return answer

    desk.walk.call = recorded  # type: ignore[method-assign]
    return seen


def unpacked(body: bytes) -> str:
    if not body.startswith(b"PK"):
        return body.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


def whole(package: zipfile.ZipFile) -> str:
    """Every file of a package, one after another."""
    with package:
        return "\n".join(package.read(name).decode() for name in package.namelist())


@cache
def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def eventually(true: Callable[[], Any], what: str, patience: float = 15.0) -> Any:
    """Wait until it is so; what it gave."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.03)
    raise AssertionError(f"still not: {what}")


def never_mailed(desk: Desk, to: str, reference: str, purpose: str) -> bool:
    return not any(reference in m["subject"] + m["text"] and f"/{purpose}/" in m["text"] for m in desk.walk.mails(to))


# -- other ways in ----------------------------------------------------------------------------------------------------


def stop_link(desk: Desk, email: str, scopes: Iterable[str]) -> str:
    """The link that the business's own mailer puts under a newsletter."""
    return f"{desk.run['base_url']}/stop/{mint_stop_token(KEYS['stop'], email, list(scopes))}"


def stopped(desk: Desk, email: str, *scopes: str) -> set[str]:
    """Of these scopes, those that the address has stopped: the signed question of the business's own mailer."""
    recipe = code_of("docs/suppression.md", "ask")
    body = json.dumps({"identifiers": [{"kind": "email", "value": email}]}).encode()
    answer = desk.walk.call("POST", "/api/suppressions/check", body, **recipe["signed"](KEYS["check"], body))
    assert answer.status == 200, answer.text
    return {scope for scope in scopes if answer.json()["results"][0][scope]}


def member_token(desk: Desk, email: str, signed_in: float | None = None) -> str:
    """What the business's member page says of somebody who is signed in there."""
    now = int(time.time())
    said = {"aud": desk.run["business"], "email": email, "auth_time": int(signed_in or now), "exp": now + 300}
    return jwt.encode(said, KEYS["member"], algorithm="HS256")


def mail_in(desk: Desk, sender: str, subject: str, text: str = "", headers: str = "") -> None:
    """Somebody writes to the business; the mail service takes it in."""
    to = written(desk.run["business"], "business")["contact"]["email"]
    raw = (
        f"From: Customer <{sender}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{time.time_ns()}@example.com>\r\n"
        f"{headers}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    answer = desk.walk.call("POST", f"{desk.run['mail_url']}/api/inbound", raw.encode(), Content_Type="message/rfc822")
    assert (answer.status, answer.json()) == (202, {"became": "delivered"})


def opened_by_mail(desk: Desk, sender: str, subject: str, text: str = "") -> str:
    """The reference of the request that a mail opened, as the one mail that came back names it."""
    before = {mail["id"] for mail in desk.walk.mails(sender)}
    mail_in(desk, sender, subject, text)

    def answered() -> list[dict[str, Any]]:
        return [mail for mail in desk.walk.mails(sender) if mail["id"] not in before]

    [mail] = eventually(answered, f"an answer to {subject!r}")
    found = re.search(r"R-[0-9A-Z]{4}-[0-9A-Z]{4}", mail["subject"])
    assert found, mail["subject"]
    assert text.strip() == "" or text.strip() not in mail["text"], "what was written is never mailed back"
    return found[0]


def complete(desk: Desk, email: str, reference: str, **fields: str) -> None:
    """Say on the page behind the mailed link what the mail could not."""
    link = desk.walk.link(email, "verify", reference)
    assert desk.walk.post(link, {"complete": "yes", **fields}).status == 303


@dataclass
class Clerk:
    """A member of staff who signed in by mail."""

    desk: Desk
    email: str
    cookie: str
    set_cookie: str

    def file(self, right: str, *, channel: str, received_on: date, **fields: Any) -> str:
        """File for somebody who called or wrote; the reference."""
        pairs = [("right", right), ("channel", channel), ("received_on", str(received_on))]
        for name, value in fields.items():
            pairs += [(name, v) for v in (value if isinstance(value, list) else [value])]
        answer = self.desk.walk.post("/staff/requests/new", pairs, Cookie=self.cookie, Accept="application/json")
        assert answer.status == 202, answer.text
        return str(answer.json()["reference"])


def signed_in(desk: Desk, email: str) -> Clerk:
    known = frozenset(re.findall(r"\S+/staff/sign-in/\S+", " ".join(m["text"] for m in desk.walk.mails(email))))
    assert desk.walk.post("/staff/sign-in", {"email": email}).status == 200
    link = desk.walk.link(email, "staff/sign-in", not_in=known)
    assert desk.walk.get(link).status == 200  # a mail scanner looks first: the link lives on
    answer = desk.walk.post(link, {})
    assert answer.status == 303, answer.text
    said = answer.headers["set-cookie"]
    return Clerk(desk, email, said.partition(";")[0], said)
