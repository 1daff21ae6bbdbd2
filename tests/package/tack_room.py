"""A business for the package tests, and one customer of it with records of every kind worth a second look."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.businesses.model import Business
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Personal, Request, Right
from chalicelib.package import build

AT = datetime(2026, 11, 20, 15, 4, 6, tzinfo=UTC)
SSN, CARD, TOKEN, PASSWORD = "078-05-1120", "4111111111111111", "tok_9f8e7d6c5b", "pbkdf2$AAECAwQF"


def _fields(**fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {n: {"label": n.replace("_", " ").capitalize(), "category": "user", **f} for n, f in fields.items()}


BUSINESS = Business.model_validate(
    {
        "id": "tack-room", "name": "The Tack Room", "tagline": "Saddles & more", "colour": "#7a3b12",
        "timezone": "America/New_York", "sender": "privacy@tackroom.example.com",
        "contact": {"email": "help@tackroom.example.com", "phone": "+1 334 555 0100", "post": ["1 Barn Lane", "AL"]},
        "policy": {"version": "2026-01", "url": "https://tackroom.example.com/p", "home": "https://tackroom.example.com"},
        "rights": {r: {"stands_on": ["policy"], "words": "w"} for r in Right},
        "opt_outs": {"email": "mails"}, "kinds": {"offers": {"title": "Offers"}},
        "roles": {"support": {"decides": list(Right), "sees": ["*"]}},
        "staff": [{"id": "kim", "name": "Kim", "email": "kim@example.com", "roles": ["support"]}],
        "datamap": {"sources": {
            "shop": {"kind": "sql", "title": "Shop", "collections": {
                "members": {
                    "title": "Your account", "about": "What you told us when you signed up.", "key": ["id"],
                    "came_from": "you, in the shop",
                    "identity": {"email": "email"},
                    "fields": _fields(
                        id={"export": False}, name={"category": "user.name"}, email={"category": "user.contact.email"},
                        ssn={"never": "social_security_number", "category": "user.government_id",
                             "label": "Tax number"},
                        password={"never": "password", "export": False}, notes={}, offers={}, joined={},
                    ),
                },
                "orders": {
                    "title": "Orders", "identity": {"email": "email"}, "story": "orders",
                    "retain": {"ground": "tax records", "law": "26 CFR 1.6001-1", "from_field": "ordered_on",
                               "years": 7},
                    "recipients": ["post", "vendor-a"],
                    "fields": _fields(
                        id={}, email={"export": False}, ordered_on={"label": "Ordered on"}, total={},
                        gift_to={"third_person": True, "category": "user.name"}, card={"never": "card_token"},
                    ),
                },
                "friends": {
                    "title": "Friends you told", "identity": {"email": "email"}, "story": "shared", "person": "third",
                    "whose": "your friend", "key": ["email", "friend"],
                    "fields": _fields(email={"export": False}, friend={"category": "user.contact.email"}, sent={}),
                },
            }},
            "logs": {"kind": "sql", "title": "Usage <logs>", "collections": {
                "visits": {
                    "title": "Visits", "identity": {"email": "email"}, "story": "activity",
                    "recipient_field": "vendor", "erase": "keep", "keep_ground": "security of the site",
                    "fields": _fields(id={}, email={"export": False}, at={}, page={}, vendor={}),
                },
            }},
        }},
        "sharing": {
            "note": "We share only what an order needs.",
            "recipients": {
                "post": {"name": "Parcel Co", "address": ["2 Depot Road"], "purpose": "Brings your parcels"},
                "vendor-a": {"name": "Vendor A", "address": ["3 A St"], "purpose": "Its app", "per_person": True},
                "vendor-b": {"name": "Vendor B", "address": ["4 B St"], "purpose": "Its app", "per_person": True},
                "ads": {"name": "Ads Inc", "address": ["5 C St"], "purpose": "Adverts", "role": "third_party"},
            },
            "years": {2025: [{"recipient": "ads", "categories": ["email_address"], "examples": "horse feed"}]},
        },
    }
)  # fmt: skip

REQUEST = Request(
    reference="R-7K2M-9XQ4", right=Right.ACCESS, regime="us-ca-ccpa",
    received_at=datetime(2026, 11, 2, 3, 0, tzinfo=UTC),
    due_at=datetime(2026, 12, 17, tzinfo=UTC), policy_version="2026-01",
)  # fmt: skip


def member(**more: Any) -> Record:
    values = {
        "id": 1, "name": "Ann Ames", "email": "ann@example.com", "ssn": SSN, "password": PASSWORD, "notes": None,
        "offers": True, "joined": "2024-02-29",
    }  # fmt: skip
    return Record(collection="members", key=("1",), values=values | more)


def order(id: int, **more: Any) -> Record:
    values = {
        "id": id, "email": "ann@example.com", "ordered_on": "2025-03-01", "total": "12.50", "gift_to": None,
        "card": TOKEN,
    }  # fmt: skip
    return Record(collection="orders", key=(str(id),), values=values | more)


def visit(id: int, **more: Any) -> Record:
    values = {
        "id": id,
        "email": "ann@example.com",
        "at": "2026-01-05T14:30:00+00:00",
        "page": "/",
        "vendor": "vendor-b",
    }
    return Record(collection="visits", key=(str(id),), values=values | more)


def friend(email: str = "joe.friend@example.com") -> Record:
    values = {"email": "ann@example.com", "friend": email, "sent": "2025-05-05"}
    return Record(collection="friends", key=("ann@example.com", email), values=values)


ANN: dict[str, list[Record]] = {
    "shop": [member(), order(10), order(11, gift_to="Gina Gift"), friend()],
    "logs": [visit(1), visit(2)],
}


def files(records: Mapping[str, Sequence[Record]] = ANN, **asked: str) -> dict[str, bytes]:
    """The files of a package, by name."""
    data = build(BUSINESS, REQUEST, Personal(email="ann@example.com", **asked), records, at=AT)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def collections(found: Mapping[str, bytes]) -> dict[str, Any]:
    """The collections in data.json, by id."""
    return {c["id"]: c for s in json.loads(found["data.json"])["sources"] for c in s["collections"]}
