"""Cetrus's invented customers: the software store, licence and usage logs, mails and choices.

Leaves to others: what each column means (chalicelib/businesses/cetrus/datamap.yaml).
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from local.data import TODAY, Customer, Maker, Person, Row, Rows, add, ago, one

SCHEMA = Path(__file__).with_suffix(".sql").read_text()

TABLES = (
    "store.vendors", "store.applications", "store.accounts", "store.purchases", "store.licences", "store.downloads",
    "usage.installations", "usage.usage_log", "usage.usage_archive", "usage.crash_reports", "postbox.subscribers",
    "postbox.mails_sent", "postbox.policy_choices",
)  # fmt: skip
VENDORS = {
    "lumenpress": "Lumenpress", "gridhopper": "Gridhopper", "tonewheel": "Tonewheel Audio", "plumbline": "Plumbline CAD"
}  # fmt: skip
APPLICATIONS = {
    "Lumen Darkroom": ("lumenpress", "89.90"), "Lumen Proof": ("lumenpress", "24.50"),
    "Gridhopper Sheets": ("gridhopper", "59.30"), "Tonewheel Studio": ("tonewheel", "149.75"),
    "Plumbline": ("plumbline", "219.40"), "Plumbline Viewer": ("plumbline", "19.85"),
}  # fmt: skip
NEW_POLICY = date(2024, 1, 1)  # usage before that day was collected under version 2021-06
EVENTS = ("opened", "exported a file", "printed", "asked for help", "updated")
SUBJECTS = {"news": "New in the store", "vendor_offers": "From a vendor you know", "licences": "Your licence key"}
ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def generate(make: Maker) -> Rows:
    """Account holders first, then those who only read the news."""
    rows: Rows = {table: [] for table in TABLES}
    rows["store.vendors"] += [{"id": id, "name": name} for id, name in VENDORS.items()]
    for name, (vendor, price) in APPLICATIONS.items():
        add(make, rows, "store.applications", name=name, vendor_id=vendor, price=Decimal(price))
    _shown(make, rows)
    people = make.people(495)
    for person in people[:425]:
        _anyone(make, rows, person)
    for person in people[425:]:
        _subscriber(make, rows, person)
    return rows


def showcase(rows: Rows) -> list[Customer]:
    notes = {
        "nadia.ravenscar@example.com": "Californian, with history in every source; uses software of two vendors",
        "kasper.greenstile@example.com": "Known to the store and to the news under the same address",
        "uma.marchbanks@example.com": "Has a purchase that is not paid yet",
        "dov.nettlecomb@example.com": "Reads the news, has no account",
        "rhoda.willowtree@example.com": "Uses software of one vendor only: no other is to be told",
    }
    return [_customer(rows, email, note) for email, note in notes.items()]


def _customer(rows: Rows, email: str, note: str) -> Customer:
    account = next((a for a in rows["store.accounts"] if a["email"] == email), None)
    if account is None:
        held = {"zip_code": one(rows["postbox.subscribers"], email=email)["zip_code"]}
        return Customer(email=email, name="Dov Nettlecomb", residence="US-CO", answers=held, note=note)
    mine = [p for p in rows["store.purchases"] if p["account_id"] == account["id"]]
    return Customer(
        email=email, name=account["full_name"], residence=f"US-{mine[-1]['tax_state']}", note=note,
        answers={
            "licence_ending": one(rows["store.licences"], account_id=account["id"])["licence_key"][-5:],
            "zip_code": account["zip_code"], "purchase_total": str(mine[-1]["amount"]),
        },
    )  # fmt: skip


def _shown(make: Maker, rows: Rows) -> None:
    nadia = _known(make, "Nadia", "Ravenscar", "Marlow Bay", "CA", "94207")
    account = _account(make, rows, nadia)
    _buy(make, rows, account, nadia, "Lumen Darkroom", ago(2800))
    _buy(make, rows, account, nadia, "Tonewheel Studio", ago(260))
    _subscriber(make, rows, nadia, chose="agreed")
    kasper = _known(make, "Kasper", "Greenstile", "Pine Hollow", "WA", "98441")
    _buy(make, rows, _account(make, rows, kasper), kasper, "Gridhopper Sheets", ago(340), used=False)
    _subscriber(make, rows, kasper)
    uma = _known(make, "Uma", "Marchbanks", "Peach Grove", "VA", "22938")
    account = _account(make, rows, uma)
    _buy(make, rows, account, uma, "Lumen Proof", ago(700))
    _buy(make, rows, account, uma, "Plumbline", ago(1), paid=False)
    _subscriber(make, rows, _known(make, "Dov", "Nettlecomb", "Juniper Mesa", "CO", "80544"), mailed=False)
    rhoda = _known(make, "Rhoda", "Willowtree", "Maple Ferry", "NY", "12755")
    _buy(make, rows, _account(make, rows, rhoda), rhoda, "Tonewheel Studio", ago(1200))


def _known(make: Maker, first: str, last: str, city: str, state: str, postcode: str) -> Person:
    email = f"{first}.{last}@example.com".lower()
    return make.person(first=first, last=last, email=email, city=city, state=state, postcode=postcode)


def _anyone(make: Maker, rows: Rows, person: Person) -> None:
    """An account holder with whatever is drawn."""
    account = _account(make, rows, person)
    for application in make.some(tuple(APPLICATIONS), 0, 3):
        day = make.day(3000, 2)
        _buy(
            make, rows, account, person, application, day, used=make.chance(0.8), paid=day < ago(5) or make.chance(0.5)
        )
    if make.chance(0.6):
        _subscriber(make, rows, person, chose=make.maybe(0.5, make.pick(("agreed", "declined"))))


def _account(make: Maker, rows: Rows, person: Person) -> Row:
    return add(
        make, rows, "store.accounts", account_no=f"A-{make.id('account_no', 61007)}", email=person.email,
        full_name=person.name, city=person.city, zip_code=person.postcode, country="United States",
        trade=make.maybe(0.4, make.pick(("photographer", "bookkeeper", "architect", "musician"))),
        password_hash=f"scrypt${make.hex(16)}${make.hex(64)}", recovery_answer=f"scrypt${make.hex(16)}${make.hex(32)}",
        opened_on=make.day(3200, 2900), other_uses=make.chance(0.9),
    )  # fmt: skip


def _buy(
    make: Maker, rows: Rows, account: Row, person: Person, application: str, day: date, *,
    used: bool = True, paid: bool = True,
) -> None:  # fmt: skip
    """A purchase; once paid, its licence and download; if `used`, its installation with logs."""
    vendor, price = APPLICATIONS[application]
    amount = Decimal(price) + make.money(1, 19)  # with the tax of the place
    add(
        make, rows, "store.purchases", purchase_no=f"CT-{make.id('purchase_no', 90113)}", account_id=account["id"],
        bought_on=day, application=application, vendor_id=vendor, amount=amount, tax_state=person.state,
        state_of_purchase="paid" if paid else "pending", card_token=f"tok_{make.hex(24)}" if paid else None,
        buyer_note=make.maybe(0.2, "For the studio, please."),
    )  # fmt: skip
    if not paid:
        return
    key = "-".join("".join(make.pick(ALPHABET) for _ in range(5)) for _ in range(4))
    add(
        make, rows, "store.licences", account_id=account["id"], licence_key=key, application=application,
        vendor_id=vendor, granted_on=day, ends_on=make.maybe(0.5, day + timedelta(days=1095)), seats=make.number(1, 3),
    )  # fmt: skip
    add(
        make, rows, "store.downloads", account_id=account["id"], application=application, ip_address=_ip(make),
        version=f"{make.number(2, 9)}.{make.number(0, 12)}", downloaded_at=make.moment(day),
    )  # fmt: skip
    if used:
        _install(make, rows, person, application, vendor, key, day)


def _install(
    make: Maker, rows: Rows, person: Person, application: str, vendor: str, key: str, day: date
) -> None:  # fmt: skip
    place = add(
        make, rows, "usage.installations", email=person.email, licence_key=key, application=application,
        vendor_id=vendor, device_name=f"{person.first}'s {make.pick(('laptop', 'desk', 'tower'))}",
        device_id=make.hex(16), installed_on=day,
    )  # fmt: skip
    since = (TODAY - day).days
    days = [day, *(make.day(since) for _ in range(make.number(2, 9)))]  # the first use is on the day it was installed
    for used_on in sorted(days):
        table = "usage.usage_archive" if used_on < NEW_POLICY else "usage.usage_log"
        add(
            make, rows, table, installation_id=place["id"], vendor_id=vendor, at=make.moment(used_on),
            event=make.pick(EVENTS), minutes=make.number(1, 240), ip_address=_ip(make),
        )  # fmt: skip
    if make.chance(0.15) or since > 2000:
        add(
            make, rows, "usage.crash_reports", installation_id=place["id"], vendor_id=vendor,
            at=make.moment(make.day(since)), what_you_wrote=make.maybe(0.7, "It stopped while I was saving."),
            trace=f"fault at 0x{make.hex(8)}",
        )  # fmt: skip


def _ip(make: Maker) -> str:
    return f"203.0.113.{make.number(1, 254)}"  # a block set aside for examples


def _subscriber(
    make: Maker, rows: Rows, person: Person, *, chose: str | None = None, mailed: bool = True
) -> None:  # fmt: skip
    """`chose`: their answer when the policy changed, if they gave one."""
    add(
        make, rows, "postbox.subscribers", email=person.email, zip_code=person.postcode, since=make.day(1400, 420),
        news=True, vendor_offers=make.chance(0.6), policy_changes=True,
    )  # fmt: skip
    for kind in make.some(tuple(SUBJECTS), 1, 3) if mailed else ():
        add(
            make, rows, "postbox.mails_sent", email=person.email, kind=kind, subject=SUBJECTS[kind],
            sent_on=make.day(400, 3),
        )  # fmt: skip
    if chose:
        add(
            make, rows, "postbox.policy_choices", email=person.email, policy_version="2025-10",
            announced_on=date(2025, 9, 1), new_use="Suggesting software by what you use", choice=chose,
            chosen_on=date(2025, 9, make.number(2, 29)),
        )  # fmt: skip
