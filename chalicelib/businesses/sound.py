"""What must fit together in a business that is well shaped: each word known where it points, each address an address.

A word that points nowhere would do its harm in silence: an opt-out that stops nothing, a law that never applies, a
recipient who is never told. Leaves to others: the shapes (model, domain/datamap), reading the files (loader).
"""

from __future__ import annotations

import re
from collections.abc import Collection as Words
from collections.abc import Iterator
from difflib import get_close_matches

from chalicelib import law
from chalicelib.businesses.model import Business
from chalicelib.domain.datamap import Collection, FieldMap
from chalicelib.domain.identity import IdentifierKind
from chalicelib.domain.request import Right

ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")

SCOPES = ("specific", "categories", "sensitive")

Wrong = tuple[str, str, str, str]
"""File, path in it, problem, mend."""


def unsound(business: Business, categories: Words[str]) -> Iterator[Wrong]:
    """All that does not fit together, file by file. `categories` is the vocabulary of fields."""
    for check in (_datamap(business, categories), _about(business, categories)):
        yield from check
    for where, problem, mend in _sharing(business):
        yield "sharing.yaml", where, problem, mend


def _datamap(business: Business, categories: Words[str]) -> Iterator[Wrong]:
    scopes = _scopes(business)
    for s, source in business.datamap.sources.items():
        for c, collection in source.collections.items():
            at = f"sources.{s}.collections.{c}"
            for where, problem, mend in _collection(at, collection, business.sharing.recipients):
                yield "datamap.yaml", where, problem, mend
            for f, field in collection.fields.items():
                for where, problem, mend in _field(f"{at}.fields.{f}", field, scopes, categories):
                    yield "datamap.yaml", where, problem, mend


def _collection(at: str, collection: Collection, recipients: Words[str]) -> Iterator[tuple[str, str, str]]:
    kinds = [kind.value for kind in IdentifierKind]
    for kind in collection.identity:
        yield from _known(f"{at}.identity.{kind}", kind, kinds, "a kind of identifier")
    for name in collection.recipients:
        yield from _known(f"{at}.recipients", name, recipients, "a recipient of sharing.yaml")


def _field(
    at: str, field: FieldMap, scopes: Words[str], categories: Words[str]
) -> Iterator[tuple[str, str, str]]:  # fmt: skip
    yield from _known(
        f"{at}.category", field.category, categories, "a category", "chalicelib/businesses/categories.yaml"
    )
    for scope in field.stop:
        yield from _known(f"{at}.stop.{scope}", scope, scopes, "an opt-out of this business")


def _about(business: Business, categories: Words[str]) -> Iterator[Wrong]:
    for where, problem, mend in (
        *_words(business, categories),
        *_addresses(business),
        *_proof(business),
        *_deciders(business),
    ):
        yield "business.yaml", where, problem, mend
    terms = business.rights[Right.OPT_OUT]
    if terms.questions or terms.points > 1 or terms.declaration:
        yield "business.yaml", "rights.opt_out", "asks for proof", "ask nothing: opt-outs are never verified"


def _proof(business: Business) -> Iterator[tuple[str, str, str]]:
    """A law's proof must be within reach of the fixed questions, or nobody could ever prove enough (rule 19)."""
    for regime in (*business.binding, *business.voluntary):
        for right in Right:
            terms = business.rights[right]
            if regime not in law.regime_ids() or law.LAW_RIGHT[right] not in law.law_of(regime).rights:
                continue
            needed = max((law.proof_needed(regime, right, scope) for scope in SCOPES), key=lambda p: p.points)
            most = 1 + len(terms.questions)
            if needed.points > most:
                problem = f"{regime} asks {needed.points} points for {right} ({needed.cite}); these give at most {most}"
                mend = f"list {needed.points - most} more, each a `verify` of datamap.yaml"
                yield f"rights.{right}.questions", problem, mend


