"""The page of the person an agent asks for: who it is, and the two buttons, yes and no.

Rule 1: GET names nobody; POST `show=yes` reveals who asks, audited; `confirm=yes` or `no` decides. Leaves to others:
what a yes lets happen (usecases/consent).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.domain.request import Personal
from chalicelib.errors import InvalidRequest
from chalicelib.language import gettext
from chalicelib.usecases import consent as consents
from chalicelib.usecases.verification import VerifyView
from chalicelib.web import forms, replies
from chalicelib.web.asked import Asked, Fields, only
from chalicelib.web.replies import ANY, answered

consent = Blueprint(__name__)


@consent.route("/consent/{token}", methods=["GET"], content_types=ANY)
@answered(consent)
def consent_page(asked: Asked, token: str) -> Response:
    return _page(asked, token, consents.consent_page(asked.svc, token))


@consent.route("/consent/{token}", methods=["POST"], content_types=ANY)
@answered(consent)
def say(asked: Asked, token: str) -> Response:
    view, fields = consents.consent_page(asked.svc, token), asked.form()
    points = [point for point, _ in view.questions]
    try:
        said = only(fields, {"show", "confirm", "to_agent", "declare", "signature", *(f"answer.{p}" for p in points)})
        if said.get("show") == "yes" and view.state == "open":
            return _page(asked, token, *consents.reveal(asked.svc, token))
        if said.get("confirm") == "no":
            return _no(asked, token)
        if said.get("confirm") != "yes":
            raise InvalidRequest({"confirm": "Press one of the buttons: yes or no."})
        answers = {p: forms.line(said.get(f"answer.{p}", ""), f"answer.{p}") for p in points}
        consents.agree(
            asked.svc, token, answers=answers, declared=said.get("declare") == "yes",
            signature=forms.line(said.get("signature", ""), "signature") or None,
            to_agent=said.get("to_agent") == "yes",
        )  # fmt: skip
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        seen = fields.get("confirm") == ["yes"] and view.state == "open"  # the form stands beside who asks
        shown = consents.reveal(asked.svc, token) if seen else (view, None)
        return _page(asked, token, *shown, typed=fields, faults=fault.fields)
    if asked.wants_json:
        return _page(asked, token, consents.consent_page(asked.svc, token))
    return replies.see(asked, f"/consent/{token}")


def _no(asked: Asked, token: str) -> Response:
    """Shown at once and not after a redirect: the link is dead from here on."""
    request = consents.say_no(asked.svc, token)
    if asked.wants_json:
        return replies.as_json({"reference": request.reference, "right": request.right, "state": "frozen"})
    return replies.message(
        asked,
        gettext("We have stopped it"),
        gettext("Nothing is sent, changed or deleted because of this request. A person looks at it."),
    )


def _page(
    asked: Asked, token: str, view: VerifyView, asker: Personal | None = None, *,
    typed: Fields | None = None, faults: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    if asked.wants_json:
        questions = [{"point": point, "ask": ask} for point, ask in view.questions]
        return replies.as_json({
            "reference": view.reference, "right": view.right, "state": view.state, "questions": questions,
            "declaration": view.declaration,
        })  # fmt: skip
    name = "consent" if view.state == "open" else "consented"
    return replies.page(
        asked, name, status=422 if faults else 200, view=view, asker=asker, token=token, typed=typed or {},
        faults=faults or {},
    )  # fmt: skip
