"""The data map: what every column of the business's data is, and what each right does to it.

Nothing may stay unexplained: a column is exported or withheld, erased or kept on a ground, or the map is rejected
at start (businesses/ checks it against the live schema). Categories are fideslang's dotted keys.
Leaves to others: reading the file (businesses), touching the data (sources).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chalicelib.domain.peer import https
from chalicelib.errors import SourceMisread


class Never(StrEnum):
    """Kinds that are never disclosed under any regime (rule 13): the kind is named instead."""

    SSN = "social_security_number"
    GOVERNMENT_ID = "government_id"
    CARD = "card_number"
    CARD_TOKEN = "card_token"
    BANK_ACCOUNT = "bank_account_number"
    HEALTH_ID = "health_insurance_or_medical_id"
    PASSWORD = "password"
    SECURITY_ANSWER = "security_answer"
    BIOMETRIC = "biometric"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Retention(Part):
    """How long a record must stay, and why: whole years and months from the date in one of its fields."""

    ground: str
    law: str | None = None
    from_field: str
    years: int = Field(default=0, gt=0)
    months: int = Field(default=0, gt=0)

    @model_validator(mode="after")
    def _some_time(self) -> Retention:
        if not self.years and not self.months:
            raise ValueError("needs `years` or `months`: how long must the record stay?")
        return self

    def until(self, values: dict[str, Any]) -> date | None:
        """The last day a record is kept (a calendar day); None when its date field is empty."""
        start = values.get(self.from_field)
        if start is None:
            return None
        day = start if type(start) is date else _day(start, self.from_field)
        more, month = divmod(day.month - 1 + self.months, 12)
        year, month = day.year + self.years + more, month + 1
        return date(year, month, min(day.day, monthrange(year, month)[1]))


def _day(held: object, field: str) -> date:
    """The calendar day in a field. Raises SourceMisread, which names the field and not the value (rule 7)."""
    try:
        return date.fromisoformat(str(held)[:10])
    except ValueError:
        raise SourceMisread(f"field {field}: not a date, as the data map says it is") from None


class Question(Part):
    """A field that can prove who someone is: the id of the data point, and the question in plain words."""

    point: str
    ask: str


class FieldMap(Part):
    """One column: what it is, whether it is shown, what a correction or a deletion does to it."""

    label: str
    category: str
    export: bool = True
    third_person: bool = False
    never: Never | None = None
    correct: Literal["email", "phone", "text", "postcode", "date"] | None = None
    max_length: int = 200
    verify: Question | None = None
    identifier: Literal["email", "phone", "customer_number", "cookie", "licence", "name"] | None = None
    blank: Literal["null", "pseudonym"] | str | None = None
    """What deletion writes into the field of a record that stays: nothing, a keyed hash, or this fixed text."""
    stop: dict[str, str | bool | None] = Field(default_factory=dict)
    """Scope of an opt-out to the value that carries it out here, e.g. `{email: false}`."""


ASSIGNED = frozenset({"customer_number", "licence", "cookie"})
"""Identifiers that a business gives out. A phone is what somebody typed: it leads nobody to anybody's records."""


class Via(Part):
    """How a record is reached: this field equals that field of a collection already reached."""

    field: str
    collection: str
    equals: str


class Lookup(Part):
    """How a DynamoDB table is asked for the records with a value in one field."""

    index: str
    attribute: str | None = None
    """The index's own key, where the field is kept a second time in one spelling: lower case, a phone's digits."""


OBJECT = frozenset({"key", "owner", "size", "modified", "type", "content"})
"""What is known of an object in S3: `owner` is the part of its key that says whose it is."""


class Collection(Part):
    """Records of one kind in one source: rows of a table, lines of log files, or objects."""

    title: str
    about: str = ""
    came_from: str = ""
    """From whom or what the business has it, as the package tells it: `you, when you ordered`."""
    table: str = ""
    """Where the records are, when not under the collection's own name: two views of one table are two collections."""
    key: tuple[str, ...] = ("id",)
    identity: dict[str, str] = Field(default_factory=dict)
    """Identifier kind to the field that holds it, e.g. `{email: email}`: where a person's records start."""
    via: Via | None = None
    lookup: dict[str, Lookup] = Field(default_factory=dict)
    """DynamoDB: the index behind each field that records are found by, unless it is the table's own key."""
    format: Literal["jsonl", "csv", "objects"] | None = None
    """S3: what lies under the prefix: log files with a record a line, plain or gzip, or objects that are records."""
    person: Literal["subject", "third"] = "subject"
    whose: str = ""
    story: Literal["you", "orders", "pets", "messages", "choices", "activity", "shared", "work"] = "you"
    erase: Literal["delete", "blank", "keep"] = "delete"
    retain: Retention | None = None
    keep_ground: str | None = None
    dated: str | None = None
    """Field that says when a record came to be, for an access request about a period; else the retention's."""
    collected_under: str | None = None
    """Policy version in force when this was collected, where it is not today's (CET-4)."""
    recipients: tuple[str, ...] = ()
    recipient_field: str | None = None
    """Field that names the recipient per record (CET-3), matching ids in sharing.yaml."""
    fields: dict[str, FieldMap]

    @model_validator(mode="after")
    def _whole(self) -> Collection:
        named = {*self.key, *self.identity.values(), *((self.via.field,) if self.via else ())}
        if self.retain:
            named.add(self.retain.from_field)
        named |= {name for name in (self.recipient_field, self.dated) if name}
        if missing := named - self.fields.keys():
            raise ValueError(f"names fields it does not map: {', '.join(sorted(missing))}")
        if self.erase == "keep" and not self.keep_ground:
            raise ValueError("`erase: keep` needs `keep_ground`: the customer is told why")
        if self.erase == "blank" and not any(f.blank for f in self.fields.values()):
            raise ValueError("`erase: blank` needs a field with `blank`")
        return self

    def day_of(self, values: dict[str, Any]) -> date | None:
        """When a record came to be (a calendar day), as far as the map says."""
        field = self.dated or (self.retain.from_field if self.retain else None)
        held = values.get(field) if field else None
        return _day(held, str(field)) if held else None


