"""The staff's pages: decide from one mailed link; sign in by mail for the queue and for filing on a caller's behalf.

Rule 1: GET shows the card without personal data; POST `show=yes` reveals, audited. Rule 16: a decision carries the
hash of the plan that was shown. Leaves to others: who may decide what (usecases/card, review),
sessions (usecases/staffroom).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.domain.request import Request, Right
from chalicelib.errors import DecisionNotAllowed, InvalidRequest, LinkError, PlanChanged, RequestChanged
from chalicelib.links import LIFETIMES, Purpose
from chalicelib.usecases import card as cards
from chalicelib.usecases import errands, staffroom
from chalicelib.usecases.errands import Errand
from chalicelib.web import api, deciding, errors, forms, letters, places, replies
from chalicelib.web.asked import Asked, Fields, Unreadable, only
from chalicelib.web.replies import ANY, answered
from chalicelib.web.sessions import cookie as _cookie
from chalicelib.web.sessions import session as _session

staff = Blueprint(__name__)


@staff.route("/review/{token}", methods=["GET"], content_types=ANY)
@answered(staff)
def card(asked: Asked, token: str) -> Response:
    return _card(asked, token, cards.card(asked.svc, token))


@staff.route("/review/{token}", methods=["POST"], content_types=ANY)
@answered(staff)
def decide(asked: Asked, token: str) -> Response:
    fields = asked.form()
    try:
        said, many = deciding.said(fields)
        if said.get("show") == "yes":
            shown, revealed = cards.reveal(asked.svc, token)
            return _card(asked, token, shown, revealed=revealed)
        if printed := said.get("print"):
            return letters.printed(asked, token, printed)
        opens = deciding.act(asked.svc, token, said, many)
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        return _card(asked, token, cards.card(asked.svc, token), typed=fields, faults=fault.fields)
    except (DecisionNotAllowed, PlanChanged, RequestChanged) as no:
        if asked.wants_json:
            raise
        told = errors.told(no, asked.path, asked.svc.now())
        return _card(asked, token, cards.card(asked.svc, token), typed=fields, problem=told)
    if asked.wants_json:
        return _card(asked, opens, cards.card(asked.svc, opens))
    return replies.see(asked, f"/review/{opens}")


def _card(
    asked: Asked,
    token: str,
    shown: cards.Card,
    *,
    revealed: cards.Revealed | None = None,
    typed: Fields | None = None,
    faults: dict[str, str] | None = None,
    problem: errors.Told | None = None,
) -> Response:
    if asked.wants_json:
        return replies.as_json(_card_json(shown))
    status = problem.status if problem else 422 if faults else 200
    return replies.page(
        asked, "review", status=status, card=shown, request=shown.request, revealed=revealed, token=token,
        typed=typed or {}, faults=faults or {}, problem=problem,
    )  # fmt: skip


def _card_json(shown: cards.Card) -> dict[str, object]:
    request, decision = shown.request, shown.request.decision
    return {
        "reference": request.reference, "right": request.right, "status": request.status,
        "due_at": request.due_at.isoformat(), "days_left": shown.days_left, "plan": request.plan_hash,
        "may": sorted(shown.may), "why_not": shown.why_not,
        "decided": decision.verdict if decision else None, "left": list(decision.leave) if decision else [],
        "may_leave": [line.place for line in shown.may_leave], "exemptions": [code for code, _ in shown.exemptions],
        "over_limit": shown.over_limit, "held": shown.hold is not None, "may_undo": shown.may_undo,
        "relationship": request.relationship, "entered_by": request.entered_by, "to_post": request.to_post,
        "may_note_power": shown.may_note_power, "may_pause": shown.pause is not None,
        "may_appeal": shown.may_appeal, "held_back": shown.held_back, "risks": shown.risks,
        "needs_two": shown.needs_two, "approved_by": shown.approved.by if shown.approved else None,
        "may_go_by_post": shown.may_go_by_post, "may_refile": shown.may_refile,
        "other_ways": sorted(shown.other_ways),
        "undelivered": [
            {"mail": name.partition(":")[0], "trouble": u.trouble, "why": u.why, "at": u.at.isoformat()}
            for name, u in request.undelivered.items()
        ],
    }  # fmt: skip


@staff.route("/staff/sign-in", methods=["GET"], content_types=ANY)
@answered(staff)
def sign_in_page(asked: Asked) -> Response:
    return replies.page(asked, "staff_sign_in", sent=False, typed="", faults={}, token="")


@staff.route("/staff/sign-in", methods=["POST"], content_types=ANY)
@answered(staff)
def ask_to_sign_in(asked: Asked) -> Response:
    typed = ""
    try:
        typed = only(asked.form(), {"email"}).get("email", "")
        errands.leave(asked.svc, Errand.SIGN_IN, forms.email(typed))
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        return replies.page(asked, "staff_sign_in", status=422, sent=False, typed=typed, faults=fault.fields, token="")
    if asked.wants_json:
        return replies.as_json({"message": "If this address belongs to staff, a link is on its way."})
    return replies.page(asked, "staff_sign_in", sent=True, typed="", faults={}, token="")


@staff.route("/staff/sign-in/{token}", methods=["GET"], content_types=ANY)
@answered(staff)
def sign_in_button(asked: Asked, token: str) -> Response:
    return replies.page(asked, "staff_sign_in", sent=False, typed="", faults={}, token=token)


@staff.route("/staff/sign-in/{token}", methods=["POST"], content_types=ANY)
@answered(staff)
def sign_in(asked: Asked, token: str) -> Response:
    only(asked.form(), ())
    session = staffroom.sign_in(asked.svc, token)
    return replies.see(asked, "/staff", headers={"Set-Cookie": _cookie(asked, session, LIFETIMES[Purpose.SESSION])})


@staff.route("/staff", methods=["GET"], content_types=ANY)
@answered(staff)
def queue(asked: Asked) -> Response:
    session = _session(asked)
    try:
        member, waiting = staffroom.staff_of(asked.svc, session), staffroom.queue(asked.svc, session)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    sought = asked.query("reference").strip().upper()[:40]
    found = [r for r in waiting if sought in r.reference]
    if asked.wants_json:
        return replies.as_json({"requests": [_in_queue(asked, r) for r in found]})
    return replies.page(asked, "queue", member=member, requests=found, sought=sought, total=len(waiting))


@staff.route("/staff", methods=["POST"], content_types=ANY)
@answered(staff)
def open_review(asked: Asked) -> Response:
    session = _session(asked)
    try:
        staffroom.staff_of(asked.svc, session)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    reference = only(asked.form(), {"open"}).get("open", "")
    return replies.see(asked, f"/review/{staffroom.open_review(asked.svc, session, reference)}")


def _in_queue(asked: Asked, request: Request) -> dict[str, object]:
    return {
        "reference": request.reference, "right": request.right, "status": request.status,
        "due_at": request.due_at.isoformat(), "days_left": request.days_left(asked.svc.now()),
        "to_post": request.to_post,
    }  # fmt: skip


@staff.route("/staff/requests/new", methods=["GET"], content_types=ANY)
@answered(staff)
def file_page(asked: Asked) -> Response:
    try:
        staffroom.staff_of(asked.svc, _session(asked))
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    right = asked.query("right")
    return _file_form(asked, Right(right) if right in set(Right) else None, {})


@staff.route("/staff/requests/new", methods=["POST"], content_types=ANY)
@answered(staff)
def file_for(asked: Asked) -> Response:
    session = _session(asked)
    try:
        staffroom.staff_of(asked.svc, session)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    if asked.from_elsewhere:
        raise Unreadable(403, "from_elsewhere", "This was sent by another site. Please use the form of this one.")
    fields = asked.form()
    try:
        typed, channel, received_on = forms.parse_staff(fields)
        request = staffroom.file_for(
            asked.svc, session, typed.right, typed.personal, channel=channel, received_on=received_on,
            relationship=typed.relationship, noted=typed.noted, designated=typed.designated,
        )  # fmt: skip
    except InvalidRequest as fault:
        right = (fields.get("right") or [""])[0]
        if asked.wants_json:
            raise
        return _file_form(asked, Right(right) if right in set(Right) else None, fields, fault.fields)
    if asked.wants_json:
        return replies.as_json(api.filed(request), status=202)
    return replies.see(asked, f"/staff?reference={request.reference}")


def _file_form(asked: Asked, right: Right | None, typed: Fields, faults: dict[str, str] | None = None) -> Response:
    business = asked.svc.business
    return replies.page(
        asked, "new" if right else "file_for", status=422 if faults else 200, right=right,
        terms=business.rights[right] if right else None, typed=typed, faults=faults or {}, places=places.PLACES,
        action="/staff/requests/new", staff=True, correctable=business.correctable_by_title(), rights=list(Right),
    )  # fmt: skip
