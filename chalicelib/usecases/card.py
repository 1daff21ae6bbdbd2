"""The review card: what staff see before they decide, and what a POST reveals to them.

Rule 1: the card itself shows no personal data; revealing is audited. Need to know (PRU-6): each role sees only its own
fields. Leaves to others: deciding (review), the page (web/staff).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.businesses.model import Member, RightTerms
from chalicelib.domain.answer import Said
from chalicelib.domain.audit import Event
from chalicelib.domain.decision import Decision, Ground, Verdict
from chalicelib.domain.identity import Doubt
from chalicelib.domain.masking import for_staff, guarded
from chalicelib.domain.plan import Doing, OutcomeState, Plan, PlannedCollection
from chalicelib.domain.request import Personal, Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionNotAllowed
from chalicelib.law import exemptions, pause_of
from chalicelib.links import Link, Purpose
from chalicelib.mail.words import REFUSALS
from chalicelib.ports import Hold
from chalicelib.services import Services
from chalicelib.usecases import (
    appealing,
    appeals,
    awaiting,
    by_hand,
    choosing,
    correspondence,
    extending,
    gathering,
    held_back,
    judging,
    limits,
    partial,
    powers,
    risks,
    road,
    second,
)
from chalicelib.usecases.appeals import First
from chalicelib.usecases.choosing import Candidates
from chalicelib.usecases.risks import Sign


@dataclass(frozen=True)
class Card:
    """All that the review page shows before anything is revealed: no personal data."""

    request: Request
    member: Member
    plan: Plan
    terms: RightTerms
    may: frozenset[Verdict]
    why_not: str | None
    """Why approving is not possible, if it is not."""
    grounds: list[Ground]
    history: list[tuple[datetime, str]]
    days_left: int
    attention: bool
    """Whether a step stopped, and "try again" is offered."""
    again: list[str] = field(default_factory=list)
    """Titles of the sources that failed and can be tried again; none for what its person said was not them."""
    may_note_power: bool = False
    """Whether a power of attorney can be noted: an agent waits for the person's consent."""
    pause: str | None = None
    """The clause that lets a question stop the clock; None where none does."""
    over_limit: str | None = None
    """What the law lets staff do because the person has asked too often; None where they have not."""
    corrections: list[str] = field(default_factory=list)
    """Labels of the fields to be corrected."""
    may_leave: list[PlannedCollection] = field(default_factory=list)
    """Collections that an approval could leave out."""
    exemptions: list[tuple[str, str]] = field(default_factory=list)
    """Code and words of what may be named where the ground is `exempt`."""
    done: list[tuple[str, Doing, int]] = field(default_factory=list)
    """What was changed or erased before the person said that it was not them."""
    left: list[str] = field(default_factory=list)
    """Titles of what the decision leaves out."""
    by_hand: list[tuple[str, str, Said, str, datetime]] = field(default_factory=list)
    """Place, step, what was answered, by whom, when: of those sources that answer later."""
    hold: Hold | None = None
    held_back: list[str] = field(default_factory=list)
    """After a hold on the person was ended from here: their deletions of which it kept something."""
    may_hold: bool = False
    may_go_by_post: bool = False
    """Whether the answer, whose mail was refused for good, can be posted instead."""
    may_refile: bool = False
    """Whether it can be filed again under another address, for its first mail was refused."""
    may_appeal: bool = False
    """Whether staff can file an appeal for them: who has no email has no page to appeal from."""
    may_undo: bool = False
    """Whether this member may take their own decision back."""
    risks: list[Sign] = field(default_factory=list)
    """What should make staff look twice."""
    needs_two: int | None = None
    """How many records would go, where that takes two people."""
    approved: Decision | None = None
    """The first of two approvals, while the second is awaited."""
    other_ways: frozenset[str] = frozenset()
    """What this member may do about an answer that did not arrive: `mail` it again, `post` it."""
    first: First | None = None
    """The decision against which this request appeals."""


@dataclass(frozen=True)
class Revealed:
    """What this member's roles may see of the person."""

    personal: Personal
    records: list[tuple[str, list[dict[str, Any]]]]
    changes: list[tuple[str, str, str]]
    """Label, old value, new value."""
    candidates: list[Candidates] = field(default_factory=list)
    """Where several records could be meant by a correction."""
    notes: list[tuple[str, str]] = field(default_factory=list)
    """Place, and what whoever looked there by hand wrote for staff."""


def card(svc: Services, token: str) -> Card:
    """What the link from the mail opens. Changes nothing, shows nothing personal."""
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    return card_of(svc, request, member_of(svc, link))


def member_of(svc: Services, link: Link) -> Member:
    member = svc.business.member(link.person)
    if member is None:
        raise DecisionNotAllowed("You are no longer among the staff of this business.")
    return member