class ByHand(Part):
    """Who looks in a place that no program can read, and what they are told. One of `role` and `address`."""

    instructions: str
    role: str | None = None
    """Staff of this role are asked, each with a link of their own."""
    address: str | None = None
    """Or whoever reads this address."""

    @model_validator(mode="after")
    def _somebody(self) -> ByHand:
        if (self.role is None) == (self.address is None):
            raise ValueError("needs `role` or `address`, and not both: who is to look?")
        return self


def _askable(at: str, collection: Collection) -> None:
    """DynamoDB answers by its key or by an index only, and changes no key."""
    if len(collection.key) > 2:
        raise ValueError(f"{at}.key: a DynamoDB key has one part or two")
    ways = {*collection.identity.values(), *((collection.via.field,) if collection.via else ())}
    for field in sorted(ways - collection.lookup.keys() - {collection.key[0]}):
        raise ValueError(f"{at}.lookup: has no way to find records by {field}")
    for field in sorted(collection.lookup.keys() - ways):
        raise ValueError(f"{at}.lookup.{field}: nobody is found by this field")
    for field in collection.key:
        said = collection.fields[field]
        if said.correct or said.blank or said.stop:
            raise ValueError(f"{at}.fields.{field}: is the table's key, which nobody can change")


def _an_object(at: str, collection: Collection) -> None:
    """An object's owner stands in its key; it can be shown, kept or deleted, not changed."""
    if strange := sorted(collection.fields.keys() - OBJECT):
        raise ValueError(f"{at}.fields.{strange[0]}: is nothing known of an object")
    ways = {*collection.identity.values(), *((collection.via.field,) if collection.via else ())}
    if collection.key != ("key",) or ways != {"owner"}:
        raise ValueError(f"{at}: an object is found by its `owner` and named by its `key`")
    if any(f.correct or f.blank or f.stop for f in collection.fields.values()):
        raise ValueError(f"{at}.fields: an object is shown, kept or deleted, never changed")


