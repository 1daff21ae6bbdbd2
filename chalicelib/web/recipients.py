"""The page of a recipient: what to do for a person whose data they were given, and the button to confirm it.

Rule 1: GET names nobody; POST `show=yes` reveals whom it is about, audited. A recipient's own system posts a callback
instead, judged by its signature over the raw bytes. Leaves to others: who is told (usecases/recipients), work by hand,
whose links lead here too (by_hand).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.domain.request import Personal
from chalicelib.errors import InvalidRequest
from chalicelib.usecases import awaiting, by_hand, recipients
from chalicelib.web import by_hand as hand_pages
from chalicelib.web import replies
from chalicelib.web.asked import Asked, only
from chalicelib.web.replies import ANY, answered

tasks = Blueprint(__name__)


@tasks.route("/task/{token}", methods=["GET"], content_types=ANY)
@answered(tasks)
def task(asked: Asked, token: str) -> Response:
    if by_hand.is_by_hand(asked.svc, token):
        return hand_pages.page(asked, token)
    return _task(asked, token, recipients.task_page(asked.svc, token))


@tasks.route("/task/{token}", methods=["POST"], content_types=ANY)
@answered(tasks)
def report(asked: Asked, token: str) -> Response:
    if by_hand.is_by_hand(asked.svc, token):
        return hand_pages.post(asked, token)
    said = only(asked.form(), {"show", "outcome"})
    if said.get("show") == "yes":
        view, personal = recipients.reveal_task(asked.svc, token)
        return _task(asked, token, view, personal)
    if said.get("outcome") not in recipients.OUTCOMES:
        raise InvalidRequest({"outcome": "Choose what you did: done, none or kept."})
    view = recipients.confirm(asked.svc, token, said["outcome"])
    return _task(asked, token, view) if asked.wants_json else replies.see(asked, f"/task/{token}")


@tasks.route("/callbacks/{token}", methods=["POST"], content_types=ANY)
@answered(tasks)
def callback(asked: Asked, token: str) -> Response:
    headers = {str(name).lower(): str(value) for name, value in asked.http.headers.items()}
    if awaiting.is_sources(asked.svc, token):
        request = awaiting.report(asked.svc, token, headers, asked.body())
        return replies.as_json({"reference": request.reference}, status=202)
    notice = recipients.callback(asked.svc, token, headers, asked.body())
    return replies.as_json({"id": notice.id, "state": notice.state}, status=202)


def _task(asked: Asked, token: str, view: recipients.TaskView, personal: Personal | None = None) -> Response:
    request = view.request
    if asked.wants_json:
        return replies.as_json({"reference": request.reference, "right": request.right, "confirmed": view.confirmed})
    return replies.page(asked, "task", view=view, request=request, personal=personal, token=token)