def card_of(svc: Services, request: Request, member: Member) -> Card:
    why_not = why_not_approve(svc, request)
    plan, may = judging.current_plan(svc, request), verdicts(svc, request, member, why_not)
    listed = exemptions(request.regime, request.right)
    pause = pause_of(request, svc.business.zone, svc.now()) if Verdict.ASK in may else None
    events = svc.store.events(request.reference)
    history = [(e.at, e.what) for e in events]
    may_hold, decides = powers.may_hold(svc, request, member), powers.may_decide(svc, request, member)
    ended = may_hold and any(what == "released" for _, what in history)
    return Card(
        request=request, member=member, terms=svc.business.rights[request.right],
        plan=plan, corrections=_labels(svc, request), may=may, why_not=why_not, grounds=grounds(request),
        pause=pause.cite if pause else None, over_limit=limits.said(request), may_leave=powers.may_leave(plan, may),
        done=partial.done_so_far(svc, request) if request.status is Status.FROZEN else [],
        left=appeals.titles(svc, request), first=appeals.first(svc, request),
        exemptions=[(code, f"{e.label}: {e.shop_use} ({e.cite})") for code, e in listed.items()],
        hold=svc.store.hold_of(request.subject_hash) if request.subject_hash else None,
        may_hold=may_hold, held_back=held_back.limited(svc, request) if ended else [],
        may_undo=powers.may_take_back(svc, request, member),
        needs_two=second.needed(svc, request, plan), approved=second.standing(request),
        risks=risks.signs(svc, request),
        history=history, by_hand=_answers(svc, events), days_left=request.days_left(svc.now()),
        attention=decides and request.status is Status.NEEDS_ATTENTION,
        again=[svc.business.datamap.sources[source].title for source in again(svc, request)] if decides else [],
        may_go_by_post=powers.may_go_by_post(svc, request, member),
        may_refile=powers.may_refile(svc, request, member),
        may_appeal=request.by_post and appealing.may_appeal(request),
        may_note_power=may_note_power(svc, request, member), other_ways=powers.other_ways(svc, request, member),
    )  # fmt: skip


def _answers(svc: Services, events: list[Event]) -> list[tuple[str, str, Said, str, datetime]]:
    """What the sources that answer later have said, and who said it."""
    found = []
    for event in (e for e in events if e.what == awaiting.ANSWERED and e.note):
        asked, _, said = str(event.note).partition(" ")
        step, _, source = asked.partition(":")
        place = svc.business.datamap.sources.get(source)
        member = svc.business.member(event.by.removeprefix("staff:"))
        by = member.name if member else event.by.removeprefix("staff:").removeprefix("keeper:")
        found.append((place.title if place else source, step, Said(said), by, event.at))
    return found


