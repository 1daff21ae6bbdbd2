"""Posting: who has no email gets the answer, or the notice of more time, by letter: staff print and post it.

Rule 4: data goes by post only to the address on file, read from the records found, never to one that was typed; an
answer without any may go to the typed one. PRU-6: the data is printed by who sees all of it. Rule 1: printing is a POST
and on record. A request stays in the queue as "to be posted" until staff say that it is. Leaves to others: the words
(answering, mail), the page (web/staff).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib import language
from chalicelib.businesses.model import Member
from chalicelib.domain.datamap import Collection
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Personal, Request, amend
from chalicelib.domain.verification import folded
from chalicelib.errors import DecisionNotAllowed, RequestNotFound
from chalicelib.links import Link, Purpose
from chalicelib.mail import messages
from chalicelib.package import Given, readable
from chalicelib.services import Services
from chalicelib.usecases import answering, appealing, gathering, intake, packing, road
from chalicelib.usecases.card import Card, card_of, member_of

ADDRESS, NAME = "user.contact.address", "user.name"


@dataclass(frozen=True)
class Letter:
    """The answer as it is printed."""

    address: tuple[str, ...]
    on_file: bool
    """Whether the address is the one on file; else it is as typed, for an answer without data."""
    differs: bool
    """The address that was typed is another than the one on file."""
    subject: str
    text: str
    enclosed: bool
    """The data itself is printed with it."""


def letter(svc: Services, token: str) -> tuple[Card, Letter]:
    """The answer's words and where they go. Raises DecisionNotAllowed when it cannot be posted."""
    link, request = _open(svc, token)
    personal = svc.open(request)
    enclosed = _has_data(request)
    if enclosed:
        _given(svc, request)
    address, on_file = _to(svc, request, personal)
    mail, context = _said(svc, request, personal)
    with language.speaking(request.language):
        subject, text = messages.worded(
            mail, business=svc.business, reference=request.reference,
            context={**context, "request": request, "right": request.right, "links": {}},
        )  # fmt: skip
    printed = _noted(svc, link, request, "printed")
    differs = on_file and not _within(personal.postal_address or "", address)
    return card_of(svc, printed, member_of(svc, link)), Letter(address, on_file, differs, subject, text, enclosed)


def _said(svc: Services, request: Request, personal: Personal) -> tuple[str, dict[str, Any]]:
    """The mail whose words are printed, and what they are made of: the answer, or before it that more time is taken."""
    if not request.status.is_final:
        return "extended", {"due_at": request.due_at, "text": personal.extension_reason}
    said: list[tuple[str, dict[str, Any]]] = []
    outcomes = svc.store.outcomes(request.reference)
    answering.say(svc, request, outcomes, lambda mail, **context: said.append((mail, context)))
    [found] = said
    return found


def package(svc: Services, token: str) -> str:
    """The access package as one page to print; that it was is on record."""
    link, request = _open(svc, token)
    if not _has_data(request):
        raise DecisionNotAllowed("There is no data to print for this request.")
    there = _given(svc, request)
    if not _sees_all(svc, member_of(svc, link), there):
        raise DecisionNotAllowed("Your role does not see all that is printed here: somebody else prints it.")
    _to(svc, request, svc.open(request))
    page = readable(svc.business, request, svc.open(request), there, at=svc.now())
    _noted(svc, link, request, "printed")
    return page


def posted(svc: Services, token: str) -> Card:
    """The letter has left: nothing waits any more. Saying it again changes nothing."""
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if request.to_post:
        request, event = amend(request, "posted", svc.now(), by=f"staff:{member.id}", to_post=False)
        svc.store.commit(request, event)
    return card_of(svc, request, member)


def appeal_for(svc: Services, token: str, said: str, *, received_on: date) -> Card:
    """File the appeal of somebody without email that came by letter or call on this local day (rule 3).

    Raises DecisionNotAllowed, InvalidRequest (the day).
    """
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if not (request.by_post and (request.appealed_by or appealing.may_appeal(request))):
        raise DecisionNotAllowed("There is nothing here that you could file an appeal against.")
    if not request.appealed_by:
        at = intake.received(svc, svc.now(), received_on)
        if request.closed_at and at < request.closed_at:
            at = min(request.closed_at, svc.now())  # came the day it was refused: not before
        by = f"staff:{member.id}"
        request = appealing.appeal(svc, request, said, by=by, received_at=at, entered_by=member.id)
    return card_of(svc, request, member)


