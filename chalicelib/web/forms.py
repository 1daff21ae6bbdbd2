"""What was typed, checked: raw fields become a right and the personal data of a request, or a message per field.

Rule 14: beside the right an email address is enough, or what the right itself needs. A client's dates are unknown
fields (rule 3). Leaves to others: what depends on the business (usecases/intake), reading bytes (asked).
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.domain.request import Channel, FieldCorrection, Personal, Relationship, Right
from chalicelib.domain.verification import Noted
from chalicelib.errors import InvalidRequest
from chalicelib.language import Said, gettext
from chalicelib.links import token_hash
from chalicelib.web import places
from chalicelib.web.asked import Fields

LONGEST_TEXT = 2000
REPEATED = frozenset({"stop", "field", "value"})
RECENT_ALL = ("recent", "all")
BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _fault(message: str) -> PydanticCustomError:
    return PydanticCustomError("typed", "{told}", {"told": gettext(message)})


def _line(text: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in BIDI_OVERRIDES for c in text):
        raise _fault("Leave out line breaks and special control characters.")
    return text.strip()


def _prose(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any((unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t") or c in BIDI_OVERRIDES for c in text):
        raise _fault("Leave out special control characters.")
    return text.strip()


def _too_long(text: str, most: int) -> str:
    return gettext("Use at most %(most)s characters. This has %(length)s.", most=f"{most:,}", length=f"{len(text):,}")


def _short(most: int) -> Any:
    def check(text: str) -> str:
        if len(text) > most:
            raise PydanticCustomError("typed", "{told}", {"told": _too_long(text, most)})
        return text

    return AfterValidator(check)


def _email(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as bad:
        raise _fault("Give a full email address, like name@example.com.") from bad
    return found.ascii_email or found.normalized


def _residence(text: str) -> str:
    if not places.known(text.upper()):
        raise _fault("Choose where you live from the list, or leave it empty.")
    return text.upper()


def _period(text: str) -> str:
    if text in RECENT_ALL:
        return text
    try:
        start, end = (date.fromisoformat(day) for day in text.split("/"))
    except ValueError as bad:
        raise _fault("Choose the last 12 months, everything, or two dates like 2026-01-01/2026-06-30.") from bad
    if start > end:
        raise _fault("The first day must come before the last.")
    return f"{start}/{end}"


Line = Annotated[str, AfterValidator(_line), _short(200)]
Prose = Annotated[str, AfterValidator(_prose), _short(LONGEST_TEXT)]
Email = Annotated[str, AfterValidator(_line), _short(254), AfterValidator(_email)]
Residence = Annotated[str, AfterValidator(_line), AfterValidator(_residence)]
Many = Annotated[list[Line], Field(max_length=50), BeforeValidator(lambda typed: [t for t in typed if t.strip()])]


def paired(typed: dict[str, Any]) -> dict[str, Any]:
    """A row of the correction form left empty is no row."""
    fields, values = typed.get("field", []), typed.get("value", [])
    if len(fields) == len(values):
        rows = [(f, v) for f, v in zip(fields, values, strict=True) if f.strip() or v.strip()]
        typed = {**typed, "field": [f for f, _ in rows], "value": [v for _, v in rows]}
    return typed


class Asking(BaseModel):
    """The fields of a request, whoever sends them (contract.md)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    right: Right
    email: Email | None = None
    name: Line | None = None
    residence: Residence | None = None
    details: Prose | None = None
    identifier: Line | None = None
    identifier_kind: Literal["customer_number", "phone", "cookie", "licence"] | None = None
    relationship: Relationship = Relationship.SELF
    subject_name: Line | None = None
    subject_email: Email | None = None
    field: Many = Field(default_factory=list)
    value: Annotated[list[Prose], Field(max_length=50)] = Field(default_factory=list)
    stop: Many = Field(default_factory=list)
    pet: Line | None = None
    scope: Literal["categories", "specific"] = "specific"
    period: Annotated[str, AfterValidator(_line), AfterValidator(_period)] = "all"
    form_id: Annotated[str, AfterValidator(_line), _short(100)] | None = None
    member_token: Annotated[str, AfterValidator(_line), _short(4096)] | None = None

    _rows = model_validator(mode="before")(paired)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.field) != len(self.value):
            raise _at("value", "Give one new value for each field you chose.")
        if self.identifier and not self.identifier_kind:
            raise _at("identifier_kind", "Say what kind of number this is.")
        if self.relationship is Relationship.SELF and (self.subject_name or self.subject_email):
            raise _at("relationship", "Say who you are to this person: parent or agent.")
        if self.relationship is not Relationship.SELF and not self.subject_name:
            raise _at("subject_name", "Give the name of the person you ask for.")
        return self


class RequestForm(Asking):
    """As a person sends them."""

    email: Email


class StaffForm(Asking):
    """As staff file them for a caller or a letter: the day it came, and perhaps no email."""

    channel: Literal[Channel.PHONE, Channel.POST, Channel.EMAIL]
    received_on: date
    designated: Literal["yes", "no"] = "yes"
    postal_address: Prose | None = None
    noted: Literal[Noted.CALLED_BACK, Noted.ANSWERED, Noted.LETTER_SIGNED] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        answerable = self.postal_address or self.right is Right.OPT_OUT  # no more is asked than what to stop for whom
        if not self.email and not (self.identifier and answerable):
            raise _at("email", "Give an email address, or an identifier and the postal address on file.")
        return self


def _at(field: str, message: str) -> PydanticCustomError:
    """A fault of the whole form that belongs beside one field."""
    return PydanticCustomError("typed_at", "{told}", {"told": gettext(message), "field": field})


