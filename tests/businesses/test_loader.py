"""A business is read whole or not at all; what is wrong is said once, with its place and its mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.businesses.loader import categories, load, shipped
from chalicelib.domain.request import Right
from chalicelib.errors import Misconfigured


@pytest.mark.parametrize("name", shipped())
def test_every_business_that_ships_is_sound(name: str) -> None:
    business = load(name)
    assert business.id == name
    assert business.rights.keys() == set(Right)
    assert len(business.datamap.sources) >= 2


@pytest.mark.parametrize("name", shipped())
def test_two_of_the_staff_may_decide_each_right_so_that_an_appeal_is_decided_by_another(name: str) -> None:
    business = load(name)
    for right in Right:
        assert len(business.deciders(right)) >= 2, right
    assert business.leads()


@pytest.mark.parametrize("name", shipped())
def test_every_address_is_an_example(name: str) -> None:
    business = load(name)
    addresses = [business.sender, business.contact.email, *(m.email for m in business.staff)]
    addresses += [r.email for r in business.sharing.recipients.values() if r.email]
    assert all(address.endswith("@example.com") for address in addresses)
    assert "555" in business.contact.phone


@pytest.mark.parametrize("name", shipped())
def test_an_opt_out_is_never_questioned(name: str) -> None:
    """Rule 5."""
    terms = load(name).rights[Right.OPT_OUT]
    assert (terms.questions, terms.points) == ((), 1)


def test_a_path_loads_as_a_name_does(mine: Path) -> None:
    assert load(str(mine)).id == "mine"
    assert load(str(mine)).datamap == load("jeffers").datamap


def test_blank_null_in_yaml_means_nothing_is_left() -> None:
    assert load("jeffers").datamap.field("shop.accounts.phone").blank == "null"
    assert load("jeffers").datamap.field("shop.accounts.joined_on").blank is None


def test_opt_out_values_keep_their_type() -> None:
    assert load("jeffers").datamap.field("marketing.mailing_list.by_post").stop["post"] is False


def test_jeffers_shared_with_several_in_each_year_and_microkitten_with_nobody() -> None:
    assert [len(load("jeffers").sharing.years[year]) for year in (2024, 2025, 2026)] == [2, 3, 2]
    assert load("microkitten").sharing.years == {}
    assert "nobody" in load("microkitten").sharing.note


def test_the_vocabulary_has_each_key_under_a_key() -> None:
    for key in categories():
        assert "." not in key or key.rpartition(".")[0] in categories()


def test_an_unknown_business_is_answered_with_the_nearest() -> None:
    with pytest.raises(Misconfigured, match="did you mean jeffers"):
        load("jefers")
