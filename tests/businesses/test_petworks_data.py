"""PetWorks: its data map and its data carry what its policy promises (PWK-1 to PWK-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.datamap import Never
from chalicelib.domain.plan import Doing
from chalicelib.domain.request import Right
from local.data import TODAY

if TYPE_CHECKING:
    from tests.businesses.conftest import Held

BUSINESS = "petworks"
PALOMA, ORSON, SASKIA, LIOR, TOBIAS = (
    "paloma.birchley@example.com", "orson.dapplegrey@example.com", "saskia.lindqvale@example.com",
    "lior.kettleby@example.com", "tobias.elderfen@example.com",
)  # fmt: skip


def test_a_stranger_is_honestly_unknown(held: Held) -> None:
    assert held.records("nobody.known@example.com") == {}


def test_one_person_is_owner_and_professional_each_side_on_its_own(held: Held) -> None:
    found = held.records(PALOMA)
    assert {"market.owners", "market.professionals", "market.bookings", "market.bookings_taken"} <= found.keys()
    booked = {r.key for r in found["market.bookings"]}
    assert not booked & {r.key for r in found["market.bookings_taken"]}
    assert {p.split(".")[0] for p in found} == held.business.datamap.sources.keys()
    titles = held.business.titles()
    assert titles["market", "owners"] != titles["market", "professionals"]


def test_what_belongs_to_the_other_side_of_a_booking_is_a_third_persons(held: Held) -> None:
    market = held.business.datamap.sources["market"].collections
    taken = {f for f, m in market["bookings_taken"].fields.items() if m.third_person}
    assert taken == {"owner_name", "owner_note", "place"}
    assert {f for f, m in market["bookings"].fields.items() if m.third_person} == {"professional_name"}


def test_optional_things_about_oneself_can_be_corrected(held: Held) -> None:
    correctable = held.business.datamap.correctable()
    assert {f"market.owners.{f}" for f in ("age_range", "gender", "household")} <= correctable.keys()
    labels = [field.label for field in correctable.values()]
    assert len(labels) == len(set(labels)), "each choice in the form says which field it is"


def test_of_an_owner_everything_goes(held: Held) -> None:
    done = held.delete(SASKIA)
    assert {"market.bookings", "market.messages", "market.pets", "outreach.mail_choices"} <= done.keys()
    assert {t.doing for treatments in done.values() for t in treatments} == {Doing.DELETE}
    assert held.records(SASKIA) == {}


def test_of_a_professional_payouts_and_tax_forms_stay_and_say_why(held: Held) -> None:
    owners = [r.key for r in held.records(ORSON)["market.bookings"]]
    done = held.delete(TOBIAS)
    kept = {place for place, treatments in done.items() if any(t.kept for t in treatments)}
    assert kept == {"payouts.paid", "payouts.tax_forms"}
    paid = {t.doing for t in done["payouts.paid"]}
    assert Doing.DELETE in paid, "some are older than the law wants"
    assert all(t.kept.law and t.kept.until >= TODAY for t in done["payouts.tax_forms"] if t.kept)
    assert held.records(TOBIAS) == {}
    assert [r.key for r in held.records(ORSON)["market.bookings"]] == owners, "the owner's own records stay"
    former = held.read("market.bookings_taken", done["market.bookings_taken"])
    assert {(r.values["professional_id"], r.values["professional_name"]) for r in former} == {
        (None, "A former professional")
    }
    [payee] = held.read("payouts.payees", done["payouts.payees"])
    assert payee.values["bank_account"] is None
    assert payee.values["taxpayer_no"] is None


def test_every_kind_of_mail_stops_but_those_about_a_booking(held: Held) -> None:
    held.stop(LIOR, "email")
    held.stop(PALOMA, "kind:policy_changes")
    assert held.records(LIOR).keys() == {"outreach.contest_entries"}
    [choices] = held.records(PALOMA)["outreach.mail_choices"]
    assert not choices.values["policy_changes"]
    assert choices.values["specials"], "only the one kind was stopped"
    held.stop(PALOMA, "email")
    [choices] = held.records(PALOMA)["outreach.mail_choices"]
    assert not any(choices.values[k] for k in ("specials", "new_services", "policy_changes", "survey_invitations"))
    assert [k for k, kind in held.business.kinds.items() if not kind.stoppable] == ["bookings"]


def test_sign_in_tokens_and_the_copied_profile_are_a_source_of_their_own(held: Held) -> None:
    source = held.business.datamap.sources["sign_in"].collections
    assert not source["grants"].fields["access_token"].export
    assert not source["grants"].fields["refresh_token"].export
    assert source["copied_profiles"].fields["display_name"].export
    found = held.records(PALOMA)
    assert len(found["sign_in.grants"]) == len(found["sign_in.copied_profiles"]) == 1
    assert "nimbus_id" in held.vendors(PALOMA)
    assert "latchkey" not in held.vendors(PALOMA), "only the service that was used is asked to revoke"
    provider = held.business.sharing.recipients["nimbus_id"]
    assert provider.per_person
    assert provider.tell == (Right.DELETION,), "deletion asks it to revoke the grant"


def test_taxpayer_and_account_numbers_are_never_shown(held: Held) -> None:
    field = held.business.datamap.field
    assert field("payouts.payees.bank_account").never is Never.BANK_ACCOUNT
    assert field("payouts.payees.taxpayer_no").never is Never.SSN
    assert field("payouts.tax_forms.taxpayer_no").never is Never.SSN


def test_need_to_know(held: Held) -> None:
    support, clerk = held.business.roles["support"], held.business.roles["payments_clerk"]
    assert not support.may_see("user.financial.bank_account")
    assert not support.may_see("user.demographic.gender")
    assert not clerk.may_see("user.content.private")
    assert all(len(held.business.deciders(right)) > 1 for right in Right)
