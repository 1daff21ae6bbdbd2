"""What the access package says: everything held, source by source, with why, how long, and who received it.

Pure, and without the records themselves, which may be very many: those are read row by row, with values of the
never-disclosed kinds struck out wherever else they stand (rule 13). 11 CCR 7024 asks for categories, purposes and
recipients beside the values. Leaves to others: what a value may show (parts), the files (files).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.businesses.model import Business, Recipient
from chalicelib.domain.datamap import Collection, SourceMap
from chalicelib.domain.masking import KIND_WORDS, package_fields
from chalicelib.domain.request import Personal, Request
from chalicelib.language import gettext, ngettext
from chalicelib.package.parts import Facts
from chalicelib.package.words import list_words

FORMAT = "rightsdesk-package/1"


def contents(
    business: Business,
    request: Request,
    personal: Personal,
    facts: Mapping[str, Facts],
    *,
    at: datetime,
) -> dict[str, Any]:
    """The package as one JSON value, each collection's `records` still empty. Deterministic for the same input."""
    values = personal.scope != "categories"
    sources = [
        _source(business, id, source, facts.get(id) or Facts(), values=values)
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
            "note": business.say(business.sharing.note),
            "disclosed": _disclosed(business, request.received_at.astimezone(business.zone).year - 1),
        },
        "not_shown": sorted({kind for c in held for kind in c["not_shown"]}),
    }  # fmt: skip


def _source(business: Business, id: str, source: SourceMap, facts: Facts, *, values: bool) -> dict[str, Any]:
    collections = [
        _collection(business, name, collection, facts, values=values)
        for name, collection in source.collections.items()
        if facts.counts.get(name)
    ]
    return {
        "id": id,
        "title": business.say(source.title),
        "found": sum(facts.counts.values()),
        "collections": collections,
    }


def _collection(business: Business, name: str, collection: Collection, facts: Facts, *, values: bool) -> dict[str, Any]:
    fields = package_fields(collection)
    about: dict[str, Any] = {
        "id": name,
        "title": business.say(collection.title),
        "about": business.say(collection.about),
        "came_from": business.say(collection.came_from),
        "story": collection.story,
        "person": collection.person,
        "whose": business.say(collection.whose),
        "collected_under": collection.collected_under,
        "count": facts.counts[name],
        "categories": sorted({f.category for f in fields.values()}),
        "kept": kept_words(collection, business.say),
        "retain": collection.retain.model_dump() if collection.retain else None,
        "recipients": _named(business, collection, facts.received.get(name, ())),
        "not_shown": sorted(
            {gettext(KIND_WORDS[f.never]) for n, f in fields.items() if f.never and n in facts.held.get(name, ())}
        ),
    }
    if values:
        about["fields"] = {
            n: {
                "label": business.say(f.label),
                "category": f.category,
                "masked": f.third_person,
                "not_shown": bool(f.never),
            }
            for n, f in fields.items()
        }
        about["records"] = []
    return about


def _term(years: int, months: int) -> str:
    said = [ngettext("%(num)s year", "%(num)s years", years)] if years else []
    return list_words(said + ([ngettext("%(num)s month", "%(num)s months", months)] if months else []))


def kept_words(collection: Collection, say: Callable[[str], str] = str) -> str:
    """How long these records are kept and why, in a sentence or two for the person they are about."""
    if retain := collection.retain:
        words = gettext(
            "Kept for %(term)s from “%(start)s”: %(ground)s.", term=_term(retain.years, retain.months),
            start=say(collection.fields[retain.from_field].label),
            ground=say(retain.ground) + (f" ({retain.law})" if retain.law else ""),
        )  # fmt: skip
        if not collection.keep_ground:
            return words
        return words + " " + gettext("After that: %(ground)s.", ground=say(collection.keep_ground))
    if collection.erase == "keep":
        return gettext("Kept: %(ground)s.", ground=say(collection.keep_ground or ""))
    if collection.erase == "blank":
        return gettext("Kept until you ask us to delete it; then your details are removed from it and the rest stays.")
    return gettext("Kept until you ask us to delete it.")


def _named(business: Business, collection: Collection, received: Sequence[str]) -> list[str]:
    """Ids of those who received these records: those the map names, and those that the records themselves name."""
    known = business.sharing.recipients
    ids = [id for id in collection.recipients if id in known and not known[id].per_person]
    return ids + [id for id in known if id in received and id not in ids]


def _recipients(business: Business, held: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who received what of this person's, in the sharing list's order."""
    titles: dict[str, list[str]] = {}
    for collection in held:
        for id in collection["recipients"]:
            titles.setdefault(id, []).append(collection["title"])
    return [
        _recipient(business, id, who) | {"received": titles.get(id, [])}
        for id, who in business.sharing.recipients.items()
        if id in titles
    ]


def _recipient(business: Business, id: str, who: Recipient) -> dict[str, Any]:
    return {
        "id": id,
        "name": who.name,
        "role": who.role,
        "purpose": business.say(who.purpose),
        "address": list(who.address),
    }


def _disclosed(business: Business, year: int) -> list[dict[str, Any]]:
    """What third parties were given for their own marketing in `year`: the same list for everyone."""
    return [
        {
            "year": year,
            "recipient": business.sharing.recipients[d.recipient].name,
            "address": list(business.sharing.recipients[d.recipient].address),
            "categories": list(d.categories),
            "examples": business.say(d.examples),
        }
        for d in business.sharing.years.get(year, ())
    ]
