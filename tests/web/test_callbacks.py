"""The address that a recipient's own system reports to: signed bytes in, 202 out; nothing else moves anything."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap, wire
from chalicelib.domain.notice import NoticeState
from tests.usecases.conftest import Office, office

__all__ = ["office"]


@pytest.fixture
def web(office: Office) -> Iterator[Client]:
    request = office.to_review("deletion")
    office.decide(request, "approve")
    office.carry_out(request)
    with bootstrap.override(office.svc), Client(app) as client:
        yield client


def post(web: Client, office: Office, body: bytes | None = None, sign: bool = True, **more: str) -> tuple[int, bytes]:
    (told,) = office.svc.peers.told.values()  # type: ignore[attr-defined]
    said = json.dumps({"id": told.id, "status": "done"}).encode() if body is None else body
    headers = wire.signed(office.svc.secrets.get("paylark"), said, office.clock.now()) if sign else {}
    path = "/callbacks/" + told.callback_url.rpartition("/")[2]
    answer = web.http.post(path, headers={"Content-Type": "application/json", **headers, **more}, body=said)
    return answer.status_code, answer.body


def state(office: Office) -> NoticeState:
    (notice,) = [n for r in office.svc.store._requests for n in office.svc.store.notices(r) if n.recipient == "paylark"]  # type: ignore[attr-defined]
    return notice.state


def test_a_signed_report_is_noted_and_so_is_its_repetition(web: Client, office: Office) -> None:
    for _ in range(2):
        assert post(web, office)[0] == 202
    assert state(office) is NoticeState.CONFIRMED


@pytest.mark.parametrize(
    ("body", "sign"),
    [(None, False), (b"", True), (b"{", True), (b"[]", True), (b'{"id": 1}', True), (b"\xff\x00", True),
     (b"[" * 99_999, True)],
)  # fmt: skip
def test_anything_else_is_refused(web: Client, office: Office, body: bytes | None, sign: bool) -> None:
    status, said = post(web, office, body, sign)
    assert status == 401
    assert b"marisol" not in said.lower()
    assert state(office) is NoticeState.TOLD


def test_an_address_that_was_never_given_is_none(web: Client, office: Office) -> None:
    assert web.http.post("/callbacks/" + "t" * 43, body=b"{}").status_code == 404
    task = office.link("task")
    assert web.http.post(f"/callbacks/{task}", body=b"{}").status_code == 404
    assert state(office) is NoticeState.TOLD
