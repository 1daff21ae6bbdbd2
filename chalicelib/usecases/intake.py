"""Intake: a request is filed, its clock starts, its road begins.

Rule 3: the clock starts on receipt, by the server's time. Rule 5: an opt-out takes effect here, for what was typed.
Rule 6: nothing here reads a source, so known and unknown people get the same. Rule 17: unproven requests are counted
first (unproven). Leaves to others: the shape of what was typed (web/forms), proof (verification).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import jwt

from chalicelib import language
from chalicelib.domain import behalf
from chalicelib.domain.datamap import FieldMap
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.request import Channel, Personal, Relationship, Request, Right, amend, reference_from
from chalicelib.domain.verification import Noted
from chalicelib.errors import AlreadyFiled, InvalidRequest, RequestNotFound
from chalicelib.language import N_, gettext
from chalicelib.law import also_asked
from chalicelib.services import Services
from chalicelib.usecases import road, suppression, unproven, walking
from chalicelib.usecases.governed import governed

SIGN_IN_AGE = timedelta(minutes=15)
BACKDATE = timedelta(days=45)


@dataclass(frozen=True)
class ByMail:
    """What is different for a mail that somebody wrote to us."""

    arrived_at: datetime
    """UTC, by the mail service's clock: the legal clock starts there, not when we came to read it (rule 3)."""
    files: int = 0
    quiet: bool = False
    """No mail is sent: an opt-out from somebody who must not be written to takes effect all the same."""


def file_request(
    svc: Services,
    right: Right,
    personal: Personal,
    *,
    relationship: Relationship = Relationship.SELF,
    channel: Channel = Channel.WEB,
    once: str | None = None,
    member_token: str | None = None,
    received_on: date | None = None,
    entered_by: str | None = None,
    noted: Noted | None = None,
    designated: bool = True,
    by_mail: ByMail | None = None,
    network: str = "",
    form: str | None = None,
) -> Request:
    """File a request and start its road; `once` names the sent form, so that a double click files once.

    `entered_by` (a staff id) files for a caller or a letter; `noted` is how they made sure who it is, without an email.
    A message that plainly asks two things opens two requests, each naming the other, both from the same receipt.
    `designated`: it came to an address that the business names for such requests; only staff say otherwise.
    `form`: the hash of the form's own id, by which the canary's walk is known.
    `network`: the IP address it came from, for counting only; it is not kept.

    Raises InvalidRequest (per field), LimitReached (too many unproven requests from there today), AlreadyFiled.
    """
    check(svc, right, personal, relationship, whole=by_mail is None)
    if relationship is Relationship.PARENT:  # who asks for a child hears and proves; a child is never written to
        personal = personal.model_copy(update={"subject_email": None})
    signed_in = member_token is not None and _vouched_for(svc, personal, member_token)
    if signed_in:
        channel = Channel.MEMBER_PAGE
    now = svc.now()
    received_at = received(svc, now, received_on) if entered_by else min(now, by_mail.arrived_at) if by_mail else now
    quiet, asked_from, from_network = False, "", 0
    if right is Right.OPT_OUT:
        suppression.suppress_typed(svc, personal, relationship)
    synthetic = walking.is_walk(svc, right, personal, relationship, form)
    if not signed_in and not entered_by and not synthetic:
        quiet, asked_from = unproven.count(svc, right, personal, network, now)
        from_network = unproven.nth(svc, network, now)
    also = also_asked(right, personal.details, personal.residence)
    if also and not signed_in and not entered_by:
        quiet = unproven.count(svc, also, personal, network, now)[0] or quiet

    account = signed_in and relationship is not Relationship.AGENT  # it is not the agent's account that is asked about

    def opened(each: Right, at: datetime) -> Request:
        made = _first(
            svc, each, personal, relationship, channel, at, signed_in=account, quiet=quiet, designated=designated
        ).model_copy(
            update={
                "entered_at": now if at != now else None, "entered_by": entered_by, "asked_from": asked_from,
                "nth_from_network": from_network,
                "synthetic": synthetic,
            }
        )  # fmt: skip
        if by_mail:
            made = _from_mail(made, personal, by_mail)
        if not (noted and entered_by):
            return made
        proof = made.proof.model_copy(update={"noted_by": entered_by, "noted": noted})
        return made.model_copy(update={"proof": proof, "by_post": True})

    by = f"staff:{entered_by}" if entered_by else "customer"
    request = opened(right, received_at)
    if also is None:
        return file(svc, request, personal, once=once, by=by)
    return _file_both(svc, request, lambda at: opened(also, at), personal, once=once, by=by)


