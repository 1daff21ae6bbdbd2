"""Results: the access package, behind a link of its own. A GET shows nothing; every download is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.status import Status
from chalicelib.links import LIFETIMES, Purpose
from chalicelib.services import Services
from chalicelib.usecases import road

URL_SECONDS = 300


@dataclass(frozen=True)
class ResultsView:
    """What the results link shows before the button: nothing personal."""

    reference: str
    ready: bool
    expires_at: datetime


def results_page(svc: Services, token: str) -> ResultsView:
    """Changes nothing."""
    link, request = road.open_link(svc, token, Purpose.RESULTS)
    ready = request.status in (Status.FULFILLED, Status.PARTLY_FULFILLED)
    ends = [link.expires_at, *([request.closed_at + LIFETIMES[Purpose.RESULTS]] if request.closed_at else ())]
    return ResultsView(reference=request.reference, ready=ready, expires_at=min(ends))  # a new link keeps no package


def package_url(svc: Services, token: str) -> str:
    """A short-lived link to the package; every download is audited."""
    _, request = road.open_link(svc, token, Purpose.RESULTS)
    url = svc.packages.package_url(request.reference, f"{svc.business.id}-{request.reference}.zip", URL_SECONDS)
    road.note(svc, request.reference, "downloaded", by="customer")
    return url
