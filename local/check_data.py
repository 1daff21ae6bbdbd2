"""`make check-data`: a business's data map held against its live database, every fault on a line of its own.

`DATABASE_URL` names the database; without one, the invented data of a business that ships. Leaves to others: what a
fault is (businesses/check).
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from local.postgres import Postgres
from local.run import LOCAL


def main(business: str, database_url: str | None) -> int:
    from chalicelib.businesses.check import unexplained
    from chalicelib.businesses.loader import load
    from chalicelib.errors import Misconfigured, SourceUnavailable
    from chalicelib.sources.sql import schema_of

    with ExitStack() as stack:
        try:
            datamap = load(business).datamap
            live = schema_of(database_url or _invented(business, stack))
        except (Misconfigured, SourceUnavailable) as wrong:
            print(wrong, file=sys.stderr)
            return 2
    problems = unexplained(datamap, live)
    for problem in problems:
        print(f"{problem.where}: {problem.problem}. Mend: {problem.mend}")
    fields = sum(len(c.fields) for source in datamap.sources.values() for c in source.collections.values())
    if not problems:
        print(f"{business}: the data map explains the database; {fields} fields in {len(datamap.sources)} sources")
    return 1 if problems else 0


def _invented(business: str, stack: ExitStack) -> str:
    from local.data import install

    postgres = Postgres(LOCAL / "pg", f"{Path(business).name}-check")
    stack.callback(postgres.stop)
    url = postgres.start()
    install(url, business)
    return url


if __name__ == "__main__":
    sys.exit(main(os.environ.get("BUSINESS") or "jeffers", os.environ.get("DATABASE_URL") or None))