def _from_mail(made: Request, personal: Personal, mail: ByMail) -> Request:
    """What a mail cannot carry is asked on the proof page: what to correct, which child, where they live."""
    asks = made.right in (Right.CORRECTION, Right.ACCESS, Right.DELETION)
    said_all = personal.residence and made.right is not Right.CORRECTION and made.relationship is Relationship.SELF
    return made.model_copy(
        update={"files": mail.files, "quiet": made.quiet or mail.quiet, "incomplete": asks and not said_all}
    )


def _file_both(
    svc: Services,
    request: Request,
    other: Callable[[datetime], Request],
    personal: Personal,
    *,
    once: str | None,
    by: str,
) -> Request:
    """File what was chosen, and what the message asks besides; a form sent again makes what is not there yet."""
    request = request.model_copy(update={"asked_with": reference_from(svc.chance.number(40))})
    try:
        filed = file(svc, request, personal, once=once, by=by)
    except AlreadyFiled as first:
        filed = svc.store.get(first.reference)
        _file_too(svc, filed, other(filed.received_at), personal, by)
        raise
    _file_too(svc, filed, other(filed.received_at), personal, by)
    return filed


def _file_too(svc: Services, filed: Request, other: Request, personal: Personal, by: str) -> None:
    """The second request that a message opened, if it is not there yet."""
    if filed.asked_with is None:
        return
    try:
        svc.store.get(filed.asked_with)
    except RequestNotFound:
        same = {"reference": filed.asked_with, "asked_with": filed.reference}
        file(svc, other.model_copy(update=same), personal, by=by)


def file(svc: Services, request: Request, personal: Personal, *, once: str | None = None, by: str) -> Request:
    """Store a new request with its first event under a fresh data key, and start its road."""
    svc.vault.begin(request.reference)
    sealed = svc.seal(request.reference, personal)
    filed, event = amend(request, "received", svc.now(), by=by, sealed=sealed, **_counted(svc, request))
    svc.store.create(filed, event, once=once)
    road.start(svc, filed, road.first_stage(filed))
    return filed


def _counted(svc: Services, request: Request) -> dict[str, Any]:
    """Where the metrics count it (11 CCR 7102); an appeal, the rest of a deletion, or a walk is no request more."""
    if request.appeal_of or request.continues or request.synthetic:
        return {}
    year = request.received_at.astimezone(svc.business.zone).year
    return {"year": year, "tally_id": f"{svc.chance.number(64):016x}"}


def _first(
    svc: Services,
    right: Right,
    personal: Personal,
    relationship: Relationship,
    channel: Channel,
    received_at: datetime,
    *,
    signed_in: bool,
    quiet: bool,
    designated: bool,
) -> Request:
    if signed_in:
        personal.proven_email = personal.email
    about = behalf.subject(relationship, personal)
    asker = personal.email if relationship is Relationship.AGENT else None
    fixed = governed(
        svc.business, right, personal, relationship=relationship, received_at=received_at, designated=designated
    )
    proof = {"consent_due": relationship is Relationship.AGENT and right is not Right.OPT_OUT}
    if signed_in:
        proof |= {"account": True, "mailbox": True}
    fixed["proof"] = fixed["proof"].model_copy(update=proof)
    return Request(
        reference=reference_from(svc.chance.number(40)), right=right, channel=channel, relationship=relationship,
        policy_version=svc.business.policy.version, quiet=quiet, language=language.current(),
        subject_hash=svc.hash(about) if about else None,
        asker_hash=svc.hash(Identifier.of(IdentifierKind.EMAIL, asker)) if asker else None, **fixed,
    )  # fmt: skip