def _deciders(business: Business) -> Iterator[tuple[str, str, str]]:
    """An appeal is decided by somebody who did not refuse: with one able person alone it could never end."""
    deletion = business.rights[Right.DELETION]
    if deletion.two_above is not None and deletion.review == "automatic":
        yield (
            "rights.deletion.review",
            "lets deletions pass by themselves, and two_above asks for two people",
            "drop one",
        )
    leads = {m.id for m in business.staff if any(r in business.roles and business.roles[r].lead for r in m.roles)}
    for right in (right for right in Right if right is not Right.OPT_OUT):
        able = leads | {m.id for m in business.deciders(right)}
        two = right is Right.DELETION and deletion.two_above is not None
        if len(able) < 2 + two:
            number, others = ("third", "two others") if two else ("second", "somebody else")
            problem = f"{len(able)} of the staff can decide {right}, and an appeal needs {others}"
            yield "staff", problem, f"let a {number} person decide {right}, or make a {number} person a lead"


def _words(business: Business, categories: Words[str]) -> Iterator[tuple[str, str, str]]:
    for key in ("binding", "voluntary"):
        for regime in getattr(business, key):
            yield from _known(key, regime, law.regime_ids(), "a law known here", "chalicelib/law/data")
    scopes = _scopes(business)
    for k, kind in business.kinds.items():
        for scope in kind.stops_with:
            yield from _known(f"kinds.{k}.stops_with", scope, scopes, "an opt-out of this business")
    for r, role in business.roles.items():
        for prefix in set(role.sees) - {"*"}:
            yield from _known(
                f"roles.{r}.sees", prefix, categories, "a category", "chalicelib/businesses/categories.yaml"
            )
    yield from _announced(business, scopes)
    held = {k for s in business.datamap.sources.values() for c in s.collections.values() for k in c.identity}
    for name in business.identifiers:
        yield from _known("identifiers", name, held, "an identity of any collection in datamap.yaml")


def _announced(business: Business, scopes: Words[str]) -> Iterator[tuple[str, str, str]]:
    """A list that nobody can read would announce to nobody."""
    notices = business.policy.notices
    for n, change in enumerate(business.policy.changes):
        for scope in change.stops_with:
            yield from _known(f"policy.changes.{n}.stops_with", scope, scopes, "an opt-out of this business")
        if not notices:
            yield "policy.notices", "is missing", "say whom a change is announced to"
    if not notices:
        return
    yield from _known("policy.notices.kind", notices.kind, business.kinds, "a kind of mail")
    addresses = {
        f"{s}.{c}.{f}" for s, source in business.datamap.sources.items() if source.kind == "sql"
        for c, collection in source.collections.items() for f, field in collection.fields.items()
        if field.identifier == "email"
    }  # fmt: skip
    for path in notices.to:
        yield from _known("policy.notices.to", path, addresses, "a field with `identifier: email` of an sql source")


def _addresses(business: Business) -> Iterator[tuple[str, str, str]]:
    yield from _address("sender", business.sender)
    yield from _address("contact.email", business.contact.email)
    for member in business.staff:
        yield from _address(f"staff.{member.id}.email", member.email)


def _sharing(business: Business) -> Iterator[tuple[str, str, str]]:
    for r, recipient in business.sharing.recipients.items():
        if recipient.email is not None:
            yield from _address(f"recipients.{r}.email", recipient.email)
    for year, disclosures in business.sharing.years.items():
        for disclosed in disclosures:
            for category in disclosed.categories:
                at = f"years.{year}.{disclosed.recipient}.categories"
                yield from _known(at, category, law.labels(), "a category of the statute", "law/data/california.yaml")


def _scopes(business: Business) -> set[str]:
    return set(business.opt_outs) | {f"kind:{kind}" for kind in business.kinds} | business.declinable.keys()


def _address(at: str, said: str) -> Iterator[tuple[str, str, str]]:
    if not ADDRESS.fullmatch(said):
        yield at, "is not an email address", "write it alone: name@example.com"


def _known(at: str, word: str, known: Words[str], what: str, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Nothing when the word is known; else the nearest known one, or where they all stand."""
    if word in known:
        return
    near = get_close_matches(word, sorted(known), 1, 0.5)
    if near:
        mend = f"did you mean {near[0]!r}?"
    elif known:
        mend = f"use one of {where or ', '.join(sorted(known))}"
    else:
        mend = "there is none: leave it out"
    yield at, f"{word!r} is not {what}", mend
