"""A context for every mail, in each of its shapes: by `<mail>` or `<mail>-<shape>`."""

# ruff: noqa: E501 (tables, read by column)

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from chalicelib.businesses.model import Change, Disclosed, Recipient
from chalicelib.domain.decision import Ground
from chalicelib.domain.feedback import Trouble
from chalicelib.domain.ledger import Entry, EntryKind
from chalicelib.domain.notice import NoticeState
from chalicelib.domain.plan import Doing
from chalicelib.domain.request import Relationship, Right
from chalicelib.domain.status import Status
from chalicelib.usecases.digest import Digest
from tests.web import samples

BASE = "https://privacy.example.com"
TOKENS = {
    "verify": "v" * 43,
    "track": "t" * 43,
    "results": "r" * 43,
    "review": "w" * 43,
    "task": "k" * 43,
    "consent": "c" * 43,
}
MEMBER = samples.business().staff[0]
TYPED = "Which street is wrong?\nThe old <or> the new one?"
PAPER = Recipient(
    name="Paper & Post", address=("2 Print Lane", "Reno, NV 89501"), role="third_party", purpose="catalogues"
)
GIVEN = Disclosed(recipient="paper", categories=("name_and_address", "email_address"), examples="pet magazines")
APPEAL = SimpleNamespace(
    words="You can appeal from the page of your request.", complaint="You can complain to the authority."
)
TOLD = {
    "recipients": [("Parcel Co", NoticeState.CONFIRMED), ("Card Co", NoticeState.TOLD)],
    "failed": [],
    "silent": False,
}


def links(*purposes: str) -> dict[str, str]:
    return {purpose: f"{BASE}/{purpose}/{TOKENS[purpose]}" for purpose in purposes}


def _customer(right: Right, *purposes: str, status: Status = Status.IN_REVIEW, **more: Any) -> dict[str, Any]:
    request = more.pop("request", None) or samples.request(right, status)
    return {"request": request, "right": right, "links": links(*purposes, "track"), **more}


def _staff(**more: Any) -> dict[str, Any]:
    request = more.pop("request", None) or samples.request()
    return {"request": request, "right": request.right, "links": links("review"), "member": MEMBER, **more}


def _verify(**more: Any) -> dict[str, Any]:
    usual = {"again": False, "reminder": False, "tries_left": 5, "questions": True}
    return _customer(Right.ACCESS, "verify", **{**usual, **more})


def _review(**more: Any) -> dict[str, Any]:
    return _staff(**{"reminder": 0, "due_at": samples.NOW + timedelta(days=9), "days_left": 9, **more})


def _ledger(kind: EntryKind = EntryKind.GONE, why: str | None = None) -> dict[str, Any]:
    entry = Entry(reference="R-7K2M-Q4TX", source="shop", kind=kind, digest="d", at=samples.NOW)
    return {"entry": entry, "why": why, "member": MEMBER, "links": {"ledger": f"{BASE}/staff/ledger/R-7K2M-Q4TX"}}


ACCESS = {"nothing_held": False, "categories_only": False, "failed": [], "lines": [("Orders", 12), ("Reviews", 2)]}
DELETED = {
    "deleted": [("Orders", 9)],
    "blanked": [("Your account", 1)],
    "kept": [("Orders", "Tax records", "Pub. 116", date(2030, 6, 1), 3), ("Fraud notes", "Fraud", None, None, 1)],
}
NOTHING = {
    "deleted": [],
    "blanked": [],
    "kept": [],
    "recipients": [],
    "failed": [],
    "silent": False,
    "nothing_held": True,
}
CHANGED = {
    "fields": ["Street", "Postcode"],
    "where": ["Customer record"],
    "unchanged": [],
    "nothing_held": False,
    **TOLD,
}
EXEMPTION = SimpleNamespace(says="A law makes us keep it.", cite="Civ. Code 1798.105(d)(8)", evidence="text")
WHY = {"ground": Ground.EXEMPT, "says": "We must keep it.", "what_would_change": "Time.", "explanation": TYPED, "exemption": EXEMPTION, "notes": ["You may ask us to delete it."], "appeal": APPEAL}  # fmt: skip
REFUSED = {"why": SimpleNamespace(**WHY), "done": [("Customer record", Doing.DELETE, 1)]}
BARE = {"why": SimpleNamespace(**{**WHY, "explanation": None, "exemption": None, "notes": []}), "done": []}
LEFT = {"left": SimpleNamespace(lines=[("Orders", 9), ("Reviews", 2)], why=REFUSED["why"]), "regulator": ""}
WHOLE = {"left": None, "regulator": ""}
COLORADO = {"left": None, "regulator": "If you are not content, you can complain to the Attorney General."}
STOPPED = {"stopped": ["Offers by email"], "pet": False, "failed": [], "outside": samples.business().outside_opt_outs, "still_coming": [samples.business().kinds["orders"]]}  # fmt: skip
YEAR = {"year": 2025, "note": "Only with your consent.", "again": False}
appeal = samples.request(appeal_of="R-0000-0001")