def received(svc: Services, now: datetime, on: date | None) -> datetime:
    """When a call or letter came, as staff say: a day not in the future and not long past; noon of that local day."""
    if on is None or on == now.astimezone(svc.business.zone).date():
        return now
    at = datetime.combine(on, datetime.min.time(), svc.business.zone) + timedelta(hours=12)
    if at > now or now - at > BACKDATE:
        raise InvalidRequest(
            {"received_on": f"Give the day it came: not in the future, at most {BACKDATE.days} days ago."}
        )
    return at.astimezone(now.tzinfo)


def _vouched_for(svc: Services, personal: Personal, member_token: str) -> bool:
    """Whether the business's member page signed in lately whoever asks (11 CCR 7061: re-authenticate)."""
    try:
        claims = jwt.decode(
            member_token, svc.secrets.get("member"), algorithms=["HS256"], audience=svc.business.id,
            options={"require": ["exp", "aud", "email", "auth_time"], "verify_exp": False, "verify_iat": False},
        )  # fmt: skip
        fresh = svc.now() - datetime.fromtimestamp(claims["auth_time"], tz=svc.now().tzinfo) <= SIGN_IN_AGE
        alive = claims["exp"] > svc.now().timestamp()
        same = Identifier.of(IdentifierKind.EMAIL, str(claims["email"])) == Identifier.of(
            IdentifierKind.EMAIL, personal.email or ""
        )
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError) as bad:
        raise InvalidRequest({"member_token": SIGN_IN_AGAIN}) from bad
    if not (fresh and alive and same):
        raise InvalidRequest({"member_token": SIGN_IN_AGAIN})
    return True


SIGN_IN_AGAIN = N_(
    "Your sign-in could not be confirmed. Sign in again on the member page, or use this form without it."
)


def check(
    svc: Services,
    right: Right,
    personal: Personal,
    relationship: Relationship = Relationship.SELF,
    *,
    whole: bool = True,
) -> None:
    """Hold what was typed against this business. Raises InvalidRequest with a message per field.

    `whole`: all of it must be there; a mail is completed later, on the proof page (completing).
    """
    faults = behalf.faults(right, relationship, personal) if whole else {}
    if right is Right.CORRECTION and whole:
        faults |= _correction_faults(svc, personal)
    if right is Right.OPT_OUT:
        kinds = {f"kind:{k}" for k, kind in svc.business.kinds.items() if kind.stoppable}
        if not personal.stop and not personal.pet:
            faults["stop"] = gettext("Choose what should stop.")
        elif unknown := set(personal.stop) - svc.business.opt_outs.keys() - kinds - svc.business.declinable.keys():
            faults["stop"] = gettext(
                "%(business)s cannot stop this here: %(scopes)s.",
                business=svc.business.name,
                scopes=", ".join(sorted(unknown))[:60],
            )
    if right is Right.CONCERN and not (personal.details or "").strip():
        faults["details"] = gettext("Tell us what worries you, in your own words.")
    if faults:
        raise InvalidRequest(faults)


def _correction_faults(svc: Services, personal: Personal) -> dict[str, str]:
    correctable = svc.business.datamap.correctable()
    if not personal.corrections:
        return {"field": "Choose what is wrong.", "value": "Say what it should be."}
    for correction in personal.corrections:
        field = correctable.get(correction.field)
        if field is None:
            return {"field": "Choose one of the fields listed."}
        if fault := _value_fault(field, correction.value, svc.business.say(field.label)):
            return {"value": fault}
    return {}


def _value_fault(field: FieldMap, value: str, label: str) -> str | None:
    """What is wrong with a new value, in words for its writer; the same rules as the source has."""
    if not value.strip():
        return gettext("Say what “%(field)s” should be.", field=label)
    if len(value) > field.max_length:
        return gettext("“%(field)s” can have at most %(most)s characters.", field=label, most=field.max_length)
    match field.correct:
        case "email" if not _looks_like_email(value):
            return "Give a full email address, like name@example.com."
        case "phone" if not 7 <= len(Identifier.of(IdentifierKind.PHONE, value).value) <= 15:
            return "Give a phone number with its area code, like 555-010-0199."
        case "date" if not _is_day(value):
            return "Give a date as year-month-day, like 1990-04-30."
    return None


def _looks_like_email(value: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
