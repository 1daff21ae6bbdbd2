"""The pages of mail that came in: what staff read, and what its writer completes."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryInbox
from chalicelib.domain.request import Channel, Personal, Right, advance
from chalicelib.domain.status import Status
from chalicelib.links import Purpose
from chalicelib.ports import KeptMail
from chalicelib.usecases import intake
from tests.web.conftest import EMAIL, Desk

RAW = b"From: Kim <kim@example.com>\r\nSubject: Sad <pony>\r\n\r\nMy card is 4111 1111 1111 1111.\r\n"
JSON = "application/json"


@pytest.fixture
def kept(desk: Desk) -> KeptMail:
    assert isinstance(desk.svc.inbox, MemoryInbox)
    desk.svc.inbox.mails["ses-1"] = RAW
    note = KeptMail(id="2026-11-20-abc", mail="ses-1", at=desk.svc.now(), why="unread")
    desk.store.keep_mail(note)
    return note


def signed_in(desk: Desk) -> dict[str, str]:
    token = desk.link(Purpose.SESSION, None, desk.svc.business.staff[0].id).rpartition("/")[2]
    return {"Cookie": f"staff={token}"}


def test_without_a_session_there_is_only_the_sign_in(desk: Desk, kept: KeptMail) -> None:
    for answer in (desk.get("/staff/mail"), desk.post("/staff/mail", {"show": kept.id})):
        assert (answer.status_code, answer.headers["Location"][-14:]) == (303, "/staff/sign-in")


def test_the_list_shows_nothing_of_a_mail_and_changes_nothing(desk: Desk, kept: KeptMail) -> None:
    session = signed_in(desk)
    before = desk.state()
    page = desk.get("/staff/mail", **session).body.decode()
    assert desk.state() == before
    assert "Not clear what it asks" in page
    assert "kim" not in page
    assert "pony" not in page


def test_opening_one_is_on_record_and_masks_numbers(desk: Desk, kept: KeptMail) -> None:
    session = signed_in(desk)
    page = desk.post("/staff/mail", {"show": kept.id}, **session).body.decode()
    assert "kim@example.com" in page
    assert "Sad &lt;pony&gt;" in page
    assert "4111 1111 1111 1111" not in page
    [listed] = desk.get("/staff/mail", accept=JSON, **session).json_body["mails"]
    assert [view["by"] for view in listed["opened"]] == [desk.svc.business.staff[0].id]


def test_done_deletes_it_and_a_second_click_is_as_good(desk: Desk, kept: KeptMail) -> None:
    session = signed_in(desk)
    for _ in range(2):
        assert desk.post("/staff/mail", {"done": kept.id}, **session).status_code == 303
    assert desk.get("/staff/mail", accept=JSON, **session).json_body == {"mails": []}
    assert desk.post("/staff/mail", {"show": kept.id}, **session).status_code == 404


@pytest.mark.parametrize("fields", [{}, {"show": ""}, {"unknown": "x"}])
def test_a_form_without_a_mail_is_refused(desk: Desk, kept: KeptMail, fields: dict[str, str]) -> None:
    assert desk.post("/staff/mail", fields, **signed_in(desk)).status_code == 422


def test_another_site_cannot_act_for_staff(desk: Desk, kept: KeptMail) -> None:
    sent = {**signed_in(desk), "Origin": "https://evil.example.com"}
    assert desk.post("/staff/mail", {"done": kept.id}, **sent).status_code == 403
    assert desk.store.kept_mails() == [kept]


def by_mail(desk: Desk, right: Right, **personal: Any) -> str:
    """A request from a mail, waiting for proof: its verify link."""
    request = intake.file_request(
        desk.svc, right, Personal(email=EMAIL, **personal), channel=Channel.EMAIL,
        by_mail=intake.ByMail(desk.svc.now()),
    )  # fmt: skip
    request, event = advance(request, Status.VERIFYING, desk.svc.now())
    desk.store.commit(request, event)
    return desk.link(Purpose.VERIFY, request.reference)


def test_the_page_asks_first_what_the_mail_could_not_say(desk: Desk) -> None:
    link = by_mail(desk, Right.CORRECTION, details="secret words of the mail")
    page = desk.get(link).body.decode()
    assert 'name="field"' in page
    assert 'name="residence"' in page
    assert 'name="confirm"' not in page
    assert "secret" not in page
    correctable = desk.svc.business.datamap.correctable()
    field = next(path for path, mapped in correctable.items() if mapped.correct in ("text", "postcode"))
    assert desk.post(link, {"complete": "yes", "residence": "US-CA"}).status_code == 422
    assert desk.post(link, {"complete": "yes", "field": "x.y.z", "value": "1"}).status_code == 422
    said = {"complete": "yes", "field": field, "value": "12345", "residence": "US-OR"}
    assert desk.post(link, said).status_code == 303
    after = desk.get(link).body.decode()
    assert 'name="confirm"' in after
    assert 'name="field"' not in after


def test_where_one_lives_may_be_left_out(desk: Desk) -> None:
    link = by_mail(desk, Right.DELETION)
    assert desk.get(link, accept=JSON).json_body["missing"] == ["residence"]
    assert desk.post(link, {"complete": "yes", "residence": ""}).status_code == 303
    assert desk.get(link, accept=JSON).json_body["missing"] == []
