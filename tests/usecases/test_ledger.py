"""The ledger of deletions: what was kept goes at its end date, what is gone stays gone, a restore is erased again."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from chalice.test import Client
from click.testing import CliRunner

from app import app
from chalicelib import bootstrap
from chalicelib.commands import commands
from chalicelib.domain.identity import Identifier, record_identifier
from chalicelib.domain.ledger import MOST_RECORDS, Entry, EntryKind, EntryState, Erased, Secret
from chalicelib.domain.request import Request
from chalicelib.errors import DecisionNotAllowed, LinkMissing, PlanChanged, RequestNotFound, SourceUnavailable
from chalicelib.ports import Hold
from chalicelib.usecases import came_back, errands, ledger, screening, staffroom, staying_gone, upkeep
from chalicelib.usecases.errands import Errand
from local.data import TODAY

from .conftest import Office

NOTHING = {"erased": 0, "looked": 0, "returned": 0, "put_off": 0, "failed": 0}


@pytest.fixture
def deleted(office: Office) -> Request:
    """A deletion of the first customer, carried out on the day of the invented data."""
    office.clock.at = datetime.combine(TODAY, time(17), UTC)
    request = office.to_review("deletion")
    office.decide(request, "approve")
    return office.carry_out(request)


def entries(office: Office, request: Request, kind: EntryKind) -> list[Entry]:
    return [e for e in office.svc.store.entries(request.reference) if e.kind is kind]


def kept(office: Office, request: Request) -> list[tuple[str, Any]]:
    return [
        (e.source, k) for e in entries(office, request, EntryKind.KEPT) for k in ledger.opened(office.svc, e).kept
    ]  # fmt: skip


def rows(office: Office, place: tuple[str, Any]) -> list[dict[str, Any]]:
    """What stands in the source for a kept record."""
    source, record = place
    return office.svc.sources[source].read([(record.collection, record.key)])  # type: ignore[return-value]


def restricted(office: Office, place: tuple[str, Any]) -> bool:
    source, record = place
    return screening.check(office.svc, record_identifier(source, record.collection, record.key))["restricted"]


def to(office: Office, day: date) -> None:
    office.clock.at = datetime.combine(day, time(12), office.svc.business.zone).astimezone(UTC)


def history(office: Office, request: Request) -> list[str]:
    return [h.what for e in office.svc.store.entries(request.reference) for h in e.history]


def test_what_was_kept_stays_until_its_last_day_and_goes_on_the_next(office: Office, deleted: Request) -> None:
    """To the end: every record that tax law kept is erased in the real source, read back and on record."""
    places = kept(office, deleted)
    assert len({record.until for _, record in places}) > 1
    assert all(restricted(office, place) for place in places)
    for until in sorted({record.until for _, record in places}):
        to(office, until)
        staying_gone.keep_up(office.svc)
        assert all(rows(office, p) for p in places if p[1].until >= until), "kept through its last day"
        to(office, until + timedelta(days=1))
        staying_gone.keep_up(office.svc)
        gone = [p for p in places if p[1].until <= until]
        assert not any(rows(office, p) for p in gone if _deletes(office, p))
        assert not any(restricted(office, p) for p in gone)
    assert all(e.state is EntryState.OVER for e in entries(office, deleted, EntryKind.KEPT))
    assert history(office, deleted).count("kept_erased") >= 2


def _deletes(office: Office, place: tuple[str, Any]) -> bool:
    source, record = place
    return office.svc.business.datamap.sources[source].collections[record.collection].erase == "delete"


def test_the_person_hears_nothing_more_and_the_tracker_says_it(office: Office, deleted: Request) -> None:
    sent = len(office.mailer.sent)
    to(office, min(record.until for _, record in kept(office, deleted)) + timedelta(days=1))
    assert staying_gone.keep_up(office.svc)["erased"] >= 1
    assert len(office.mailer.sent) == sent
    assert "kept_erased" in {e.what for e in office.svc.store.events(deleted.reference)}


def test_it_goes_though_the_request_was_purged_long_before(office: Office, deleted: Request) -> None:
    places = kept(office, deleted)
    for days in (31, 735):
        office.clock.forward(timedelta(days=days))
        upkeep.purge_due(office.svc)
        staying_gone.keep_up(office.svc)
    with pytest.raises(RequestNotFound):
        office.now(deleted)
    still = [p for p in places if rows(office, p) and _deletes(office, p)]
    assert still, "something is kept for longer than the record of the request"
    to(office, max(p[1].until for p in places) + timedelta(days=1))
    assert staying_gone.keep_up(office.svc)["failed"] == 0
    assert not [p for p in places if rows(office, p) and _deletes(office, p)]


def test_the_ledger_names_nobody_in_the_clear(office: Office, deleted: Request) -> None:
    who = office.customers[0]
    said = "".join(e.model_dump_json(exclude={"sealed"}) for e in office.svc.store.entries(deleted.reference))
    assert who["email"] not in said
    for _, record in kept(office, deleted):
        assert f'"{"/".join(record.key)}"' not in said
    for entry in office.svc.store.entries(deleted.reference):
        assert who["email"].encode() not in entry.sealed


def test_after_the_last_look_and_the_last_end_nothing_can_be_read(office: Office, deleted: Request) -> None:
    keys = {e.id for e in office.svc.store.entries(deleted.reference)}
    last = max(record.until for _, record in kept(office, deleted))
    for day in (office.clock.at.date() + timedelta(days=31), office.clock.at.date() + timedelta(days=181),
                last + timedelta(days=1), last + timedelta(days=32), last + timedelta(days=182)):  # fmt: skip
        to(office, day)
        staying_gone.keep_up(office.svc)
    assert keys
    for key in keys:
        with pytest.raises(RequestNotFound):
            office.svc.vault.open(key, b"")
    assert {e.state for e in office.svc.store.entries(deleted.reference)} == {EntryState.OVER}
    assert not any(e.sealed for e in office.svc.store.entries(deleted.reference))
    to(office, last + timedelta(days=1200))
    assert office.svc.store.entries(deleted.reference) == [], "the bare line goes in the end, too"


def test_a_legal_hold_set_since_stops_the_end_date(office: Office, deleted: Request) -> None:
    place = min(kept(office, deleted), key=lambda p: p[1].until)
    hold = Hold(subject=str(deleted.subject_hash), since=office.clock.at, by="dana", reference=deleted.reference)
    office.svc.store.hold(hold)
    to(office, place[1].until + timedelta(days=1))
    assert staying_gone.keep_up(office.svc)["erased"] == 0
    assert rows(office, place)
    office.svc.store.release_hold(hold.subject)
    office.clock.forward(timedelta(days=2))
    assert staying_gone.keep_up(office.svc)["erased"] >= 1
    assert not rows(office, place)


def test_a_record_whose_date_is_not_the_one_counted_from_is_left_and_staff_are_asked(
    office: Office, deleted: Request
) -> None:
    """A key may be given to somebody new: a date alone erases nobody."""
    source, record = min(kept(office, deleted), key=lambda p: p[1].until)
    collection = office.svc.business.datamap.sources[source].collections[record.collection]
    row = _row(office, source, record)
    row[collection.retain.from_field] = str(record.until)  # type: ignore[union-attr]
    to(office, record.until + timedelta(days=1))
    assert staying_gone.keep_up(office.svc)["returned"] == 1
    assert rows(office, (source, record)), "not erased"
    assert "/staff/ledger/" in office.text(office.mails()[0])


def _row(office: Office, source: str, record: Any) -> dict[str, Any]:
    tables = office.svc.sources[source].tables  # type: ignore[attr-defined]
    collection = office.svc.business.datamap.sources[source].collections[record.collection]
    found = [r for r in tables[collection.table or record.collection] if str(r[collection.key[0]]) == record.key[0]]
    return dict(found[0]) if not found else found[0]


# -- staying gone -----------------------------------------------------------------------------------------------------


@pytest.fixture
def loaded(office: Office, deleted: Request) -> Request:
    """An old list was loaded: the account stands there again, under the erased address."""
    accounts = office.svc.sources["shop"].tables["accounts"]  # type: ignore[attr-defined]
    old = next(r for r in copied(office)["accounts"] if r["email"] == office.customers[0]["email"])
    accounts.append({**old, "id": 990_001})
    return deleted


def copied(office: Office) -> dict[str, list[dict[str, Any]]]:
    from .conftest import invented

    return {t.split(".")[1]: copy.deepcopy(r) for t, r in invented()[0].items() if t.startswith("shop.")}


def look(office: Office, days: int = 31) -> dict[str, int]:
    office.clock.forward(timedelta(days=days))
    return staying_gone.keep_up(office.svc)


def session(office: Office, member: str | None = None) -> str:
    who = next(m for m in office.svc.business.staff if m.id == member) if member else decider(office)
    errands.leave(office.svc, Errand.SIGN_IN, who.email)
    return staffroom.sign_in(office.svc, office.link("staff/sign-in", who.email))


def decider(office: Office) -> Any:
    return office.svc.business.deciders("deletion")[0]  # type: ignore[arg-type]


def returned_to(office: Office, entry: Entry) -> Entry:
    return next(e for e in office.svc.store.entries(entry.reference) if e.id == entry.id)


def returned(office: Office, request: Request) -> Entry:
    [entry] = [e for e in office.svc.store.entries(request.reference) if e.state is EntryState.RETURNED]
    return entry


def test_nothing_came_back(office: Office, deleted: Request) -> None:
    gone = len(entries(office, deleted, EntryKind.GONE))
    sent = len(office.mailer.sent)
    assert look(office) == {**NOTHING, "looked": gone}
    assert staying_gone.keep_up(office.svc) == NOTHING, "once for each day"
    assert look(office, 150)["looked"] == gone
    assert {e.state for e in entries(office, deleted, EntryKind.GONE)} == {EntryState.OVER}
    assert len(office.mailer.sent) == sent


def test_staff_hear_of_what_came_back_and_nothing_is_erased_unasked(office: Office, loaded: Request) -> None:
    assert look(office)["returned"] == 1
    told = [m for m in office.mails() if "there again" in str(m["Subject"])]
    assert {str(m["To"]) for m in told} == {m.email for m in office.svc.business.deciders("deletion")}  # type: ignore[arg-type]
    assert office.customers[0]["email"] not in "".join(office.text(m) for m in told)
    assert _there(office)
    before = len(office.mailer.sent)
    assert look(office, 1)["returned"] == 0
    assert len(office.mailer.sent) == before, "no mail a day"
    look(office, 7)
    assert len(office.mailer.sent) == before + len(told), "a reminder after a week"


def _there(office: Office) -> bool:
    accounts = office.svc.sources["shop"].tables["accounts"]  # type: ignore[attr-defined]
    return any(r["id"] == 990_001 and r["email"] == office.customers[0]["email"] for r in accounts)


def test_staff_have_it_erased_again_and_it_is_looked_for_once_more(office: Office, loaded: Request) -> None:
    look(office)
    entry, mine = returned(office, loaded), session(office)
    came_back.decide(office.svc, mine, loaded.reference, entry=entry.name, plan=str(entry.plan), erase=True)
    assert _there(office), "the web reads no source"
    assert staying_gone.keep_up(office.svc)["erased"] == 1
    assert not _there(office)
    events = {e.what: e.by for e in office.svc.store.events(loaded.reference)}
    assert {"came_back", "erased_again"} <= events.keys()
    [again] = [e for e in entries(office, loaded, EntryKind.GONE) if e.name == entry.name]
    assert [h.by for h in again.history if h.what == "to_erase_again"] == [f"staff:{decider(office).id}"]
    assert (again.state, again.due) == (EntryState.WAITING, again.at + timedelta(days=180))


def test_staff_leave_who_came_back_as_a_customer(office: Office, loaded: Request) -> None:
    look(office)
    entry = returned(office, loaded)
    came_back.decide(
        office.svc, session(office), loaded.reference, entry=entry.name, plan=str(entry.plan), erase=False
    )  # fmt: skip
    staying_gone.keep_up(office.svc)
    assert _there(office)
    assert look(office, 150)["returned"] == 0
    assert [h.by for h in returned_to(office, entry).history][-1] == f"staff:{decider(office).id}"
    with pytest.raises(RequestNotFound):
        office.svc.vault.open(entry.id, entry.sealed)


def test_no_more_is_erased_than_staff_saw(office: Office, loaded: Request) -> None:
    look(office)
    entry = returned(office, loaded)
    mine = session(office)
    came_back.decide(office.svc, mine, loaded.reference, entry=entry.name, plan=str(entry.plan), erase=True)
    accounts = office.svc.sources["shop"].tables["accounts"]  # type: ignore[attr-defined]
    accounts.append({**next(r for r in accounts if r["id"] == 990_001), "id": 990_002})
    assert staying_gone.keep_up(office.svc)["returned"] == 1
    assert not _there(office)
    assert any(r["id"] == 990_002 and r["email"] for r in accounts)
    assert returned(office, loaded).plan != entry.plan


def test_a_decision_needs_the_plan_that_was_shown_and_the_right_to_decide(office: Office, loaded: Request) -> None:
    look(office)
    entry = returned(office, loaded)
    with pytest.raises(PlanChanged):
        came_back.decide(
            office.svc, session(office), loaded.reference, entry=entry.name, plan="old", erase=True
        )  # fmt: skip
    able = {m.id for m in office.svc.business.deciders("deletion")}  # type: ignore[arg-type]
    others = [m.id for m in office.svc.business.staff if m.id not in able]
    with pytest.raises(DecisionNotAllowed):
        came_back.decide(
            office.svc, session(office, others[0]), loaded.reference, entry=entry.name, plan=str(entry.plan), erase=True
        )
    with pytest.raises(LinkMissing):
        came_back.page(office.svc, "nobody", loaded.reference)


def test_a_source_that_does_not_answer_is_tried_again_and_staff_hear_once_a_week(
    office: Office, deleted: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise SourceUnavailable("shop")

    sent = len(office.mailer.sent)
    with monkeypatch.context() as patched:
        patched.setattr(office.svc.sources["shop"], "read", down)
        done = look(office)
        assert done["failed"] == 1
        assert done["looked"] >= 1, "the others go on"
        assert staying_gone.keep_up(office.svc)["failed"] == 0, "not every hour"
        look(office, 1)
    told = len(office.mailer.sent) - sent
    assert told <= 2 * len(office.svc.business.deciders("deletion"))  # type: ignore[arg-type]
    assert told >= len(office.svc.business.deciders("deletion"))  # type: ignore[arg-type]
    assert look(office, 1)["looked"] == 1


def test_a_deletion_cut_short_loses_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are gone, the step died before it said so: its second run still knows what was erased."""
    office.clock.at = datetime.combine(TODAY, time(17), UTC)
    request = office.to_review("deletion")
    office.decide(request, "approve")
    put = office.svc.store.put_outcome

    def dies(outcome: Any) -> None:
        raise SourceUnavailable("cut")

    from chalicelib.usecases import fulfilment

    fulfilment.begin(office.svc, request.reference)
    with monkeypatch.context() as patched:
        patched.setattr(office.svc.store, "put_outcome", dies)
        with pytest.raises(SourceUnavailable):
            fulfilment.fulfil_source(office.svc, request.reference, "shop")
    assert office.svc.store.put_outcome == put
    office.carry_out(request)
    [entry] = [e for e in entries(office, request, EntryKind.GONE) if e.source == "shop"]
    known = {i.kind.value for i in ledger.opened(office.svc, entry).who}
    assert {"email", "customer_number"} <= known
    assert entry.state is EntryState.WAITING


