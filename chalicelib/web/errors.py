"""Domain error to HTTP: one table. A status, a title, and what a person can do about it.

Never a stack trace, never a value: what is told is written here, or by the error for people (`why`, `fields`).
Leaves to others: turning it into a page or JSON (replies).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib import errors as e
from chalicelib.language import gettext, lookup
from chalicelib.mail import words
from chalicelib.web.asked import STAFF_PATHS, Unreadable


@dataclass(frozen=True)
class Told:
    """What is answered for an error. `offer` is a page that helps: `links`, `sign-in` or none."""

    status: int
    error: str
    title: str
    message: str
    offer: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    retry_after: int | None = None


AGAIN = "Open your link again to see it as it is now."
OURS = "Something on our side needs mending"
TABLE: dict[type[Exception], tuple[int, str, str]] = {
    # error: status, title, what a person can do
    e.RequestNotFound: (404, "Not found", "There is no such request. In time, finished ones are cleared away."),
    e.SealBroken: (503, OURS, "This request cannot be read just now. Please write to us instead."),
    e.RequestChanged: (409, "Somebody was faster", f"This request changed while you looked at it. {AGAIN}"),
    e.RequestClosed: (409, "This request has ended", "Nothing more can be done with it. You can send us a new one."),
    e.RequestFrozen: (409, "This request is on hold", "Somebody told us “that wasn’t me”. A person will look at it."),
    e.AlreadyFiled: (409, "We have it already", "This form was sent before. There is no need to send it again."),
    e.TransitionNotAllowed: (409, "Not possible now", f"The request is past the point for this. {AGAIN}"),
    e.InvalidRequest: (422, "Please look at this again", "Something in the form needs your attention."),
    e.DecisionNotAllowed: (409, "Not possible", "This cannot be decided so."),
    e.PlanChanged: (409, "The plan has changed", "It is not what you were shown. Please look again, then decide."),
    e.PlanDrifted: (409, "The data has changed", "A record is not as it was when this was decided. Back to staff."),
    e.DecisionTakenBack: (409, "Taken back", "Staff took this decision back and will decide anew."),
    e.RequestError: (409, "Not possible now", "This cannot be done with the request as it is now."),
    e.LinkMissing: (404, "This link does not work", "It was replaced or switched off, or part of it is missing."),
    e.LinkExpired: (410, "This link is too old", "Links in our emails work for a limited time."),
    e.LinkInvalid: (404, "This link does not work here", "It is a link for something else."),
    e.LinkError: (404, "This link does not work", "It does not open anything."),
    e.SignatureInvalid: (401, "Not signed", "The signature does not fit, is too old, or was used before."),
    e.LimitReached: (429, "Too many tries", "This can be done only so often, to protect people from strangers."),
    e.MailUncertain: (503, "Please wait a moment", "We are not sure that an email has left. A person looks at it."),
    e.MailRejected: (503, "Our email was refused", "The mail service did not take it. Check the address, or call us."),
    e.SourceUnavailable: (503, "Please try again soon", "One of our systems does not answer now. Nothing was lost."),
    e.CallbackRefused: (401, "Not accepted", "It is not signed as agreed, or not about what this address is for."),
    e.PeerMisread: (503, OURS, "A person has been told. You need not do anything."),
    e.PeerUnavailable: (503, "Please try again soon", "Somebody else’s system does not answer now. Nothing was lost."),
    e.ServiceUnavailable: (503, "Please try again soon", "We cannot do this just now. Please try again in a minute."),
    e.SourceAwaited: (503, "Please wait a little", "Somebody still has to answer us. You need not do anything."),
    e.SourceMisread: (503, OURS, "A person has been told. You need not do anything."),
    e.SourceRefuses: (503, OURS, "A person has been told. You need not do anything."),
    e.OwnerNotShown: (503, OURS, "A person has been told. You need not do anything."),
    e.MoreToDo: (503, "Please try again soon", "This takes longer than we thought. Nothing was lost."),
    e.Misconfigured: (500, OURS, "This desk is not set up right. Please write to us instead."),
    e.RightsdeskError: (500, "Something went wrong on our side", "It was our fault, not yours. Please try again."),
}  # fmt: skip


def told(error: Exception, path: str, now: datetime) -> Told:
    """What to answer for `error`, raised under the route `path`, at `now` (UTC)."""
    if isinstance(error, Unreadable):
        return Told(error.status, error.error, gettext("We could not read that"), lookup(error.message))
    kind = next((k for k in type(error).__mro__ if k in TABLE), None)
    if kind is None:
        _, title, message = TABLE[e.RightsdeskError]
        return Told(500, "our_fault", lookup(title), lookup(message))
    status, title, message = TABLE[kind]
    title, message = lookup(title), lookup(message)
    match error:
        case e.LinkError():
            return _dead_link(error, path, status, title, message)
        case e.InvalidRequest():
            return Told(
                status, "invalid_request", title, message, fields={n: lookup(m) for n, m in error.fields.items()}
            )
        case e.DecisionNotAllowed():
            return Told(status, _name(kind), title, error.why)
        case e.LimitReached():
            seconds = max(1, int((error.retry_at - now).total_seconds()))
            return Told(status, _name(kind), title, f"{message} {_come_back(seconds)}", retry_after=seconds)
        case e.ServiceUnavailable():
            return Told(status, _name(kind), title, message, retry_after=60)
    return Told(status, _name(kind), title, message)


def _come_back(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if minutes <= 1:
        return gettext("Please come back in about a minute.")
    if minutes < 90:
        return gettext("Please come back in about %(minutes)s minutes.", minutes=minutes)
    return gettext("Please come back in about %(hours)s hours.", hours=round(minutes / 60))


def _dead_link(error: e.LinkError, path: str, status: int, title: str, message: str) -> Told:
    """Says what the link was for, and where a new one comes from."""
    opened = path.strip("/").partition("/")[0]
    purpose = words.LINK_PURPOSES.get(error.purpose or opened) or words.LINK_PURPOSES.get(opened)
    if purpose:
        message = gettext("It was a link %(purpose)s.", purpose=purpose) + f" {message}"
    offer = "sign-in" if path.startswith(STAFF_PATHS) else "links"
    return Told(status, _name(type(error)), title, message, offer=offer)


def _name(kind: type[Exception]) -> str:
    """RequestChanged as `request_changed`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
