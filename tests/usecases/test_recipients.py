"""Recipients from the first telling to the second answer: told, silent, chased, given to staff, confirmed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import wire
from chalicelib.domain.notice import Notice, NoticeState, Reply
from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import CallbackRefused, LinkError, MailRejected, PeerMisread, PeerUnavailable, ServiceUnavailable
from chalicelib.usecases import answering, chasing, following, fulfilment, recipients, upkeep

from .conftest import Office

DAY = timedelta(days=1)
PAYLARK = "https://api.paylark.example.com/privacy"
DONE = Reply(state=NoticeState.CONFIRMED)


def deleted(office: Office) -> Request:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    return office.carry_out(request)


def carried_out(office: Office, right: str = "deletion", **personal: Any) -> Request:
    """All but the telling and the answer."""
    request = office.to_review(right, **personal)
    office.decide(request, "approve")
    if right == "deletion":
        fulfilment.begin(office.svc, request.reference)
    for source in office.svc.sources:
        fulfilment.fulfil_source(office.svc, request.reference, source)
    return office.now(request)


def of(office: Office, request: Request, recipient: str = "paylark") -> Notice:
    notice = office.svc.store.notice(request.reference, recipient)
    assert notice is not None
    return notice


def states(office: Office, request: Request) -> dict[str, NoticeState]:
    return {n.recipient: n.state for n in office.svc.store.notices(request.reference)}


def told(office: Office) -> Any:
    (tidings,) = office.svc.peers.told.values()  # type: ignore[attr-defined]
    return tidings


def callback(office: Office, status: str = "done", **more: Any) -> Notice:
    """What Paylark posts, to the address that it was given."""
    said = told(office)
    body = json.dumps({"id": said.id, "status": status, **more}).encode()
    headers = wire.signed(office.svc.secrets.get("paylark"), body, office.clock.now())
    token = said.callback_url.rpartition("/")[2]
    return recipients.callback(office.svc, token, {n.lower(): v for n, v in headers.items()}, body)


def others_confirm(office: Office, request: Request, leave: str = "paylark") -> None:
    """Everybody but one, each as they can: by their mailed link, or to staff who enter it."""
    for notice in office.svc.store.notices(request.reference):
        if notice.recipient != leave and not notice.state.settled:
            recipient = office.svc.business.sharing.recipients[notice.recipient]
            to = recipient.email or office.svc.business.deciders(request.right)[0].email
            recipients.confirm(office.svc, office.link("task", to), "done")


def subjects(office: Office, words: str) -> list[str]:
    return [str(m["Subject"]) for m in office.mails() if words in str(m["Subject"])]


def day(office: Office, number: int, request: Request) -> dict[str, int]:
    """The daily sweep as it runs each day up to that one after the telling."""
    begun = min(n.begun_at for n in office.svc.store.notices(request.reference))
    done: dict[str, int] = {}
    while office.clock.now() < begun + number * DAY:
        office.clock.forward(DAY)
        done = chasing.chase(office.svc)
        assert done["not_looked_at"] == 0
    return done


def test_who_has_a_system_is_told_over_the_wire_and_the_others_by_mail(office: Office) -> None:
    request = deleted(office)
    assert told(office).right is Right.DELETION
    assert [i.value for i in told(office).identities] == [office.customers[0]["email"]]
    assert subjects(office, "Please act")
    assert not [m for m in office.mails("paylark-privacy") if "Please act" in str(m["Subject"])]
    assert states(office, request)["paylark"] is NoticeState.TOLD
    assert set(states(office, request)) == set(recipients.concerned(office.svc, request))


def test_who_has_no_address_at_all_is_not_said_to_be_told(office: Office) -> None:
    """Staff are, with a link to enter what they learn by letter."""
    request = deleted(office)
    assert of(office, request, "tidewater").state is NoticeState.FAILED
    answer = office.text(next(m for m in office.mails() if "deleted" in str(m["Subject"])))
    assert "Tidewater Tack Exchange: could not be told automatically" in answer
    mail = next(m for m in office.mails() if "Tidewater" in str(m["Subject"]))
    assert "no address is known" in office.text(mail)
    assert office.customers[0]["email"] not in office.text(mail)


def test_the_answer_and_the_tracker_say_who_has_not_confirmed(office: Office) -> None:
    request = deleted(office)
    answer = office.text(office.mails(office.customers[0]["email"])[0])
    assert "Paylark Payments: told, not confirmed yet" in answer
    assert "we write to you once more" in answer
    token = office.link("track")
    assert ("Paylark Payments", NoticeState.TOLD) in following.tracker(office.svc, token).told
    callback(office)
    assert ("Paylark Payments", NoticeState.CONFIRMED) in following.tracker(office.svc, token).told
    assert request.status is Status.FULFILLED


def test_when_the_last_one_confirms_the_customer_hears_again_once(office: Office) -> None:
    """Also long after the request was closed and settled."""
    request = deleted(office)
    office.clock.forward(40 * DAY)
    upkeep.purge_due(office.svc)
    callback(office)
    assert not subjects(office, "Everyone we told")
    others_confirm(office, request)
    mails = [m for m in office.mails() if "Everyone we told" in str(m["Subject"])]
    assert [str(m["To"]) for m in mails] == [office.customers[0]["email"]]
    text = office.text(mails[0])
    assert all(office.svc.business.sharing.recipients[id].name in text for id in states(office, request))
    callback(office)
    chasing.chase(office.svc)
    day(office, 60, request)
    assert len(subjects(office, "Everyone we told")) == 1


def test_who_confirmed_before_the_answer_needs_no_second_one(office: Office) -> None:
    request = carried_out(office)
    recipients.tell(office.svc, request.reference)
    callback(office)
    others_confirm(office, request)
    answering.send_answer(office.svc, request.reference)
    answer = office.text(office.mails(office.customers[0]["email"])[0])
    assert "Paylark Payments: confirmed" in answer
    assert "once more" not in answer
    day(office, 30, request)
    assert not subjects(office, "Everyone we told")


def test_one_who_confirms_while_the_answer_is_on_its_way_is_no_reason_to_answer_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = carried_out(office)
    recipients.tell(office.svc, request.reference)
    others_confirm(office, request)
    send = office.mailer.send

    def slowly(**mail: Any) -> str:
        sent = send(**mail)
        if told(office) and of(office, request).state is NoticeState.TOLD:
            callback(office)
        return sent

    monkeypatch.setattr(office.mailer, "send", slowly)
    answering.send_answer(office.svc, request.reference)
    assert office.now(request).status is Status.FULFILLED
    assert len(subjects(office, "is deleted")) == 1
    assert len(subjects(office, "Everyone we told")) == 1


def test_a_second_answer_that_did_not_leave_goes_out_with_the_next_sweep(office: Office) -> None:
    request = deleted(office)
    others_confirm(office, request)
    office.mailer.fault = ServiceUnavailable("throttled")
    with pytest.raises(ServiceUnavailable):
        callback(office)
    office.mailer.fault = None
    assert of(office, request).state is NoticeState.CONFIRMED
    office.clock.forward(2 * DAY)
    chasing.chase(office.svc)
    assert len(subjects(office, "Everyone we told")) == 1


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [("none", NoticeState.NONE, "hold nothing"), ("kept", NoticeState.KEPT, "must keep it")],
)
def test_who_holds_nothing_or_must_keep_it_is_named_so(
    office: Office, status: str, state: NoticeState, words: str
) -> None:
    request = deleted(office)
    assert callback(office, status).state is state
    others_confirm(office, request)
    (second,) = [m for m in office.mails() if "Everyone we told" in str(m["Subject"])]
    assert words in office.text(second)


def test_many_callbacks_at_once_are_one_confirmation(office: Office) -> None:
    request = deleted(office)
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda _: callback(office).state, range(8)))
    assert set(said) == {NoticeState.CONFIRMED}
    events = [e for e in office.svc.store.events(request.reference) if e.what == "confirmed_by_recipient"]
    assert [(e.by, e.note) for e in events] == [("recipient:paylark:done", "paylark")]


def test_what_was_said_in_the_end_stands(office: Office) -> None:
    """A replay of an older word, or a later other one, changes nothing."""
    request = deleted(office)
    assert callback(office, "pending").state is NoticeState.TOLD
    callback(office)
    for later in ("pending", "kept", "failed"):
        assert callback(office, later).state is NoticeState.CONFIRMED
    assert of(office, request).state is NoticeState.CONFIRMED


def test_a_callback_needs_its_address_and_its_signature(office: Office) -> None:
    request = deleted(office)
    body = json.dumps({"id": told(office).id, "status": "done"}).encode()
    token = told(office).callback_url.rpartition("/")[2]
    with pytest.raises(CallbackRefused):
        recipients.callback(office.svc, token, {}, body)
    with pytest.raises(CallbackRefused):
        callback(office, "done", id="another")
    with pytest.raises(LinkError):
        recipients.callback(office.svc, office.link("task"), {}, body)
    assert of(office, request).state is NoticeState.TOLD


def test_a_recipient_that_does_not_answer_stops_no_other_and_is_tried_again(office: Office) -> None:
    office.svc.peers.faults[PAYLARK] = PeerUnavailable("it did not answer in time")  # type: ignore[attr-defined]
    request = deleted(office)
    assert request.status is Status.FULFILLED
    assert states(office, request)["paylark"] is NoticeState.PENDING
    assert "could not be reached yet" in office.text(office.mails(office.customers[0]["email"])[0])
    assert subjects(office, "Please act"), "the others were told"
    del office.svc.peers.faults[PAYLARK]  # type: ignore[attr-defined]
    day(office, 2, request)
    assert of(office, request).state is NoticeState.TOLD
    assert of(office, request).why is None


def test_a_recipient_that_answers_with_an_error_page_is_given_to_staff_with_the_cause(office: Office) -> None:
    fault = PeerMisread("it answered 200 with a web page that is not JSON")
    office.svc.peers.faults[PAYLARK] = fault  # type: ignore[attr-defined]
    request = deleted(office)
    assert of(office, request).state is NoticeState.FAILED
    mails = [m for m in office.mails() if "Paylark Payments has not confirmed" in str(m["Subject"])]
    assert len(mails) == len(office.svc.business.deciders(Right.DELETION))
    text = office.text(mails[0])
    assert "it answered 200 with a web page that is not JSON" in text
    assert office.customers[0]["email"] not in text
    recipients.confirm(office.svc, text.partition("/task/")[2].split()[0], "done")
    event = [e for e in office.svc.store.events(request.reference) if e.what == "confirmed_by_recipient"][-1]
    staff = office.svc.business.deciders(Right.DELETION)
    assert event.by in {f"recipient:paylark:{member.id}:done" for member in staff}


def test_the_silent_are_asked_again_twice_and_then_given_to_staff(office: Office) -> None:
    request = deleted(office)
    asked = len(office.mails("swiftcrate-data"))
    assert asked == 1
    day(office, 6, request)
    assert len(office.mails("swiftcrate-data")) == 1
    day(office, 20, request)
    assert len(office.mails("swiftcrate-data")) == 2
    assert not subjects(office, "Swiftcrate Parcel has not confirmed")
    day(office, 60, request)
    assert len(office.mails("swiftcrate-data")) == 3
    staff = office.svc.business.deciders(Right.DELETION)
    assert len(subjects(office, "Swiftcrate Parcel has not confirmed")) == len(staff)
    day(office, 100, request)
    assert not list(office.svc.store.notices_due(office.clock.now() + 400 * DAY)), "nobody is chased for ever"
    assert of(office, request, "swiftcrate").state is NoticeState.TOLD
    recipients.confirm(office.svc, office.link("task", "swiftcrate-data"), "done")
    assert of(office, request, "swiftcrate").state is NoticeState.CONFIRMED


def test_who_calls_nobody_back_is_asked_each_day(office: Office) -> None:
    request = deleted(office)
    office.svc.peers.says[told(office).id] = DONE  # type: ignore[attr-defined]
    day(office, 2, request)
    assert of(office, request).state is NoticeState.CONFIRMED
    assert len(office.svc.peers.told) == 1, "asked, not told again"  # type: ignore[attr-defined]


def test_a_sweep_that_runs_twice_asks_once(office: Office) -> None:
    request = deleted(office)
    day(office, 7, request)
    sent = len(office.mailer.sent)
    for _ in range(3):
        chasing.chase(office.svc)
    assert len(office.mailer.sent) == sent
    assert sent > 0


def test_a_withdrawn_or_frozen_request_is_not_chased(office: Office) -> None:
    request = deleted(office)
    following.not_me(office.svc, office.link("track"))
    frozen = office.now(request).model_copy(update={"status": Status.FROZEN, "version": office.now(request).version})
    office.svc.store._requests[request.reference] = frozen  # type: ignore[attr-defined]
    sent = len(office.mailer.sent)
    office.clock.forward(30 * DAY)
    chasing.chase(office.svc)
    assert len(office.mailer.sent) == sent


def test_a_mail_that_is_refused_is_given_to_staff_and_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = carried_out(office)
    send = office.mailer.send

    def refusing(**mail: Any) -> str:
        if mail["to"] == "swiftcrate-data@example.com":
            raise MailRejected
        return send(**mail)

    monkeypatch.setattr(office.mailer, "send", refusing)
    recipients.tell(office.svc, request.reference)
    assert states(office, request)["swiftcrate"] is NoticeState.FAILED
    assert states(office, request)["printhouse"] is NoticeState.TOLD
    assert subjects(office, "Swiftcrate Parcel has not confirmed")


def test_a_correction_tells_field_and_new_value_and_is_heard_too(office: Office) -> None:
    path = next(p for p in office.svc.business.datamap.correctable() if "city" in p or "town" in p)
    request = carried_out(office, "correction", corrections=[{"field": path, "value": "Newtown"}])
    recipients.tell(office.svc, request.reference)
    answering.send_answer(office.svc, request.reference)
    ((category, label, value),) = told(office).corrections
    assert (label, value) == (office.svc.business.datamap.field(path).label, "Newtown")
    assert category.startswith("user")
    assert "Paylark Payments: told, not confirmed yet" in office.text(office.mails(office.customers[0]["email"])[0])


def test_nobody_is_told_to_erase_nobody(office: Office) -> None:
    """Rule 4: where nothing that was proven names the person, no system is called; staff see to it."""
    request = carried_out(office)
    personal = office.svc.open(request).model_copy(update={"proven_email": None})
    unnamed = request.model_copy(update={"sealed": office.svc.seal(request.reference, personal)})
    office.svc.store._requests[request.reference] = unnamed  # type: ignore[attr-defined]
    recipients.tell(office.svc, request.reference)
    assert not office.svc.peers.told  # type: ignore[attr-defined]
    assert states(office, request)["paylark"] is NoticeState.FAILED
    assert subjects(office, "Paylark Payments has not confirmed")


def test_nothing_personal_is_in_a_notice(office: Office) -> None:
    request = deleted(office)
    stored = "".join(n.model_dump_json() for n in office.svc.store.notices(request.reference))
    assert office.customers[0]["email"] not in stored
    assert office.customers[0]["name"] not in stored