def test_a_deletion_that_never_ran_leaves_nothing_in_the_ledger(office: Office) -> None:
    office.clock.at = datetime.combine(TODAY, time(17), UTC)
    request = office.to_review("deletion")
    office.decide(request, "approve")
    from chalicelib.usecases import following, fulfilment

    def drifts(*_: Any) -> Any:
        from chalicelib.errors import PlanDrifted

        raise PlanDrifted(request.reference)

    fulfilment.begin(office.svc, request.reference)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(office.svc.sources["shop"], "carry_out", drifts)
        assert fulfilment.fulfil_source(office.svc, request.reference, "shop")["state"] == "drifted"
    planned = [e for e in office.svc.store.entries(request.reference) if e.source == "shop"]
    assert {e.state for e in planned} == {EntryState.PLANNED}
    office.clock.forward(timedelta(days=1))
    assert staying_gone.keep_up(office.svc)["put_off"] == len(planned), "the request is open: it may yet run"
    from chalicelib.errors import PlanDrifted
    from chalicelib.usecases import answering

    with pytest.raises(PlanDrifted):
        answering.send_answer(office.svc, request.reference)
    following.withdraw(office.svc, office.link("track"))
    office.clock.forward(timedelta(days=1))
    staying_gone.keep_up(office.svc)
    assert {e.state for e in office.svc.store.entries(request.reference)} == {EntryState.OVER}


