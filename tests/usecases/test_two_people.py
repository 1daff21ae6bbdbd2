"""A deletion of many records takes two people: the first approval moves nothing, however often it is pressed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import links
from chalicelib.businesses.loader import categories
from chalicelib.businesses.model import Member
from chalicelib.businesses.sound import unsound
from chalicelib.domain.decision import Verdict
from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, RequestChanged
from chalicelib.links import Purpose
from chalicelib.services import Services
from chalicelib.usecases import card, review, taking_back

from .conftest import Office


@pytest.fixture
def strict(office: Office) -> Office:
    """Jeffers, where every deletion of more than two records takes two people."""
    return _with(office, 2)


def _with(office: Office, two_above: int) -> Office:
    business = office.svc.business
    terms = business.rights[Right.DELETION].model_copy(update={"two_above": two_above})
    changed = business.model_copy(update={"rights": {**business.rights, Right.DELETION: terms}})
    return replace(office, svc=replace(office.svc, business=changed))


def able(svc: Services) -> list[Member]:
    leads = [m for m in svc.business.leads() if m not in svc.business.deciders(Right.DELETION)]
    return svc.business.deciders(Right.DELETION) + leads


def token(svc: Services, request: Request, member: Member) -> str:
    made = svc.chance.token()
    svc.store.put_links([links.mint(made, Purpose.REVIEW, member.id, request.reference, svc.now())])
    return made


def approve(office: Office, request: Request, member: Member, **more: Any) -> Request:
    plan = office.now(request).plan_hash
    link = token(office.svc, request, member)
    return review.decide(office.svc, link, verdict=Verdict.APPROVE, **{"plan": plan, **more})


def shown(office: Office, request: Request, member: Member) -> card.Card:
    return card.card_of(office.svc, office.now(request), member)


def test_the_first_approval_moves_nothing_and_the_second_does(strict: Office) -> None:
    one, two, *_ = able(strict.svc)
    request = strict.to_review("deletion")
    waiting = set(strict.workflow.waiting)
    assert approve(strict, request, one).status is Status.IN_REVIEW
    assert strict.workflow.waiting == waiting, "the machine heard nothing"
    assert strict.now(request).decision is None
    seen = shown(strict, request, two)
    assert seen.approved is not None
    assert (seen.approved.by, seen.needs_two) == (one.id, sum(c.acts for c in seen.plan.collections))
    assert "second" in str(strict.mails(two.email)[0]["Subject"])
    assert "second" not in str(strict.mails(one.email)[0]["Subject"])
    done = approve(strict, request, two)
    assert done.status is Status.COOLING_OFF
    assert done.decision is not None
    assert (done.decision.first_by, done.decision.by) == (one.id, two.id)
    said = [(e.what, e.by) for e in strict.svc.store.events(request.reference) if e.by.startswith("staff:")]
    assert said == [("approved_first", f"staff:{one.id}"), ("cooling_off", f"staff:{two.id}")]


def test_the_same_person_is_no_second_one(strict: Office) -> None:
    one = able(strict.svc)[0]
    request = strict.to_review("deletion")
    approve(strict, request, one)
    with pytest.raises(DecisionNotAllowed):
        approve(strict, request, one)
    assert strict.now(request).status is Status.IN_REVIEW


def test_forty_clicks_of_one_person_are_one_first_approval(strict: Office) -> None:
    one = able(strict.svc)[0]
    request = strict.to_review("deletion")
    plan, tokens = strict.now(request).plan_hash, [token(strict.svc, request, one) for _ in range(40)]

    def click(link: str) -> str:
        try:
            return review.decide(strict.svc, link, verdict=Verdict.APPROVE, plan=plan).status
        except (DecisionNotAllowed, RequestChanged) as no:
            return type(no).__name__

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(click, tokens))
    assert Status.COOLING_OFF not in said
    assert strict.now(request).status is Status.IN_REVIEW
    assert [e.what for e in strict.svc.store.events(request.reference)].count("approved_first") == 1


def test_two_people_at_once_are_never_less_than_two(strict: Office) -> None:
    one, two, *_ = able(strict.svc)
    request = strict.to_review("deletion")
    plan, tokens = strict.now(request).plan_hash, [token(strict.svc, request, m) for m in (one, two) for _ in range(8)]

    def click(link: str) -> None:
        for _ in range(3):
            try:
                review.decide(strict.svc, link, verdict=Verdict.APPROVE, plan=plan)
            except (DecisionNotAllowed, RequestChanged):
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(click, tokens))
    decision = strict.now(request).decision
    assert decision is not None
    assert {decision.by, decision.first_by} == {one.id, two.id}
    assert [e.what for e in strict.svc.store.events(request.reference)].count("cooling_off") == 1


def test_what_differs_is_a_first_approval_anew(strict: Office) -> None:
    one, two, *_ = able(strict.svc)
    request = strict.to_review("deletion")
    maps = strict.svc.business.datamap.sources
    hanging = {f"{s}.{name}" for s, source in maps.items() for name, needs in source.needs().items() if needs}
    needed = {f"{s}.{n}" for s, source in maps.items() for needs in source.needs().values() for n in needs}
    acts = {c.place for c in shown(strict, request, one).plan.collections if c.acts}
    place = min(acts - hanging - needed)
    approve(strict, request, one)
    part = {"leave": (place,), "ground": review.Ground.OTHER, "explanation": "Still in dispute."}
    assert approve(strict, request, two, **part).status is Status.IN_REVIEW
    first = strict.now(request).first_approval
    assert first is not None
    assert (first.by, first.leave) == (two.id, (place,))
    assert approve(strict, request, one, **part).status is Status.COOLING_OFF


def test_an_approval_of_a_plan_that_has_changed_counts_no_longer(strict: Office) -> None:
    one, two, *_ = able(strict.svc)
    request = strict.to_review("deletion")
    approve(strict, request, one)
    now = strict.now(request)
    store: Any = strict.svc.store
    store._requests[request.reference] = now.model_copy(update={"plan_hash": "another"})
    assert shown(strict, request, two).approved is None
    assert approve(strict, request, two).status is Status.IN_REVIEW


def test_below_the_threshold_and_for_all_else_one_is_enough(office: Office, strict: Office) -> None:
    lax = _with(office, 10_000)
    one = able(lax.svc)[0]
    assert approve(lax, lax.to_review("deletion"), one).status is Status.COOLING_OFF
    request = strict.to_review("access", strict.customers[1])
    assert approve(strict, request, one).status is Status.FULFILLING


def test_one_person_may_refuse_what_another_has_approved(strict: Office) -> None:
    one, two, *_ = able(strict.svc)
    request = strict.to_review("deletion")
    approve(strict, request, one)
    link = token(strict.svc, request, two)
    refused = review.decide(strict.svc, link, verdict=Verdict.REFUSE, ground=review.Ground.SUSPECTED_FRAUD)
    assert refused.decision is not None
    assert refused.decision.verdict is Verdict.REFUSE


def test_either_may_take_it_back_and_then_it_takes_two_again(strict: Office) -> None:
    one, two, *_ = able(strict.svc)
    request = strict.to_review("deletion")
    approve(strict, request, one)
    approve(strict, request, two)
    taking_back.take_back(strict.svc, token(strict.svc, request, one))
    assert strict.now(request).first_approval is None
    assert approve(strict, request, two).status is Status.IN_REVIEW


def test_a_business_with_too_few_for_an_appeal_is_refused(strict: Office) -> None:
    business = strict.svc.business
    third = able(strict.svc)[0].model_copy(update={"id": "third"})
    three = business.model_copy(update={"staff": (*able(strict.svc), third)})
    assert not [w for w in unsound(three, categories()) if "two others" in w[2]]
    two = business.model_copy(update={"staff": tuple(able(strict.svc)[:2])})
    assert [w for w in unsound(two, categories()) if "two others" in w[2]]
