"""The customer's pages: ask, prove, follow, get the answer, stop mail.

Rule 1: a GET shows a page, changes nothing and shows no personal data; a POST acts. Leaves to others: what happens
(usecases), what fields may say (forms).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from chalice.app import Blueprint, Response

from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.errors import InvalidRequest
from chalicelib.language import N_, gettext
from chalicelib.mail import words
from chalicelib.services import Services
from chalicelib.usecases import completing, errands, following, one_click, verification
from chalicelib.usecases import results as packages
from chalicelib.usecases.errands import Errand
from chalicelib.web import api, forms, places, replies
from chalicelib.web.asked import Asked, Fields, only
from chalicelib.web.replies import ANY, answered
from chalicelib.web.stages import stages

customer = Blueprint(__name__)


@customer.route("/", methods=["GET"], content_types=ANY)
@answered(customer)
def start(asked: Asked) -> Response:
    if asked.wants_json:
        say, rights = asked.svc.business.say, asked.svc.business.rights
        said = {right: {"words": say(terms.words), "stands_on": terms.stands_on} for right, terms in rights.items()}
        return replies.as_json({"rights": said})
    return replies.page(asked, "start", rights=list(Right), faults={})


@customer.route("/requests/new", methods=["GET"], content_types=ANY)
@answered(customer)
def new(asked: Asked) -> Response:
    right = asked.query("right")
    if right not in set(Right):
        return replies.page(asked, "start", rights=list(Right), faults={})
    stop = ["sharing"] if asked.gpc and "sharing" in asked.svc.business.opt_outs else []
    return _form(asked, Right(right), {"stop": stop, "form_id": [asked.svc.chance.token()]})


@customer.route("/requests", methods=["POST"], content_types=ANY)
@answered(customer)
def file(asked: Asked) -> Response:
    fields = asked.form()
    try:
        request = api.file_typed(asked, forms.parse(fields))
    except InvalidRequest as fault:
        right = (fields.get("right") or [""])[0]
        if asked.wants_json:
            raise
        if right not in set(Right):
            return replies.page(
                asked, "start", status=422, rights=list(Right), faults={"right": forms.MISSING["right"]}
            )
        return _form(asked, Right(right), fields, fault.fields)
    if asked.wants_json:
        return replies.as_json(api.filed(request), status=202)
    also = {"also": words.OTHER[request.right]} if request.asked_with else {}
    told = urlencode({"right": request.right, "reference": request.reference, **also})
    return replies.see(asked, f"/requests/received?{told}")


def _form(asked: Asked, right: Right, typed: Fields, faults: dict[str, str] | None = None) -> Response:
    """The form of one right, filled with what was typed, each fault beside its field."""
    return replies.page(
        asked, "new", status=422 if faults else 200, right=right, terms=asked.svc.business.rights[right],
        typed=typed, faults=faults or {}, places=places.PLACES, action="/requests", staff=False,
        correctable=asked.svc.business.correctable_by_title(),
    )  # fmt: skip


@customer.route("/requests/received", methods=["GET"], content_types=ANY)
@answered(customer)
def received(asked: Asked) -> Response:
    right, reference, also = asked.query("right"), asked.query("reference"), asked.query("also")
    return replies.page(
        asked, "received", right=Right(right) if right in set(Right) else None,
        also=Right(also) if also in set(Right) else None,
        reference=reference if re.fullmatch(r"R-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", reference) else None,
    )  # fmt: skip


@customer.route("/links", methods=["GET"], content_types=ANY)
@answered(customer)
def links(asked: Asked) -> Response:
    return replies.page(asked, "links", sent=False, typed="", faults={})


@customer.route("/links", methods=["POST"], content_types=ANY)
@answered(customer)
def links_again(asked: Asked) -> Response:
    typed = ""
    try:
        typed = only(asked.form(), {"email"}).get("email", "")
        errands.leave(asked.svc, Errand.LINKS, forms.email(typed))
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        return replies.page(asked, "links", status=422, sent=False, typed=typed, faults=fault.fields)
    if asked.wants_json:
        return replies.as_json(
            {"message": gettext("If we have open requests for this address, new links are on their way.")}
        )
    return replies.page(asked, "links", sent=True, typed="", faults={})


@customer.route("/verify/{token}", methods=["GET"], content_types=ANY)
@answered(customer)
def verify_page(asked: Asked, token: str) -> Response:
    return _verify_page(asked, token)


@customer.route("/verify/{token}", methods=["POST"], content_types=ANY)
@answered(customer)
def verify(asked: Asked, token: str) -> Response:
    view = verification.verify_page(asked.svc, token)
    fields = asked.form()
    try:
        if fields.get("complete") == ["yes"]:
            return _complete(asked, token, fields)
        said = only(fields, {"confirm", "declare", "signature", *(f"answer.{point}" for point, _ in view.questions)})
        if said.get("confirm") != "yes":
            raise InvalidRequest({"confirm": "Press the button to confirm."})
        answers = {p: forms.line(said.get(f"answer.{p}", ""), f"answer.{p}") for p, _ in view.questions}
        signature = forms.line(said.get("signature", ""), "signature") or None
        request = verification.verify(
            asked.svc, token, answers=answers, declared=said.get("declare") == "yes", signature=signature
        )
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        return _verify_page(asked, token, fields, fault.fields)
    if asked.wants_json:
        return replies.as_json({"reference": request.reference, "status": request.status})
    return replies.see(asked, f"/verify/{token}")


def _complete(asked: Asked, token: str, fields: Fields) -> Response:
    """What a mail could not say, from the page that asks it before the proof."""
    completing.complete(asked.svc, token, **forms.completion(fields))
    return _verify_page(asked, token) if asked.wants_json else replies.see(asked, f"/verify/{token}")


def _verify_page(
    asked: Asked, token: str, typed: Fields | None = None, faults: dict[str, str] | None = None
) -> Response:
    view = verification.verify_page(asked.svc, token)
    if asked.wants_json:
        questions = [{"point": point, "ask": ask} for point, ask in view.questions]
        return replies.as_json({
            "reference": view.reference, "right": view.right, "state": view.state, "questions": questions,
            "declaration": view.declaration, "tries_left": view.tries_left, "missing": view.missing,
        })  # fmt: skip
    if view.missing:
        return replies.page(
            asked, "complete", status=422 if faults else 200, view=view, token=token, typed=typed or {},
            faults=faults or {}, places=places.PLACES, correctable=asked.svc.business.correctable_by_title(),
        )  # fmt: skip
    name = "verify" if view.state == "open" else "verified"
    return replies.page(
        asked, name, status=422 if faults else 200, view=view, token=token, typed=typed or {}, faults=faults or {}
    )


@customer.route("/track/{token}", methods=["GET"], content_types=ANY)
@answered(customer)
def track(asked: Asked, token: str) -> Response:
    return _tracker(asked, token)


Step = Callable[[Services, str], object]
STEPS: dict[str, Step] = {
    "withdraw": lambda svc, token: following.withdraw(svc, token),
    "undo": lambda svc, token: following.undo(svc, token),
    "reopen": lambda svc, token: following.reopen(svc, token),
}
TEXTS: dict[str, tuple[Callable[[Services, str, str], object], str]] = {
    "reply": (lambda svc, token, text: following.reply(svc, token, text), N_("Write your answer first.")),
    "appeal": (
        lambda svc, token, text: following.appeal(svc, token, text),
        N_("Say in a few words why we should look again."),
    ),
}


@customer.route("/track/{token}/{action}", methods=["POST"], content_types=ANY)
@answered(customer)
def act(asked: Asked, token: str, action: str) -> Response:
    fields = asked.form()
    try:
        if action == "not-me":
            return _not_me(asked, token, fields)
        if action in STEPS:
            only(fields, ())
            STEPS[action](asked.svc, token)
        elif action in TEXTS:
            send, needed = TEXTS[action]
            send(asked.svc, token, forms.prose(only(fields, {"text"}).get("text", ""), "text", required=needed))
        else:
            return replies.message(asked, gettext("Not found"), gettext("There is no such page."), status=404)
    except InvalidRequest as fault:
        if asked.wants_json:
            raise
        return _tracker(asked, token, action, fields, fault.fields)
    return _tracker(asked, token) if asked.wants_json else replies.see(asked, f"/track/{token}")


def _not_me(asked: Asked, token: str, fields: Fields) -> Response:
    """Shown at once and not after a redirect: the tracker's link may be dead from here on."""
    only(fields, ())
    request = following.not_me(asked.svc, token).request
    if request.status is Status.FROZEN:
        so_far = gettext("Nothing will be sent, changed or deleted because of it. A person will look at it.")
        if request.resume is Status.FULFILLING:
            so_far = gettext(
                "We had begun to carry it out: what is not done yet is stopped. A person will tell you what was."
            )
        held = gettext("Thank you for telling us. This request is on hold and its links are switched off.")
        text = f"{held} {so_far} {gettext('You need not do anything else.')}"
        return replies.message(asked, gettext("We have stopped it"), text)
    text = gettext(
        "Thank you for telling us. We had begun to act on this request, or answered it, before you told us. Its links "
        "are switched off now. A person will look at it, and at whether anything went to the wrong place."
    )
    return replies.message(asked, gettext("A person will look at it"), text)


