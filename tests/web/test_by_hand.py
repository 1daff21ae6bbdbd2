"""The page of work by hand, over HTTP: names nobody until asked, takes a form with files once, forgives mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.domain.datamap import DataMap
from chalicelib.domain.request import Right
from chalicelib.domain.status import Status
from chalicelib.links import Purpose
from chalicelib.sources.by_hand import HandSource
from chalicelib.usecases import awaiting
from tests.web.conftest import EMAIL, Desk
from tests.web.scenes import PLACE
from tests.web.test_uploads import KIND, sent

PDF = b"%PDF-1.7 \x00\xff\r\n\r\n a letter"


@pytest.fixture
def papers(desk: Desk) -> Iterator[Desk]:
    """The desk of a business with a paper file, which its first member of staff keeps."""
    business = desk.svc.business
    place = PLACE.model_copy(update={"by_hand": PLACE.by_hand.model_copy(update={"role": business.staff[0].roles[0]})})  # type: ignore[union-attr]
    business = business.model_copy(update={"datamap": DataMap(sources={**business.datamap.sources, "letters": place})})
    svc = replace(desk.svc, business=business, sources={**desk.svc.sources, "letters": HandSource("letters")})
    with bootstrap.override(svc):
        yield Desk(desk.client, svc)


@pytest.fixture
def link(papers: Desk) -> str:
    request = papers.file(Right.ACCESS, Status.VERIFYING, Status.GATHERING, proven_email=EMAIL)
    return papers.link(Purpose.TASK, request.reference, f"by_hand:gather:letters:0:{papers.svc.business.staff[0].id}")


def form(*files: tuple[str, bytes], **fields: str) -> bytes:
    parts: list[Any] = [(name.replace("__", "."), None, value.encode()) for name, value in fields.items()]
    return sent(*parts, *(("files", name, data) for name, data in files))


def test_a_get_changes_nothing_and_names_nobody(papers: Desk, link: str) -> None:
    before = papers.state()
    page = papers.get(link)
    assert (page.status_code, papers.state()) == (200, before)
    assert EMAIL not in page.body.decode()
    assert papers.get(link, accept="application/json").json_body["said"] is None


def test_showing_whom_it_is_about_is_a_post_and_goes_on_record(papers: Desk, link: str) -> None:
    page = papers.post(link, {"show": "yes"}, sec_fetch_site="same-origin")
    assert EMAIL in page.body.decode()
    assert [e.what for e in papers.store.events(papers.store.queue()[0].reference)][-1] == "viewed"


def test_an_answer_with_files_is_taken_once_and_shown_when_opened_again(papers: Desk, link: str) -> None:
    sent_once = papers.post(link, form(("Letter.pdf", PDF), outcome="done", found__letters="One letter"), KIND)
    assert sent_once.status_code == 303
    assert papers.post(link, form(outcome="none"), KIND).status_code == 303
    [request] = papers.store.queue()
    assert [e.note for e in papers.store.events(request.reference) if e.what == awaiting.ANSWERED] == [
        "gather:letters done"
    ]  # fmt: skip
    answer = awaiting.answer_of(papers.svc, request, "letters", awaiting.Step.GATHER)
    assert answer is not None
    stored = papers.svc.packages.answer(request.reference, answer.files["Letter.pdf"])
    assert papers.svc.vault.open(request.reference, stored) == PDF
    assert "recorded" in papers.get(link).body.decode()


def test_a_form_with_a_mistake_comes_back_filled(papers: Desk, link: str) -> None:
    page = papers.post(link, form(outcome="kept", found__letters="Two <letters>"), KIND)
    assert page.status_code == 422
    assert "Two &lt;letters&gt;" in page.body.decode()
    assert 'href="#ground"' in page.body.decode()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"\x00\xff", KIND, 400),
        (form(outcome="done") + b"", "multipart/form-data", 400),
        (b"{}", "application/json", 415),
        (form(outcome="perhaps"), KIND, 422),
        (form(outcome="done", plan="x"), KIND, 422),
        (sent(("evil", "a.pdf", PDF)), KIND, 422),
        (form(("a.pdf", b"MZ\x00"), outcome="done"), KIND, 422),
        (form(("a.pdf", PDF + b"." * 4_300_000), outcome="done"), KIND, 422),
        (form(("a.pdf", PDF + b"." * 4_600_000), outcome="done"), KIND, 413),
    ],
)
def test_bad_input_is_refused_and_nothing_stored(papers: Desk, link: str, body: bytes, kind: str, status: int) -> None:
    before = papers.state()
    assert papers.post(link, body, kind).status_code == status
    assert papers.post(link, body, kind, accept="application/json").status_code == status
    assert papers.state() == before


def test_api_gateway_is_told_that_such_a_form_is_binary() -> None:
    """Else it would decode the files as text, and spoil them."""
    assert "multipart/form-data" in app.api.binary_types