def may_note_power(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member may note that a power of attorney is on paper here."""
    waits = request.status is Status.VERIFYING and request.proof.awaits_consent
    return waits and (member in correspondence.deciders(svc, request) or member in svc.business.leads())


def grounds(request: Request) -> list[Ground]:
    """The grounds on which it may be refused: too many requests only beyond a limit that lets one decline.

    Where the law sets no number, staff judge; below its number, or where it only lets one charge, it is no ground.
    """
    limit = limits.counted(request)
    beyond = limits.over(request)
    if limit is None or (beyond and beyond.effect == "may_decline"):
        return list(Ground)
    return [ground for ground in Ground if ground is not Ground.TOO_MANY_REQUESTS]


def unfinished(svc: Services, request: Request) -> bool:
    """Whether an answered request still has a source to be done; what staff left out is not to be done."""
    if request.status is not Status.PARTLY_FULFILLED or request.links_dead_before:
        return False
    return any(o.state is OutcomeState.FAILED for o in svc.store.outcomes(request.reference))


def again(svc: Services, request: Request) -> list[str]:
    """The sources that can be tried again now: those that failed, before staff decide or after the answer."""
    if request.status is Status.IN_REVIEW:
        plan = judging.current_plan(svc, request)
        return sorted({*plan.failed, *(source for source, u in plan.unclear if u.doubt is Doubt.UNREAD)})
    if not unfinished(svc, request):
        return []
    return [o.source for o in svc.store.outcomes(request.reference) if o.state is OutcomeState.FAILED]


def _labels(svc: Services, request: Request) -> list[str]:
    if request.right is not Right.CORRECTION:
        return []
    return [svc.business.datamap.field(c.field).label for c in svc.open(request).corrections]


def why_not_approve(svc: Services, request: Request) -> str | None:
    """Why this request may not be approved now, in a sentence for staff; None when it may."""
    if request.status is Status.FROZEN:
        return "The person said this was not them. It can only be refused."
    if not request.proof.suffices and request.right in (Right.CORRECTION, Right.DELETION, Right.CALIFORNIA_DISCLOSURE):
        return "The answers given do not prove who this is. Ask back, or refuse for insufficient verification."
    if any(u.doubt is Doubt.SHARED_PROOF for _, u in judging.current_plan(svc, request).unclear):
        return (
            "What proves this person stands with several people, so nothing was selected. File it anew with something "
            "that is theirs alone (a customer number, an email address), or refuse."
        )
    return _unclear(svc, request)


def _unclear(svc: Services, request: Request) -> str | None:
    """Why a correction cannot be approved as it stands."""
    if request.right is not Right.CORRECTION:
        return None
    refused = {path: why for f in gathering.findings(svc, request.reference) for path, why in f.refused.items()}
    if refused:
        named = [f"{svc.business.datamap.field(p).label}: {REFUSALS[why]}" for p, why in sorted(refused.items())]
        return f"The new value would be refused where it is to stand. {'; '.join(named)}. Ask back, or refuse."
    ambiguous = [path for f in gathering.findings(svc, request.reference) for path in f.ambiguous]
    labels = sorted({svc.business.datamap.field(path).label for path in ambiguous})
    if not labels:
        return None
    return (
        f"Several records say different things for {', '.join(labels)}. Show the personal data and choose which is "
        "meant, or ask."
    )


def verdicts(svc: Services, request: Request, member: Member, why_not: str | None) -> frozenset[Verdict]:
    if not powers.may_decide(svc, request, member):
        return frozenset()
    if request.status is Status.FROZEN:
        return frozenset({Verdict.REFUSE})
    if request.status is not Status.IN_REVIEW:
        return frozenset()
    may = {Verdict.REFUSE} if request.by_post else {Verdict.REFUSE, Verdict.ASK}  # a question is asked by mail
    if why_not is None:
        may.add(Verdict.APPROVE)
    if extending.can_extend(svc, request):
        may.add(Verdict.EXTEND)
    return frozenset(may)


def reveal(svc: Services, token: str) -> tuple[Card, Revealed]:
    """What this member may see of the person and their records; that they looked is audited (rule 1)."""
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    seen = road.note(svc, request.reference, "viewed", by=f"staff:{member.id}")
    personal = svc.open(request)
    shown = card_of(svc, seen, member)
    return shown, Revealed(
        personal=_visible(svc, member, personal),
        records=_records(svc, seen, member),
        changes=_changes(svc, seen, member, personal),
        candidates=choosing.candidates(svc, seen, member, personal) if Verdict.REFUSE in shown.may else [],
        notes=by_hand.notes(svc, seen),
    )


CONTACT = "user.contact"


def _visible(svc: Services, member: Member, personal: Personal) -> Personal:
    """What was typed, as far as the role sees contact data; proof answers are nobody's to read."""
    said = [m.model_copy(update={"text": guarded(m.text)}) for m in personal.messages]
    notes = [m.model_copy(update={"text": guarded(m.text)}) for m in personal.notes]
    hidden: dict[str, Any] = {
        "answers": {}, "signature": None, "messages": said, "notes": notes, "details": guarded(personal.details),
    }  # fmt: skip
    if not svc.business.may_see(member, CONTACT):
        hidden |= dict.fromkeys(
            ("email", "name", "identifier", "subject_name", "subject_email", "postal_address", "answer_to")
        )
        hidden["proven_email"] = None
    return personal.model_copy(update=hidden)


def _records(svc: Services, request: Request, member: Member) -> list[tuple[str, list[dict[str, Any]]]]:
    tables: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in gathering.findings(svc, request.reference):
        collections = svc.business.datamap.sources[finding.source].collections
        for record in finding.shown:
            fields = collections[record.collection].fields
            row = {
                f.label: for_staff(f, record.values.get(name), may_see=True)
                for name, f in fields.items()
                if svc.business.may_see(member, f.category)
            }
            if row:
                tables.setdefault((finding.source, record.collection), []).append(row)
    titles = svc.business.titles()
    return [(titles[place], rows) for place, rows in tables.items()]


def _changes(svc: Services, request: Request, member: Member, personal: Personal) -> list[tuple[str, str, str]]:
    found = gathering.findings(svc, request.reference)
    changes = []
    for correction in personal.corrections:
        source, collection, name = correction.field.split(".")
        mapped = svc.business.datamap.field(correction.field)
        if not svc.business.may_see(member, mapped.category):
            changes.append((mapped.label, "not for your role", "not for your role"))
            continue
        meant = personal.means(correction.field)
        old = [
            guarded(str(r.values.get(name) or ""))
            for f in found
            if f.source == source
            for r in f.shown
            if r.collection == collection and (not meant or r.key in meant)
        ]
        changes.append((mapped.label, ", ".join(old) or "nothing on file", guarded(correction.value)))
    return changes