class SourceMap(Part):
    """One place where personal data is."""

    kind: Literal["sql", "dynamodb", "s3", "http", "by_hand"]
    title: str
    by_hand: ByHand | None = None
    where: str = ""
    """`sql`: the schema, `s3`: the bucket, each the source's own name if none is given; `dynamodb`: how its tables'
    names begin; `http`: its address."""
    key: str = ""
    """`http`: the name of the secret that signs what is asked."""
    days: int = Field(7, gt=0)
    """For a source that answers later: calendar days until whoever is asked is reminded."""
    through: dict[str, str] = Field(default_factory=dict)
    """Kind of identifier to the field of another source that says it of a proven person, e.g.
    `{customer_number: shop.accounts.customer_number}`: the second way to their records here (domain/people)."""
    not_personal: dict[str, str] = Field(default_factory=dict)
    """Tables without personal data, each with the reason."""
    collections: dict[str, Collection]

    @model_validator(mode="after")
    def _reachable(self) -> SourceMap:
        if (self.kind == "by_hand") != (self.by_hand is not None):
            raise ValueError("`kind: by_hand` and `by_hand` (who looks, and how) go together")
        if self.by_hand and len(self.collections) != 1:
            raise ValueError("by_hand: one collection says what is held there, no more and no less")
        for name, collection in self.collections.items():
            if not self.by_hand and not collection.identity and not collection.via:
                raise ValueError(
                    f"collections.{name}: has neither `identity` nor `via`: nobody's records could be found"
                )
            via = collection.via
            if via is None:
                continue
            other = self.collections.get(via.collection)
            if other is None or via.equals not in other.fields:
                raise ValueError(f"collections.{name}.via: {via.collection}.{via.equals} is not mapped")
        self.order()
        return self

    @model_validator(mode="before")
    @classmethod
    def _without_keys(cls, said: Any) -> Any:
        """What a person reports has no key of its own: each answer is one record."""
        if not isinstance(said, dict) or said.get("kind") != "by_hand" or not isinstance(said.get("collections"), dict):
            return said
        held = {n: {"key": [], **c} if isinstance(c, dict) else c for n, c in said["collections"].items()}
        return {**said, "collections": held}

    @model_validator(mode="after")
    def _addressed(self) -> SourceMap:
        if self.kind == "http":
            try:
                https(self.where)
            except ValueError as wrong:
                raise ValueError(f"where: {wrong}") from None
        if (self.kind == "http") is not bool(self.key):
            raise ValueError("`key` is needed by a source of the kind `http`, and by no other")
        return self

    @model_validator(mode="after")
    def _kept_so(self) -> SourceMap:
        for name, collection in self.collections.items():
            at = f"collections.{name}"
            if collection.lookup and self.kind != "dynamodb":
                raise ValueError(f"{at}.lookup: belongs to `kind: dynamodb`")
            if (self.kind == "s3") != (collection.format is not None):
                raise ValueError(f"{at}.format: belongs to every collection of `kind: s3`, and to no other")
            if self.kind == "dynamodb":
                _askable(at, collection)
            elif collection.format == "objects":
                _an_object(at, collection)
        return self

    def needs(self) -> dict[str, set[str]]:
        """Which collections' records each collection's records cannot outlive: same row, or the row they point to."""
        found: dict[str, set[str]] = {name: set() for name in self.collections}
        for name, collection in self.collections.items():
            table = collection.table or name
            found[name] |= {n for n, c in self.collections.items() if n != name and (c.table or n) == table}
            if via := collection.via:
                if via.equals in self.collections[via.collection].key:
                    found[name].add(via.collection)
                elif via.field in collection.key:
                    found[via.collection].add(name)
        return found

    def toward(self, among: str | None) -> tuple[str, ...]:
        """What must be read to reach one collection's records, in order; all, when none is named."""
        if among is None:
            return self.order()
        via = self.collections[among].via
        return (*(self.toward(via.collection) if via else ()), among)

    def order(self) -> tuple[str, ...]:
        """Collections from those where a person starts to those reached from them; erasing goes the other way."""
        done: list[str] = []
        waiting = dict(self.collections)
        while waiting:
            ready = [n for n, c in waiting.items() if c.via is None or c.via.collection in done]
            if not ready:
                raise ValueError(f"reach each other in a circle: {', '.join(sorted(waiting))}")
            done += ready
            for name in ready:
                del waiting[name]
        return tuple(done)


class DataMap(Part):
    """All sources of a business, by name."""

    sources: dict[str, SourceMap]

    @field_validator("sources")
    @classmethod
    def _somewhere(cls, sources: dict[str, SourceMap]) -> dict[str, SourceMap]:
        """Every reader of the map finds the schema in one place."""
        return {
            name: s if s.where or s.kind == "dynamodb" else s.model_copy(update={"where": name})
            for name, s in sources.items()
        }

    @model_validator(mode="after")
    def _led(self) -> DataMap:
        for name, source in self.sources.items():
            for kind, path in source.through.items():
                if wrong := self._leads_not(source, kind, path):
                    raise ValueError(f"sources.{name}.through.{kind}: {wrong}")
        return self

    def _leads_not(self, source: SourceMap, kind: str, path: str) -> str | None:
        """Why a field cannot lead to records of another source; None when it can."""
        home, _, rest = path.partition(".")
        collection, _, name = rest.partition(".")
        there = self.sources.get(home)
        held = there.collections.get(collection) if there else None
        field = held.fields.get(name) if held else None
        if there is None or held is None or field is None or there is source:
            return f"{path} is not mapped in another source"
        if source.kind in ("http", "by_hand"):
            return "a place that may answer later is asked by what was proven only"
        if kind not in ASSIGNED:
            return f"only what a business gives out itself leads on: {', '.join(sorted(ASSIGNED))}"
        if field.correct or field.third_person or held.person == "third":
            return f"{path} says what people say of themselves or of others, which leads nowhere"
        if held.identity.get(kind) != name or there.kind not in ("sql", "dynamodb"):
            return f"{path} must be an `identity` of its collection, in a source that can be asked by it"
        if not any(kind in c.identity for c in source.collections.values()):
            return f"nobody is found here by {kind}"
        return None

    def field(self, path: str) -> FieldMap:
        """The field at `<source>.<collection>.<field>`; KeyError when the map has none."""
        source, collection, name = path.split(".")
        return self.sources[source].collections[collection].fields[name]

    def correctable(self) -> dict[str, FieldMap]:
        """Every field people may have corrected, by its path."""
        return {path: field for path, field in self._fields() if field.correct}

    def questions(self) -> dict[str, Question]:
        """Every question that can prove who someone is, by its data point."""
        return {field.verify.point: field.verify for _, field in self._fields() if field.verify}

    def _fields(self) -> list[tuple[str, FieldMap]]:
        return [
            (f"{s}.{c}.{f}", field)
            for s, source in self.sources.items()
            for c, collection in source.collections.items()
            for f, field in collection.fields.items()
        ]
