"""What staff post on the card is read whole, or named field by field."""

from __future__ import annotations

import pytest

from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.links import Purpose
from tests.web.conftest import Desk


def asked(desk: Desk) -> str:
    request = desk.file(Right.ACCESS, Status.GATHERING, Status.IN_REVIEW)
    return desk.link(Purpose.REVIEW, request.reference, "dana")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ([("decision", "approve"), ("leave", ""), ("explanation", "x")], "Tick what to leave out"),
        ([("decision", "approve"), ("leave", ""), ("leave", "shop.customers")], "Choose the ground"),
        ([("decision", "approve"), ("leave", "shop.customers"), ("ground", "exempt")], "Explain what is left out"),
        ([("decision", "approve"), ("leave", "shop\n.customers"), ("ground", "exempt")], "line breaks"),
        ([("decision", "refuse"), ("ground", "mood")], "Choose one of the grounds"),
        ([("hold", "yes")], "Say why"),
        ([("correct", "shop.customers.street"), ("record", "0")], "Choose among the records"),
        ([("release", "yes"), ("explanation", "  ")], "Say why"),
        ([("decision", "approve"), ("ground", "exempt"), ("ground", "other")], "Send this once"),
    ],
)
def test_what_is_missing_is_said_and_nothing_changes(desk: Desk, fields: list[tuple[str, str]], fault: str) -> None:
    link = asked(desk)
    before = desk.state()
    answer = desk.post(link, fields)
    assert answer.status_code == 422
    assert fault in answer.body.decode()
    assert desk.state() == before


def test_a_whole_approval_is_never_made_by_the_form_for_a_part(desk: Desk) -> None:
    """Nothing ticked and nothing chosen in it: the whole is not approved by mistake."""
    link = asked(desk)
    answer = desk.post(link, [("decision", "approve"), ("leave", "")])
    assert answer.status_code == 422
    assert desk.get(link, Accept="application/json").json_body["status"] == "in_review"


def test_what_nobody_decided_cannot_be_taken_back(desk: Desk) -> None:
    assert desk.post(asked(desk), {"undo": "yes"}).status_code == 409


def test_a_hold_is_set_and_ended_from_the_card(desk: Desk) -> None:
    link = asked(desk)
    assert desk.post(link, {"hold": "yes", "explanation": "A letter."}).status_code == 303
    assert b"Legal hold" in desk.get(link).body
    assert desk.get(link, Accept="application/json").json_body["held"] is True
    assert desk.post(link, {"release": "yes", "explanation": "Over."}).status_code == 303
    assert desk.get(link, Accept="application/json").json_body["held"] is False
