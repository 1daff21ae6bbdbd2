"""Very much of one person: read page by page over many Lambda calls, planned in parts, packed file by file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryPackageStore
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import Doing, Outcome, OutcomeState, Record
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import MoreToDo, OwnerNotShown, PlanDrifted
from chalicelib.ports import Page
from chalicelib.sources.memory import MemorySource
from chalicelib.usecases import answering, fulfilment, gathering, packing, paging, suppression

from .conftest import Office

PAGE = 2


def never() -> bool:
    return False


def until_done(step: Callable[[], object]) -> int:
    """Call as the machine does; how many calls it took."""
    for call in range(1, 200):
        try:
            step()
        except MoreToDo:
            continue
        return call
    raise AssertionError("it never ends")


@pytest.fixture
def paged(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Pages of two records, and more than three are too many to be listed."""
    for source in office.svc.sources.values():
        assert isinstance(source, MemorySource)
        monkeypatch.setattr(source, "_page", PAGE)
    monkeypatch.setattr(gathering, "LISTED", 3)
    return office


def gathered(office: Office, request: Request, in_time: Callable[[], bool]) -> int:
    svc, ref = office.svc, request.reference
    return sum(until_done(lambda s=s: gathering.gather_source(svc, ref, s, in_time)) for s in svc.sources)  # type: ignore[misc]


def carried_out(office: Office, request: Request, in_time: Callable[[], bool]) -> Request:
    svc, ref = office.svc, request.reference
    fulfilment.begin(svc, ref)
    for source in svc.sources:
        until_done(lambda source=source: fulfilment.fulfil_source(svc, ref, source, in_time))  # type: ignore[misc]
    until_done(lambda: answering.send_answer(svc, ref, in_time))
    return office.now(request)


def proven(office: Office, right: str) -> Request:
    request = office.file(right)
    office.prove(request)
    return request


def decided(office: Office, request: Request) -> None:
    office.ask_staff(request)
    office.decide(request, "approve")


def outcome(office: Office, request: Request, source: str) -> Outcome:
    found = office.svc.store.outcome(request.reference, source)
    assert found
    return found


def package(office: Office, request: Request) -> dict[str, bytes]:
    assert isinstance(office.svc.packages, MemoryPackageStore)
    with zipfile.ZipFile(io.BytesIO(office.svc.packages.packages[request.reference])) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_gathered_in_many_calls_is_what_is_gathered_in_one(paged: Office) -> None:
    """Counts, proof, recipients, what staff may look at and what counts as drift."""
    one, other = proven(paged, "access"), proven(paged, "access")
    assert gathered(paged, one, paging.always) == len(paged.svc.sources)
    assert gathered(paged, other, never) > len(paged.svc.sources) + 3
    for source in paged.svc.sources:
        first, second = (gathering.opened(paged.svc, outcome(paged, r, source)) for r in (one, other))
        assert first.model_copy(update={"sums": None}) == second.model_copy(update={"sums": None})
        assert first.digest == second.digest
    assert paged.svc.store.outcome(other.reference, "shop").going_on is None  # type: ignore[union-attr]


def test_how_far_a_step_came_is_only_kept_sealed(paged: Office) -> None:
    """A cursor may hold an email address (rule 7)."""
    request = proven(paged, "access")
    with pytest.raises(MoreToDo) as more:
        gathering.gather_source(paged.svc, request.reference, "shop", never)
    waiting = outcome(paged, request, "shop")
    assert waiting.going_on == "gather"
    assert paged.customers[0]["email"] not in waiting.model_dump_json() + str(more.value)
    sealed = paged.svc.packages.part(request.reference, "so-far/gather/shop")
    assert paged.customers[0]["email"].encode() not in sealed
    assert json.loads(paging.opened(paged.svc, request.reference, "so-far/gather/shop"))["after"]


