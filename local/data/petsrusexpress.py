"""PetsRUsExpress's invented members: the shop, the mailroom, store credit.

Leaves to others: what each column means (chalicelib/businesses/petsrusexpress/datamap.yaml).
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from local.data import TODAY, Customer, Maker, Person, Row, Rows, add, ago, one

SCHEMA = Path(__file__).with_suffix(".sql").read_text()

PRODUCTS = (
    ("Salmon supper for cats, 4 lb", "18.40"), ("Puppy starter kibble, 12 lb", "31.75"), ("Rope tug, large", "9.85"),
    ("Hay rack for rabbits", "22.60"), ("Canary seed mix, 2 lb", "7.95"), ("Orthopaedic dog bed", "64.30"),
    ("Scratching barrel", "79.15"), ("Aquarium heater, 50 W", "26.45"), ("Travel crate, medium", "58.90"),
    ("Engraved name tag", "11.25"), ("Flea comb", "6.35"), ("Pony treats, apple", "8.80"),
)  # fmt: skip
TAG = 9  # the engraved one
PETS = (
    "Biscuit",
    "Waffles",
    "Pickle",
    "Nimbus",
    "Tofu",
    "Clementine",
    "Bramble",
    "Mochi",
    "Ziggy",
    "Pepper",
    "Dumpling",
)
ANIMALS = ("dog", "cat", "rabbit", "canary", "goldfish", "guinea pig")
PARTNERS = {
    "whisker_cover": "Yes, Whisker Cover may know what I buy and send me offers for pet insurance.",
    "barkwell_foods": "Yes, sign me up: Barkwell may know which of its foods I buy.",
}
MAILS = {
    "welcome": "Nice to have you with us", "offers": "This week for less", "newsletter": "Tails from the warehouse",
    "service": "The shop is closed on Thursday", "orders": "Your parcel is on its way",
}  # fmt: skip
REASONS = ("Too small", "The cat will not go near it", "Ordered twice", None)
NOTES = ("Please leave it in the shed.", "The dog barks but is friendly.", "Ring twice.", "Gate code on the phone.")


def generate(make: Maker) -> Rows:
    """Members first, then those who only read the newsletter."""
    rows: Rows = {
        f"{schema}.{table}": []
        for schema, tables in {
            "shop": ("products", "members", "pets", "orders", "parcels_due", "order_lines", "payments", "returns"),
            "mailroom": ("newsletter_readers", "mailings", "sharing_consents"),
            "credit": ("terms", "applications"),
        }.items()
        for table in tables
    }
    for name, price in PRODUCTS:
        add(make, rows, "shop.products", name=name, price=Decimal(price))
    rows["credit.terms"] += [{"version": v, "yearly_rate": Decimal(r)} for v, r in (("2022", "14.9"), ("2025", "16.4"))]
    _shown(make, rows)
    for person in make.people(440):
        _member(make, rows, person)
    for person in make.people(60):
        _reader(make, rows, person)
    return rows


def showcase(rows: Rows) -> list[Customer]:
    notes = {
        "marisol.fernhollow@example.com": "Californian, with history in every source: shop, mailroom, store credit",
        "gideon.candleford@example.com": "Known to the shop and to the mailroom under the same address",
        "yara.oakenshaw@example.com": "Has an order that is not delivered yet",
        "percy.larkfield@example.com": "Reads the newsletter, never bought anything",
        "halima.saltmarsh@example.com": "Let two partners know of orders; one yes has ended, one still stands",
    }
    return [_customer(rows, email, note) for email, note in notes.items()]


def _customer(rows: Rows, email: str, note: str) -> Customer:
    member = next((m for m in rows["shop.members"] if m["email"] == email), None)
    if member is None:
        reader = one(rows["mailroom.newsletter_readers"], email=email)
        held = {"postcode": reader["postcode"]}
        return Customer(email=email, name=reader["first_name"], residence="US-WA", answers=held, note=note)
    last = max((o for o in rows["shop.orders"] if o["member_id"] == member["id"]), key=lambda o: o["placed_on"])
    return Customer(
        email=email, name=member["full_name"], residence=f"US-{member['state']}", note=note,
        answers={
            "order_number": last["order_no"], "order_total": str(last["total"]), "postcode": member["postcode"],
        },
    )  # fmt: skip


def _shown(make: Maker, rows: Rows) -> None:
    marisol = _known(make, "Marisol", "Fernhollow", "Marlow Bay", "CA", "94218")
    _member(make, rows, marisol, orders=(2900, 900, 40), newsletter=True)
    _consent(make, rows, marisol, "whisker_cover", given=500)
    _application(make, rows, marisol, decided=300)
    gideon = _known(make, "Gideon", "Candleford", "Cedar Bluff", "OR", "97330")
    _member(make, rows, gideon, orders=(700, 120), newsletter=True)
    yara = _known(make, "Yara", "Oakenshaw", "Maple Ferry", "NY", "12731")
    _member(make, rows, yara, orders=(400, 2), newsletter=False)
    _reader(make, rows, _known(make, "Percy", "Larkfield", "Pine Hollow", "WA", "98425"), mailed=False)
    halima = _known(make, "Halima", "Saltmarsh", "Alta Loma Vista", "CA", "92044")
    _member(make, rows, halima, orders=(800, 450, 90), newsletter=True)
    _consent(make, rows, halima, "barkwell_foods", given=780, ended=300)
    _consent(make, rows, halima, "whisker_cover", given=420)


def _known(make: Maker, first: str, last: str, city: str, state: str, postcode: str) -> Person:
    email = f"{first}.{last}@example.com".lower()
    return make.person(first=first, last=last, email=email, city=city, state=state, postcode=postcode)


def _member(
    make: Maker, rows: Rows, person: Person, *, orders: tuple[int, ...] = (), newsletter: bool | None = None
) -> None:
    """A member, with orders placed so many days ago if they are to be shown, else with what is drawn."""
    shown = bool(orders)
    days = orders or tuple(sorted((make.number(3, 3200) for _ in range(make.number(0, 6))), reverse=True))
    joined = ago((days[0] if days else make.number(30, 2000)) + make.number(0, 60))
    member = add(
        make, rows, "shop.members", member_no=f"M-{make.id('member_no', 20417)}", email=person.email,
        full_name=person.name, phone=person.phone, street=person.street, city=person.city, state=person.state,
        postcode=person.postcode, birthday=make.maybe(0.4, make.day(27000, 7500)),
        password_hash=f"scrypt${make.hex(16)}${make.hex(64)}", joined_on=joined,
        welcome_mails=shown or make.chance(0.8), offer_mails=shown or make.chance(0.6),
        catalogue_by_post=shown or make.chance(0.5), calls=shown or make.chance(0.2),
    )  # fmt: skip
    for name in make.some(PETS, 1, 2) if shown else make.some(PETS, 0, 3):
        add(
            make, rows, "shop.pets", member_id=member["id"], pet_name=name, animal=make.pick(ANIMALS),
            born_on=make.maybe(0.7, make.day(4000, 90)), on_file_since=joined,
        )  # fmt: skip
    for day in days:
        _order(make, rows, member, ago(day))
    _mail(make, rows, person.email, ("welcome", "offers", "service", "orders"), since=joined)
    if newsletter or (newsletter is None and make.chance(0.5)):
        _reader(make, rows, person)
    if not shown and days and make.chance(0.15):
        _consent(make, rows, person, make.pick(tuple(PARTNERS)), given=make.number(10, 900))
    if not shown and make.chance(0.08):
        _application(make, rows, person, decided=make.number(20, 2000))


def _order(make: Maker, rows: Rows, member: Row, day: date) -> None:
    chosen = [(index, make.number(1, 3)) for index in make.some(range(len(PRODUCTS)), 1, 3)]
    goods = sum((Decimal(PRODUCTS[index][1]) * quantity for index, quantity in chosen), Decimal())
    tax = (goods * Decimal("0.0725")).quantize(Decimal("0.01"))
    fresh = (TODAY - day).days < 4
    order = add(
        make, rows, "shop.orders", order_no=f"PX-{make.id('order_no', 310441)}", member_id=member["id"], placed_on=day,
        state_of_order="open" if fresh else "delivered", total=goods + tax, sales_tax=tax,
        ship_name=member["full_name"], ship_street=member["street"], ship_city=member["city"],
        ship_state=member["state"], ship_postcode=member["postcode"], ship_phone=member["phone"],
        driver_note=make.maybe(0.25, make.pick(NOTES)),
    )  # fmt: skip
    if fresh:
        add(
            make, rows, "shop.parcels_due", order_id=order["id"], leaves_on=TODAY + timedelta(days=1),
            to_name=member["full_name"], to_street=member["street"], to_city=member["city"], to_state=member["state"],
            to_postcode=member["postcode"], phone=member["phone"],
        )  # fmt: skip
    for index, quantity in chosen:
        name, price = PRODUCTS[index]
        add(
            make, rows, "shop.order_lines", order_id=order["id"], placed_on=day, product_id=index + 1, product=name,
            quantity=quantity, price=Decimal(price), engraving=make.pick(PETS).upper() if index == TAG else None,
        )  # fmt: skip
    brand, start = make.pick((("Visa", "400000"), ("Mastercard", "510000"), ("Discover", "601100")))
    add(
        make, rows, "shop.payments", order_id=order["id"], placed_on=day, paid_on=day, amount=goods + tax,
        card_brand=brand, card_number=f"{start}{make.number(0, 10**10 - 1):010d}", card_holder=member["full_name"],
        billing_postcode=member["postcode"],
    )  # fmt: skip
    if not fresh and make.chance(0.12):
        add(
            make, rows, "shop.returns", order_id=order["id"], placed_on=day,
            returned_on=min(TODAY, day + timedelta(days=make.number(5, 25))), reason=make.pick(REASONS),
            refunded=Decimal(PRODUCTS[chosen[0][0]][1]),
        )  # fmt: skip


def _reader(make: Maker, rows: Rows, person: Person, *, mailed: bool = True) -> None:
    signed = make.day(1500, 20)
    add(
        make, rows, "mailroom.newsletter_readers", email=person.email, first_name=person.first,
        postcode=person.postcode, signed_up_on=signed, signed_up_how=make.pick(("the shop", "a fair")), newsletter=True,
    )  # fmt: skip
    if mailed:
        _mail(make, rows, person.email, ("newsletter",), since=signed)


def _mail(make: Maker, rows: Rows, email: str, kinds: tuple[str, ...], since: date) -> None:
    oldest = min(700, (TODAY - since).days)
    for kind in (kinds[0], *(make.pick(kinds) for _ in range(make.number(0, 3)))):
        add(
            make, rows, "mailroom.mailings", email=email, kind=kind, subject=MAILS[kind],
            sent_on=make.day(max(1, oldest)), opened=make.chance(0.4),
        )  # fmt: skip


def _consent(make: Maker, rows: Rows, person: Person, partner: str, *, given: int, ended: int | None = None) -> None:
    add(
        make, rows, "mailroom.sharing_consents", email=person.email, partner=partner, what="orders",
        wording=PARTNERS[partner], given_on=ago(given), given_how=make.pick(("checkout", "member page")),
        ended_on=None if ended is None else ago(ended), in_force=ended is None,
    )  # fmt: skip


def _application(make: Maker, rows: Rows, person: Person, *, decided: int) -> None:
    granted = make.chance(0.7)
    add(
        make, rows, "credit.applications", application_no=f"SC-{make.id('application_no', 7001)}", email=person.email,
        full_name=person.name, ssn=f"000-{make.number(10, 99)}-{make.number(1000, 9999)}",  # none begins with 000
        applied_on=ago(decided + 6), employer=make.pick(("Fallow Bakery", "Tern Ferry Company", "Self")),
        income=make.money(21000, 96000), decided_on=ago(decided), outcome="granted" if granted else "declined",
        credit_limit=Decimal(make.number(2, 20) * 100) if granted else None,
    )  # fmt: skip