def _tracker(
    asked: Asked, token: str, action: str = "", typed: Fields | None = None, faults: dict[str, str] | None = None
) -> Response:
    view = following.tracker(asked.svc, token)
    request = view.request
    if asked.wants_json:
        return replies.as_json({
            "reference": request.reference, "right": request.right, "status": request.status, "reason": request.reason,
            "received_at": request.received_at.isoformat(), "due_at": request.due_at.isoformat(),
            "history": [{"at": at.isoformat(), "what": what} for at, what in view.history],
        })  # fmt: skip
    return replies.page(
        asked, "tracker", status=422 if faults else 200, view=view, request=request, token=token,
        stages=stages(request), action=action, typed=typed or {}, faults=faults or {},
    )  # fmt: skip


@customer.route("/results/{token}", methods=["GET"], content_types=ANY)
@answered(customer)
def results(asked: Asked, token: str) -> Response:
    view = packages.results_page(asked.svc, token)
    if asked.wants_json:
        return replies.as_json({
            "reference": view.reference, "ready": view.ready, "expires_at": view.expires_at.isoformat()
        })  # fmt: skip
    return replies.page(asked, "results", headers=_files_policy(asked.svc), view=view, token=token)


@customer.route("/results/{token}", methods=["POST"], content_types=ANY)
@answered(customer)
def package(asked: Asked, token: str) -> Response:
    asked.body()
    return replies.go(packages.package_url(asked.svc, token))