@dataclass(frozen=True)
class Typed:
    """What a form says, in the words of intake."""

    right: Right
    personal: Personal
    relationship: Relationship
    once: str | None
    form: str | None
    """The hash of the form's own id."""
    member_token: str | None
    noted: Noted | None = None
    designated: bool = True
    """Whether it came to an address named for such requests, as staff say."""


def parse(fields: Fields) -> Typed:
    """Raises InvalidRequest with a message for each field that cannot be taken."""
    return _typed(_checked(RequestForm, fields))


class Completing(BaseModel):
    """What the form would have asked of somebody who wrote a mail."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    complete: Literal["yes"]
    residence: Residence | None = None
    subject_name: Line | None = None
    field: Many = Field(default_factory=list)
    value: Annotated[list[Prose], Field(max_length=50)] = Field(default_factory=list)

    _rows = model_validator(mode="before")(paired)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.field) != len(self.value):
            raise _at("value", "Give one new value for each field you chose.")
        return self


def completion(fields: Fields) -> dict[str, Any]:
    """Raises InvalidRequest."""
    form = _checked(Completing, fields)
    corrections = [FieldCorrection(field=f, value=v) for f, v in zip(form.field, form.value, strict=True)]
    return {"residence": form.residence, "subject_name": form.subject_name, "corrections": corrections}


def parse_staff(fields: Fields) -> tuple[Typed, Channel, date]:
    """Raises InvalidRequest. Gives the channel and the local day it came, too."""
    form = _checked(StaffForm, fields)
    told = replace(_typed(form), noted=form.noted, designated=form.designated == "yes")
    return told, form.channel, form.received_on


def prose(text: str, name: str, *, required: str = "", most: int = LONGEST_TEXT) -> str:
    """One free text, checked. Raises InvalidRequest; `required` is what to say when it is empty."""
    try:
        text = _prose(text)
    except PydanticCustomError as bad:
        raise InvalidRequest({name: bad.message()}) from None
    if required and not text:
        raise InvalidRequest({name: required})
    if len(text) > most:
        raise InvalidRequest({name: _too_long(text, most)})
    return text


def line(text: str, name: str, *, most: int = 200) -> str:
    """One short text, checked; empty is empty. Raises InvalidRequest."""
    try:
        text = _line(text)
    except PydanticCustomError as bad:
        raise InvalidRequest({name: bad.message()}) from None
    if len(text) > most:
        raise InvalidRequest({name: _too_long(text, most)})
    return text


def day(text: str, name: str) -> date:
    """A calendar day, checked. Raises InvalidRequest."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidRequest({name: NOT_OFFERED["received_on"]}) from None


def email(text: str) -> str:
    """One email address, checked. Raises InvalidRequest."""
    try:
        return _email(_line(text))
    except PydanticCustomError as bad:
        raise InvalidRequest({"email": bad.message()}) from None


Form = TypeVar("Form", bound=BaseModel)


def _checked(model: type[Form], fields: Fields) -> Form:
    repeated = {n: gettext("Send this once.") for n, values in fields.items() if len(values) > 1 and n not in REPEATED}
    unknown = {n[:60]: gettext("We do not know this field.") for n in fields if n not in model.model_fields}
    single = {n: values[0] for n, values in fields.items() if n not in REPEATED and values and values[0].strip()}
    many = {n: values for n, values in fields.items() if n in REPEATED}
    kept = {n: v for n, v in {**single, **many}.items() if n in model.model_fields}
    try:
        form = model.model_validate(kept)
    except ValidationError as bad:
        raise InvalidRequest({**_messages(bad), **repeated, **unknown}) from None
    if repeated or unknown:
        raise InvalidRequest({**repeated, **unknown})
    return form


MISSING = Said(
    {
        "email": "Give your email address. The answer goes there.",
        "right": "Choose what you want to ask.",
        "channel": "Choose how it reached you.",
        "received_on": "Give the day it came.",
    }
)
NOT_OFFERED = Said({
    "email": "Give your email address. The answer goes there.", "right": "Choose what you want to ask.",
    "channel": "Choose how it reached you.", "received_on": "Give the day it came, as year-month-day.",
})  # fmt: skip


def _messages(bad: ValidationError) -> dict[str, str]:
    """Each fault in words a person can act on; never the value."""
    faults: dict[str, str] = {}
    for fault in bad.errors(include_url=False, include_input=False):
        context = fault.get("ctx", {})
        name = str(context.get("field") or (fault["loc"][0] if fault["loc"] else "right"))
        if fault["type"] in ("typed", "typed_at"):
            message = fault["msg"]
        elif fault["type"] == "missing":
            message = MISSING.get(name, gettext("Please fill this in."))
        else:
            message = NOT_OFFERED.get(name, gettext("Choose one of what is offered."))
        faults.setdefault(name, message)
    return faults


def _once(form: Asking) -> str | None:
    """Names this form as it was filled: a double click is the same, the form edited and sent again is another."""
    if not form.form_id:
        return None
    return hashlib.sha256(form.model_dump_json(exclude={"member_token"}).encode()).hexdigest()


def _typed(form: Asking) -> Typed:
    said = form.model_dump(include=set(Personal.model_fields) & set(type(form).model_fields), exclude_none=True)
    corrections = [FieldCorrection(field=f, value=v) for f, v in zip(form.field, form.value, strict=True)]
    return Typed(
        right=form.right,
        personal=Personal(**said, corrections=corrections),
        relationship=form.relationship,
        once=_once(form),
        form=token_hash(form.form_id) if form.form_id else None,
        member_token=form.member_token,
    )
