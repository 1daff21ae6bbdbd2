"""What is easily lost when something happens a second time, in another order, or only in part."""

from __future__ import annotations

from chalicelib.domain.request import Personal, Right
from chalicelib.domain.status import Status
from chalicelib.usecases import (
    intake,
)

from .conftest import Office
from .test_rights import signed_in


def test_a_signed_in_members_concern_reaches_staff_though_no_source_is_searched(office: Office) -> None:
    typed = Personal(email=office.customers[0]["email"], details="Why?")
    request = intake.file_request(office.svc, Right.CONCERN, typed, member_token=signed_in(office))
    assert office.workflow.started[request.execution]["sources"] == []
    office.ask_staff(request)
    assert office.now(request).status is Status.IN_REVIEW