def test_a_package_made_in_many_calls_is_the_one_made_in_one(paged: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LARGE", 3)
    made = []
    for in_time in (paging.always, never):
        request = proven(paged, "access")
        gathered(paged, request, in_time)
        decided(paged, request)
        assert carried_out(paged, request, in_time).status is Status.FULFILLED
        made.append({n: d for n, d in package(paged, request).items() if n.endswith(".csv") or n == "schema.json"})
        assert next(iter(package(paged, request))) == "index.html"
    assert made[0] == made[1]
    assert len(made[0]) > 4
    assert paged.link("results")


def test_a_package_is_not_there_before_it_is_whole(paged: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LARGE", 3)
    request = proven(paged, "access")
    gathered(paged, request, never)
    decided(paged, request)
    for source in paged.svc.sources:
        until_done(lambda source=source: fulfilment.fulfil_source(paged.svc, request.reference, source, never))  # type: ignore[misc]
    assert isinstance(paged.svc.packages, MemoryPackageStore)
    for _ in range(3):
        with pytest.raises(MoreToDo):
            answering.send_answer(paged.svc, request.reference, never)
        assert paged.svc.packages.packages == {}
        assert not paged.mails(paged.customers[0]["email"]) or "results" not in paged.text(
            paged.mails(paged.customers[0]["email"])[0]
        )


def test_a_step_that_dies_goes_on_from_its_last_note(paged: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "SAVED_EVERY", 2)
    request = proven(paged, "access")
    shop, asked = paged.svc.sources["shop"], []
    find = shop.find

    def dying(who: Sequence[Identifier], after: str | None = None) -> Page:
        asked.append(after)
        if len(asked) == 4:
            raise MemoryError
        return find(who, after)

    monkeypatch.setattr(shop, "find", dying)
    with pytest.raises(MemoryError):
        gathering.gather_source(paged.svc, request.reference, "shop")
    gathering.gather_source(paged.svc, request.reference, "shop")
    assert asked[4] == asked[2]
    assert None not in asked[1:]
    titles = gathering.opened(paged.svc, outcome(paged, request, "shop")).counts
    assert titles["accounts"] == {Doing.EXPORT: 1}


@pytest.mark.parametrize("right", ["access", "deletion"])
def test_a_record_changed_since_is_drift_however_many_there_are(paged: Office, right: str) -> None:
    """Rule 16, by prints alone; nothing has been touched."""
    request = proven(paged, right)
    gathered(paged, request, never)
    decided(paged, request)
    if right == "deletion":
        paged.clock.forward(paged.svc.business.waits.undo)
        fulfilment.begin(paged.svc, request.reference)
    before = {t: [dict(r) for r in rows] for t, rows in paged.tables.items()}
    account = next(a for a in paged.tables["shop.accounts"] if a["email"] == paged.customers[0]["email"])
    review = next(r for r in paged.tables["shop.reviews"] if account["id"] in r.values())
    review["body" if "body" in review else list(review)[-1]] = "changed"
    until_done(lambda: fulfilment.fulfil_source(paged.svc, request.reference, "shop", never))
    assert outcome(paged, request, "shop").state is OutcomeState.DRIFTED
    assert {t: len(rows) for t, rows in paged.tables.items()} == {t: len(rows) for t, rows in before.items()}
    with pytest.raises(PlanDrifted):
        answering.send_answer(paged.svc, request.reference)


def test_a_record_gone_since_is_none(paged: Office) -> None:
    """Rule 11: already gone counts as done, among very many too."""
    request = proven(paged, "access")
    gathered(paged, request, never)
    decided(paged, request)
    account = next(a for a in paged.tables["shop.accounts"] if a["email"] == paged.customers[0]["email"])
    review = next(r for r in paged.tables["shop.reviews"] if account["id"] in r.values())
    paged.tables["shop.reviews"].remove(review)
    until_done(lambda: fulfilment.fulfil_source(paged.svc, request.reference, "shop", never))
    assert outcome(paged, request, "shop").state is OutcomeState.DONE


def test_a_deletion_of_very_many_runs_part_by_part_and_ends_like_one_of_few(
    paged: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = proven(paged, "deletion")
    gathered(paged, request, never)
    finding = gathering.opened(paged.svc, outcome(paged, request, "shop"))
    assert finding.sums is not None
    assert finding.sums.parts > 2
    assert finding.treatments == []
    decided(paged, request)
    paged.clock.forward(paged.svc.business.waits.undo)
    ended = carried_out(paged, request, never)
    assert ended.status is Status.FULFILLED
    told = outcome(paged, request, "shop")
    assert told.done == {
        c: {d: n for d, n in doings.items() if d is not Doing.KEEP}
        for c, doings in finding.counts.items()
        if any(d is not Doing.KEEP for d in doings)
    }
    assert told.kept == finding.kept
    left = [r for s in paged.svc.sources for r in gathering.reach(paged.svc, ended, paged.svc.open(ended), s)]
    assert not any(r.collection in ("accounts", "reviews") for r in left)


def somebody_elses(record: Record) -> list[Record]:
    return [
        record.model_copy(update={"reached": ""}),
        record.model_copy(update={"reached": "phone"}),
        record.model_copy(update={"reached": "orders"}),
        record.model_copy(update={"values": record.values | {"email": "somebody@example.com"}}),
    ]


@pytest.mark.parametrize("wrong", range(4))
@pytest.mark.parametrize("step", ["gather", "fulfil"])
def test_a_record_that_does_not_show_whose_it_is_stops_its_source(
    paged: Office, monkeypatch: pytest.MonkeyPatch, step: str, wrong: int
) -> None:
    """Whatever is wrong with a source's search: nothing of it reaches staff, a package or an erasure."""
    request = proven(paged, "access")
    if step == "fulfil":
        gathered(paged, request, paging.always)
        decided(paged, request)
    shop = paged.svc.sources["shop"]
    find = shop.find

    def mistaken(who: Sequence[Identifier], after: str | None = None) -> Page:
        page = find(who, after)
        return page if after else page._replace(records=[somebody_elses(page.records[0])[wrong], *page.records[1:]])

    monkeypatch.setattr(shop, "find", mistaken)
    act: Any = gathering.gather_source if step == "gather" else fulfilment.fulfil_source
    with pytest.raises(OwnerNotShown) as stopped:
        act(paged.svc, request.reference, "shop")
    assert "@" not in str(stopped.value)
    assert isinstance(paged.svc.packages, MemoryPackageStore)
    assert not [n for n in paged.svc.packages.parts(request.reference) if n.startswith("shop/")]


def test_what_hangs_on_somebody_elses_record_is_not_the_persons(paged: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request = proven(paged, "access")
    shop = paged.svc.sources["shop"]
    find = shop.find

    def mistaken(who: Sequence[Identifier], after: str | None = None) -> Page:
        page = find(who, after)
        own = shop._map.collections  # type: ignore[attr-defined]
        via = {n: c.via.field for n, c in own.items() if c.via}
        return page._replace(
            records=[
                r.model_copy(update={"values": r.values | {via[r.collection]: 999_999}}) if r.reached in own else r
                for r in page.records
            ]
        )

    monkeypatch.setattr(shop, "find", mistaken)
    with pytest.raises(OwnerNotShown):
        gathering.gather_source(paged.svc, request.reference, "shop")


def test_other_identifiers_found_on_early_pages_are_stopped_for_good_too(
    paged: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CET-5 over many calls: what is found on a page is not forgotten with the Lambda that found it."""
    stopped: list[Sequence[Identifier]] = []
    monkeypatch.setattr(suppression, "with_deletion", lambda svc, request, personal, also=(), **_: stopped.append(also))
    for in_time in (paging.always, never):
        request = proven(paged, "deletion")
        gathered(paged, request, in_time)
        decided(paged, request)
        paged.clock.forward(paged.svc.business.waits.undo)
        fulfilment.begin(paged.svc, request.reference)
        with monkeypatch.context() as dry:
            dry.setattr(paged.svc.sources["shop"], "carry_out", lambda acts: None)
            dry.setattr(paged.svc.sources["shop"], "not_done", lambda acts: [])
            until_done(lambda: fulfilment.fulfil_source(paged.svc, request.reference, "shop", in_time))  # noqa: B023
    assert stopped[0]
    assert all(list(s) == list(stopped[0]) for s in stopped)
