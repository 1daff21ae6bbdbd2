"""Which law governs: listed by the business, in force that day, knowing the right; else the policy, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.request import Right
from chalicelib.law import LAW_RIGHT, Regime, law_of, regime_for, regime_ids

TODAY = date(2026, 11, 20)
ALL = tuple(sorted(regime_ids() - {"policy"}))


def chosen(right: Right, residence: str | None, listed: Any = ALL, **more: Any) -> Regime:
    settings: dict[str, Any] = {"binding": listed, "voluntary": (), "on": TODAY} | more
    return regime_for(right, residence, **settings)


@pytest.mark.parametrize(
    ("residence", "regime"),
    [
        ("US-CA", "us-ca-ccpa"),
        ("US-OR", "us-or"),
        ("us-or ", "us-or"),
        ("US-WA", "us-wa-mhmda"),
        ("DE", "eu-gdpr"),
        ("DE-BY", "eu-gdpr"),
        ("NO", "eu-gdpr"),
        ("GB", "uk-gdpr"),
        ("GB-SCT", "uk-gdpr"),
        ("CH", "policy"),
        ("US-ID", "policy"),
        ("US", "policy"),
        ("", "policy"),
        (None, "policy"),
        ("nonsense", "policy"),
    ],
)
def test_access_goes_by_residence(residence: str | None, regime: str) -> None:
    assert chosen(Right.ACCESS, residence).id == regime


def test_a_law_counts_only_where_the_business_lists_it() -> None:
    unlisted = chosen(Right.ACCESS, "US-CA", ("us-va",))
    assert (unlisted.id, unlisted.fallback_from) == ("policy", "us-ca-ccpa")
    assert "does not say that it follows" in (unlisted.reason or "")


def test_binding_wins_over_voluntary() -> None:
    assert chosen(Right.ACCESS, "US-CA", ["us-ca-ccpa"]).basis == "binding"
    assert chosen(Right.ACCESS, "US-CA", [], voluntary=["us-ca-ccpa"]).basis == "voluntary"
    assert chosen(Right.ACCESS, "US-CA", ["us-ca-ccpa"], voluntary=["us-ca-ccpa"]).basis == "binding"
    assert chosen(Right.ACCESS, "US-CA", []).basis == "policy"


def test_iowa_has_no_correction_and_the_answer_says_so() -> None:
    found = chosen(Right.CORRECTION, "US-IA")
    assert (found.id, found.fallback_from) == ("policy", "us-ia")
    assert found.reason == "Iowa Consumer Data Protection Act: knows no right of correction"


def test_a_law_not_yet_in_force_falls_back_until_its_day() -> None:
    before = chosen(Right.ACCESS, "US-OK", on=date(2026, 12, 31))
    assert (before.id, before.fallback_from) == ("policy", "us-ok")
    assert "2027-01-01" in (before.reason or "")
    assert chosen(Right.ACCESS, "US-OK", on=date(2027, 1, 1)).id == "us-ok"


def test_utah_came_to_correction_later() -> None:
    assert chosen(Right.CORRECTION, "US-UT", on=date(2026, 6, 30)).fallback_from == "us-ut"
    assert chosen(Right.CORRECTION, "US-UT", on=date(2026, 7, 1)).id == "us-ut"


@pytest.mark.parametrize("residence", ["US-CA", "US-NY", "DE", None])
def test_the_california_disclosure_is_californias_whoever_asks(residence: str | None) -> None:
    assert chosen(Right.CALIFORNIA_DISCLOSURE, residence).id == "us-ca-shine-the-light"
    without = chosen(Right.CALIFORNIA_DISCLOSURE, residence, ["us-ca-ccpa"])
    assert (without.id, without.fallback_from) == ("policy", "us-ca-shine-the-light")


@pytest.mark.parametrize(
    ("residence", "listed", "regime"),
    [
        ("US-CA", ALL, "us-marketing-opt-outs"),
        (None, ALL, "us-marketing-opt-outs"),
        ("US-CA", ["us-ca-ccpa"], "us-ca-ccpa"),
        ("US-NV", ["us-nv-603a"], "us-nv-603a"),
        ("FR", ALL, "eu-gdpr"),
        ("GB", ALL, "uk-gdpr"),
        ("FR", ["us-marketing-opt-outs"], "us-marketing-opt-outs"),
        ("US-CA", [], "policy"),
    ],
)
def test_opt_outs(residence: str | None, listed: Any, regime: str) -> None:
    assert chosen(Right.OPT_OUT, residence, listed).id == regime


def test_a_parent_about_a_child() -> None:
    assert chosen(Right.ACCESS, "US-CA", parent=True).id == "us-coppa"
    assert chosen(Right.DELETION, None, parent=True).id == "us-coppa"
    assert chosen(Right.DELETION, None, [], voluntary=["us-coppa"], parent=True).basis == "voluntary"
    assert chosen(Right.CORRECTION, "US-CA", parent=True).id == "us-ca-ccpa", "the Rule knows no correction"
    assert chosen(Right.ACCESS, "US-CA", ["us-ca-ccpa"], parent=True).id == "us-ca-ccpa"
    assert chosen(Right.CORRECTION, None, ["us-coppa"], parent=True).fallback_from == "us-coppa"


def test_a_concern_stands_on_the_policy_except_in_britain() -> None:
    assert chosen(Right.CONCERN, "US-CA", parent=True) == Regime(
        "policy", "the privacy policy itself", "the business's published policy", "policy"
    )
    assert chosen(Right.CONCERN, "DE").id == "policy"
    assert chosen(Right.CONCERN, "GB").id == "uk-gdpr"
    assert chosen(Right.CONCERN, "GB", on=date(2026, 6, 18)).id == "policy"
    assert chosen(Right.CONCERN, "GB", []).id == "policy"


def test_the_reason_names_the_listed_law_rather_than_an_unlisted_one() -> None:
    found = chosen(Right.OPT_OUT, "US-OK", ["us-ok"])
    assert (found.id, found.fallback_from) == ("policy", "us-ok")


lists = st.lists(st.sampled_from(ALL), unique=True)
places = st.one_of(st.none(), st.text(max_size=6), st.sampled_from([c for id in ALL for c in law_of(id).residences]))


@given(st.sampled_from(list(Right)), places, lists, lists, st.dates(), st.booleans())
def test_whatever_is_asked_a_listed_law_in_force_or_the_policy_answers(
    right: Right, residence: str | None, binding: list[str], voluntary: list[str], on: date, parent: bool
) -> None:
    found = regime_for(right, residence, binding=binding, voluntary=voluntary, on=on, parent=parent)
    law = law_of(found)
    assert LAW_RIGHT[right] in law.rights
    if found.id == "policy":
        assert found.basis == "policy"
        assert (found.fallback_from is None) == (found.reason is None)
    else:
        assert found.id in {"binding": binding, "voluntary": voluntary}[found.basis]
        assert law.in_force.since <= on
        assert found.fallback_from is None


@pytest.mark.parametrize(
    ("residence", "regime"),
    [("US-NV", "us-nv-603a"), ("US-CA", "us-ca-ccpa"), ("US-OR", "us-or"), ("DE", "eu-gdpr"), ("US-NY", "policy")],
)
def test_who_stops_only_sharing_is_under_the_law_of_where_they_live(residence: str, regime: str) -> None:
    """The federal rules are about mails and calls: not about selling or sharing data."""
    assert chosen(Right.OPT_OUT, residence, mailings=False).id == regime
