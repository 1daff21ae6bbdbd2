"""An invented pet shop, and requests at every point of their road: what templates are tried with."""

# ruff: noqa: E501 (tables, read by column)

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from chalicelib.businesses.model import Business
from chalicelib.config import Settings
from chalicelib.domain.decision import Decision, Ground, Verdict
from chalicelib.domain.plan import Doing, Kept, Plan, PlannedCollection
from chalicelib.domain.request import Message, Personal, Request, Right
from chalicelib.domain.status import Status
from chalicelib.domain.verification import Proof
from chalicelib.ports import Hold
from chalicelib.services import Services
from chalicelib.usecases.appeals import First
from chalicelib.usecases.choosing import Candidate, Candidates

NOW = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
TAX = Kept(ground="Tax records must be kept", law="CDTFA Publication 116", until=date(2030, 6, 1))
WORDS = {
    "access": "You may see everything we hold about you, where it came from and whom we passed it to.",
    "correction": "Moved house, new email, a wrong name? We put it right everywhere.",
    "deletion": "We delete what we hold about you, apart from what the law makes us keep.",
    "california_disclosure": "Once a year, Californians may learn which companies got what kinds of information.",
    "opt_out": "No more offers, catalogues or calls, or no sharing. At once, and for good.",
    "concern": "Tell us if you think we handled your information badly. A person answers.",
}
STANDS = {"access": ["law", "courtesy"], "correction": ["policy"], "deletion": ["policy"]}


def business(**changes: Any) -> Business:
    return Business.model_validate({**RAW, **changes})


def _right(name: str) -> dict[str, Any]:
    strict = name in ("access", "correction", "deletion")
    return {
        "stands_on": STANDS.get(name, ["policy"]), "words": WORDS[name],
        "questions": ["order_number", "postcode"] if strict else [], "points": 2 if strict else 1,
        "declaration": name == "access", "review": "automatic" if name in ("opt_out", "california_disclosure") else "staff",
    }  # fmt: skip


def _field(label: str, **more: Any) -> dict[str, Any]:
    return {"label": label, "category": "user.contact", **more}


RAW: dict[str, Any] = {
    "id": "pawsome", "name": "Pawsome Pets", "tagline": "All for pets", "colour": "#f2a33c",
    "timezone": "America/Los_Angeles", "sender": "privacy@pawsome.example.com",
    "contact": {"email": "help@pawsome.example.com", "phone": "555-010-0100", "post": ["Pawsome Pets", "1 Kennel Road", "Fresno, CA 93650"]},
    "policy": {"version": "2026-03-01", "url": "https://pawsome.example.com/privacy", "home": "https://pawsome.example.com/"},
    "rights": {name: _right(name) for name in WORDS},
    "animals": True, "identifiers": ["customer_number", "phone"],
    "opt_outs": {"email": "Offers and news by email", "post": "Catalogues by post", "phone": "Calls and texts", "sharing": "Passing my data to other companies"},
    "outside_opt_outs": [["Ads on other sites", "https://ads.example.com/choices"]],
    "kinds": {
        "offers": {"title": "Weekly offers", "stops_with": ["email"]},
        "surveys": {"title": "Surveys", "stops_with": ["email"]},
        "orders": {"title": "Messages about your orders", "stoppable": False, "why_not": "They belong to what you bought."},
    },
    "roles": {"support": {"decides": list(WORDS), "sees": ["*"], "lead": True}, "clerk": {"decides": ["access"], "sees": ["user.financial"]}},
    "staff": [{"id": "dana", "name": "Dana", "email": "dana@pawsome.example.com", "roles": ["support"]}],
    "duties": {"rules": ["Look at a person's data only when your work for them needs it.", "Tell it to nobody else."]},
    "datamap": {"sources": {"shop": {"kind": "sql", "title": "Web shop", "where": "shop", "collections": {
        "customers": {"title": "Customer record", "identity": {"email": "email"}, "fields": {
            "id": _field("Number"), "email": _field("Email address", correct="email"),
            "street": _field("Street", correct="text"), "postcode": _field("Postcode", correct="postcode", verify={"point": "postcode", "ask": "Which postcode was your last order sent to?"}),
            "last_order": _field("Last order", verify={"point": "order_number", "ask": "What is the number of one of your orders?"}),
        }},
    }}}},
    "sharing": {},
}  # fmt: skip


def services(**changes: Any) -> Services:
    """As much of the services as pages need."""
    ports = ("store", "vault", "mailer", "workflow", "packages", "inbox", "sources", "secrets", "peers")
    nothing = dict.fromkeys(ports)
    settings = Settings(
        business="pawsome", public_url="http://127.0.0.1:8000", table="t", keys_table="k", kms_key="k", packages="p",
        state_machine="m", secrets="s", database_url="d",
    )  # fmt: skip
    clock, chance = SimpleNamespace(now=lambda: NOW), SimpleNamespace(token=lambda: "t" * 43, number=lambda bits: 7)
    return cast(Any, Services)(business=business(**changes), settings=settings, clock=clock, chance=chance, **nothing)