def _task(step: str, reminder: int) -> dict[str, Any]:
    place = SimpleNamespace(title="Letters", by_hand=SimpleNamespace(instructions="The grey cabinet."))
    asked = {
        "place": place,
        "step": step,
        "reminder": reminder,
        "due": samples.NOW,
        "keeper": "Dana" if reminder else "",
    }
    return {"request": samples.request(), "right": Right.ACCESS if step == "gather" else Right.DELETION, "links": links("task"), **asked}  # fmt: skip


CHANGE = Change(
    version="2027-01", summary="We would like to suggest feed.", new_use="Suggesting feed by what you bought"
)
DECLINE = f"{BASE}/stop/{'s' * 43}"


def _change(stop: str | None) -> dict[str, Any]:
    links = {"decline": DECLINE, **({"stop": stop} if stop else {})}
    return {"change": CHANGE, "takes_effect": date(2027, 1, 15), "links": links}


def _duties(*occasions: str, again: bool = False) -> dict[str, Any]:
    link = {"duties": f"{BASE}/duties/{'d' * 43}"}
    return {"member": MEMBER, "occasions": list(occasions), "again": again, "links": link}


def _digest(waiting: int, *, to_post: int = 0, unacknowledged: int = 0) -> dict[str, Any]:
    requests = [samples.request() for _ in range(waiting)]
    told = Digest(MEMBER, requests, [samples.request() for _ in range(to_post)], 2, unacknowledged)
    links = {"queue": f"{BASE}/staff"}
    return {"member": MEMBER, "digest": told, "named": requests[:20], "now": samples.NOW, "late": 1, "links": links}


