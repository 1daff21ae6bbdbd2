"""Nothing is left lying: a customer whose answer is awaited and staff with a part still to do hear of it again."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.status import Status
from chalicelib.usecases import answering, attention, following, fulfilment, recipients, review, upkeep

from .conftest import Office


def days(count: float) -> timedelta:
    return timedelta(days=count)


def asked(office: Office) -> str:
    request = office.to_review("access", residence="US-CA")
    office.decide(request, "ask", explanation="Which of the two accounts do you mean?")
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    return office.customers[0]["email"]


def test_a_question_is_asked_once_more_before_staff_go_on_without_the_answer(office: Office) -> None:
    customer = asked(office)
    heard = []
    for _ in range(14):
        before = len(office.mails(customer))
        attention.sweep(office.svc)
        attention.sweep(office.svc)
        heard.append(len(office.mails(customer)) - before)
        office.clock.forward(days(1))
    assert heard == [0] * 7 + [1] + [0] * 6
    mail = office.mails(customer)[0]
    assert str(mail["Subject"]).startswith("Reminder: we have a question")
    assert "Which of the two accounts" in office.text(mail)


def test_who_has_answered_is_not_reminded(office: Office) -> None:
    customer = asked(office)
    following.reply(office.svc, office.link("track"), "The one in Salinas")
    office.clock.forward(days(8))
    before = len(office.mails(customer))
    attention.sweep(office.svc)
    assert len(office.mails(customer)) == before


def partly(office: Office) -> str:
    """A request of which one source could not be carried out."""
    request = office.to_review("access", residence="US-CA")
    office.decide(request, "approve")
    first, *rest = office.svc.sources
    fulfilment.begin(office.svc, request.reference)
    fulfilment.note_unfulfilled_source(office.svc, request.reference, first, "SourceUnavailable")
    for source in rest:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    recipients.tell(office.svc, request.reference)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.PARTLY_FULFILLED
    return request.reference


def subjects(office: Office) -> int:
    return sum("still to come" in office.text(m) or "not everything worked" in office.text(m) for m in office.mails())


def test_staff_are_reminded_every_week_of_what_is_still_to_be_done(office: Office) -> None:
    reference = partly(office)
    before = subjects(office)
    counted = []
    for _ in range(35):
        office.clock.forward(days(1))
        counted.append(upkeep.purge_due(office.svc)["reminded"])
    assert [day for day, n in enumerate(counted, 1) if n] == [7, 14, 21, 28, 35]
    assert subjects(office) > before
    assert office.svc.store.get(reference).purge_at, "it settled all the same"


def test_once_it_is_done_nobody_is_reminded(office: Office) -> None:
    reference = partly(office)
    attention.try_again(office.svc, office.link("review"))
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, reference, source)
    answering.send_answer(office.svc, reference)
    assert office.svc.store.get(reference).status is Status.FULFILLED
    office.clock.forward(days(8))
    assert upkeep.purge_due(office.svc)["reminded"] == 0


def test_the_rest_of_what_was_not_them_is_nobodys_to_do(office: Office) -> None:
    partly(office)
    following.not_me(office.svc, office.link("track"))
    before = len(office.mailer.sent)
    office.clock.forward(days(7))
    upkeep.purge_due(office.svc)
    assert len(office.mailer.sent) == before