REGIMES = {Right.CALIFORNIA_DISCLOSURE: "us-ca-shine-the-light", Right.CONCERN: "policy"}


def request(right: Right = Right.DELETION, status: Status = Status.IN_REVIEW, **changes: Any) -> Request:
    return Request(**{
        "reference": "R-7K2M-Q4TX", "right": right, "regime": REGIMES.get(right, "us-ca-ccpa"), "status": status,
        "received_at": NOW - timedelta(days=3), "due_at": NOW + timedelta(days=41, hours=5), "policy_version": "2026-03-01",
        "plan_hash": "abc123", "proof": Proof(mailbox=True, matched=("order_number",), required=2, tries=1), **changes,
    })  # fmt: skip


def plan(right: Right = Right.DELETION) -> Plan:
    act = {Right.DELETION: Doing.DELETE, Right.CORRECTION: Doing.CHANGE}.get(right, Doing.EXPORT)
    kept = right is Right.DELETION
    return Plan(right=right, failed={"shop": "It did not answer in time."}, collections=[
        PlannedCollection(source="shop", collection="customers", title="Customer record", counts={act: 1}),
        PlannedCollection(
            source="shop", collection="orders", title="Orders", counts={act: 9, Doing.KEEP: 3} if kept else {act: 12},
            kept=[(TAX, 3)] if kept else [],
        ),
        PlannedCollection(source="shop", collection="reviews", title="Product reviews", counts={act: 2}),
        PlannedCollection(source="loyalty", collection="points", title="Loyalty points", counts={}),
        PlannedCollection(source="loyalty", collection="contests", title="Contest entries", counts={}),
    ])  # fmt: skip


HISTORY = [(NOW - timedelta(days=3), "received"), (NOW - timedelta(days=3), "verifying"), (NOW - timedelta(days=2), "gathering"), (NOW - timedelta(days=2), "in_review")]  # fmt: skip
DECISION = Decision(verdict=Verdict.REFUSE, by="dana", at=NOW, ground=Ground.EXEMPT)

PART = Decision(verdict=Verdict.APPROVE, by="dana", at=NOW, ground=Ground.EXEMPT, leave=("shop.orders",))
HOLD = Hold(subject="hash", since=NOW, by="dana", reference="R-7K2M-Q4TX")
FIRST, FIRST_PART = First("R-0000-0001", DECISION, []), First("R-0000-0001", PART, ["Orders"])


def card(right: Right = Right.DELETION, status: Status = Status.IN_REVIEW, **changes: Any) -> SimpleNamespace:
    """What usecases.card gives, by its names."""
    asked = changes.pop("request", None) or request(right, status)
    return SimpleNamespace(**{
        "request": asked, "member": business().staff[0], "plan": plan(right), "terms": business().rights[right],
        "may": frozenset({Verdict.APPROVE, Verdict.REFUSE, Verdict.ASK, Verdict.EXTEND}), "why_not": None,
        "grounds": list(Ground), "history": HISTORY, "days_left": 41, "attention": False, "over_limit": None, "pause": "UK GDPR Art. 12A",
        "corrections": ["Street"] if right is Right.CORRECTION else [], "hold": None, "may_hold": True, "may_undo": False,
        "risks": ["network", "name_differs"], "needs_two": None, "approved": None, "first": None, "may_note_power": False, "may_appeal": False, "other_ways": frozenset(), "may_go_by_post": True, "may_refile": True, "held_back": ["R-0000-0001"], "done": [], "by_hand": [], "again": [], "left": [], "may_leave": [c for c in plan(right).collections if c.acts],
        "exemptions": [("legal_obligation", "A law demands it: tax records (Civ. Code 1798.105(d)(8))")], **changes,
    })  # fmt: skip


def revealed() -> SimpleNamespace:
    personal = Personal(email="kim@example.com", name="Kim Park", residence="US-CA", details="Please be <b>quick</b>.")
    row = {"Number": 17, "Email address": "kim@example.com", "Street": "5 Elm Street", "Card": "we hold a card number"}
    personal.notes = [Message(at=NOW, by="staff:dana", text="Held for <b>counsel</b>.")]
    shown = [{"Shown as": "Kim", "What you wrote": "Good <b>hay</b>"}, {"Shown as": "K.", "What you wrote": "Dry"}]
    choice = Candidates(
        "shop.reviews.nickname", "Shown as", "Product reviews", "Kimmy",
        [Candidate(f"id{n}", (str(n),), values, chosen=n == 1) for n, values in enumerate(shown)],
    )  # fmt: skip
    return SimpleNamespace(
        personal=personal, candidates=[choice], notes=[("Letters", "Box <b>4</b>.")], changes=[("Street", "5 Elm Street", "9 Oak Avenue")],
        records=[("Customer record", [row]), ("Orders", [{"Order": "A-1001", "Total": "41.50", "To": None}] * 2)],
    )  # fmt: skip
