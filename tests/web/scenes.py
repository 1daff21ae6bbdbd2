"""Every page in every state worth looking at: name of the scene to template and context."""

# ruff: noqa: E501 (tables, read by column)

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from chalicelib.domain.answer import Said, Step
from chalicelib.domain.datamap import SourceMap
from chalicelib.domain.decision import Decision, Verdict
from chalicelib.domain.ledger import Entry, EntryKind, EntryState, Happened, Line
from chalicelib.domain.notice import NoticeState
from chalicelib.domain.plan import Doing
from chalicelib.domain.request import FieldCorrection, Personal, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.domain.tally import Counted, Tally, shown, sums
from chalicelib.domain.verification import Noted, Proof
from chalicelib.mail.inbound import Letter
from chalicelib.ports import KeptMail
from chalicelib.usecases import by_hand, inbox
from chalicelib.web import places, plots
from chalicelib.web.stages import stages
from tests.web import duty_scenes, samples

TOKEN = "t" * 43
TYPED = {"email": ["kim@example"], "details": ["Bella & <Max>"], "field": ["shop.customers.street"], "value": [""]}
FAULTS = {"email": "Give a full email address, like name@example.com.", "value": "Say what it should be."}


def hearing(state: str) -> dict[str, Any]:
    return {"state": state, "scopes": ["email", "kind:offers"], "token": TOKEN, "typed": {}, "faults": {}}


def ledger() -> list[Entry]:
    """Each state that staff may find an entry in."""
    entry = Entry(
        reference="R-7K2M-Q4TX", source="shop", kind=EntryKind.GONE, digest="d" * 64, at=samples.NOW, records=3
    )
    came = entry.model_copy(update={
        "state": EntryState.RETURNED, "plan": "p" * 64, "found": [Line(collection="customers", doing=Doing.DELETE, count=1)],
        "history": [Happened(at=samples.NOW, what="looked"), Happened(at=samples.NOW, what="came_back", records=1)],
    })  # fmt: skip
    waits = entry.model_copy(
        update={"state": EntryState.WAITING, "kind": EntryKind.KEPT, "due": samples.NOW, "records": 1}
    )
    over = entry.model_copy(update={"state": EntryState.OVER, "source": "no longer mapped"})
    return [came, came.model_copy(update={"kind": EntryKind.KEPT}), waits, over,
            entry.model_copy(update={"state": EntryState.ERASING})]  # fmt: skip


def form(right: Right, *, staff: bool = False, faults: bool = False) -> dict[str, Any]:
    business = samples.business()
    return {
        "right": right, "terms": business.rights[right], "typed": TYPED if faults else {"form_id": ["once"]},
        "faults": FAULTS if faults else {}, "places": places.PLACES, "action": "/requests", "staff": staff,
        "correctable": business.correctable_by_title(), "rights": list(Right),
    }  # fmt: skip


def tracker(status: Status, can: set[str], right: Right = Right.DELETION, **changes: Any) -> dict[str, Any]:
    request = samples.request(right, status, **changes)
    kept = [("Orders", samples.TAX, 3)] if status is Status.FULFILLED else []
    left = ["Orders"] if request.reason == "partly_refused" else []
    told = [("Parcel Co", NoticeState.CONFIRMED), ("Card Co", NoticeState.TOLD)] if kept else []
    view = SimpleNamespace(
        request=request, history=samples.HISTORY, can=frozenset(can), kept=kept, left=left, told=told
    )  # fmt: skip
    return {
        "view": view,
        "request": request,
        "token": TOKEN,
        "stages": stages(request),
        "action": "",
        "typed": {},
        "faults": {},
    }


def verify(state: str = "open", right: Right = Right.ACCESS, **changes: Any) -> dict[str, Any]:
    known = samples.business().datamap.questions()
    view = SimpleNamespace(**{
        "reference": "R-7K2M-Q4TX", "right": right, "state": state, "questions": [(p, q.ask) for p, q in known.items()],
        "declaration": True, "tries_left": 4, "again": False, "awaits_consent": False, "because": "11 CCR 7062(c)",
        **changes,
    })  # fmt: skip
    return {"view": view, "token": TOKEN, "typed": {}, "faults": {}}


