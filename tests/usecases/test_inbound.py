"""What mail to the business does: Jeffers at work in memory, SES's own event, one mail at a time."""

from __future__ import annotations

import itertools
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Channel, FieldCorrection, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed, InvalidRequest, LinkMissing, RequestNotFound
from chalicelib.usecases import completing, errands, inbound, inbox, review, staffroom, verification
from chalicelib.usecases.errands import Errand
from local.postman import ses_event
from tests.usecases.conftest import Office

US = "jeffers-privacy@example.com"
ME = "walk.in@example.com"
numbers = itertools.count(1)
FORGED = "Authentication-Results: mx.example.com; spf=fail; dkim=fail; dmarc=fail (p=REJECT)\r\n"
UNSURE = "Authentication-Results: mx.example.com; spf=pass; dkim=none; dmarc=none\r\n"


def mail(subject: str = "", text: str = "", sender: str = ME, headers: str = "", id: str = "") -> bytes:
    id = id or f"m{next(numbers)}@mail.example.com"
    return (
        f"From: {sender}\r\nTo: {US}\r\nSubject: {subject}\r\nMessage-ID: <{id}>\r\n{headers}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


def event_for(office: Office, raw: bytes) -> dict[str, Any]:
    id = f"ses{next(numbers)}"
    office.svc.inbox.mails[id] = raw  # type: ignore[attr-defined]
    return ses_event(id, raw, office.clock.now())


def deliver(office: Office, raw: bytes) -> str:
    [became] = inbound.receive(office.svc, event_for(office, raw))
    return became


def requests(office: Office, sender: str = ME) -> list[Request]:
    hashed = office.svc.hash(Identifier.of(IdentifierKind.EMAIL, sender))
    return [office.svc.store.get(reference) for reference in office.svc.store.of_subject(hashed)]


def stopped(office: Office, sender: str = ME) -> set[str]:
    hashed = office.svc.hash(Identifier.of(IdentifierKind.EMAIL, sender))
    return {entry.scope for entry in office.svc.store.suppressions(hashed)}


def kept(office: Office) -> list[str]:
    return [each.why for each in office.svc.store.kept_mails()]


def session(office: Office, member: str = "emmett") -> str:
    staff = office.svc.business.member(member)
    assert staff
    errands.leave(office.svc, Errand.SIGN_IN, staff.email)
    return staffroom.sign_in(office.svc, office.link("staff/sign-in", staff.email))


# -- requests ---------------------------------------------------------------------------------------------------------


def test_rule_3_a_mail_opens_its_request_at_once_and_the_clock_runs_from_when_ses_took_it(office: Office) -> None:
    event = event_for(office, mail("Hello", "Please send me a copy of my data. I live in California."))
    came = office.clock.now()
    office.clock.forward(timedelta(hours=30))  # our function was down
    assert inbound.receive(office.svc, event) == ["opened"]
    [request] = requests(office)
    assert (request.right, request.channel, request.status) == (Right.ACCESS, Channel.EMAIL, Status.RECEIVED)
    assert request.received_at == came.replace(microsecond=0)
    assert request.entered_at == office.clock.now()
    assert request.regime == office.file("access", residence="US-CA").regime
    assert office.workflow.started[request.execution]["start"] == "proof"


def test_rule_4_the_one_mail_back_holds_nothing_of_what_was_written(office: Office) -> None:
    deliver(office, mail("Delete my account BUY PILLS", "Delete my account. Visit http://evil.example.com NOW"))
    [request] = requests(office)
    office.ask_for_proof(request)
    [back] = office.mails(ME)
    assert "PILLS" not in str(back) + office.text(back)
    assert "evil" not in str(back) + office.text(back)
    assert f"({request.reference})" in back["Subject"]
    assert "That wasn’t me" in office.text(back)


def test_rule_6_known_and_unknown_writers_get_the_same(office: Office) -> None:
    words = []
    for sender in (office.customers[0]["email"], "nobody.knows@example.com"):
        assert deliver(office, mail("Hello", "Delete my account", sender)) == "opened"
        [request] = [r for r in requests(office, sender) if r.channel is Channel.EMAIL]
        office.ask_for_proof(request)
        text = office.text(office.mails(sender)[0])
        words.append(text.replace(request.reference, "R").split("/verify/")[0])
    assert words[0] == words[1]


def test_two_plain_questions_open_two_requests(office: Office) -> None:
    text = "Which companies did you give my information to? And send me a copy of my data."
    deliver(office, mail("California Privacy Rights", text))
    found = {r.right: r for r in requests(office)}
    assert set(found) == {Right.CALIFORNIA_DISCLOSURE, Right.ACCESS}
    assert found[Right.ACCESS].asked_with == found[Right.CALIFORNIA_DISCLOSURE].reference
    assert found[Right.CALIFORNIA_DISCLOSURE].regime == "us-ca-shine-the-light"


def test_a_spanish_mail_is_read(office: Office) -> None:
    assert deliver(office, mail("Hola", "Por favor, quiero eliminar mi cuenta.")) == "opened"
    assert [r.right for r in requests(office)] == [Right.DELETION]


def test_quoted_words_ask_nothing(office: Office) -> None:
    text = "Thank you, lovely saddle.\r\n\r\nOn Mon, 2 Nov 2026, Jeffers wrote:\r\n> Delete my account? Reply REMOVE."
    assert deliver(office, mail("Re: News", text)) == "unread"
    assert requests(office) == []


# -- what a mail cannot say -------------------------------------------------------------------------------------------


def test_a_correction_by_mail_is_completed_on_the_page_and_keeps_its_clock(office: Office) -> None:
    who = office.customers[0]
    deliver(office, mail("My address", "I have moved. My address has changed.", who["email"]))
    [request] = requests(office, who["email"])
    token = office.ask_for_proof(request)
    assert set(verification.verify_page(office.svc, token).missing) == {"correction", "residence"}
    with pytest.raises(InvalidRequest):
        verification.verify(office.svc, token, answers=who["answers"])
    with pytest.raises(InvalidRequest):
        completing.complete(office.svc, token, residence="US-CA")
    office.clock.forward(timedelta(days=2))
    fixed = [FieldCorrection(field="shop.accounts.city", value="New Stall")]
    done = completing.complete(office.svc, token, residence="US-CA", corrections=fixed)
    assert (done.regime, done.received_at, done.incomplete) == ("us-ca-ccpa", request.received_at, False)
    assert verification.verify_page(office.svc, token).missing == ()
    again = [FieldCorrection(field="shop.accounts.city", value="Elsewhere")]
    assert completing.complete(office.svc, token, corrections=again).version == done.version
    proven = verification.verify(office.svc, token, answers=who["answers"], declared=True, signature="Signed")
    assert proven.status is Status.GATHERING
    assert office.svc.open(proven).corrections == fixed


def test_rule_19_completing_never_lowers_the_proof(office: Office) -> None:
    deliver(office, mail("Hi", "Send me a copy of my data"))
    [request] = requests(office)
    token = office.ask_for_proof(request)
    done = completing.complete(office.svc, token, residence="US-CA")
    assert done.proof.required >= request.proof.required
    assert done.proof.declaration_required


def test_a_parent_names_the_child_on_the_page(office: Office) -> None:
    deliver(office, mail("Privacy Information Request", "What do you have about my 8-year-old daughter?"))
    [request] = requests(office)
    assert request.relationship is Relationship.PARENT
    token = office.ask_for_proof(request)
    assert "child" in verification.verify_page(office.svc, token).missing
    done = completing.complete(office.svc, token, subject_name="Wren")
    assert office.svc.open(done).subject_name == "Wren"


def test_the_subject_alone_makes_no_parent(office: Office) -> None:
    deliver(office, mail("Privacy Information Request", "What do you have about me?"))
    assert [r.relationship for r in requests(office)] == [Relationship.SELF]


def test_files_are_not_opened_and_that_is_said(office: Office) -> None:
    raw = (
        f"From: {ME}\r\nSubject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nDelete my account\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=x.txt\r\n\r\nsend me my data\r\n"
        "--b--\r\n"
    )
    deliver(office, raw.encode())
    [request] = requests(office)
    assert (request.right, request.files) == (Right.DELETION, 1)
    office.ask_for_proof(request)
    assert "were not opened" in office.text(office.mails(ME)[0])


# -- opt-outs ---------------------------------------------------------------------------------------------------------


def test_rule_5_remove_stops_at_once_and_is_confirmed_once(office: Office) -> None:
    assert deliver(office, mail("Re: Our sale REMOVE")) == "stopped"
    assert stopped(office) == {"email"}
    [request] = requests(office)
    office.carry_out(request)
    assert len(office.mails(ME)) == 1
    deliver(office, mail("REMOVE"))
    for each in requests(office):
        if each.status is Status.RECEIVED:
            office.carry_out(each)
    assert len(office.mails(ME)) == 1


def test_never_contact_me_stops_every_way_there_is(office: Office) -> None:
    deliver(office, mail("Hi", "Do not contact me again."))
    assert stopped(office) == {"email", "post", "phone"}


@pytest.mark.parametrize("headers", [FORGED, "X-SES-Spam-Verdict: FAIL\r\n", "Precedence: bulk\r\n"])
def test_an_opt_out_acts_even_where_nobody_may_be_answered(office: Office, headers: str) -> None:
    deliver(office, mail("REMOVE", headers=headers))
    assert stopped(office) == {"email"}
    for each in requests(office):
        office.carry_out(each)
    assert office.mails(ME) == []


# -- mails that are never answered ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ("Auto-Submitted: auto-replied\r\n", "automatic"),
        ("Auto-Submitted: auto-generated\r\n", "automatic"),
        ("X-Autoreply: yes\r\n", "automatic"),
        ("Precedence: auto_reply\r\n", "automatic"),
        ("Return-Path: <>\r\n", "automatic"),
        ("Precedence: bulk\r\n", "bulk"),
        ("List-Id: <news.example.com>\r\n", "bulk"),
        ("Cc: " + ", ".join(f"a{n}@example.com" for n in range(1000)) + "\r\n", "bulk"),
        ("X-SES-Spam-Verdict: FAIL\r\n", "spam"),
        ("X-SES-Virus-Verdict: FAIL\r\n", "virus"),
        (FORGED, "forged"),
        ("Authentication-Results: x; spf=fail; dkim=none; dmarc=none\r\n", "forged"),
    ],
)
def test_no_request_and_no_mail_but_it_is_listed(office: Office, headers: str, why: str) -> None:
    assert deliver(office, mail("Hello", "Delete my account", headers=headers)) == why
    assert requests(office) == []
    assert kept(office) == [why]
    told = [m["To"] for m in office.mails()]
    assert told == (["emmett.souster@example.com", "ruth.calderwood@example.com"] if why == "forged" else [])


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        (US, "ours"),
        ("jeffers-privacy+loop@example.com", "ours"),
        ("Ruth <RUTH.calderwood@example.com>", "ours"),
        ("mailer-daemon@example.org", "automatic"),
        ("no-reply@example.org", "automatic"),
        ("a@example.com, b@example.com", "sender"),
        ("", "sender"),
        ("not an address", "sender"),
    ],
)
def test_by_sender(office: Office, sender: str, why: str) -> None:
    raw = mail("Delete my account", "Delete my account", sender, headers="Return-Path: <x@example.com>\r\n")
    assert deliver(office, raw) == why
    assert kept(office) == [why]
    assert not [m for m in office.mails() if "staff" not in m["Subject"] and "waits for a person" not in m["Subject"]]