def _files_policy(svc: Services) -> dict[str, str]:
    """The button's POST is redirected to where the files are: browsers hold that against form-action too."""
    files = svc.settings.files_url or "https://*.amazonaws.com"
    policy = replies.GUARDS["Content-Security-Policy"].replace("form-action 'self'", f"form-action 'self' {files}")
    return {"Content-Security-Policy": policy}


@customer.route("/stop/{token}", methods=["GET"], content_types=ANY)
@answered(customer)
def stop_page(asked: Asked, token: str) -> Response:
    return _stop(asked, token, one_click.stop_page(asked.svc, token), done=False)


@customer.route("/stop/{token}", methods=["POST"], content_types=ANY)
@answered(customer)
def stop(asked: Asked, token: str) -> Response:
    """Whatever the body says: an opt-out is never refused for its form (rule 5; RFC 8058 allows two content types)."""
    asked.body()
    return _stop(asked, token, one_click.stop_by_token(asked.svc, token), done=True)


def _stop(asked: Asked, token: str, scopes: tuple[str, ...], *, done: bool) -> Response:
    if asked.wants_json:
        if done:
            return replies.as_json({"stopped": list(one_click.stopped_already(asked.svc, token))})
        return replies.as_json({"would_stop": list(scopes)})
    return replies.page(asked, "stop", token=token, scopes=scopes, done=done)
