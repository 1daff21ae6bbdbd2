"""The laptop run: the whole system for one business, started with one command and stopped with Ctrl-C.

PostgreSQL starts while everything else is imported; AWS is moto, in this process. `.local/run.json` says where all of
it is, for programs. Leaves to others: each part (postgres, aws, machine, server, mailbox, data).
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.postgres import Postgres
from local.server import HOST, serving, taken, web

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "chalicelib" / "businesses"
LOCAL = ROOT / ".local"
UNDO_SECONDS = "5"
MAILS_A_SECOND = "500"
BREATH = 0.2
"""Seconds between looks at whether a signal came."""


class CannotRun(Exception):
    """One line that says why not, and what to do instead."""


class Stopped(Exception):
    """Ctrl-C, or SIGTERM: leave, stopping all that was started."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for. `folder` is where run.json goes."""

    business: str
    port: int
    mail_port: int
    database_url: str | None
    folder: Path

    @classmethod
    def from_env(cls, said: Mapping[str, str]) -> Wanted:
        """Raises CannotRun."""
        wanted = cls(
            business=said.get("BUSINESS") or "jeffers",
            port=_port(said, "PORT", 8000),
            mail_port=_port(said, "MAIL_PORT", 8025),
            database_url=said.get("DATABASE_URL") or None,
            folder=Path(said.get("RUN_DIR") or LOCAL),
        )
        wanted._check()
        return wanted

    def _check(self) -> None:
        if not any((place / "business.yaml").is_file() for place in (SHIPPED / self.business, Path(self.business))):
            known = ", ".join(sorted(found.parent.name for found in SHIPPED.glob("*/business.yaml")))
            raise CannotRun(f"BUSINESS={self.business}: no such business; name one of {known}, or a folder of your own")
        for name, port in (("PORT", self.port), ("MAIL_PORT", self.mail_port)):
            if taken(port):
                raise CannotRun(
                    f"{name}={port}: the port is in use; stop what uses it, or choose another: make run {name}=…"
                )
        if self.port == self.mail_port:
            raise CannotRun(f"PORT and MAIL_PORT are both {self.port}; choose two")

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def mail_url(self) -> str:
        return f"http://{HOST}:{self.mail_port}"

    @property
    def database(self) -> str:
        """One for each run, so that several go side by side."""
        return f"{Path(self.business).name}-{self.port}"


def _port(said: Mapping[str, str], name: str, usual: int) -> int:
    port = said.get(name) or str(usual)
    if not (port.isdigit() and 0 < int(port) < 65536):
        raise CannotRun(f"{name}={port}: not a port; choose a number below 65536")
    return int(port)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _hear)
    try:
        wanted = Wanted.from_env(os.environ)
        with running(wanted):
            _heed()
            print(f"ready: {wanted.base_url}", flush=True)
            while True:
                time.sleep(BREATH)
                _heed()
    except Stopped:
        return 0
    except CannotRun as why:
        print(why, file=sys.stderr)
        return 2


_heard: list[int] = []
"""Signals that came."""


def _hear(number: int, frame: object) -> None:
    """Only note it: raising here, in the middle of an import, would leave that import's lock held for ever."""
    _heard.append(number)


def _heed() -> None:
    """Raises Stopped if a signal came."""
    if _heard:
        raise Stopped


