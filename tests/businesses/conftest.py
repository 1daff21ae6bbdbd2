"""A business of one's own to spoil, and real places to hold data maps against."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from moto import mock_aws

from chalicelib.bootstrap import sources_of
from chalicelib.businesses.loader import SHIPPED, load
from chalicelib.businesses.model import Business
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Record, Treatment, treat
from chalicelib.domain.request import Right
from chalicelib.ports import Source, every
from local import places
from local.aws import REGION
from local.data import TODAY, Customer, fill, world
from local.moto_mends import mend_transactions


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@contextmanager
def at_work(url: str, name: str) -> Iterator[tuple[Business, list[Customer], Mapping[str, Source]]]:
    """A business with its invented customers where its data map says they are: PostgreSQL, DynamoDB, S3."""
    business = _apart(load(name))
    rows, customers = world(name)
    fill(url, name, rows)
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.delenv("AWS_PROFILE", raising=False)
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        mend_transactions()
        places.install(business.datamap, rows)
        maps = business.datamap.sources
        yield business, customers, {n: s for n, s in sources_of(business, url).items() if not maps[n].by_hand}


def _apart(business: Business) -> Business:
    """With tables and buckets of its own: one world to look at and one to change stand side by side."""
    number = f"{next(_worlds):04}"
    sources = {
        name: m if m.kind not in ("dynamodb", "s3") else m.model_copy(update={"where": m.where + number})
        for name, m in business.datamap.sources.items()
    }
    return business.model_copy(update={"datamap": business.datamap.model_copy(update={"sources": sources})})


_worlds = count()


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A business of one's own, for now the same as Jeffers."""
    return Path(shutil.copytree(SHIPPED / "jeffers", tmp_path / "mine"))


@dataclass
class Held:
    """One business with its invented data in PostgreSQL, asked and changed as the real thing would."""

    business: Business
    customers: list[Customer]
    sources: Mapping[str, Source]

    def records(self, value: str, kind: str = "email") -> dict[str, list[Record]]:
        """All that is found from one identifier, by `source.collection`."""
        found: dict[str, list[Record]] = {}
        for name, source in self.sources.items():
            for record in every(source, [Identifier.of(kind, value)]):
                found.setdefault(f"{name}.{record.collection}", []).append(record)
        return found

    def delete(self, email: str) -> dict[str, list[Treatment]]:
        """Carry a deletion out, as it would be on TODAY, and hold that it reads back; what was done, by place."""
        done: dict[str, list[Treatment]] = {}
        for name, source in self.sources.items():
            collections = self.business.datamap.sources[name].collections
            found = list(every(source, [Identifier.of("email", email)]))
            planned = [treat(Right.DELETION, collections[r.collection], r, today=TODAY) for r in found]
            source.carry_out(planned)
            assert source.not_done(planned) == []
            for treatment in planned:
                done.setdefault(f"{name}.{treatment.collection}", []).append(treatment)
        return done

    def stop(self, email: str, *scopes: str) -> None:
        for source in self.sources.values():
            source.stop([Identifier.of("email", email)], scopes)

    def read(self, place: str, treatments: list[Treatment]) -> list[Record]:
        """What is there now of the records treated in one place."""
        source, collection = place.split(".")
        return self.sources[source].read([(collection, t.key) for t in treatments])

    def vendors(self, email: str) -> set[str]:
        """Ids of the recipients that this person's own records name."""
        fields = {
            f"{s}.{c}": collection.recipient_field
            for s, source in self.business.datamap.sources.items()
            for c, collection in source.collections.items()
        }
        found = self.records(email).items()
        return {str(r.values[field]) for place, rs in found if (field := fields[place]) for r in rs}


@pytest.fixture(scope="module")
def held(request: pytest.FixtureRequest, database_url: str) -> Iterator[Held]:
    """The business that the test's module names in BUSINESS. Tests that change data take each their own customer."""
    with at_work(database_url, request.module.BUSINESS) as (business, customers, sources):
        yield Held(business, customers, sources)