def completing(*missing: str, right: Right = Right.ACCESS, faults: dict[str, str] | None = None) -> dict[str, Any]:
    view = SimpleNamespace(reference="R-7K2M-Q4TX", right=right, missing=missing, required=missing[0] != "residence")
    known = {"places": places.PLACES, "correctable": samples.business().correctable_by_title()}
    return {"view": view, "token": TOKEN, "typed": {}, "faults": faults or {}, **known}


def mail_inbox(**opened: Any) -> dict[str, Any]:
    kept = [
        KeptMail(id=f"2026-11-20-{n}", mail=f"ses{n}", at=samples.NOW, why=why, opened=(("dana", samples.NOW),) * n)
        for n, why in enumerate(("unread", "forged", "reply"))
    ]
    letter = Letter(**{"senders": ("kim@example.com",), "files": 2, "cut": True, **opened})
    shown_ = inbox.Opened(kept[0], letter, "Sad <pony>", "My pony\nis <b>sad</b>.") if opened else None
    return {"member": samples.business().staff[0], "mails": kept, "opened": shown_}


def review(card: SimpleNamespace, revealed: Any = None, typed: Any = None, faults: Any = None) -> dict[str, Any]:
    request: Request = card.request
    return {
        "card": card, "request": request, "revealed": revealed, "token": TOKEN,
        "typed": typed or {}, "faults": faults or {}, "problem": None,
    }  # fmt: skip


ASKER = Personal(
    email="harper@example.com", name="Harper <Agent>", subject_name="Kim Park",
    corrections=[FieldCorrection(field="shop.customers.street", value="9 Oak Avenue")],
)  # fmt: skip


def letter(**changes: Any) -> dict[str, Any]:
    said = SimpleNamespace(**{
        "address": ("Kim Park", "5 Elm Street", "Fresno, CA, 93650"), "on_file": True, "differs": False,
        "subject": "What we hold about you (R-7K2M-Q4TX)", "text": "You asked us.\n\n- Orders: 3\n- Reviews: 1",
        "enclosed": True, **changes,
    })  # fmt: skip
    return {"letter": said, "request": samples.request(Right.ACCESS, Status.FULFILLED, by_post=True), "token": TOKEN}


CARRIER = SimpleNamespace(name="Parcel Co", purpose="bringing parcels")


def task(personal: Any) -> dict[str, Any]:
    view = SimpleNamespace(recipient=CARRIER, confirmed=False)
    return {"view": view, "request": samples.request(), "personal": personal, "token": TOKEN}


PLACE = SourceMap.model_validate({
    "kind": "by_hand", "title": "Letters", "by_hand": {"instructions": "The grey cabinet.", "role": "support"},
    "collections": {"papers": {"title": "Letters", "fields": {
        "letters": {"label": "What they wrote", "category": "user.content.private"},
        "files": {"label": "Copies", "category": "user.content.private"},
    }}},
})  # fmt: skip
WHOM = by_hand.Whom(
    proven=[("Email", "kim@example.com")], on_file=[("Name", "Kim <b>quick</b> Park")], said=[("Name given", "K. Park")],
    changes=[("Street", "9 Oak Avenue")], found=[("What they wrote", "Two letters")],
)  # fmt: skip


def hand(step: Step = Step.GATHER, right: Right = Right.ACCESS, **changes: Any) -> dict[str, Any]:
    """Work by hand: a page of its own."""
    context = {name: changes.pop(name) for name in ("whom", "typed", "faults") if name in changes}
    task = by_hand.Task(**{
        "request": samples.request(right, Status.GATHERING), "source": "letters", "place": PLACE, "step": step,
        "by": "staff:dana", "member": None, "due": samples.NOW, "said": None, "over": False, **changes,
    })  # fmt: skip
    filled = {"whom": None, "typed": {}, "faults": {}, **context}
    return {"task": task, "request": task.request, "token": TOKEN, **filled}


