"""A correction that several records could mean: staff see them side by side and say which."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.plan import Doing
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, InvalidRequest, PlanChanged, PlanDrifted
from chalicelib.usecases import card, judging, review

from .conftest import Office

PATH = "loyalty.animals.name"
RUTH = "ruth.calderwood"


def pets(office: Office) -> list[dict[str, Any]]:
    """Three animals of the first customer's, who asks to have a name put right."""
    member = next(m for m in office.tables["loyalty.members"] if m["email"] == office.customers[0]["email"])
    table = office.tables["loyalty.animals"]
    found = [p for p in table if p["member_id"] == member["id"]]
    while len(found) < 3:
        number = max(p["id"] for p in table) + 1
        found.append({**table[0], "id": number, "member_id": member["id"], "name": f"Pet {number}"})
        table.append(found[-1])
    return found


def asked(office: Office) -> tuple[Request, list[dict[str, Any]]]:
    mine = pets(office)
    return office.to_review("correction", corrections=[{"field": PATH, "value": "Rex"}]), mine


def offered(office: Office, who: str = RUTH) -> list[Any]:
    return card.reveal(office.svc, office.link("review", who))[1].candidates


def choose(office: Office, request: Request, *ids: str, who: str = RUTH) -> Request:
    chosen = review.choose_records(office.svc, office.link("review", who), field=PATH, ids=ids)
    if chosen.status is Status.GATHERING:  # as the machine would
        office.gather(request)
        office.ask_staff(request)
    return office.now(request)


def test_staff_see_the_records_side_by_side_and_only_the_chosen_one_changes(office: Office) -> None:
    request, mine = asked(office)
    assert "choose which is meant" in (card.card(office.svc, office.link("review", RUTH)).why_not or "")
    [choice] = offered(office)
    assert sorted(r.shown["Name"] for r in choice.records) == sorted(p["name"] for p in mine)
    assert (choice.label, choice.value) == ("Name", "Rex")
    meant = next(r for r in choice.records if r.shown["Name"] == mine[1]["name"])
    after = choose(office, request, meant.id)
    assert after.plan_hash != request.plan_hash
    shown, revealed = card.reveal(office.svc, office.link("review", RUTH))
    assert shown.why_not is None
    assert judging.current_plan(office.svc, after).total(Doing.CHANGE) == 1
    assert revealed.changes == [("Name", mine[1]["name"], "Rex")]
    assert [r.chosen for c in revealed.candidates for r in c.records].count(True) == 1
    others = [p["name"] for p in (mine[0], mine[2])]
    office.decide(request, "approve")
    assert office.carry_out(request).status is Status.FULFILLED
    assert [mine[0]["name"], mine[1]["name"], mine[2]["name"]] == [others[0], "Rex", others[1]]


def test_the_choice_is_on_record_without_saying_which(office: Office) -> None:
    request, mine = asked(office)
    [choice] = offered(office)
    choose(office, request, choice.records[0].id, choice.records[2].id)
    events = [e for e in office.svc.store.events(request.reference) if e.note and PATH in e.note]
    assert [(e.what, e.by, e.note) for e in events] == [("gathering", "staff:ruth", f"{PATH}: 2 of {len(mine)}")]
    assert "chosen" not in office.now(request).model_dump(exclude={"sealed"})


def test_a_decision_on_the_plan_before_the_choice_counts_no_more(office: Office) -> None:
    request, _ = asked(office)
    [choice] = offered(office)
    first = choose(office, request, choice.records[0].id)
    second = choose(office, request, offered(office)[0].records[1].id)
    assert first.plan_hash != second.plan_hash
    with pytest.raises(PlanChanged):
        office.decide(request, "approve", plan=first.plan_hash)


def approved(office: Office) -> tuple[Request, list[dict[str, Any]], dict[str, Any]]:
    """An approved choice of one, and that one."""
    request, mine = asked(office)
    [choice] = offered(office)
    choose(office, request, choice.records[0].id)
    office.decide(request, "approve")
    return request, mine, next(p for p in mine if p["name"] == choice.records[0].shown["Name"])


def test_a_chosen_record_that_changed_since_is_looked_at_again(office: Office) -> None:
    request, mine, meant = approved(office)
    meant["species"] = "goat"
    with pytest.raises(PlanDrifted):
        office.carry_out(request)
    office.gather(request)
    office.ask_staff(request)
    [again] = offered(office)
    assert [r.shown["Kind"] for r in again.records if r.chosen] == ["goat"], "the same record, as it is now"
    with pytest.raises(PlanChanged):
        choose(office, request, "no such record")
    assert all(p["name"] != "Rex" for p in mine)


def test_when_the_chosen_one_is_gone_nobody_guesses_another(office: Office) -> None:
    request, mine, meant = approved(office)
    office.tables["loyalty.animals"].remove(meant)
    office.carry_out(request)
    assert all(p["name"] != "Rex" for p in mine)


def test_who_may_not_see_the_field_or_decide_does_not_choose(office: Office) -> None:
    request, _ = asked(office)
    [choice] = offered(office)
    roles = {n: r.model_copy(update={"sees": ("user.name",)}) for n, r in office.svc.business.roles.items()}
    blind = office.svc.business.model_copy(update={"roles": roles})
    seeing = office.svc.business
    object.__setattr__(office.svc, "business", blind)
    assert offered(office) == []
    with pytest.raises(InvalidRequest):
        choose(office, request, choice.records[0].id)
    powerless = {n: r.model_copy(update={"decides": (), "lead": False}) for n, r in seeing.roles.items()}
    object.__setattr__(office.svc, "business", seeing.model_copy(update={"roles": powerless}))
    with pytest.raises(DecisionNotAllowed):
        choose(office, request, choice.records[0].id)
    assert office.now(request).status is Status.IN_REVIEW


def test_nothing_ticked_is_said(office: Office) -> None:
    request, _ = asked(office)
    with pytest.raises(InvalidRequest) as fault:
        choose(office, request)
    assert "record" in fault.value.fields
