"""For programs: a request filed as JSON, the browser signal's notice, health, and the stylesheet."""

from __future__ import annotations

import re

from chalice.app import Blueprint, Response

from chalicelib.domain.request import Request
from chalicelib.errors import AlreadyFiled
from chalicelib.usecases import intake
from chalicelib.web import forms, pages, replies
from chalicelib.web.asked import Asked
from chalicelib.web.replies import ANY, answered

api = Blueprint(__name__)


@api.route("/api/requests", methods=["POST"], content_types=ANY)
@answered(api)
def file_by_api(asked: Asked) -> Response:
    return replies.as_json(filed(file_typed(asked, forms.parse(asked.json(forms.REPEATED)))), status=202)


@api.route("/health", methods=["GET"], content_types=ANY)
@answered(api)
def health(_: Asked) -> Response:
    return replies.as_json({"status": "ok"})


@api.route("/.well-known/gpc.json", methods=["GET"], content_types=ANY)
@answered(api)
def global_privacy_control(asked: Asked) -> Response:
    """That the Global Privacy Control signal is honoured, and since which policy, where its version names a day."""
    named = re.search(r"(\d{4}-\d{2})(-\d{2})?", asked.svc.business.policy.version)
    since = {"lastUpdate": f"{named[1]}{named[2] or '-01'}"} if named else {}
    return replies.as_json({"gpc": True, **since})


@api.route("/style.css", methods=["GET"], content_types=ANY)
@answered(api)
def style(asked: Asked) -> Response:
    kept = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(pages.stylesheet(asked.svc.business), {**kept})


def file_typed(asked: Asked, typed: forms.Typed) -> Request:
    """The request that this form makes, or has made before. Raises InvalidRequest, LimitReached."""
    try:
        return intake.file_request(
            asked.svc, typed.right, typed.personal, relationship=typed.relationship, once=typed.once,
            member_token=typed.member_token, network=asked.network, form=typed.form,
        )  # fmt: skip
    except AlreadyFiled as first:
        return asked.svc.store.get(first.reference)


def filed(request: Request) -> dict[str, str | None]:
    return {
        "reference": request.reference,
        "right": request.right.value,
        "regime": request.regime,
        "received_at": request.received_at.isoformat(),
        "acknowledge_by": request.acknowledge_by.isoformat() if request.acknowledge_by else None,
        "due_at": request.due_at.isoformat(),
    }
