"""What the access package says: everything held, source by source, with why, how long, and who received it.

Pure. Rule 13: each value passes `domain/masking` here, once, before any file is written; values of the
never-disclosed kinds are then also struck out wherever else they stand. 11 CCR 7024 asks for categories, purposes and
recipients beside the values. Leaves to others: whose records these are (usecases/gathering), the files (files).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.businesses.model import Business, Recipient
from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.masking import KIND_WORDS, NUMBERS, package_fields, shown, without
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Personal, Request

FORMAT = "rightsdesk-package/1"
SHORTEST_SECRET = 6
"""Shorter texts stand everywhere by chance: striking them out would only spoil what is said."""


def contents(
    business: Business,
    request: Request,
    personal: Personal,
    records: Mapping[str, Sequence[Record]],
    *,
    at: datetime,
) -> dict[str, Any]:
    """The package as one JSON value: what data.json holds and the page shows. Deterministic for the same input."""
    values = personal.scope != "categories"
    secrets = sorted(_secrets(business, records), key=lambda s: (-len(s), s))
    sources = [
        _source(business, id, source, records.get(id, ()), secrets, values=values)
        for id, source in business.datamap.sources.items()
    ]
    held = [c for s in sources for c in s["collections"]]
    return {
        "format": FORMAT,
        "business": {
            "id": business.id, "name": business.name, "email": business.contact.email,
            "phone": business.contact.phone, "post": list(business.contact.post),
        },
        "request": {
            "reference": request.reference, "right": request.right, "regime": request.regime,
            "received_at": request.received_at.isoformat(), "scope": personal.scope, "period": personal.period,
        },
        "made_at": at.isoformat(),
        "policy_version": request.policy_version,
        "sources": sources,
        "recipients": _recipients(business, held),
        "sharing": {
            "note": business.sharing.note,
            "disclosed": _disclosed(business, request.received_at.astimezone(business.zone).year - 1),
        },
        "not_shown": sorted({kind for c in held for kind in c["not_shown"]}),
    }  # fmt: skip


def _source(
    business: Business, id: str, source: SourceMap, records: Sequence[Record], secrets: Sequence[str], *, values: bool
) -> dict[str, Any]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.collection, []).append(record)
    collections = [
        _collection(business, name, collection, found[name], secrets, values=values)
        for name, collection in source.collections.items()
        if name in found
    ]
    return {"id": id, "title": source.title, "found": len(records), "collections": collections}


def _collection(
    business: Business, name: str, collection: Collection, records: Sequence[Record], secrets: Sequence[str],
    *, values: bool,
) -> dict[str, Any]:  # fmt: skip
    fields = package_fields(collection)
    about: dict[str, Any] = {
        "id": name,
        "title": collection.title,
        "about": collection.about,
        "story": collection.story,
        "person": collection.person,
        "whose": collection.whose,
        "collected_under": collection.collected_under,
        "count": len(records),
        "categories": sorted({f.category for f in fields.values()}),
        "kept": kept_words(collection),
        "retain": collection.retain.model_dump() if collection.retain else None,
        "recipients": _named(business, collection, records),
        "not_shown": sorted({KIND_WORDS[f.never] for n, f in fields.items() if f.never and _held(n, records)}),
    }
    if not values:
        return about
    about["fields"] = {
        n: {"label": f.label, "category": f.category, "masked": f.third_person, "not_shown": bool(f.never)}
        for n, f in fields.items()
    }
    about["records"] = [
        {n: without(shown(f, r.values.get(n)), () if f.never else secrets) for n, f in fields.items()} for r in records
    ]
    return about


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def kept_words(collection: Collection) -> str:
    """How long these records are kept and why, in a sentence or two for the person they are about."""
    if retain := collection.retain:
        start = collection.fields[retain.from_field].label
        term = " and ".join(_counted(n, unit) for n, unit in ((retain.years, "year"), (retain.months, "month")) if n)
        law = f" ({retain.law})" if retain.law else ""
        words = f"Kept for {term} from “{start}”: {retain.ground}{law}."
        return words + (f" After that: {collection.keep_ground}." if collection.keep_ground else "")
    if collection.erase == "keep":
        return f"Kept: {collection.keep_ground}."
    if collection.erase == "blank":
        return "Kept until you ask us to delete it; then your details are removed from it and the rest stays."
    return "Kept until you ask us to delete it."


def _named(business: Business, collection: Collection, records: Sequence[Record]) -> list[str]:
    """Ids of those who received these records: those the map names, and those that the records themselves name."""
    known = business.sharing.recipients
    ids = [id for id in collection.recipients if id in known and not known[id].per_person]
    if collection.recipient_field:
        own = {str(r.values.get(collection.recipient_field)) for r in records}
        ids += [id for id in known if id in own and id not in ids]
    return ids


def _recipients(business: Business, held: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who received what of this person's, in the sharing list's order."""
    titles: dict[str, list[str]] = {}
    for collection in held:
        for id in collection["recipients"]:
            titles.setdefault(id, []).append(collection["title"])
    return [
        _recipient(id, who) | {"received": titles.get(id, [])}
        for id, who in business.sharing.recipients.items()
        if id in titles
    ]


def _recipient(id: str, who: Recipient) -> dict[str, Any]:
    return {"id": id, "name": who.name, "role": who.role, "purpose": who.purpose, "address": list(who.address)}


def _disclosed(business: Business, year: int) -> list[dict[str, Any]]:
    """What third parties were given for their own marketing in `year`: the same list for everyone."""
    return [
        {
            "year": year,
            "recipient": business.sharing.recipients[d.recipient].name,
            "address": list(business.sharing.recipients[d.recipient].address),
            "categories": list(d.categories),
            "examples": d.examples,
        }
        for d in business.sharing.years.get(year, ())
    ]


def _held(name: str, records: Iterable[Record]) -> bool:
    return any(r.values.get(name) is not None for r in records)


def _secrets(business: Business, records: Mapping[str, Sequence[Record]]) -> set[str]:
    """The never-disclosed numbers among these records, as they are held and as digits alone."""
    found: set[str] = set()
    for source, found_there in records.items():
        collections = business.datamap.sources[source].collections
        for record in found_there:
            for name, field in collections[record.collection].fields.items():
                value = record.values.get(name)
                if field.never in NUMBERS and value is not None:
                    text = str(value)
                    digits = "".join(c for c in text if c.isdigit())
                    found |= {text, digits if len(digits) * 2 > len(text) else text}
    return {s for s in found if len(s) >= SHORTEST_SECRET}