@contextmanager
def running(wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The system, serving, while this lasts; what run.json says. Raises CannotRun."""
    with ExitStack() as stack:
        postgres = None if wanted.database_url else Postgres(LOCAL / "pg", wanted.database)
        if postgres:
            stack.callback(postgres.stop)
        aside = stack.enter_context(ThreadPoolExecutor(1))
        database = aside.submit(_database, wanted, postgres)
        _environ(wanted)
        from chalicelib.errors import Misconfigured, SourceMisread, SourceUnavailable

        try:
            said = _start(wanted, database, stack)
        except (Misconfigured, SourceMisread, SourceUnavailable) as wrong:
            raise CannotRun(str(wrong)) from None
        stack.callback(_forget, wanted.folder / "run.json")
        _write(wanted.folder / "run.json", said)
        yield said


@dataclass(frozen=True)
class Database:
    """The business's own database, there and filled."""

    url: str
    customers: list[Any]
    rows: Any
    """The invented rows, those that lie elsewhere too."""


def _database(wanted: Wanted, postgres: Postgres | None) -> Database:
    url = postgres.start() if postgres else str(wanted.database_url)
    if not postgres or not (SHIPPED / wanted.business).is_dir():  # nobody's own database is touched
        return Database(url, [], {})
    from local.data import fill, world

    rows, customers = world(wanted.business)
    fill(url, wanted.business, rows)
    return Database(url, customers, rows)


def _environ(wanted: Wanted) -> None:
    """The settings known before anything is made; config.py says what each is."""
    os.environ["TZ"] = "UTC"  # moto reads timestamps in local time
    time.tzset()
    os.environ.update(
        RIGHTSDESK_BUSINESS=wanted.business,
        RIGHTSDESK_PUBLIC_URL=wanted.base_url,
        RIGHTSDESK_FILES_URL=f"{wanted.mail_url}/files",
        RIGHTSDESK_MAILS_A_SECOND=MAILS_A_SECOND,
        RIGHTSDESK_LOG_LEVEL=os.environ.get("RIGHTSDESK_LOG_LEVEL", "WARNING"),
        RIGHTSDESK_UNDO_SECONDS=os.environ.get("RIGHTSDESK_UNDO_SECONDS", UNDO_SECONDS),
    )


def _start(wanted: Wanted, database: Future[Database], stack: ExitStack) -> dict[str, Any]:
    from app import app
    from chalicelib.bootstrap import live_schema, services
    from chalicelib.businesses.check import require_explained
    from chalicelib.businesses.loader import load
    from chalicelib.usecases.correspondence import keepers_of
    from local import allowed, aws, feedback, gallery, mailbox, peers, places, postman, schedules

    business = load(wanted.business)
    _heed()
    keys = peers.keys_of(business)
    settings = stack.enter_context(aws.cloud(app.handler_map, business, keys))
    if keys:
        settings["RIGHTSDESK_PEERS_URL"] = stack.enter_context(peers.served(peers.of(business, keys)))
    there = database.result()
    _heed()
    places.install(business.datamap, there.rows)
    require_explained(business.datamap, live_schema(business, there.url))
    os.environ.update(settings, DATABASE_URL=there.url)
    services()
    _settle()
    mails = mailbox.server(
        wanted.mail_port, postman.inbound(handlers := allowed.each(app.handler_map)),
        lambda: places.contents(business.datamap), gallery.Gallery(business), feedback.feed(handlers),
        schedules.runner(handlers, schedules.names(app)),
    )  # fmt: skip
    stack.enter_context(serving(mails))
    stack.enter_context(serving(web(app, wanted.port)))
    return {
        "base_url": wanted.base_url,
        "mail_url": wanted.mail_url,
        "business": business.id,
        "database_url": there.url,
        "staff": [
            {"email": member.email, "name": member.name, "roles": list(member.roles)} for member in business.staff
        ],
        "keepers": sorted({m for name in business.datamap.sources for _, m, _ in keepers_of(business, name)}),
        "customers": there.customers,
    }


def _settle() -> None:
    """One process is the whole of AWS here, under one lock of Python's: fewer hand-overs, fewer searches for garbage.

    What was made so far stays, so that nobody searches it again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    sys.setswitchinterval(0.02)


def _write(file: Path, said: dict[str, Any]) -> None:
    """Whole or not at all, for somebody may be reading."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(said, indent=1, default=str))
    fresh.replace(file)


def _forget(file: Path) -> None:
    with suppress(FileNotFoundError):
        file.unlink()


if __name__ == "__main__":
    sys.exit(main())
