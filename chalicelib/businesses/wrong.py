"""The first thing wrong with a file, in words its writer can act on: where it stands, what is wrong, the mend.

Reads pydantic's errors; never repeats a value (a file may hold what should not be printed). A misspelt key is named
before what is missing because of it. Leaves to others: which file it was (loader).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

MENDS = {
    "names fields it does not map": "add them under `fields`, or correct the name",
    "has neither": "add `identity: {email: <field>}`, or `via: {field, collection, equals}`",
    "needs `keep_ground`": "add `keep_ground` with the reason",
    "needs a field with `blank`": "give the personal fields `blank: null`, `pseudonym` or a text; or `erase: delete`",
    "needs `years` or `months`": "say for how long, e.g. `years: 7`",
    "is not mapped": "name a collection and field of the same source",
    "in a circle": "let one of them start with `identity`",
    "belongs to `kind: dynamodb`": "take it out, or correct `kind`",
    "belongs to every collection of `kind: s3`": "add `format: jsonl`, `csv` or `objects` to a collection in S3",
    "a DynamoDB key has": "name the table's partition key, and its sort key if it has one",
    "has no way to find records by": "add `lookup: {<field>: {index: <name of the index>}}`",
    "nobody is found by this field": "take it out, or add the field to `identity` or `via`",
    "which nobody can change": "take `correct`, `blank` and `stop` away from it",
    "is nothing known of an object": "use key, owner, size, modified, type or content",
    "an object is found by": "write `key: [key]` and `identity: {<kind>: owner}`, or `via` with `field: owner`",
    "an object is shown": "take `correct`, `blank` and `stop` away",
    "all six work for every business": "add them: a right the policy is silent on stands on courtesy",
    "no field of the data map verifies": "add `verify: {point, ask}` to a field of the map, or take the point away",
    "points cannot be had": "ask more questions, or ask for fewer points",
    "no staff has a role": "add the right to a role's `decides`, and the role to a member of staff",
    "not among roles": "define the role under `roles`, or correct the name",
    "names the unknown recipient": "define it under `recipients`, or correct the name",
    "no such time zone": "name a zone like America/New_York",
}
EXPECTED = {
    "string_type": ("should be text", "write text, in quotes if it looks like a number or a word like no"),
    "int_type": ("should be a whole number", "write digits"),
    "int_parsing": ("should be a whole number", "write digits"),
    "int_from_float": ("should be a whole number", "write digits, no point"),
    "int_parsing_size": ("should be a whole number", "write a smaller one"),
    "finite_number": ("should be a whole number", "write digits"),
    "invalid_key": ("has a key that is not a word", "write the key in quotes if it is a number or a word like no"),
    "bool_parsing": ("should be true or false", "write true or false"),
    "bool_type": ("should be true or false", "write true or false"),
    "dict_type": ("should hold keys of its own", "indent `key: value` lines under it"),
    "model_type": ("should hold keys of its own", "indent `key: value` lines under it"),
    "tuple_type": ("should be a list", "write [one, two] or lines that begin with a dash"),
    "url_parsing": ("should be a web address", "write it whole: https://…"),
    "url_type": ("should be a web address", "write it whole: https://…"),
    "url_scheme": ("should be a web address", "write it whole: https://…"),
}
RANK = {"extra_forbidden": 0, "missing": 2}


def first_wrong(error: ValidationError, model: type[BaseModel], said: Mapping[str, Any]) -> tuple[str, str, str]:
    """Where (a dotted path), the problem, the mend."""
    all_wrong = sorted(error.errors(include_input=False, include_url=False), key=lambda e: RANK.get(e["type"], 1))
    detail = all_wrong[0]
    path = _path(detail, said)
    where = ".".join(map(str, path)) or "the file"
    problem, mend = _in_words(detail, model, path)
    if detail["type"] == "value_error" and (
        named := re.match(r"([a-z_]+(?:\.[\w-]+)+|rights|timezone): (.+)", problem)
    ):
        where, problem = ".".join(part for part in (*map(str, path), named[1])), named[2]
    more = len({_path(other, said) for other in all_wrong} - {path})
    return where, problem + (f" (and {more} more to mend)" if more else ""), mend


def _path(detail: ErrorDetails, said: Any) -> tuple[str | int, ...]:
    """The error's path in the file: without pydantic's names for the branches of a union."""
    path: list[str | int] = []
    for step in detail["loc"]:
        inside = step in said if isinstance(said, Mapping) else _counts(said, step)
        if inside:
            said = said[step]
        elif detail["type"] != "missing" or step != detail["loc"][-1]:
            continue
        path.append(step)
    return tuple(path)


def _counts(said: Any, step: str | int) -> bool:
    return isinstance(said, list | tuple) and isinstance(step, int) and step < len(said)


def _in_words(detail: ErrorDetails, model: type[BaseModel], path: tuple[str | int, ...]) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys_at(model, path[:-1])
        near = get_close_matches(str(path[-1]), known, 1, 0.5)
        return "is not a known key", f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
    if kind == "missing":
        return "is missing", f"add `{path[-1]}`"
    if kind == "literal_error":
        return "is not one of the words known here", f"write {context['expected']}"
    if kind == "enum":
        return "is not one of the words known here", f"write {context['expected']}"
    if kind in ("greater_than", "greater_than_equal", "less_than_equal"):
        return detail["msg"].replace("Input should", "should"), "give a number in that range"
    if kind == "string_pattern_mismatch":
        return f"is not of the form {context['pattern']}", "write it so: lower case, no blanks"
    if kind in EXPECTED:
        return EXPECTED[kind]
    problem = detail["msg"].removeprefix("Value error, ")
    return problem, next(
        (mend for said, mend in MENDS.items() if said in problem),
        "compare chalicelib/businesses/jeffers, where it is right",
    )


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys known at a path of a model."""
    here: Any = model
    for step in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[str(step)].annotation
        else:
            here = _inside(here)
        while not isinstance(here, type) and type(None) in get_args(here):
            here = next(arm for arm in get_args(here) if arm is not type(None))
    return sorted(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _inside(annotation: Any) -> Any:
    """What a dict or a tuple holds."""
    arms = get_args(annotation)
    return arms[1] if len(arms) == 2 and arms[1] is not Ellipsis else arms[0]
