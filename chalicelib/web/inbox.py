"""The inbox page: mails that a person must read, for signed-in staff.

Rule 1: the list shows nothing personal; a POST opens one, on record. Leaves to others: which mails are here
(usecases/inbound), who may read them (usecases/inbox).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.errors import InvalidRequest, LinkError
from chalicelib.ports import KeptMail
from chalicelib.usecases import inbox as mails
from chalicelib.usecases import staffroom
from chalicelib.web import replies
from chalicelib.web.asked import Asked, Unreadable, only
from chalicelib.web.replies import ANY, answered
from chalicelib.web.sessions import session

inbox = Blueprint(__name__)


@inbox.route("/staff/mail", methods=["GET"], content_types=ANY)
@answered(inbox)
def mail_list(asked: Asked) -> Response:
    try:
        member, waiting = mails.waiting(asked.svc, session(asked))
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    if asked.wants_json:
        return replies.as_json({"mails": [_kept(each) for each in waiting]})
    return replies.page(asked, "inbox", member=member, mails=waiting, opened=None)


@inbox.route("/staff/mail", methods=["POST"], content_types=ANY)
@answered(inbox)
def mail_act(asked: Asked) -> Response:
    cookie = session(asked)
    try:
        member = staffroom.staff_of(asked.svc, cookie)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    if asked.from_elsewhere:
        raise Unreadable(403, "from_elsewhere", "This was sent by another site. Please use the page of this one.")
    said = only(asked.form(), {"show", "done"})
    if id := said.get("show"):
        opened = mails.open_mail(asked.svc, cookie, id)
        if asked.wants_json:
            told = {"from": opened.letter.senders, "subject": opened.subject, "text": opened.text}
            return replies.as_json({**_kept(opened.kept), **told, "files": opened.letter.files})
        return replies.page(asked, "inbox", member=member, mails=[], opened=opened)
    if not (id := said.get("done")):
        raise InvalidRequest({"show": "Choose a mail."})
    mails.done(asked.svc, cookie, id)
    return replies.see(asked, "/staff/mail")


def _kept(kept: KeptMail) -> dict[str, object]:
    opened = [{"by": by, "at": at.isoformat()} for by, at in kept.opened]
    return {
        "id": kept.id, "at": kept.at.isoformat(), "why": kept.why, "reference": kept.reference, "opened": opened
    }  # fmt: skip
