"""Microkitten's invented world: a small gift shop, its visitors' cookies, and the notes people chose.

A gift's recipient is often no customer. Orders reach back ten years; some are open, some gifts are not yet sent.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from local.data import TODAY, Customer, Maker, Person, Row, Rows, ago, one

SCHEMA = Path(__file__).with_suffix(".sql").read_text()

TABLES = (
    "store.items", "store.customers", "store.orders", "store.order_lines", "store.gifts", "store.messages",
    "site.daily_totals", "site.visitors", "site.visits", "notices.mailings", "notices.choices", "notices.consents",
)  # fmt: skip
ITEMS = ("Yarn mouse", "Catnip tin", "Window hammock", "Bell collar", "Tuna tea towel", "Paw print mug", "Tiny sweater")
CATS = ("Bean", "Crumpet", "Dot", "Fidget", "Miso", "Pickle", "Sock", "Waffle")
PAGES = ("/", "/new", "/gifts", "/sale", "/item/3", "/item/5", "/basket")
BROWSERS = ("Firefox on Linux", "Chrome on Android", "Safari on iPhone", "Edge on Windows")
KINDS = {
    "sales": "Yes, tell me about sales",
    "new_things": "Yes, show me new things",
    "partner_offers": "Yes, pass me offers of shops you like",
}

LAVINIA, KENJI, ODETTE, SILAS = (
    "lavinia.candleford@example.com", "kenji.pondersby@example.com", "odette.marchbanks@example.com",
    "silas.rookwood@example.com",
)  # fmt: skip
LAVINIAS_COOKIE = "mk-5f0c7a41d29be836"


def generate(make: Maker) -> Rows:
    """All rows, parents before children."""
    rows: Rows = {table: [] for table in TABLES}
    _without_people(make, rows)
    _the_four(make, rows)
    for person in make.people(496):
        customer = _customer(make, rows, person) if make.chance(0.8) else None
        for _ in range(make.pick((0, 1, 2, 4), (1, 4, 3, 1))):
            _order(make, rows, person, customer, make.day(3650, 3), gift_to=make.maybe(0.2, make.person()))
        if make.chance(0.5):
            _visitor(make, rows, make.maybe(0.6, person.email))
        if make.chance(0.4):
            _chosen(make, rows, person.email, make.some(tuple(KINDS), 1, 3))
        if make.chance(0.2):
            _message(make, rows, person, customer)
    return rows


def _the_four(make: Maker, rows: Rows) -> None:
    """The customers to show, each with what their note says."""
    silas = make.person(first="Silas", last="Rookwood", email=SILAS, state="CT", city="Old Harbor", postcode="06417")
    lavinia = make.person(
        first="Lavinia", last="Candleford", email=LAVINIA, city="San Tilio", state="CA", postcode="95138"
    )
    customer = _customer(make, rows, lavinia, since=ago(3300))
    for days in (3200, 800):
        _order(make, rows, lavinia, customer, ago(days))
    _order(make, rows, lavinia, customer, ago(60), gift_to=silas)
    _visitor(make, rows, LAVINIA, cookie=LAVINIAS_COOKIE)
    _chosen(make, rows, LAVINIA, list(KINDS))
    _message(make, rows, lavinia, customer)

    kenji = make.person(first="Kenji", last="Pondersby", email=KENJI, city="Pine Hollow", state="WA", postcode="98455")
    _order(make, rows, kenji, _customer(make, rows, kenji), ago(400))
    _chosen(make, rows, "Kenji.Pondersby@example.com", ["sales"])

    odette = make.person(
        first="Odette", last="Marchbanks", email=ODETTE, city="Peach Grove", state="VA", postcode="22961"
    )
    customer = _customer(make, rows, odette)
    _order(make, rows, odette, customer, ago(3), status="open", gift_to=make.person())
    _order(make, rows, odette, customer, ago(2800))


def _without_people(make: Maker, rows: Rows) -> None:
    rows["store.items"] += [{"id": make.id("items"), "name": name, "price": make.money(4, 60)} for name in ITEMS]
    rows["site.daily_totals"] += [
        {"day": ago(days), "visits": make.number(40, 400), "orders": make.number(0, 12)} for days in range(1, 91)
    ]
    rows["notices.mailings"] += [
        {"id": make.id("mailings"), "kind": kind, "sent_on": make.day(200, 5), "how_many": make.number(60, 180)}
        for kind in KINDS
    ]


def _customer(make: Maker, rows: Rows, person: Person, since: date | None = None) -> Row:
    row = {
        "id": make.id("customers", 31), "number": f"MK{make.id('numbers', 70233)}", "email": person.email,
        "password_hash": f"$argon2id${make.hex(40)}", "name": person.name, "phone": make.maybe(0.6, person.phone),
        "street": person.street, "city": person.city, "state": person.state, "postcode": person.postcode,
        "cat_name": make.maybe(0.7, make.pick(CATS)), "since": since or make.day(3600, 10),
    }  # fmt: skip
    rows["store.customers"].append(row)
    return row


def _order(
    make: Maker, rows: Rows, person: Person, customer: Row | None, day: date, *,
    status: str | None = None, gift_to: Person | None = None,
) -> None:  # fmt: skip
    status = status or ("open" if (TODAY - day).days < 5 else make.pick(("delivered", "returned"), (19, 1)))
    number = make.id("orders")
    lines = [_line(make, rows, number, day) for _ in range(make.number(1, 3))]
    row = {
        "id": number, "number": f"K{make.number(100, 999)}-{number:04d}", "customer_id": customer and customer["id"],
        "email": person.email, "status": status, "ordered_on": day,
        "total": sum((line["quantity"] * line["price"] for line in lines), Decimal("4.85")),
        "payment_reference": f"pp_{make.hex(20)}", "bill_name": person.name,
        "bill_address": f"{person.street}, {person.city}, {person.state} {person.postcode}",
        "wish": make.maybe(0.2, make.words(3, 6)),
    }  # fmt: skip
    rows["store.orders"].append(row)
    rows["store.order_lines"] += lines
    if gift_to:
        _gift(make, rows, row, gift_to)


def _line(make: Maker, rows: Rows, order: int, day: date) -> Row:
    item = make.pick(rows["store.items"])
    return {
        "id": make.id("lines"), "order_id": order, "item_id": item["id"], "sold_on": day,
        "quantity": make.number(1, 2), "price": item["price"],
    }  # fmt: skip


def _gift(make: Maker, rows: Rows, order: Row, to: Person) -> None:
    row = {
        "id": make.id("gifts"), "order_id": order["id"], "item": make.pick(ITEMS),
        "card_text": make.maybe(0.8, make.words(3, 8)),
        "shipped_on": None if order["status"] == "open" else order["ordered_on"] + timedelta(days=2),
        "recipient_name": to.name, "recipient_email": to.email, "recipient_phone": make.maybe(0.5, to.phone),
        "recipient_street": to.street, "recipient_city": to.city, "recipient_state": to.state,
        "recipient_postcode": to.postcode,
    }  # fmt: skip
    rows["store.gifts"].append(row)


def _message(make: Maker, rows: Rows, person: Person, customer: Row | None) -> None:
    row = {
        "id": make.id("messages"), "customer_id": customer and customer["id"], "email": person.email,
        "written_at": make.moment(make.day(1500)), "subject": make.pick(("A return", "My parcel", "Thank you")),
        "said": make.words(), "answer": make.maybe(0.9, make.words()),
    }  # fmt: skip
    rows["store.messages"].append(row)


def _visitor(make: Maker, rows: Rows, email: str | None, cookie: str | None = None) -> None:
    first = make.day(900, 30)
    row = {
        "cookie_id": cookie or f"mk-{make.hex(16)}", "email": email, "browser": make.pick(BROWSERS),
        "first_seen": make.moment(first), "partner_sites": make.chance(0.5) or cookie is not None,
    }  # fmt: skip
    rows["site.visitors"].append(row)
    for _ in range(make.number(2, 8)):
        visit = {
            "id": make.id("visits"), "cookie_id": row["cookie_id"], "page": make.pick(PAGES),
            "seen_at": make.moment(make.day((TODAY - first).days)), "ip_address": f"198.51.100.{make.number(1, 254)}",
        }  # fmt: skip
        rows["site.visits"].append(visit)


def _chosen(make: Maker, rows: Rows, email: str, kinds: list[str]) -> None:
    """The choices as they are, and each with the day it was made; some were taken back."""
    days = {kind: make.day(1800, 5) for kind in kinds}
    row: Row = {"id": make.id("choices"), "email": email}
    for kind in KINDS:
        row |= {kind: kind in days, f"{kind}_chosen_on": days.get(kind)}
    rows["notices.choices"].append(row)
    for kind, day in days.items():
        consent = {
            "id": make.id("consents"), "email": email, "kind": kind, "wording": KINDS[kind], "agreed_on": day,
            "withdrawn_on": None, "ip_address": f"198.51.100.{make.number(1, 254)}",
        }  # fmt: skip
        rows["notices.consents"].append(consent)


def showcase(rows: Rows) -> list[Customer]:
    """In the order of contract.md."""
    return [
        _buyer(rows, LAVINIA, f"Californian with history in every source; her browser's cookie is {LAVINIAS_COOKIE}"),
        _buyer(rows, KENJI, "known in two sources, store and notices, under the same email"),
        _buyer(rows, ODETTE, "has an open order with a gift not yet sent, and an order older than seven years"),
        _recipient(rows, SILAS, "gift recipient only"),
    ]


def _buyer(rows: Rows, email: str, note: str) -> Customer:
    customer = one(rows["store.customers"], email=email)
    theirs = (order for order in rows["store.orders"] if order["email"] == email)
    order = max(theirs, key=lambda order: order["ordered_on"])
    answers = {"order_number": order["number"], "order_total": str(order["total"]), "postcode": customer["postcode"]}
    residence = f"US-{customer['state']}"
    return {"email": email, "name": customer["name"], "residence": residence, "answers": answers, "note": note}


def _recipient(rows: Rows, email: str, note: str) -> Customer:
    gift = one(rows["store.gifts"], recipient_email=email)
    answers = {"postcode": gift["recipient_postcode"]}
    residence = f"US-{gift['recipient_state']}"
    return {"email": email, "name": gift["recipient_name"], "residence": residence, "answers": answers, "note": note}
