"""Mail that is refused for good: before proof, filed anew under the right address; after it, by post."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.request import Request
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, MailRejected
from chalicelib.usecases import attention, card, posting, refiling, review

from .conftest import Office

RIGHT = "wren.right@example.com"
STAFF = "ruth.calderwood"


def refused_at_first(office: Office) -> tuple[Request, str]:
    """A request whose proof mail the mail service refuses, and staff's link to it two days later."""
    request = office.file("access", {"email": "wren.wrogn@example.com", "residence": "US-CA"}, name="Wren Example")
    office.mailer.fault = MailRejected()
    with pytest.raises(MailRejected):
        office.ask_for_proof(request)
    office.mailer.fault = None
    office.clock.forward(timedelta(days=2))
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), "MailRejected")
    return office.now(request), office.link("review", STAFF)


def refiled(office: Office) -> Request:
    """The newest request under the right address."""
    from chalicelib.domain.identity import Identifier, IdentifierKind

    hashed = office.svc.hash(Identifier.of(IdentifierKind.EMAIL, RIGHT))
    [reference] = office.svc.store.of_subject(hashed)
    return office.svc.store.get(reference)


def test_a_request_whose_first_mail_was_refused_is_filed_again_with_its_clock(office: Office) -> None:
    first, token = refused_at_first(office)
    assert card.card(office.svc, token).may_refile
    refiling.refile(office.svc, token, RIGHT)
    again, ended = refiled(office), office.now(first)
    assert (ended.status, ended.reason) == (Status.WITHDRAWN, "refiled")
    assert again.received_at.date() == first.received_at.date()
    assert again.due_at.date() == first.due_at.date()
    assert again.entered_by == "ruth"
    assert office.svc.store.events(first.reference)[-1].by == "staff:ruth"
    assert office.svc.open(again).name == "Wren Example"


def test_the_new_address_is_proven_by_a_mailed_link_before_anything_is_shown(office: Office) -> None:
    _, token = refused_at_first(office)
    refiling.refile(office.svc, token, RIGHT)
    again = refiled(office)
    assert office.workflow.started[again.execution]["start"] == "proof"
    assert not again.proof.mailbox
    assert again.proof.noted_by is None


def test_filing_it_again_twice_is_once(office: Office) -> None:
    _, token = refused_at_first(office)
    for _ in range(2):
        refiling.refile(office.svc, token, RIGHT)
    assert refiled(office)


def test_a_request_that_has_been_proven_gets_no_other_address(office: Office) -> None:
    """Rule 4: from then on data could go there. It goes by post, to the address on file."""
    request = office.to_review("access")
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), "MailRejected")
    token = office.link("review", STAFF)
    assert not card.card(office.svc, token).may_refile
    with pytest.raises(DecisionNotAllowed):
        refiling.refile(office.svc, token, RIGHT)


def test_a_question_that_no_mail_can_bring_goes_back_to_staff_who_answer_by_post(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "ask", explanation="Which of the two accounts?")
    office.mailer.fault = MailRejected()
    with pytest.raises(MailRejected):
        review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    office.mailer.fault = None
    attention.need_attention(office.svc, request.reference, office.workflow.wait_for("attention"), "MailRejected")
    token = office.link("review", STAFF)
    assert card.card(office.svc, token).may_go_by_post
    attention.go_by_post(office.svc, token)
    now = office.now(request)
    assert (now.status, now.by_post) == (Status.IN_REVIEW, True)
    office.ask_staff(request)
    office.decide(request, "approve")
    ended = office.carry_out(request)
    assert (ended.status, ended.to_post) == (Status.FULFILLED, True)


def test_more_time_that_no_mail_can_tell_of_is_told_by_post(office: Office) -> None:
    request = office.to_review("access")
    office.mailer.fault = MailRejected()
    office.decide(request, "extend", explanation="There is very much of it.")
    office.mailer.fault = None
    now = office.now(request)
    assert now.extended_at
    assert (now.by_post, now.to_post) == (True, True)
    _, letter = posting.letter(office.svc, office.link("review", STAFF))
    assert "There is very much of it." in letter.text
    assert letter.on_file
