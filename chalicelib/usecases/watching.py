"""Watching: how the open requests stand, written down every hour for the alarms to look at.

Leaves to others: what is measured (domain/watching), what is counted by the year (metrics), the alarms (the template).
"""

from __future__ import annotations

from chalicelib import log
from chalicelib.domain.watching import gauge
from chalicelib.services import Services
from chalicelib.usecases.attention import SWEPT


def look(svc: Services) -> dict[str, int]:
    """Write down what is open, late, past nine tenths of its clock, and in need of attention; the same by name."""
    now = svc.now()
    found = gauge(svc.store.queue(limit=SWEPT), now)
    log.measure(svc.business.id, found, now)
    return {measure.name: int(measure.value) for measure in found}
