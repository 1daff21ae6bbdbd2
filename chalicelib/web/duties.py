"""The pages of the staff's duties and of announcements: acknowledge by a link, see who has not, tell everybody.

Rule 1: a GET changes nothing; one POST acknowledges, one announces. Here are counts and the staff's own names, no
customer's data. Leaves to others: reminding (usecases/duties), sending (usecases/announcements).
"""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.businesses.model import Change, Member
from chalicelib.domain.announcement import Announcement, Met
from chalicelib.errors import DecisionNotAllowed, LinkError
from chalicelib.usecases import announcements, staffroom
from chalicelib.usecases import duties as usecase
from chalicelib.web import replies
from chalicelib.web.asked import Asked, Unreadable, only
from chalicelib.web.replies import ANY, answered
from chalicelib.web.sessions import session

duties = Blueprint(__name__)


@duties.route("/duties/{token}", methods=["GET"], content_types=ANY)
@answered(duties)
def duties_page(asked: Asked, token: str) -> Response:
    member, standings = usecase.page(asked.svc, token)
    if asked.wants_json:
        return replies.as_json({"occasions": [_standing(s) for s in standings]})
    return replies.page(asked, "duties", member=member, standings=standings, token=token)


@duties.route("/duties/{token}", methods=["POST"], content_types=ANY)
@answered(duties)
def acknowledge(asked: Asked, token: str) -> Response:
    only(asked.form(), {"known"})
    usecase.acknowledge(asked.svc, token)
    return duties_page_again(asked, token)


def duties_page_again(asked: Asked, token: str) -> Response:
    """What was noted: as JSON at once, else by a redirect, so that loading it again sends nothing."""
    if asked.wants_json:
        return replies.as_json({"occasions": [_standing(s) for s in usecase.page(asked.svc, token)[1]]})
    return replies.see(asked, f"/duties/{token}")


@duties.route("/staff/duties", methods=["GET"], content_types=ANY)
@answered(duties)
def who_knows(asked: Asked) -> Response:
    """A lead sees everybody, anybody else themself."""
    try:
        member = staffroom.staff_of(asked.svc, session(asked))
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    leads = member in asked.svc.business.leads()
    shown = [s for s in usecase.standings(asked.svc) if leads or s.member.id == member.id]
    if asked.wants_json:
        return replies.as_json({"duties": [{"member": s.member.id, **_standing(s)} for s in shown]})
    return replies.page(asked, "staff_duties", member=member, leads=leads, standings=shown)


def _standing(standing: usecase.Standing) -> dict[str, object]:
    at = standing.acknowledged_at
    return {
        "occasion": standing.occasion, "acknowledged_at": at.isoformat() if at else None,
        "reminded": [each.isoformat() for each in standing.reminded],
    }  # fmt: skip


@duties.route("/staff/policy", methods=["GET"], content_types=ANY)
@answered(duties)
def policy(asked: Asked) -> Response:
    try:
        _lead(asked)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    return _policy(asked)


@duties.route("/staff/policy", methods=["POST"], content_types=ANY)
@answered(duties)
def announce(asked: Asked) -> Response:
    """Begins; the next run sends."""
    try:
        lead = _lead(asked)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    if asked.from_elsewhere:
        raise Unreadable(403, "from_elsewhere", "This was sent by another site. Please use the page of this one.")
    said = only(asked.form(), {"announce"})
    announcements.begin(asked.svc, said.get("announce", ""), f"staff:{lead.id}")
    return _policy(asked) if asked.wants_json else replies.see(asked, "/staff/policy")


def _lead(asked: Asked) -> Member:
    member = staffroom.staff_of(asked.svc, session(asked))
    if member not in asked.svc.business.leads():
        raise DecisionNotAllowed("A lead announces a change of the policy. Please ask one of them.")
    return member


def _policy(asked: Asked) -> Response:
    changes = announcements.all_of(asked.svc)
    if asked.wants_json:
        return replies.as_json({"changes": [_change(change, begun) for change, begun in changes]})
    return replies.page(asked, "staff_policy", changes=changes, met=list(Met))


def _change(change: Change, begun: Announcement | None) -> dict[str, Any]:
    said: dict[str, Any] = {"version": change.version, "announced": begun is not None}
    if begun:
        ended = begun.finished_at
        said |= {
            "by": begun.by, "takes_effect": begun.takes_effect.isoformat(), "counts": begun.counts,
            "begun_at": begun.begun_at.isoformat(), "finished_at": ended.isoformat() if ended else None,
        }  # fmt: skip
    return said