def test_what_is_unclear_reaches_staff_and_nothing_of_it_is_mailed(office: Office) -> None:
    assert deliver(office, mail("Sad pony", "My pony is sad. Please help.")) == "unread"
    notes = office.mails()
    assert len(notes) == 2
    assert all("pony" not in str(n) + office.text(n) and ME not in str(n) for n in notes)
    [listed] = office.svc.store.kept_mails()
    opened = inbox.open_mail(office.svc, session(office), listed.id)
    assert (opened.subject, opened.text, opened.letter.senders) == ("Sad pony", "My pony is sad. Please help.", (ME,))
    [(by, at)] = office.svc.store.kept_mails()[0].opened
    assert (by, at) == ("emmett", office.clock.now())


def test_a_flood_is_not_passed_on_to_staff(office: Office) -> None:
    for n in range(30):
        deliver(office, mail(f"Pony {n}", "sad"))
    assert len(office.mails("emmett")) == 10
    assert len(kept(office)) == 30


def test_only_who_answers_people_may_read_and_done_deletes_it(office: Office) -> None:
    deliver(office, mail("Sad pony", "card 4111 1111 1111 1111"))
    [listed] = office.svc.store.kept_mails()
    with pytest.raises(DecisionNotAllowed):
        inbox.open_mail(office.svc, session(office, "dora"), listed.id)
    with pytest.raises(LinkMissing):
        inbox.waiting(office.svc, "nobody")
    emmett = session(office)
    assert "4111 1111" not in inbox.open_mail(office.svc, emmett, listed.id).text
    for _ in range(2):
        inbox.done(office.svc, emmett, listed.id)
    assert (kept(office), office.svc.inbox.read(listed.mail)) == ([], None)
    with pytest.raises(RequestNotFound):
        inbox.open_mail(office.svc, emmett, listed.id)


