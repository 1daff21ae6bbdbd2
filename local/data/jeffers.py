"""Jeffers' invented world: a shop with telephone orders, mailing lists and promotions, a loyalty club.

Orders reach back ten years, so that some are past the seven that tax records must stay; some are still open.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from local.data import TODAY, Customer, Maker, Person, Row, Rows, ago, one

SCHEMA = Path(__file__).with_suffix(".sql").read_text()

TABLES = (
    "shop.product_groups", "shop.products", "shop.accounts", "shop.orders", "shop.order_lines", "shop.payment_tokens",
    "shop.reviews", "marketing.campaigns", "marketing.newsletter", "marketing.mailing_list", "marketing.phone_list",
    "marketing.tell_a_friend", "marketing.sweepstakes", "loyalty.tiers", "loyalty.members", "loyalty.points",
    "loyalty.animals", "loyalty.children",
)  # fmt: skip
GOODS = {
    "Horse": ("Halter", "Fly mask", "Hoof pick", "Saddle pad", "Mineral block"),
    "Dog": ("Rope toy", "Raised bowl", "Winter coat", "Chew ring"),
    "Cat": ("Scratch post", "Window perch", "Feather wand"),
    "Barn": ("Feed scoop", "Stall guard", "Water heater"),
}
TIERS = {"Colt": 0, "Trotter": 500, "Champion": 2000}
ANIMAL_NAMES = ("Biscuit", "Clover", "Domino", "Fig", "Maple", "Nutmeg", "Pepper", "Rusty", "Tansy", "Willow")
SPECIES = ("dog", "cat", "horse", "pony", "goat")
CHILD_NAMES = ("Annika", "Bo", "Cleo", "Davi", "Elke", "Finn", "Gus", "Hattie")

MARISOL, TOBIAS, GRETA, PERCY, INES = (
    "marisol.fernhollow@example.com", "tobias.elderfen@example.com", "greta.saltmarsh@example.com",
    "percy.dapplegrey@example.com", "ines.larkfield@example.com",
)  # fmt: skip


def generate(make: Maker) -> Rows:
    """All rows, parents before children."""
    rows: Rows = {table: [] for table in TABLES}
    _goods(make, rows)
    _the_five(make, rows)
    for person in make.people(495):
        account = _account(make, rows, person) if make.chance(0.85) else None
        for _ in range(make.pick((0, 1, 2, 3, 5), (1, 4, 3, 2, 1))):
            _order(make, rows, person, account, make.day(3650, 3))
        _lists(make, rows, person, account)
        if make.chance(0.4):
            _club(make, rows, person, account, children=make.chance(0.2))
    return rows


def _the_five(make: Maker, rows: Rows) -> None:
    """The customers to show, each with what their note says."""
    california = {"city": "Marlow Bay", "state": "CA", "postcode": "94271"}
    marisol = make.person(first="Marisol", last="Fernhollow", email=MARISOL, phone="(415) 555-0117", **california)
    account = _account(make, rows, marisol, joined=ago(3400), may_share=True)
    for days in (3300, 1200, 300, 40):
        _order(make, rows, marisol, account, ago(days))
    _card(make, rows, account)
    _review(make, rows, account)
    _newsletter(make, rows, marisol)
    _mailing_list(make, rows, marisol, account)
    _phone_list(make, rows, marisol, may_call=True)
    _friend(make, rows, marisol, make.person(email="robin.friend@example.com"))
    _sweepstake(make, rows, marisol, ago(200))
    _sweepstake(make, rows, marisol, ago(1100))
    _club(make, rows, marisol, account, children=True)

    tobias = make.person(
        first="Tobias", last="Elderfen", email=TOBIAS, state="OR", city="Cedar Bluff", postcode="97340"
    )
    account = _account(make, rows, tobias)
    _order(make, rows, tobias, account, ago(500))
    shouted = make.person(first="Tobias", last="Elderfen", email="Tobias.Elderfen@example.com")
    _club(make, rows, shouted, None, children=False)

    greta = make.person(first="Greta", last="Saltmarsh", email=GRETA, state="CO", city="Juniper Mesa", postcode="80519")
    account = _account(make, rows, greta)
    _order(make, rows, greta, account, ago(4), status="open")
    _order(make, rows, greta, account, ago(2900))

    percy = make.person(first="Percy", last="Dapplegrey", email=PERCY, state="NY", city="Maple Ferry", postcode="12744")
    _newsletter(make, rows, percy)

    ines = make.person(first="Ines", last="Larkfield", email=INES, state="TX", city="Lone Elm", postcode="76718")
    _order(make, rows, ines, None, ago(90), channel="phone")
    _mailing_list(make, rows, ines, None)
    _child(make, rows, ines)


def _goods(make: Maker, rows: Rows) -> None:
    for group, names in GOODS.items():
        number = make.id("groups")
        rows["shop.product_groups"].append({"id": number, "name": group})
        for name in names:
            row = {"id": make.id("products", 501), "group_id": number, "name": name, "price": make.money(5, 120)}
            rows["shop.products"].append(row)
    rows["loyalty.tiers"] += [{"name": name, "points": points} for name, points in TIERS.items()]
    for title in ("Spring barn sale", "Foal season", "Winter blankets"):
        row = {
            "id": make.id("campaigns"),
            "title": title,
            "sent_on": make.day(700, 20),
            "pieces": make.number(900, 9000),
        }
        rows["marketing.campaigns"].append(row)


def _account(make: Maker, rows: Rows, person: Person, **known: object) -> Row:
    joined = known.pop("joined", None) or make.day(3600, 10)
    row = {
        "id": make.id("accounts", 1001), "customer_number": f"J{make.id('customers', 204117)}", "email": person.email,
        "password_hash": f"$2b$12${make.hex(40)}", "first_name": person.first, "last_name": person.last,
        "phone": make.maybe(0.9, person.phone), "street": person.street, "city": person.city, "state": person.state,
        "postcode": person.postcode, "joined_on": joined, "offers_by_email": make.chance(0.7),
        "may_share": make.chance(0.6), **known,
    }  # fmt: skip
    rows["shop.accounts"].append(row)
    return row


def _order(
    make: Maker, rows: Rows, person: Person, account: Row | None, day: date, *,
    status: str | None = None, channel: str | None = None,
) -> None:  # fmt: skip
    age = (TODAY - day).days
    status = status or ("open" if age < 6 else make.pick(("delivered", "returned", "cancelled"), (18, 1, 1)))
    channel = channel or make.pick(("web", "phone", "post"), (7, 2, 1))
    number = make.id("orders", 1)
    lines = [_line(make, rows, number, day) for _ in range(make.number(1, 4))]
    row = {
        "id": number, "order_number": f"{day:%y}-{make.number(10, 99)}{number:05d}",
        "account_id": account and account["id"], "email": make.maybe(0.8, person.email) if account else person.email,
        "channel": channel, "status": status, "ordered_on": day,
        "shipped_on": day + timedelta(days=2) if status in ("delivered", "returned") else None,
        "total": sum((line["quantity"] * line["price"] for line in lines), Decimal("7.95")), "ship_name": person.name,
        "ship_street": person.street, "ship_city": person.city, "ship_state": person.state,
        "ship_postcode": person.postcode, "ship_phone": make.maybe(0.7, person.phone),
        "ip_address": f"203.0.113.{make.number(1, 254)}" if channel == "web" else None,
    }  # fmt: skip
    rows["shop.orders"].append(row)
    rows["shop.order_lines"] += lines


def _line(make: Maker, rows: Rows, order: int, day: date) -> Row:
    product = make.pick(rows["shop.products"])
    return {
        "id": make.id("lines"), "order_id": order, "product_id": product["id"], "sold_on": day,
        "quantity": make.number(1, 3), "price": product["price"],
    }  # fmt: skip


def _card(make: Maker, rows: Rows, account: Row) -> None:
    row = {
        "id": make.id("tokens"), "account_id": account["id"], "token": f"tok_{make.hex(24)}",
        "brand": make.pick(("Visa", "Mastercard", "Discover")),
        "expires": f"{make.number(1, 12):02d}/{make.number(27, 30)}",
        "added_on": make.day(1200),
    }  # fmt: skip
    rows["shop.payment_tokens"].append(row)


def _review(make: Maker, rows: Rows, account: Row) -> None:
    row = {
        "id": make.id("reviews"), "account_id": account["id"], "product_id": make.pick(rows["shop.products"])["id"],
        "nickname": f"{account['first_name']} from {account['state']}", "stars": make.number(2, 5),
        "said": make.words(), "written_on": make.day(1500),
    }  # fmt: skip
    rows["shop.reviews"].append(row)


def _lists(make: Maker, rows: Rows, person: Person, account: Row | None) -> None:
    """Whatever else somebody is part of."""
    if account and make.chance(0.5):
        _card(make, rows, account)
    if account and make.chance(0.4):
        _review(make, rows, account)
    if make.chance(0.6):
        _newsletter(make, rows, person)
    if make.chance(0.6):
        _mailing_list(make, rows, person, account)
    if make.chance(0.2):
        _phone_list(make, rows, person, may_call=make.chance(0.5))
    if make.chance(0.1):
        _friend(make, rows, person, make.person())
    if make.chance(0.3):
        _sweepstake(make, rows, person, make.day(1500))


def _newsletter(make: Maker, rows: Rows, person: Person) -> None:
    row = {
        "id": make.id("newsletter"), "email": person.email, "first_name": person.first, "postcode": person.postcode,
        "subscribed": True, "since": make.moment(make.day(2000)),
    }  # fmt: skip
    rows["marketing.newsletter"].append(row)


def _mailing_list(make: Maker, rows: Rows, person: Person, account: Row | None) -> None:
    row = {
        "id": make.id("mailing_list"), "customer_number": account and account["customer_number"], "email": person.email,
        "name": person.name, "street": person.street, "city": person.city, "state": person.state,
        "postcode": person.postcode, "by_post": True, "shared": account["may_share"] if account else make.chance(0.5),
        "added_on": make.day(3000),
    }  # fmt: skip
    rows["marketing.mailing_list"].append(row)


def _phone_list(make: Maker, rows: Rows, person: Person, *, may_call: bool) -> None:
    row = {
        "id": make.id("phone_list"), "phone": person.phone, "email": person.email, "may_call": may_call,
        "asked_on": make.day(900),
    }  # fmt: skip
    rows["marketing.phone_list"].append(row)


def _friend(make: Maker, rows: Rows, person: Person, friend: Person) -> None:
    row = {
        "id": make.id("friends"), "email": person.email, "friend_email": friend.email, "friend_name": friend.name,
        "note": make.words(), "sent_on": make.moment(make.day(1500)),
    }  # fmt: skip
    rows["marketing.tell_a_friend"].append(row)


def _sweepstake(make: Maker, rows: Rows, person: Person, day: date) -> None:
    row = {
        "id": make.id("sweepstakes"), "email": person.email, "name": person.name,
        "drawing": make.pick(("Saddle of the year", "A winter of hay")), "entered_on": day,
        "age_range": make.pick((None, "18-34", "35-54", "55+")), "won": make.chance(0.01),
    }  # fmt: skip
    rows["marketing.sweepstakes"].append(row)


def _club(make: Maker, rows: Rows, person: Person, account: Row | None, *, children: bool) -> None:
    number = make.id("members", 1)
    row = {
        "id": number, "card": f"CLUB{make.number(100, 999)}{number:04d}",
        "customer_number": account and account["customer_number"], "email": person.email, "name": person.name,
        "birthday": make.maybe(0.5, make.day(25000, 7000)), "tier": make.pick(tuple(TIERS)),
        "joined_on": make.day(2500),
        "statement_by_email": make.chance(0.8),
    }  # fmt: skip
    rows["loyalty.members"].append(row)
    for _ in range(make.number(1, 4)):
        why = make.pick(("an order", "a review", "a birthday"))
        given = {
            "id": make.id("points"),
            "member_id": number,
            "points": make.number(5, 90),
            "why": why,
            "given_on": make.day(1500),
        }
        rows["loyalty.points"].append(given)
    for name in make.some(ANIMAL_NAMES, 1, 2):
        pet = {
            "id": make.id("animals"),
            "member_id": number,
            "name": name,
            "species": make.pick(SPECIES),
            "birthday": make.maybe(0.6, make.day(6000, 90)),
        }
        rows["loyalty.animals"].append(pet)
    if children:
        _child(make, rows, person)


def _child(make: Maker, rows: Rows, parent: Person) -> None:
    row = {
        "id": make.id("children"), "parent_email": parent.email, "parent_name": parent.name,
        "child_name": make.pick(CHILD_NAMES), "child_birthday": make.day(4300, 2000),
        "pony": make.maybe(0.7, make.pick(ANIMAL_NAMES)),
        "consent_on": make.day(700),
    }  # fmt: skip
    rows["loyalty.children"].append(row)


def showcase(rows: Rows) -> list[Customer]:
    """In the order of contract.md, then a telephone customer whose child is in the club."""
    return [
        _shown(rows, MARISOL, "Californian with history in every source"),
        _shown(rows, TOBIAS, "known in two sources, shop and loyalty, under the same email"),
        _shown(rows, GRETA, "has an open order, and one older than seven years"),
        _shown(rows, PERCY, "newsletter reader only"),
        _shown(rows, INES, "ordered by telephone, without an account; a child in the saddle club"),
    ]


def _shown(rows: Rows, email: str, note: str) -> Customer:
    account = next((a for a in rows["shop.accounts"] if a["email"] == email), None)
    number = account and account["id"]
    theirs = [o for o in rows["shop.orders"] if o["email"] == email or (number and o["account_id"] == number)]
    newest = max(theirs, key=lambda order: order["ordered_on"], default=None)
    answers = {"order_number": newest["order_number"], "order_total": str(newest["total"])} if newest else {}
    if account:
        name, state, postcode = f"{account['first_name']} {account['last_name']}", account["state"], account["postcode"]
    elif newest:
        name, state, postcode = newest["ship_name"], newest["ship_state"], None
    else:
        reader = one(rows["marketing.newsletter"], email=email)
        name, state, postcode = "Percy Dapplegrey", "NY", reader["postcode"]
    if postcode:
        answers["postcode"] = postcode
    return {"email": email, "name": name, "residence": f"US-{state}", "answers": answers, "note": note}
