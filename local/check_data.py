"""`make check-data`: a business's data map held against its live database, every fault on a line of its own.

`DATABASE_URL` names the database, and the environment the AWS account, of a business's own; without it, the invented
data of a business that ships. Leaves to others: what a fault is (businesses/check), what there is (bootstrap).
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from chalicelib.domain.datamap import DataMap
from local.postgres import Postgres
from local.run import LOCAL


def main(business: str, database_url: str | None) -> int:
    from chalicelib.bootstrap import live_samples, live_schema, sources_of
    from chalicelib.businesses.check import unexplained
    from chalicelib.businesses.loader import load
    from chalicelib.businesses.suspicious import suspicious
    from chalicelib.errors import Misconfigured, SourceMisread, SourceUnavailable
    from chalicelib.sources.s3 import S3Source

    with ExitStack() as stack:
        try:
            about = load(business)
            datamap = about.datamap
            if not database_url and (not business.isidentifier() or find_spec(f"local.data.{business}") is None):
                print(f"{business}: name its database: DATABASE_URL=postgresql://…", file=sys.stderr)
                return 2
            url = database_url or _invented(business, datamap, stack)
            problems = unexplained(datamap, live_schema(about, url))
            # The values are looked at once every table named is there.
            doubts = [] if problems else suspicious(datamap, live_samples(about, url))
            versioned = [
                s.name for s in sources_of(about, url).values() if isinstance(s, S3Source) and s.keeps_versions()
            ]
        except (Misconfigured, SourceMisread, SourceUnavailable) as wrong:
            print(wrong, file=sys.stderr)
            return 2
    for problem in problems:
        print(f"{problem.where}: {problem.problem}. Mend: {problem.mend}")
    for doubt in doubts:
        print(f"{doubt.where}: suspicious: {doubt.problem}. Mend: {doubt.mend}")
    for name in versioned:
        print(
            f"sources.{name}.where: the bucket keeps versions, and what is erased stays in older ones. Mend: give it "
            "a lifecycle rule that removes noncurrent versions after the days you promise"
        )
    fields = sum(len(c.fields) for source in datamap.sources.values() for c in source.collections.values())
    if not problems and not doubts:
        print(f"{business}: the data map explains what there is; {fields} fields in {len(datamap.sources)} sources")
    return 1 if problems or doubts else 0


def _invented(business: str, datamap: DataMap, stack: ExitStack) -> str:
    from moto import mock_aws

    from local import places
    from local.aws import CREDENTIALS
    from local.data import fill, world

    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(CREDENTIALS)  # whatever is configured for the real AWS must not be used here
    stack.enter_context(mock_aws())
    postgres = Postgres(LOCAL / "pg", f"{Path(business).name}-check")
    stack.callback(postgres.stop)
    url = postgres.start()
    rows, _ = world(business)
    fill(url, business, rows)
    places.install(datamap, rows)
    return url


if __name__ == "__main__":
    sys.exit(main(os.environ.get("BUSINESS") or "jeffers", os.environ.get("DATABASE_URL") or None))