def figures(*, few: bool) -> dict[str, Any]:
    tallies = [
        Tally(
            id=str(n),
            year=2026,
            right=Right.ACCESS,
            outcome=Counted.WHOLE if n % 4 else Counted.DENIED,
            days=n,
            month=1 + n % 6,
            late=n > 24,
        )
        for n in range(0 if few else 30)
    ]
    shown_ = [shown(each) for each in sums(tallies)]
    return {
        "plots": plots.of_year(sums(tallies)),
        "year": 2026,
        "years": range(2026, 2022, -1),
        "metrics": shown_,
        "outcomes": list(Counted),
        "counted_at": samples.NOW,
    }


def scenes() -> dict[str, tuple[str, dict[str, Any]]]:
    undo = samples.NOW + timedelta(days=2)
    asked = {"sent": False, "typed": "", "faults": {}}
    waiting = [
        samples.request(r, s) for r, s in zip(Right, (Status.IN_REVIEW, Status.ASKED, Status.FROZEN), strict=False)
    ]
    queue = {"member": samples.business().staff[0], "requests": waiting, "sought": "", "total": 3}
    to_post = samples.request(
        status=Status.FULFILLED,
        by_post=True,
        to_post=True,
        entered_by="dana",
        proof=Proof(noted_by="dana", noted=Noted.CALLED_BACK),
    )
    consent_due = samples.request(
        status=Status.VERIFYING, relationship=Relationship.AGENT, proof=Proof(mailbox=True, consent_due=True)
    )
    frozen = samples.card(status=Status.FROZEN, may=frozenset({Verdict.REFUSE}), why_not="The person said this was not them. It can only be refused.")  # fmt: skip
    broken = samples.request(status=Status.NEEDS_ATTENTION, resume=Status.GATHERING, reason="SourceUnavailable")
    decided = samples.request(status=Status.FULFILLING, decision=samples.DECISION)
    forms = {f"new-{right}": ("new", form(right)) for right in Right}
    return {
        "start": ("start", {"rights": list(Right), "faults": {}}),
        "start-fault": ("start", {"rights": list(Right), "faults": {"right": "Choose what you want to ask."}}),
        **forms,
        "new-faults": ("new", form(Right.CORRECTION, faults=True)),
        "new-staff": ("new", form(Right.DELETION, staff=True)),
        "file-for": ("file_for", form(Right.ACCESS, staff=True)),
        "received": ("received", {"right": Right.DELETION, "reference": "R-7K2M-Q4TX", "also": None}),
        "received-both": ("received", {"right": Right.CALIFORNIA_DISCLOSURE, "reference": "R-7K2M-Q4TX", "also": Right.ACCESS}),
        "received-stop": ("received", {"right": Right.OPT_OUT, "reference": None, "also": None}),
        "received-bare": ("received", {"right": None, "reference": None, "also": None}),
        "links": ("links", asked),
        "links-sent": ("links", {**asked, "sent": True}),
        "links-fault": ("links", {**asked, "typed": "<x>", "faults": {"email": FAULTS["email"]}}),
        "verify": ("verify", verify()),
        "verify-again": ("verify", verify(again=True, tries_left=1, right=Right.DELETION)),
        "verify-plain": ("verify", verify(questions=[], declaration=False, right=Right.CONCERN)),
        "verified": ("verified", verify("done", Right.DELETION)),
        "verified-frozen": ("verified", verify("frozen")),
        "verified-closed": ("verified", verify("closed")),
        **{f"tracker-{s}": ("tracker", tracker(s, {"withdraw", "not-me"} if not s.is_final else set())) for s in Status},
        "tracker-undo": ("tracker", tracker(Status.COOLING_OFF, {"withdraw", "not-me", "undo"}, undo_until=undo)),
        "tracker-reply": ("tracker", tracker(Status.ASKED, {"withdraw", "not-me", "reply"}, Right.ACCESS)),
        "tracker-appeal": ("tracker", tracker(Status.REFUSED, {"appeal"})),
        "tracker-part": ("tracker", tracker(Status.PARTLY_FULFILLED, {"appeal", "not-me"}, reason="partly_refused")),
        "tracker-reopen": ("tracker", tracker(Status.LAPSED, {"reopen"}, Right.CORRECTION)),
        "verify-agent": ("verify", verify(questions=[], declaration=False, awaits_consent=True)),
        "verified-agent": ("verified", verify("done", awaits_consent=True)),
        "consent": ("consent", {**verify(), "asker": None}),
        "consent-shown": ("consent", {**verify(right=Right.CORRECTION), "asker": ASKER}),
        "consent-fault": ("consent", {**verify(), "asker": ASKER, "faults": {"signature": "Type your name under it."}}),
        **{f"consented-{s}": ("consented", verify(s)) for s in ("done", "frozen", "closed")},
        "letter": ("letter", letter()),
        "letter-other": ("letter", letter(differs=True)),
        "letter-typed": ("letter", letter(on_file=False, enclosed=False)),
        "tracker-agent": ("tracker", tracker(Status.VERIFYING, {"withdraw"}, relationship=Relationship.AGENT, proof=Proof(mailbox=True, consent_due=True))),
        "results": ("results", {"token": TOKEN, "view": SimpleNamespace(reference="R-7K2M-Q4TX", ready=True, expires_at=undo)}),
        "results-gone": ("results", {"token": TOKEN, "view": SimpleNamespace(reference="R-7K2M-Q4TX", ready=False, expires_at=None)}),
        **{f"hear_again-{state}": ("hear_again", hearing(state)) for state in ("form", "sent", "confirm", "done")},
        "hear_again-faults": ("hear_again", {**hearing("form"), "typed": TYPED, "faults": {"email": FAULTS["email"], "scope": "Choose."}}),
        "ledger": ("ledger", {"reference": "R-7K2M-Q4TX", "entries": ledger()}),
        "stop": ("stop", {"token": TOKEN, "scopes": ("email", "kind:offers"), "done": False}),
        "stopped": ("stop", {"token": TOKEN, "scopes": ("email",), "done": True}),
        "message": ("message", {"title": "This link is too old", "text": "It was a link to follow a request.", "offer": "links", "fields": {}}),
        "message-fields": ("message", {"title": "Look again", "text": "Please.", "offer": "", "fields": {"<x>": "We do not know this field."}}),
        "staff-sign-in": ("staff_sign_in", {**asked, "token": ""}),
        "staff-sign-in-sent": ("staff_sign_in", {**asked, "sent": True, "token": ""}),
        "staff-sign-in-button": ("staff_sign_in", {**asked, "token": TOKEN}),
        "task": ("task", task(None)),
        "task-revealed": ("task", task(samples.revealed().personal)),
        "task-done": ("task", {**task(None), "view": SimpleNamespace(recipient=CARRIER, confirmed=True)}),
        **{f"by-hand-{r}": ("task_by_hand", hand(right=r)) for r in (Right.ACCESS, Right.DELETION)},
        **{f"by-hand-{r}-do": ("task_by_hand", hand(Step.FULFIL, r)) for r in (Right.CORRECTION, Right.DELETION)},
        "by-hand-revealed": ("task_by_hand", hand(Step.FULFIL, Right.CORRECTION, whom=WHOM)),
        "by-hand-fault": ("task_by_hand", hand(typed={"outcome": ["kept"], "ground": [""], "found.letters": ["<because>"]}, faults={"ground": "Say why.", "files": "Too large.", "outcome": "Which is it?"})),
        "by-hand-done": ("task_by_hand", hand(said=Said.KEPT)),
        "by-hand-over": ("task_by_hand", hand(over=True)),
        "queue": ("queue", queue),
        "queue-post": ("queue", {**queue, "requests": [to_post, consent_due]}),
        "inbox": ("inbox", mail_inbox()),
        "inbox-none": ("inbox", {**mail_inbox(), "mails": []}),
        "inbox-opened": ("inbox", mail_inbox(broken=False)),
        "inbox-broken": ("inbox", mail_inbox(broken=True)),
        "complete": ("complete", completing("residence")),
        "complete-correction": ("complete", completing("correction", "residence", right=Right.CORRECTION, faults={"field": "Choose what is wrong.", "value": "Say what it should be."})),
        "complete-child": ("complete", completing("child", "residence", right=Right.DELETION)),
        **duty_scenes.scenes(),
        "review-two": ("review", review(samples.card(needs_two=600))),
        "review-second": ("review", review(samples.card(needs_two=600, approved=Decision(verdict=Verdict.APPROVE, by="ravi", at=samples.NOW)))),
        "review-mine": ("review", review(samples.card(needs_two=600, approved=Decision(verdict=Verdict.APPROVE, by="dana", at=samples.NOW)))),
        "metrics": ("metrics", figures(few=False)),
        "metrics-none": ("metrics", figures(few=True)),
        "queue-none": ("queue", {**queue, "requests": [], "sought": "R-0"}),
        **{f"review-{r}": ("review", review(samples.card(r))) for r in Right},
        "review-revealed": ("review", review(samples.card(Right.CORRECTION), samples.revealed())),
        "review-not-proven": ("review", review(samples.card(may=frozenset({Verdict.REFUSE, Verdict.ASK}), why_not="The answers given do not prove who this is. Ask back, or refuse for insufficient verification."))),
        "review-post": ("review", review(samples.card(request=to_post, may=frozenset()))),
        "review-post-appeal": ("review", review(samples.card(request=to_post, may=frozenset(), may_appeal=True))),
        "review-post-more-time": ("review", review(samples.card(request=samples.request(by_post=True, to_post=True)))),
        "review-agent": ("review", review(samples.card(request=consent_due, may=frozenset(), may_note_power=True))),
        "review-frozen": ("review", review(frozen)),
        "review-attention": ("review", review(samples.card(request=broken, may=frozenset(), attention=True))),
        "review-decided": ("review", review(samples.card(request=decided, may=frozenset()))),
        "review-part-fault": ("review", review(samples.card(), typed={"decision": ["approve"], "leave": ["shop.orders"], "explanation": ["<because>"]}, faults={"ground": "Choose the ground. The customer is told."})),
        "review-part-nothing": ("review", review(samples.card(), typed={"decision": ["approve"], "ground": ["exempt"]}, faults={"leave": "Tick what to leave out."})),
        "review-part-decided": ("review", review(samples.card(request=samples.request(status=Status.COOLING_OFF, decision=samples.PART), may=frozenset(), left=["Orders"], may_undo=True))),
        "review-asked": ("review", review(samples.card(status=Status.ASKED, may=frozenset(), may_undo=True))),
        "review-by-hand": ("review", review(samples.card(by_hand=[("Letters", "gather", Said.DONE, "Dana", samples.NOW), ("A vendor", "gather", Said.FAILED, "vendor", samples.NOW)]))),
        "review-source-again": ("review", review(samples.card(again=["Letters"]))),
        "review-held": ("review", review(samples.card(hold=samples.HOLD))),
        "review-hold-fault": ("review", review(samples.card(), typed={"hold": ["yes"]}, faults={"explanation": "Say why."})),
        "review-appeal": ("review", review(samples.card(request=samples.request(appeal_of="R-0000-0001"), first=samples.FIRST))),
        "review-appeal-part": ("review", review(samples.card(request=samples.request(appeal_of="R-0000-0001"), first=samples.FIRST_PART))),
        "review-fault": ("review", review(samples.card(), typed={"decision": ["refuse"], "explanation": ["<because>"]}, faults={"ground": "Choose the ground. The customer is told."})),
    }  # fmt: skip
