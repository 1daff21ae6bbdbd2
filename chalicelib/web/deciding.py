"""What staff post on the card: a decision, whole or in part, a legal hold, a step back, a note, or "try again".

Leaves to others: the page and revealing (staff), whether it is allowed (usecases).
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.decision import Ground, Verdict
from chalicelib.domain.verification import Noted
from chalicelib.errors import InvalidRequest
from chalicelib.services import Services
from chalicelib.usecases import attention, consent, holds, other_way, posting, refiling, review, taking_back
from chalicelib.web import forms
from chalicelib.web.asked import Fields, only

FIELDS = (
    "show", "decision", "ground", "explanation", "plan", "again", "leave", "exemption", "hold", "release", "undo",
    "note", "print", "posted", "pause", "correct", "appeal", "received_on",
    "rest", "undelivered", "email",
)  # fmt: skip
EXPLAINED = {
    Verdict.ASK: "Write the question. The customer reads exactly this.",
    Verdict.EXTEND: "Say why more time is needed. The customer is told.",
}
ACTS: dict[tuple[str, str], Callable[[Services, str], object]] = {
    ("again", "yes"): attention.try_again,
    ("again", "post"): attention.go_by_post,
    ("note", Noted.POWER_OF_ATTORNEY): consent.note_power,
    ("posted", "yes"): posting.posted,
    ("undelivered", "mail"): other_way.send_again,
    ("undelivered", "post"): other_way.by_post,
}
"""What a button on the card does beside deciding, by its name and value; none of these asks for anything more."""
APPEALED = "Write down what they said: why we should look again."
NOTED = "Say why, for your colleagues. The customer is not told this."


REPEATED = ("leave", "record")
Many = dict[str, tuple[str, ...]]


def said(fields: Fields) -> tuple[dict[str, str], Many]:
    """The single fields of what was posted, and those that repeat: places, records. Raises InvalidRequest."""
    single = only({name: values for name, values in fields.items() if name not in REPEATED}, FIELDS)
    many = {n: tuple(dict.fromkeys(forms.line(v, n) for v in fields.get(n, ()) if v)) for n in REPEATED}
    if "leave" in fields and not many["leave"]:
        raise InvalidRequest({"leave": "Tick what to leave out, or approve the whole."})
    return single, many


def act(svc: Services, token: str, said: dict[str, str], many: Many) -> str:
    """Do what was posted; the token that opens the card from now on. Raises InvalidRequest and more."""
    if button := next((act for (name, value), act in ACTS.items() if said.get(name) == value), None):
        button(svc, token)
        return token
    if said.get("undo") == "yes":
        return taking_back.take_back(svc, token)[1]
    for name, change in (("hold", holds.hold), ("release", holds.release)):
        if said.get(name) == "yes":
            text = forms.prose(said.get("explanation", ""), "explanation", most=4000, required=NOTED)
            change(svc, token, text)
            return token
    if reference := said.get("rest"):
        holds.take_up(svc, token, forms.line(reference, "rest"))
        return token
    if said.get("again") == "refile":
        refiling.refile(svc, token, forms.email(said.get("email", "")))
        return token
    if field := said.get("correct"):
        review.choose_records(svc, token, field=forms.line(field, "correct"), ids=many["record"])
        return token
    if said.get("appeal") == "yes":
        text = forms.prose(said.get("explanation", ""), "explanation", most=4000, required=APPEALED)
        posting.appeal_for(svc, token, text, received_on=forms.day(said.get("received_on", ""), "received_on"))
        return token
    _decide(svc, token, said, many["leave"])
    return token


def _decide(svc: Services, token: str, said: dict[str, str], leave: tuple[str, ...]) -> None:
    verdict, ground = said.get("decision", ""), said.get("ground", "")
    if verdict not in set(Verdict):
        raise InvalidRequest({"decision": "Choose what to do: approve, refuse, extend or ask."})
    if ground and ground not in set(Ground):
        raise InvalidRequest({"ground": "Choose one of the grounds listed."})
    if (verdict == Verdict.REFUSE or leave) and not ground:
        raise InvalidRequest({"ground": "Choose the ground. The customer is told."})
    plan = forms.line(said.get("plan", ""), "plan") or None
    needed = EXPLAINED.get(Verdict(verdict), "Explain what is left out. The customer is told." if leave else "")
    explanation = forms.prose(said.get("explanation", ""), "explanation", most=4000, required=needed)
    review.decide(
        svc, token, verdict=Verdict(verdict), ground=Ground(ground) if ground else None,
        explanation=explanation or None, plan=plan, leave=leave,
        exemption=forms.line(said.get("exemption", ""), "exemption") or None, pause=said.get("pause") == "yes",
    )  # fmt: skip