MAILS: dict[str, dict[str, Any]] = {
    "policy_change": _change(f"{BASE}/stop/{'n' * 43}"),
    "policy_change-unstoppable": _change(None),
    "staff_second": _staff(first=MEMBER, due_at=samples.NOW + timedelta(days=9), days_left=9),
    "staff_duties": _duties("2026-Q4", "policy-2027-01"),
    "staff_duties-again": _duties("2026-Q4", again=True),
    "staff_digest": _digest(3, to_post=1, unacknowledged=2),
    "staff_digest-many": _digest(30),
    "staff_digest-post": _digest(0, to_post=2),
    "staff_digest-duties": _digest(0, unacknowledged=1),
    "verify": _verify(),
    "verify-again": _verify(again=True, tries_left=1),
    "verify-reminder": _verify(reminder=True, questions=False),
    "received": _customer(Right.CORRECTION),
    "received-appeal": _customer(Right.DELETION, request=appeal),
    "lapsed": _customer(Right.DELETION),
    "asked": _customer(Right.DELETION, text=TYPED, reminder=False),
    "extended": _customer(Right.DELETION, due_at=samples.NOW + timedelta(days=80), text=TYPED),
    "answer_access": _customer(Right.ACCESS, "results", **WHOLE, **ACCESS),
    "answer_access-categories": _customer(Right.ACCESS, **WHOLE, **{**ACCESS, "categories_only": True, "failed": ["Loyalty"]}),
    "answer_access-nothing": _customer(Right.ACCESS, **WHOLE, **{**ACCESS, "nothing_held": True, "lines": []}),
    "answer_correction": _customer(Right.CORRECTION, **WHOLE, **CHANGED),
    "answer_correction-failed": _customer(Right.CORRECTION, **WHOLE, **{**CHANGED, "where": [], "failed": ["Loyalty club"]}),
    "answer_correction-kept": _customer(Right.CORRECTION, **WHOLE, **{**CHANGED, "where": [], "unchanged": [("Letters", "It is the original")]}),
    "answer_correction-nothing": _customer(Right.CORRECTION, **WHOLE, **{**CHANGED, "where": [], "nothing_held": True}),
    "answer_deletion": _customer(Right.DELETION, **WHOLE, nothing_held=False, **DELETED, **TOLD),
    "answer_deletion-failed": _customer(Right.DELETION, **WHOLE, nothing_held=False, **DELETED, **{**TOLD, "failed": ["Loyalty"]}),
    "answer_deletion-nothing": _customer(Right.DELETION, **WHOLE, **NOTHING),
    "answer_disclosure": _customer(Right.CALIFORNIA_DISCLOSURE, **WHOLE, **YEAR, disclosed=[(PAPER, GIVEN)]),
    "answer_disclosure-none": _customer(Right.CALIFORNIA_DISCLOSURE, **WHOLE, **{**YEAR, "again": True}, disclosed=[]),
    "answer_opt_out": _customer(Right.OPT_OUT, **WHOLE, **STOPPED),
    "answer_opt_out-pet": _customer(Right.OPT_OUT, **WHOLE, **{**STOPPED, "pet": True, "stopped": [], "failed": ["Web shop"]}),
    "answer_concern": _customer(Right.CONCERN, **WHOLE, text=TYPED),
    "answer_access-left": _customer(Right.ACCESS, "results", **ACCESS, **LEFT),
    "answer_correction-left": _customer(Right.CORRECTION, **{**CHANGED, "where": []}, **LEFT),
    "answer_deletion-left": _customer(Right.DELETION, nothing_held=False, **DELETED, **TOLD, **LEFT),
    "answer_deletion-appeal": _customer(Right.DELETION, nothing_held=False, **DELETED, **TOLD, **COLORADO, request=appeal),
    "answer_deletion-held": _customer(Right.DELETION, nothing_held=False, **{**DELETED, "deleted": [], "blanked": []}, **TOLD, **WHOLE),
    "decision_undone": _customer(Right.DELETION, asked=False),
    "decision_undone-asked": _customer(Right.ACCESS, asked=True),
    "refused": _customer(Right.DELETION, **REFUSED),
    "refused-bare": _customer(Right.CORRECTION, **BARE),
    "refused-appeal": _customer(Right.DELETION, **BARE, request=appeal),
    "cooling_off": _customer(Right.DELETION, undo_until=samples.NOW + timedelta(days=2)),
    "withdrawn": _customer(Right.ACCESS),
    "frozen": _customer(Right.ACCESS, status=Status.FROZEN),
    "frozen-agent": _customer(Right.ACCESS, request=samples.request(Right.ACCESS, Status.FROZEN, relationship=Relationship.AGENT, reason="no_consent")),
    "consent": _customer(Right.ACCESS, "consent", request=samples.request(Right.ACCESS, Status.VERIFYING, relationship=Relationship.AGENT), reminder=False),
    "consent-reminder": _customer(Right.DELETION, "consent", reminder=True),
    "answer_access-no_child": _customer(Right.ACCESS, request=samples.request(Right.ACCESS, relationship=Relationship.PARENT), **{**ACCESS, "nothing_held": True, "lines": []}),
    "frozen-late": _customer(Right.ACCESS, request=samples.request(status=Status.FULFILLED)),
    "links": {"found": [("R-7K2M-Q4TX", Right.ACCESS, "track", f"{BASE}/track/{'a' * 43}"), ("R-0000-0002", Right.DELETION, "verify", f"{BASE}/verify/{'b' * 43}")], "links": {}},
    "links-none": {"found": [], "links": {}},
    "staff_review": _review(),
    "staff_review-late": _review(reminder=2, days_left=-1),
    "staff_frozen": _review(request=samples.request(status=Status.FROZEN)),
    "staff_pet": _staff(),
    "staff_frozen-ended": _staff(request=samples.request(status=Status.FULFILLED)),
    "staff_attention": _staff(where=Status.GATHERING, why="SourceUnavailable"),
    "staff_attention-unknown": _staff(where=None, why=None),
    "staff_partly": _staff(again=False, failed=[("shop", "SourceUnavailable"), ("gone", None)]),
    "staff_mail": {"member": MEMBER, "why": "unread", "links": {"inbox": f"{BASE}/staff/mail"}},
    "staff_awaited": _staff(place="Letters", reminder=1, by=samples.NOW + timedelta(days=2)),
    "staff_awaited-last": _staff(place="Letters", reminder=2, by=samples.NOW + timedelta(days=2)),
    **{f"task-{step}-{n}" if n else f"task-{step}": _task(step, n) for step in ("gather", "fulfil") for n in range(3)},
    "staff_sign_in": {"member": MEMBER, "links": {"sign_in": f"{BASE}/staff/sign-in/{'s' * 43}"}},
    "staff_ledger": _ledger(),
    "staff_ledger-kept": _ledger(kind=EntryKind.KEPT),
    "staff_ledger-failed": _ledger(why="SourceUnavailable"),
    "hear_again": {"scopes": ["email", "kind:offers"], "links": {"hear_again": f"{BASE}/hear-again/{'h' * 43}"}},
    "recipients_done": _customer(Right.DELETION, recipients=[("Parcel Co", NoticeState.CONFIRMED), ("Card Co", NoticeState.KEPT)]),
    "answer_deletion-silent": _customer(Right.DELETION, **WHOLE, nothing_held=False, **DELETED, **{**TOLD, "silent": True}),
    "staff_undelivered": _staff(which="verify", trouble=Trouble.BOUNCED, why="NoEmail"),
    "staff_undelivered-answer": _staff(which="answer_access", trouble=Trouble.RETURNED, why="MailboxFull"),
    "staff_undelivered-spam": _staff(which="asked", trouble=Trouble.COMPLAINED, why="abuse"),
    "staff_undelivered-colleague": _staff(which="staff_review", trouble=Trouble.BOUNCED, why="NoEmail", colleague=MEMBER),
    "staff_recipient": {**_staff(recipient=PAPER, why="it answered with status 404"), "links": links("task")},
    "staff_recipient-silent": {**_staff(recipient=PAPER, why=None), "links": links("task")},
    "recipient_notice": {"request": samples.request(), "right": Right.DELETION, "links": links("task"), "recipient": PAPER},
}  # fmt: skip
WITHOUT_REFERENCE = frozenset({"links", "staff_sign_in", "hear_again", "policy_change", "staff_duties", "staff_digest"})
"""Mails that are not about one request."""
