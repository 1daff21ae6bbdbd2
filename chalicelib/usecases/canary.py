"""The canary: a synthetic customer who walks from the form to the answer, and a person is alerted when any part fails.

It files on the real page, proves its mailbox by the real mail, and is answered by the real road. Rule 9: of a mail that
reaches it, only a link is followed that the store knows as one of this very walk, and only on our own address: a
forged mail leads it nowhere. Rule 7: its mails lie where only its own function reads. It tells by a metric, as mail may
be what is broken. Leaves to others: which request is a walk (walking), what may be approved for it (domain/walk,
judging).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib import log
from chalicelib.domain.status import Status
from chalicelib.domain.walk import Walk
from chalicelib.domain.watching import Measure
from chalicelib.errors import LinkError, RequestNotFound, ServiceUnavailable
from chalicelib.links import Purpose, token_hash
from chalicelib.mail.arrival import arrivals
from chalicelib.ports import Inbox, Visitor
from chalicelib.services import Services

TAKES = timedelta(hours=1)
"""A walk that has not ended by then has failed."""
LONGEST = 200_000
"""Bytes of a mail that are looked at for links."""
logger = logging.getLogger("rightsdesk.canary")


def begin(svc: Services, visitor: Visitor) -> str:
    """Say how the last walk ended, and file the next one by the form; in a word, where that is."""
    if svc.business.canary is None:
        return "none"
    look(svc)
    walk = Walk(begun_at=svc.now())
    svc.store.put_walk(walk)
    try:
        walk = _file(svc, visitor, walk, svc.business.canary.email)
    except ServiceUnavailable:
        return _failed(svc, walk, "unreachable")
    return walk.stage if walk.reference else _failed(svc, walk, "form")


def _file(svc: Services, visitor: Visitor, walk: Walk, email: str) -> Walk:
    page = visitor.get("/requests/new?right=access")
    form = re.search(r'name="form_id" value="([\w-]+)"', page.text)
    if page.status != 200 or form is None:
        return walk
    walk = walk.model_copy(update={"form": token_hash(form[1])})
    svc.store.put_walk(walk)
    filed = visitor.post("/requests", {"right": "access", "email": email, "form_id": form[1]})
    reference = re.search(r"\breference=(R-[0-9A-Z]{4}-[0-9A-Z]{4})\b", filed.location)
    if filed.status != 303 or reference is None or visitor.get("/requests/received?right=access").status != 200:
        return walk
    walk = walk.model_copy(update={"reference": reference[1]})
    svc.store.put_walk(walk)
    return walk


def receive(svc: Services, visitor: Visitor, mails: Inbox, event: Mapping[str, Any]) -> list[str]:
    """Go on with the walk by the mails that SES's event names; a word for each. Raises ServiceUnavailable (again)."""
    became = []
    for arrival in arrivals(event):
        raw = mails.read(arrival.id)
        became.append("gone" if raw is None else _follow(svc, visitor, raw[:LONGEST]))
        mails.forget(arrival.id)
    return became


def _follow(svc: Services, visitor: Visitor, raw: bytes) -> str:
    walk = svc.store.walk()
    if walk is None or walk.reference is None or walk.ended_at:
        return "ignored"
    ours = _links(svc, walk.reference, raw)
    if Purpose.VERIFY in ours:
        return _prove(svc, visitor, walk, ours[Purpose.VERIFY]) if walk.proven_at is None else "ignored"
    return _end(svc, walk) if ours and walk.proven_at else "ignored"


def _links(svc: Services, reference: str, raw: bytes) -> dict[Purpose, str]:
    """The tokens in a mail that the store knows as links of this walk's request; nothing else in it counts."""
    text = re.sub(rb"=\r?\n", b"", raw).decode(errors="replace")  # soft line breaks of quoted-printable
    found = {}
    for purpose in (Purpose.VERIFY, Purpose.TRACK):
        for token in re.findall(rf"{re.escape(svc.settings.public_url)}/{purpose.value}/([\w-]{{20,100}})", text)[:5]:
            try:
                link = svc.store.link(token_hash(token)).check(purpose, svc.now())
            except LinkError:
                continue
            if link.reference == reference:
                found[purpose] = token
    return found


def _prove(svc: Services, visitor: Visitor, walk: Walk, token: str) -> str:
    canary = svc.business.canary
    page = visitor.get(f"/verify/{token}")
    fields = {"confirm": "yes"}
    if canary:
        asked = set(re.findall(r'name="answer\.([\w-]+)"', page.text))
        fields |= {f"answer.{point}": answer for point, answer in canary.answers.items() if point in asked}
    if 'name="declare"' in page.text:
        fields |= {"declare": "yes", "signature": "Synthetic customer"}
    if page.status != 200 or visitor.post(f"/verify/{token}", fields).status not in (200, 303):
        return _failed(svc, walk, "proof")
    svc.store.put_walk(walk.model_copy(update={"proven_at": svc.now()}))
    return "proven"


def _end(svc: Services, walk: Walk) -> str:
    """An answer has come: is it one? The mail leaves before the status, so it may be early."""
    try:
        request = svc.store.get(walk.reference or "")
    except RequestNotFound:
        return _failed(svc, walk, "gone")
    if not request.status.is_final:
        raise ServiceUnavailable(f"{request.reference} is not answered yet")
    if request.status is not Status.FULFILLED:
        return _failed(svc, walk, request.status.value)
    now = svc.now()
    svc.store.put_walk(walk.model_copy(update={"ended_at": now}))
    took = (now - walk.begun_at).total_seconds()
    log.measure(svc.business.id, [Measure("CanaryFailed", 0), Measure("CanarySeconds", took, "Seconds")], now)
    return "done"


def look(svc: Services) -> str:
    """Say so, if the last walk has failed or takes too long; every hour until one succeeds."""
    walk = svc.store.walk()
    if walk is None or walk.ended_at:
        return "well"
    if not walk.fault and svc.now() - walk.begun_at < TAKES:
        return "walking"
    return _failed(svc, walk, walk.fault or "late")


def _failed(svc: Services, walk: Walk, fault: str) -> str:
    svc.store.put_walk(walk.model_copy(update={"fault": fault}))
    tags = {"stage": walk.stage, "fault": fault, "reference": walk.reference}
    logger.error("the canary's walk failed at %s: %s", walk.stage, fault, extra={"tags": tags})
    log.measure(svc.business.id, [Measure("CanaryFailed", 1)], svc.now(), tags)
    return f"failed: {fault}"
