"""“That wasn’t me” while it is being carried out: what is not done yet stops, and what was done is said."""

from __future__ import annotations

import copy

import pytest

from chalicelib.domain.decision import Ground
from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, RequestFrozen
from chalicelib.usecases import answering, attention, card, following, fulfilment, recipients

from .conftest import Office


def half_done(office: Office) -> tuple[Request, str]:
    """A deletion that ran in the first source when its person says that it was not them; and the source still to do."""
    request = office.to_review("deletion")
    office.decide(request, "approve")
    fulfilment.begin(office.svc, request.reference)
    fulfilment.fulfil_source(office.svc, request.reference, "marketing")
    following.not_me(office.svc, office.link("track", office.customers[0]["email"]))
    return request, "shop"


def test_what_is_not_done_yet_is_not_done(office: Office) -> None:
    request, rest = half_done(office)
    assert office.now(request).status is Status.FROZEN
    before = copy.deepcopy(office.tables)
    with pytest.raises(RequestFrozen):
        fulfilment.fulfil_source(office.svc, request.reference, rest)
    with pytest.raises(RequestFrozen):
        fulfilment.note_unfulfilled_source(office.svc, request.reference, rest, "RequestFrozen")
    with pytest.raises(RequestFrozen):
        recipients.tell(office.svc, request.reference)
    with pytest.raises(RequestFrozen):
        answering.send_answer(office.svc, request.reference)
    assert office.tables == before
    mail = office.text(office.mails(office.customers[0]["email"])[0])
    assert "What is not done yet is stopped" in " ".join(mail.split())
    assert "Nothing will be sent, changed or deleted" not in mail


def test_staff_and_the_person_are_told_what_was_done(office: Office) -> None:
    request, _ = half_done(office)
    office.ask_staff(request)
    shown = card.card(office.svc, office.link("review"))
    assert shown.done
    assert sorted(shown.may) == ["refuse"]
    office.decide(request, "refuse", ground=Ground.SUSPECTED_FRAUD)
    answering.send_answer(office.svc, request.reference)
    told = office.text(office.mails(office.customers[0]["email"])[0])
    assert "Before it was stopped, this had been done:" in told
    title, _, count = shown.done[0]
    assert f"- {title}: {count} " in told


def test_who_may_not_decide_does_not_try_again_either(office: Office) -> None:
    request = office.to_review("access")
    roles = {n: r.model_copy(update={"decides": (), "lead": False}) for n, r in office.svc.business.roles.items()}
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), "SourceMisread")
    token = office.link("review")
    object.__setattr__(office.svc, "business", office.svc.business.model_copy(update={"roles": roles}))
    assert not card.card(office.svc, token).attention
    with pytest.raises(DecisionNotAllowed):
        attention.try_again(office.svc, token)
    assert office.now(request).status is Status.NEEDS_ATTENTION