def test_the_schedule_runs_it(office: Office, deleted: Request) -> None:
    office.clock.forward(timedelta(days=31))
    with bootstrap.override(office.svc), Client(app) as client:
        event = client.events.generate_cw_event("aws.events", "Scheduled Event", {}, [])
        done = client.lambda_.invoke("keep_what_is_gone", event).payload
    assert done["looked"] == len(entries(office, deleted, EntryKind.GONE))


def test_a_person_with_very_many_records_has_an_entry_for_each_few_thousand(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item of the table holds 400 KB: a long log must not stop a deletion."""
    monkeypatch.setattr(ledger, "MOST_RECORDS", 3)
    office.clock.at = datetime.combine(TODAY, time(17), UTC)
    request = office.to_review("deletion")
    office.decide(request, "approve")
    request = office.carry_out(request)
    shop = [e for e in entries(office, request, EntryKind.GONE) if e.source == "shop"]
    assert len(shop) > 2
    assert all(e.records <= 3 for e in shop)
    assert [bool(ledger.opened(office.svc, e).who) for e in shop] == [e.part == 0 for e in shop]
    erased = everything(office)
    restore(office)
    run(office, "replay", "--since", f"{office.clock.at:%Y-%m-%dT%H:%M:%S}", "--yes")
    assert everything(office) == erased


def test_two_thousand_records_fit_into_an_item(office: Office) -> None:
    import os

    erased = [Erased(collection="collection", key=(os.urandom(24).hex(),), fingerprint=os.urandom(8).hex())
              for _ in range(MOST_RECORDS)]  # fmt: skip
    entry = Entry(reference="R-0000-0001", source="shop", kind=EntryKind.GONE, digest="d" * 64, at=office.clock.at)
    ledger.begin(office.svc, entry, Secret(erased=erased))
    assert len(office.svc.store.entries("R-0000-0001")[0].sealed) < 200_000


# -- after a restore --------------------------------------------------------------------------------------------------


def restore(office: Office) -> None:
    """The backup from before the deletion is put back, whole."""
    from .conftest import invented

    for name, source in office.svc.sources.items():
        where = office.svc.business.datamap.sources[name].where
        source.tables.clear()  # type: ignore[attr-defined]
        fresh = {t.split(".")[1]: copy.deepcopy(r) for t, r in invented()[0].items() if t.startswith(where + ".")}
        source.tables.update(fresh)  # type: ignore[attr-defined]


def run(office: Office, *words: str, answer: str = "") -> Any:
    with bootstrap.override(office.svc):
        return CliRunner().invoke(commands, words, input=answer)


def everything(office: Office) -> str:
    return repr([s.tables for s in office.svc.sources.values()])  # type: ignore[attr-defined]


def test_a_restore_is_rehearsed_then_erased_again_and_again_is_nothing(office: Office, deleted: Request) -> None:
    erased = everything(office)
    restore(office)
    restored = everything(office)
    since = f"{office.clock.at - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    rehearsed = run(office, "replay", "--since", since, "--dry-run")
    assert (rehearsed.exit_code, everything(office)) == (0, restored), rehearsed.output
    assert "again there: " in rehearsed.output
    refused = run(office, "replay", "--since", since, answer="n\n")
    assert (refused.exit_code, everything(office)) == (1, restored)
    done = run(office, "replay", "--since", since, answer="y\n")
    assert (done.exit_code, everything(office)) == (0, erased), done.output
    assert office.customers[0]["email"] not in done.output
    again = run(office, "replay", "--since", since, "--yes")
    assert "stayed gone" in again.output
    assert " 0 records again there" in again.output
    assert everything(office) == erased


def test_a_replay_cut_short_goes_on(office: Office, deleted: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    erased = everything(office)
    restore(office)

    def down(*_: Any) -> Any:
        raise SourceUnavailable("loyalty")

    since = f"{office.clock.at:%Y-%m-%dT%H:%M:%S}"
    with monkeypatch.context() as patched:
        patched.setattr(office.svc.sources["loyalty"], "carry_out", down)
        cut = run(office, "replay", "--since", since, "--yes")
    assert cut.exit_code == 1
    assert "SourceUnavailable" in cut.output
    assert everything(office) != erased
    assert run(office, "replay", "--since", since, "--yes").exit_code == 0
    assert everything(office) == erased


def test_deletions_before_the_backup_are_let_be(office: Office, deleted: Request) -> None:
    said = run(office, "replay", "--since", f"{office.clock.at + timedelta(days=1):%Y-%m-%d}", "--dry-run")
    assert said.output.startswith("0 looked at")


def test_a_key_given_to_somebody_else_after_a_restore_erases_nobody(office: Office, deleted: Request) -> None:
    gone = next(e for e in entries(office, deleted, EntryKind.GONE) if e.source == "shop")
    erased = next(e for e in ledger.opened(office.svc, gone).erased if e.collection == "accounts")
    collection = office.svc.business.datamap.sources["shop"].collections[erased.collection]
    table = office.svc.sources["shop"].tables[collection.table or erased.collection]  # type: ignore[attr-defined]
    old = next(r for r in copied(office)[collection.table or erased.collection]
               if tuple(str(r[k]) for k in collection.key) == erased.key)  # fmt: skip
    stranger = old | {"email": "stranger@example.com", "customer_number": "C-0", "phone": "(415) 555-0199"}
    assert stranger.keys() == old.keys()
    table[:] = [r for r in table if tuple(str(r[k]) for k in collection.key) != erased.key] + [stranger]
    run(office, "replay", "--since", f"{office.clock.at:%Y-%m-%dT%H:%M:%S}", "--yes")
    assert stranger in table


def test_what_went_at_its_end_date_is_replayed_too(office: Office, deleted: Request) -> None:
    place = min(kept(office, deleted), key=lambda p: p[1].until)
    to(office, place[1].until + timedelta(days=1))
    before = copy.deepcopy([s.tables for s in office.svc.sources.values()])  # type: ignore[attr-defined]
    staying_gone.keep_up(office.svc)
    assert not rows(office, place)
    for source, tables in zip(office.svc.sources.values(), before, strict=True):
        source.tables.clear()  # type: ignore[attr-defined]
        source.tables.update(tables)  # type: ignore[attr-defined]
    assert rows(office, place)
    run(office, "replay", "--since", f"{office.clock.at:%Y-%m-%dT%H:%M:%S}", "--yes")
    assert not rows(office, place)


def test_a_deletion_leaves_the_person_on_the_list_for_every_import(office: Office, deleted: Request) -> None:
    who = Identifier.of("email", office.customers[0]["email"])
    said = screening.check(office.svc, who)
    assert said["everything"]
    assert said["email"]
    other = Identifier.of("email", office.customers[1]["email"])
    assert not any(screening.check(office.svc, other).values())
    assert screening.check(office.svc, other).keys() == said.keys(), "one shape for everyone"