# -- nobody is bombed, nothing is done twice --------------------------------------------------------------------------


@pytest.mark.parametrize(("headers", "most"), [("", 3), (UNSURE, 1)])
def test_rule_17_so_many_requests_a_day_and_the_rest_reaches_staff(office: Office, headers: str, most: int) -> None:
    def one(n: int) -> str:
        return deliver(office, mail("Hello", f"Delete my account {n}", headers=headers))

    with ThreadPoolExecutor(8) as pool:
        became = list(pool.map(one, range(20)))
    assert became.count("opened") == most
    assert len(requests(office)) == most
    assert len([why for why in kept(office) if why == "too_many"]) == 20 - most
    assert deliver(office, mail("x", "Delete my account", "walk.in+tag@example.com", headers)) == "too_many"


def test_rule_18_the_same_mail_twice_is_one(office: Office) -> None:
    raw = mail("Delete my account and REMOVE", "Delete my account")
    event = event_for(office, raw)
    for each in (event, event, event_for(office, raw)):  # Lambda runs it again; SES delivers it again
        inbound.receive(office.svc, each)
    assert sorted(r.right for r in requests(office)) == [Right.DELETION, Right.OPT_OUT]
    unclear = event_for(office, mail("Sad pony", "sad"))
    for _ in range(3):
        inbound.receive(office.svc, unclear)
    assert kept(office) == ["unread"]
    assert len(office.mails("emmett")) == 1


