"""DynamoDB's attribute values as JSON values, and texts as attribute values of the type that is held. Pure.

No digit is lost: a number with a fraction is text, as every exact number of a source is. What is not written stays in
DynamoDB's own words all the way, so nothing is turned round for nothing. Leaves to others: the table (dynamodb).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

Raw = dict[str, Any]
"""One attribute value as the service writes it: `{"S": "text"}`."""

TYPES = {"S": "text", "N": "numeric", "BOOL": "boolean", "NULL": "null"}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
TRUE, FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")


def plain(raw: Raw | None) -> Any:
    """The JSON value; None where there is no attribute."""
    if raw is None:
        return None
    ((kind, value),) = raw.items()
    match kind:
        case "NULL":
            return None
        case "S" | "BOOL":
            return value
        case "N":
            return _number(value)
        case "M":
            return {name: plain(inner) for name, inner in value.items()}
        case "L":
            return [plain(inner) for inner in value]
        case "SS":
            return sorted(value)
        case "NS":
            return [_number(n) for n in sorted(value, key=Decimal)]
        case "B":
            return bytes(value).hex()
        case _:
            return sorted(bytes(b).hex() for b in value)


def like(held: Raw | None, value: str | bool | None) -> Raw | None:
    """`value` in the type of what is held; None: there shall be no attribute."""
    if value is None:
        return None
    if isinstance(value, bool):
        return {"BOOL": value}
    if held and "N" in held and is_number(value):
        return {"N": value}
    if held and "BOOL" in held and value.casefold() in TRUE + FALSE:
        return {"BOOL": value.casefold() in TRUE}
    return {"S": value}


def stored(held: Raw | None, value: str | None) -> str | None:
    """`value` as it reads once written: DynamoDB writes a number its own way (12.50 is 12.5)."""
    return str(plain({"N": value})) if held and "N" in held and value is not None and is_number(value) else value


def is_number(text: str) -> bool:
    """Whether DynamoDB takes it as a number: 38 digits at most."""
    return bool(NUMBER.fullmatch(text)) and sum(map(str.isdigit, text)) <= 38


def keyed(kind: str, value: str) -> Raw | None:
    """A value of a key or an index, of the type it has there; None when no record can have it."""
    if kind == "N":
        return {"N": value} if is_number(value) and str(_number(value)) == value else None
    return {"S": value} if value and kind == "S" else None


def _number(digits: str) -> int | str:
    number = Decimal(digits)
    if number == number.to_integral_value():
        return int(number)
    return format(number.normalize(), "f")