def _open(svc: Services, token: str) -> tuple[Link, Request]:
    link, request = road.open_link(svc, token, Purpose.REVIEW)
    member = member_of(svc, link)
    if not (request.by_post and (request.status.is_final or request.to_post)):
        raise DecisionNotAllowed("Only what goes by post is printed.")
    if not svc.business.may_see(member, ADDRESS):
        raise DecisionNotAllowed("Your role does not see postal addresses: somebody else prints this answer.")
    return link, request


def _noted(svc: Services, link: Link, request: Request, what: str) -> Request:
    return road.note(svc, request.reference, what, by=f"staff:{link.person}")


def _sees_all(svc: Services, member: Member, there: Mapping[str, Given]) -> bool:
    """Need to know (PRU-6): the page has every field that is held; a lead may print it in any case."""
    sources = svc.business.datamap.sources
    held = [sources[s].collections[c] for s, given in there.items() for c, n in given.facts.counts.items() if n]
    shown = {field.category for collection in held for field in collection.fields.values() if not field.never}
    return member in svc.business.leads() or all(svc.business.may_see(member, category) for category in shown)


def _has_data(request: Request) -> bool:
    """Whether the answer shows what is held, not only that, how much and what was done."""
    refused = request.decision is not None and request.decision.verdict == "refuse"
    return request.status.is_final and answering.has_package(request) and not refused


def _given(svc: Services, request: Request) -> dict[str, Given]:
    """What there is to print. Raises DecisionNotAllowed when it is no longer there."""
    with suppress(RequestNotFound):
        if there := packing.given(svc, request, svc.store.outcomes(request.reference)):
            return there
    raise DecisionNotAllowed("The data has been cleared away since. File the request again to print it.")


def _to(svc: Services, request: Request, personal: Personal) -> tuple[tuple[str, ...], bool]:
    """Where the letter goes, and whether that is the address on file."""
    found = addresses(svc, request)
    typed = personal.postal_address or ""
    meant = [a for a in found if _within(typed, a)]
    if meant or len(found) == 1:
        return (meant or found)[0], True
    if found:
        raise DecisionNotAllowed("Several addresses are on file and none is the one given: ask which is right.")
    if _has_data(request) or not typed:
        raise DecisionNotAllowed("No postal address is on file: what is held cannot be sent by post.")
    return (*((personal.name,) if personal.name else ()), *typed.splitlines()), False


def _within(typed: str, address: tuple[str, ...]) -> bool:
    """Whether what was typed names the same place: each line of the address but the name stands in it."""
    said = folded(typed)
    return bool(said) and all(folded(part) in said for line in address[-2:] for part in line.split(", "))


def addresses(svc: Services, request: Request) -> list[tuple[str, ...]]:
    """The person's own addresses as they were on file when the data was gathered: name, street, town."""
    found: dict[tuple[str, ...], None] = {}
    for finding in gathering.findings(svc, request.reference):
        collections = svc.business.datamap.sources[finding.source].collections
        for record in finding.shown:
            if lines := _lines(collections[record.collection], record):
                found.setdefault(lines)
    return list(found)


def _lines(collection: Collection, record: Record) -> tuple[str, ...]:
    """Only an address that the person may correct is their own: an order's may be a friend's."""
    if collection.person == "third":
        return ()
    held = [
        (f.category, str(record.values[name]), f.correct)
        for name, f in collection.fields.items()
        if record.values.get(name) and not f.third_person
    ]
    own = [(category, value) for category, value, correct in held if correct and category.startswith(ADDRESS)]
    street = [value for category, value in own if category in (ADDRESS, f"{ADDRESS}.street")]
    if not street:
        return ()
    name = " ".join(value for category, value, _ in held if category.startswith(NAME))
    town = ", ".join(value for category, value in own if value not in street)
    return tuple(line for line in (name, ", ".join(street), town) if line)