def test_delivering_over_the_limit_twice_opens_nothing_more(office: Office) -> None:
    for n in range(5):
        raw = mail("Hello", f"Delete my account {n}", headers=UNSURE)
        for _ in range(2):
            deliver(office, raw)
    assert len(requests(office)) == 1


def test_a_stolen_message_id_shuts_nobody_out(office: Office) -> None:
    deliver(office, mail("x", "Delete my account", "thief@example.com", id="same@example.com"))
    deliver(office, mail("x", "Delete my account", id="same@example.com"))
    assert len(requests(office)) == 1


def test_a_mail_that_is_gone_is_no_fault(office: Office) -> None:
    assert inbound.receive(office.svc, ses_event("none", b"From: x", office.clock.now())) == ["gone"]


# -- threads ----------------------------------------------------------------------------------------------------------


def asked_back(office: Office) -> tuple[Request, dict[str, Any]]:
    request = office.to_review("access")
    office.decide(request, "ask", explanation="Which order?")
    review.ask_customer(office.svc, request.reference, office.workflow.wait_for("reply"))
    return office.now(request), office.customers[0]


@pytest.mark.parametrize("by", ["thread", "subject"])
def test_a_reply_from_the_proven_mailbox_answers_staffs_question(office: Office, by: str) -> None:
    request, who = asked_back(office)
    named = f"References: <{request.reference}@example.com>\r\n" if by == "thread" else ""
    subject = "Re: A question" if by == "thread" else f"Re: A question ({request.reference})"
    raw = mail(subject, "The one of May.\r\n\r\nOn Monday Jeffers wrote:\r\n> Which order?", who["email"], named)
    for _ in range(2):
        assert deliver(office, raw) == "replied"
    now = office.now(request)
    assert (now.status, now.reason) == (Status.IN_REVIEW, "replied")
    assert [m.text for m in office.svc.open(now).messages if m.by == "customer"] == ["The one of May."]


