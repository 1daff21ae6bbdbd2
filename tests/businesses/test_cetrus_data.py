"""Cetrus: its data map and its data carry what its policy promises (CET-1 to CET-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.datamap import Never
from chalicelib.domain.plan import Doing
from chalicelib.domain.request import Right

if TYPE_CHECKING:
    from tests.businesses.conftest import Held

BUSINESS = "cetrus"
NADIA, KASPER, UMA, DOV, RHODA = (
    "nadia.ravenscar@example.com", "kasper.greenstile@example.com", "uma.marchbanks@example.com",
    "dov.nettlecomb@example.com", "rhoda.willowtree@example.com",
)  # fmt: skip


def test_the_zip_code_can_be_corrected(held: Held) -> None:
    field = held.business.datamap.correctable()["store.accounts.zip_code"]
    assert field.label == "Zip code"


def test_an_account_is_removed_but_for_what_tax_law_keeps(held: Held) -> None:
    done = held.delete(UMA)
    kept = {place for place, treatments in done.items() if any(t.kept for t in treatments)}
    assert kept == {"store.purchases"}
    gone = {p for p, treatments in done.items() if {t.doing for t in treatments} == {Doing.DELETE}}
    assert {"store.licences", "store.downloads", "usage.installations", "usage.usage_log"} <= gone
    assert held.records(UMA) == {}
    [account] = held.read("store.accounts", done["store.accounts"])
    assert not {UMA, "Uma Marchbanks", "22938"} & {str(v) for v in account.values.values()}


def test_vendors_are_found_from_the_persons_own_usage(held: Held) -> None:
    assert held.vendors(NADIA) == {"lumenpress", "tonewheel"}
    assert held.vendors(RHODA) == {"tonewheel"}
    assert held.vendors(DOV) == set()


def test_every_vendor_in_the_data_can_be_told(held: Held) -> None:
    recipients = held.business.sharing.recipients
    makers = {id for id, r in recipients.items() if r.per_person}
    assert held.vendors(NADIA) | held.vendors(KASPER) < makers
    for vendor in (recipients[id] for id in makers):
        assert vendor.email
        assert {Right.CORRECTION, Right.DELETION} <= set(vendor.tell)


def test_usage_from_before_the_policy_changed_says_under_which_it_was_collected(held: Held) -> None:
    found = held.records(NADIA)
    old, new = found["usage.usage_archive"], found["usage.usage_log"]
    assert all(r.values["at"] < "2024" for r in old)
    assert all(r.values["at"] > "2024" for r in new)
    usage = held.business.datamap.sources["usage"].collections
    assert usage["usage_archive"].collected_under == "2021-06" != held.business.policy.version
    assert usage["usage_log"].collected_under is None


def test_a_licence_key_finds_its_licence_and_its_logs_and_no_account(held: Held) -> None:
    licence = held.records(NADIA)["store.licences"][0]
    key = licence.values["licence_key"]
    assert licence.values["key_ending"] == key[-5:]
    found = held.records(key.lower(), "licence")
    assert [r.key for r in found["store.licences"]] == [licence.key]
    assert "usage.installations" in found
    assert not found.keys() & {"store.accounts", "store.purchases", "postbox.subscribers"}


def test_logs_are_shown_and_erased_like_everything_else(held: Held) -> None:
    usage = held.business.datamap.sources["usage"].collections
    for name in ("usage_log", "usage_archive", "crash_reports"):
        assert usage[name].erase == "delete"
        assert usage[name].retain is None


def test_a_use_that_is_not_the_stores_own_is_stopped_everywhere(held: Held) -> None:
    held.stop(NADIA, "unrelated_uses")
    found = held.records(NADIA)
    assert [r.values["other_uses"] for r in found["store.accounts"]] == [False]
    assert [r.values["vendor_offers"] for r in found["postbox.subscribers"]] == [False]
    assert [r.values["choice"] for r in found["postbox.policy_choices"]] == ["declined"]
    assert [r.values["news"] for r in found["postbox.subscribers"]] == [True], "that is another opt-out"


def test_mails_stop_the_announcement_of_a_new_policy_included(held: Held) -> None:
    held.stop(KASPER, "email")
    [reader] = held.records(KASPER)["postbox.subscribers"]
    assert not any(reader.values[kind] for kind in ("news", "vendor_offers", "policy_changes"))
    assert [k for k, kind in held.business.kinds.items() if not kind.stoppable] == ["licences"]


def test_secrets_are_never_shown(held: Held) -> None:
    field = held.business.datamap.field
    assert field("store.accounts.password_hash").never is Never.PASSWORD
    assert field("store.accounts.recovery_answer").never is Never.SECURITY_ANSWER
    assert field("store.purchases.card_token").never is Never.CARD_TOKEN


def test_nobody_here_has_animals(held: Held) -> None:
    assert not held.business.animals


def test_need_to_know(held: Held) -> None:
    support, licensing = held.business.roles["support"], held.business.roles["licensing"]
    assert not support.may_see("user.payment")
    assert not licensing.may_see("user.contact.address.postal_code")
    assert all(len(held.business.deciders(right)) > 1 for right in Right)
