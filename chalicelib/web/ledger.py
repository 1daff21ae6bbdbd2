"""The ledger's page for signed-in staff: what a deletion kept and until when, what came back, and what to do with it.

Counts and dates only, nobody's data. Leaves to others: looking and erasing (usecases/came_back).
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.domain.ledger import Entry
from chalicelib.errors import InvalidRequest, LinkError
from chalicelib.usecases import came_back
from chalicelib.web import replies
from chalicelib.web.asked import Asked, Unreadable, only
from chalicelib.web.replies import ANY, answered
from chalicelib.web.sessions import session

ledger = Blueprint(__name__)


@ledger.route("/staff/ledger/{reference}", methods=["GET"], content_types=ANY)
@answered(ledger)
def page(asked: Asked, reference: str) -> Response:
    try:
        entries = came_back.page(asked.svc, session(asked), reference)
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    if asked.wants_json:
        return replies.as_json({"reference": reference, "entries": [_said(entry) for entry in entries]})
    return replies.page(asked, "ledger", reference=reference, entries=entries)


def _said(entry: Entry) -> dict[str, object]:
    return {"name": entry.name, **entry.model_dump(mode="json", exclude={"sealed", "digest", "version"})}


@ledger.route("/staff/ledger/{reference}", methods=["POST"], content_types=ANY)
@answered(ledger)
def decide(asked: Asked, reference: str) -> Response:
    if asked.from_elsewhere:
        raise Unreadable(403, "from_elsewhere", "This was sent by another site. Please use the form of this one.")
    said = only(asked.form(), {"entry", "plan", "do"})
    if said.get("do") not in ("erase", "leave"):
        raise InvalidRequest({"do": "Choose whether to delete it again or to leave it."})
    try:
        came_back.decide(
            asked.svc, session(asked), reference, entry=said.get("entry", ""), plan=said.get("plan", ""),
            erase=said["do"] == "erase",
        )  # fmt: skip
    except LinkError:
        return replies.see(asked, "/staff/sign-in")
    return replies.see(asked, f"/staff/ledger/{reference}")