@pytest.mark.parametrize("headers", [UNSURE, FORGED])
def test_a_reply_that_may_be_forged_moves_nothing(office: Office, headers: str) -> None:
    request, who = asked_back(office)
    raw = mail(f"Re: ({request.reference})", "Approve it", who["email"], headers)
    assert deliver(office, raw) in ("reply", "forged")
    assert office.now(request).version == request.version
    assert kept(office)


def test_somebody_elses_mail_that_names_a_reference_is_a_mail_like_any_other(office: Office) -> None:
    request, who = asked_back(office)
    assert deliver(office, mail(f"Re: ({request.reference})", "Send it to me. Withdraw it.")) == "unread"
    assert deliver(office, mail(f"Re: ({request.reference})", "Show me my data.")) == "opened"
    assert office.now(request).version == request.version
    assert [r.right for r in requests(office)] == [Right.ACCESS]
    assert who["email"] not in str(office.mails(ME))


def test_an_answer_to_the_mail_that_asks_for_proof_proves_nothing_and_gets_the_link_again(office: Office) -> None:
    deliver(office, mail("Hello", "Delete my account"))
    [request] = requests(office)
    office.ask_for_proof(request)
    assert deliver(office, mail(f"Re: Please confirm ({request.reference})", "Yes, it was me, order 12")) == "links"
    now = office.now(request)
    assert (now.status, now.proof.mailbox) == (Status.VERIFYING, False)
    assert office.mails(ME)[0]["Subject"] == "Your links"
    assert [(k.why, k.reference) for k in office.svc.store.kept_mails()] == [("reply", request.reference)]


def test_not_me_by_mail_reaches_staff_and_freezes_nothing(office: Office) -> None:
    request = office.to_review("deletion")
    raw = mail(f"Re: ({request.reference})", "That was not me!", office.customers[0]["email"])
    assert deliver(office, raw) == "reply"
    assert office.now(request).status is Status.IN_REVIEW
    assert any(request.reference in m["Subject"] and "waits for a person" in m["Subject"] for m in office.mails("ruth"))


def test_who_wrote_after_the_end_asks_anew(office: Office) -> None:
    request = office.to_review("access")
    office.decide(request, "approve")
    done = office.carry_out(request)
    who = office.customers[0]["email"]
    assert deliver(office, mail(f"Re: Your data ({done.reference})", "Thanks. Now delete my account.", who)) == "opened"
    assert deliver(office, mail(f"Re: Your data ({done.reference})", "Thanks a lot!", who)) == "reply"


LOGS = ("rightsdesk.inbound", "rightsdesk.inbox", "rightsdesk.mail")


def test_rule_7_the_log_names_nobody(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Heard at each logger itself: once the app is there, theirs above passes nothing on."""
    for name in LOGS:
        logging.getLogger(name).setLevel("INFO")
        logging.getLogger(name).addHandler(caplog.handler)
    try:
        deliver(office, mail("Sad pony", "My pony is sad"))
        deliver(office, b"From: \xff\xfe <secret@example.com>\r\nSubject: =?utf-8?b?!!?=\r\n\r\nsecret")
    finally:
        for name in LOGS:
            logging.getLogger(name).removeHandler(caplog.handler)
            logging.getLogger(name).setLevel("NOTSET")
    said = [caplog.handler.format(record) for record in caplog.records]
    assert any("unread" in line for line in said)
    assert not [line for line in said if "pony" in line or "example.com" in line or "secret" in line]


def test_a_flood_of_junk_hides_no_persons_mail(office: Office) -> None:
    """A spammer sends what SES marks, or what is automatic: thousands would push a real letter off the list."""
    deliver(office, mail("A question", "How is my pony?"))
    office.clock.forward(timedelta(days=1))
    for _ in range(inbox.LISTED + 50):
        deliver(office, mail("Out of office", "Away", headers="Auto-Submitted: auto-replied\r\n"))
    listed = inbox.waiting(office.svc, session(office))[1]
    assert len(listed) == inbox.LISTED
    assert listed[0].why == inbox.Why.UNREAD
