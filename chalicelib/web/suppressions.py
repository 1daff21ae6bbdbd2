"""The suppression list from outside: the signed question of the business's systems, and the way back for a person.

Rule 1: a GET changes nothing and shows nothing personal; the question is a POST, signed, and answers in one shape for
everyone. Leaves to others: the signature (usecases/signed), what is stopped (screening), lifting (hearing_again).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.errors import InvalidRequest
from chalicelib.usecases import hearing_again, screening, signed
from chalicelib.web import forms, replies
from chalicelib.web.asked import Asked, Fields
from chalicelib.web.replies import ANY, answered

suppressions = Blueprint(__name__)

CHECK = "/api/suppressions/check"


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: IdentifierKind
    value: str = Field(min_length=1, max_length=400)


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    identifiers: list[Named] = Field(min_length=1, max_length=screening.MOST)


@suppressions.route(CHECK, methods=["POST"], content_types=ANY)
@answered(suppressions)
def check(asked: Asked) -> Response:
    signed.verify(
        asked.svc, f"POST {CHECK}", timestamp=asked.header("x-rightsdesk-timestamp"),
        nonce=asked.header("x-rightsdesk-nonce"), signature=asked.header("x-rightsdesk-signature"), body=asked.body(),
    )  # fmt: skip
    try:
        question = Question.model_validate(asked.document())
    except ValidationError as bad:
        raise InvalidRequest(_faults(bad)) from None
    who = [Identifier.of(named.kind, named.value) for named in question.identifiers]
    return replies.as_json({"results": [screening.check(asked.svc, identifier) for identifier in who]})


def _faults(bad: ValidationError) -> dict[str, str]:
    """Where it is wrong and what is, never what stood there."""
    return {".".join(str(part) for part in e["loc"])[:60] or "identifiers": e["msg"] for e in bad.errors()[:20]}


@suppressions.route("/hear-again", methods=["GET"], content_types=ANY)
@answered(suppressions)
def form(asked: Asked) -> Response:
    return _form(asked, {}, {})


@suppressions.route("/hear-again", methods=["POST"], content_types=ANY)
@answered(suppressions)
def ask(asked: Asked) -> Response:
    fields = asked.form()
    try:
        if unknown := fields.keys() - {"email", "scope"}:
            raise InvalidRequest(dict.fromkeys(sorted(unknown), "We do not know this field."))
        email = forms.email((fields.get("email") or [""])[0])
        hearing_again.ask(asked.svc, email, fields.get("scope", []))
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        return _form(asked, fields, fault.fields)
    if asked.wants_json:
        return replies.as_json({"message": "An email with a link is on its way. Nothing changes before it is used."})
    return replies.page(asked, "hear_again", state="sent", scopes=[], token="", typed={}, faults={})


def _form(asked: Asked, typed: Fields, faults: dict[str, str]) -> Response:
    return replies.page(
        asked, "hear_again", status=422 if faults else 200, state="form", scopes=hearing_again.offered(asked.svc),
        token="", typed=typed, faults=faults,
    )  # fmt: skip


@suppressions.route("/hear-again/{token}", methods=["GET"], content_types=ANY)
@answered(suppressions)
def confirm_page(asked: Asked, token: str) -> Response:
    return _confirm(asked, token, hearing_again.page(asked.svc, token), "confirm")


@suppressions.route("/hear-again/{token}", methods=["POST"], content_types=ANY)
@answered(suppressions)
def confirm(asked: Asked, token: str) -> Response:
    asked.body()
    return _confirm(asked, token, hearing_again.confirm(asked.svc, token), "done")


def _confirm(asked: Asked, token: str, scopes: list[str], state: str) -> Response:
    if asked.wants_json:
        return replies.as_json({"resumed" if state == "done" else "would_resume": scopes})
    return replies.page(asked, "hear_again", state=state, scopes=scopes, token=token, typed={}, faults={})
