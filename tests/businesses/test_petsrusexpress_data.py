"""PetsRUsExpress: its data map and its data carry what its policy promises (PRU-1 to PRU-6)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from chalicelib.domain.datamap import Never, Retention
from chalicelib.domain.plan import Doing
from chalicelib.domain.request import Right
from local.data import TODAY

if TYPE_CHECKING:
    from tests.businesses.conftest import Held

BUSINESS = "petsrusexpress"
MARISOL, GIDEON, YARA, PERCY, HALIMA = (
    "marisol.fernhollow@example.com", "gideon.candleford@example.com", "yara.oakenshaw@example.com",
    "percy.larkfield@example.com", "halima.saltmarsh@example.com",
)  # fmt: skip


def test_whoever_moves_house_can_correct_every_line_of_the_address(held: Held) -> None:
    correctable = held.business.datamap.correctable()
    for field in ("email", "street", "city", "state", "postcode"):
        assert f"shop.members.{field}" in correctable
        assert field == "email" or f"shop.parcels_due.to_{field}" in correctable
    assert not any(path.startswith("shop.orders.") for path in correctable), "a past order went where it went"


def test_deletion_keeps_young_orders_with_reason_and_date_and_nothing_else(held: Held) -> None:
    done = held.delete(MARISOL)
    kept = {place for place, treatments in done.items() if any(t.kept for t in treatments)}
    assert kept <= {"shop.orders", "shop.order_lines", "shop.payments", "shop.returns", "credit.applications"}
    orders = sorted(t.doing for t in done["shop.orders"])
    assert orders == [Doing.BLANK, Doing.BLANK, Doing.DELETE], "two of three are younger than seven years"
    assert all(t.kept.law and t.kept.until > TODAY for t in done["shop.orders"] if t.kept)
    for place in ("shop.pets", "mailroom.newsletter_readers", "mailroom.mailings", "mailroom.sharing_consents"):
        assert {t.doing for t in done[place]} == {Doing.DELETE}
    assert held.records(MARISOL).keys() <= {"credit.applications"}, "the address finds the shop's records no more"
    [member] = held.read("shop.members", done["shop.members"])
    assert not {MARISOL, "Marisol Fernhollow", "94218"} & {str(v) for v in member.values.values()}


def test_a_credit_application_is_kept_for_the_months_the_law_says_without_its_number(held: Held) -> None:
    found = [a for c in held.customers for a in held.records(c["email"]).get("credit.applications", [])]
    retain = held.business.datamap.sources["credit"].collections["applications"].retain
    decided = date.fromisoformat(found[0].values["decided_on"])
    assert retain.until(found[0].values) == Retention(ground="x", from_field="d", months=25).until({"d": decided})
    assert held.business.datamap.field("credit.applications.ssn").blank == "null"


def test_an_order_on_its_way_keeps_its_parcel_and_says_so(held: Held) -> None:
    done = held.delete(YARA)
    [parcel] = done["shop.parcels_due"]
    assert parcel.doing is Doing.KEEP
    assert "on its way" in parcel.kept.ground


def test_consents_are_a_history_and_an_opt_out_ends_the_one_that_stands(held: Held) -> None:
    before = held.records(HALIMA)["mailroom.sharing_consents"]
    assert sorted(r.values["in_force"] for r in before) == [False, True]
    assert held.vendors(HALIMA) == {"whisker_cover", "barkwell_foods"}
    assert held.vendors(GIDEON) == set(), "no partner hears of somebody who never agreed"
    ended = {r.key: r.values["ended_on"] for r in before if r.values["ended_on"]}
    held.stop(HALIMA, "sharing")
    after = held.records(HALIMA)["mailroom.sharing_consents"]
    assert not any(r.values["in_force"] for r in after)
    assert all(r.values["ended_on"] for r in after)
    assert all(r.values["ended_on"] == ended[r.key] for r in after if r.key in ended)


def test_the_note_on_sharing_says_that_it_needs_consent(held: Held) -> None:
    assert "only after you yourself said yes" in held.business.sharing.note
    assert held.business.sharing.years.keys() == {2024, 2025, 2026}
    parties = {d.recipient for year in held.business.sharing.years.values() for d in year}
    assert all(held.business.sharing.recipients[p].per_person for p in parties)


def test_offers_stop_and_service_announcements_do_not(held: Held) -> None:
    held.stop(GIDEON, "email")
    found = held.records(GIDEON)
    [member], [reader] = found["shop.members"], found["mailroom.newsletter_readers"]
    assert not member.values["welcome_mails"]
    assert not member.values["offer_mails"]
    assert not reader.values["newsletter"]
    assert member.values["catalogue_by_post"], "that is another opt-out"
    kinds = held.business.kinds
    assert {k for k, kind in kinds.items() if not kind.stoppable} == {"service", "orders"}
    assert all(kind.why_not for kind in kinds.values() if not kind.stoppable)
    assert all("email" in kinds[k].stops_with for k in ("welcome", "offers", "newsletter"))


def test_card_and_social_security_numbers_are_never_shown(held: Held) -> None:
    assert held.business.datamap.field("shop.payments.card_number").never is Never.CARD
    assert held.business.datamap.field("credit.applications.ssn").never is Never.SSN


def test_each_role_sees_only_what_its_job_needs(held: Held) -> None:
    clerk, support, lead = (held.business.roles[r] for r in ("billing_clerk", "support", "lead"))
    assert clerk.may_see("user.payment")
    assert not support.may_see("user.payment")
    assert not support.may_see("user.financial.credit_card")
    assert support.may_see("user.contact.phone_number")
    assert not clerk.may_see("user.contact.phone_number")
    assert not clerk.may_see("user.privacy_preferences")
    assert lead.may_see("user.demographic.date_of_birth")
    assert not clerk.may_see("user.demographic.date_of_birth")
    assert not support.may_see("user.demographic.date_of_birth")


def test_two_people_at_least_may_decide_each_right(held: Held) -> None:
    assert all(len(held.business.deciders(right)) > 1 for right in Right), "an appeal is decided by somebody else"


def test_whoever_only_reads_the_newsletter_is_found_and_can_answer(held: Held) -> None:
    assert held.records(PERCY).keys() == {"mailroom.newsletter_readers"}
    assert held.customers[3]["answers"] == {"postcode": "98425"}
