"""The pages of staff's duties and of announcements in every state: name of the scene to template and context."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.businesses.model import Change
from chalicelib.domain.announcement import Announcement, Met
from chalicelib.domain.duty import Duty
from chalicelib.usecases.duties import Standing
from tests.web import samples

CHANGE = Change(version="2027-01", summary="We would like to suggest <feed>.", new_use="Suggesting feed")


def standings(*, known: bool) -> list[Standing]:
    member, at = samples.business().staff[0], samples.NOW if known else None
    noted = Duty(occasion="2026-Q4", member="dana", reminded=(samples.NOW,), acknowledged_at=at)
    return [Standing("2026-Q4", member, noted), Standing("policy-2027-01", member, noted if known else None)]


def duties(*, known: bool) -> dict[str, Any]:
    return {"member": samples.business().staff[0], "standings": standings(known=known), "token": "t" * 43}


def policy(*changes: tuple[Change, Announcement | None]) -> dict[str, Any]:
    return {"changes": list(changes), "met": list(Met)}


def scenes() -> dict[str, tuple[str, dict[str, Any]]]:
    begun = Announcement(version="2027-01", by="staff:dana", begun_at=samples.NOW, takes_effect=date(2026, 12, 20))
    told = begun.model_copy(update={"counts": {Met.SENT: 1200, Met.LEFT_ALONE: 31}})
    late = told.model_copy(update={"takes_effect": samples.NOW.date() - timedelta(days=1)})
    lead = {"member": samples.business().staff[0], "leads": True}
    return {
        "duties": ("duties", duties(known=False)),
        "duties-known": ("duties", duties(known=True)),
        "staff-duties": ("staff_duties", {**lead, "standings": standings(known=False)}),
        "staff-duties-known": ("staff_duties", {**lead, "standings": standings(known=True)}),
        "policy": ("staff_policy", policy((CHANGE, None))),
        "policy-begun": ("staff_policy", policy((CHANGE, told))),
        "policy-late": ("staff_policy", policy((CHANGE, late))),
        "policy-done": ("staff_policy", policy((CHANGE, told.model_copy(update={"finished_at": samples.NOW})))),
        "policy-none": ("staff_policy", policy()),
    }
