"""A malformed file gives one message: the file, the place in it, what is wrong, how to mend it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.businesses.loader import load
from chalicelib.errors import Misconfigured

WRONG = [
    (
        "business.yaml",
        "  - {id: emmett, name: Emmett Souster, email: emmett.souster@example.com, roles: [support]}\n",
        "",
        "staff",
        "1 of the staff can decide deletion, and an appeal needs somebody else",
        "let a second person decide deletion",
    ),
    (
        "business.yaml",
        "is in the package.\n    questions: [order_number, order_total, postcode]",
        "is in the package.\n    questions: [order_number]",
        "rights.access.questions",
        "us-ca-ccpa asks 3 points for access (11 CCR 7062(c)); these give at most 2",
        "list 1 more",
    ),
    (
        "business.yaml",
        "canary: {email: jeffers-canary@example.com}",
        "canary: {email: jeffers-canary@example.org}",
        "canary.email",
        "is not at the domain of sender",
        "",
    ),
    (
        "business.yaml",
        "canary: {email: jeffers-canary@example.com}",
        'canary: {email: jeffers-canary@example.com, rows: {shop.nothing: [["1"]]}}',
        "canary.rows",
        "",
        "",
    ),
    (
        "datamap.yaml",
        "years: 7}\n        story: orders\n        recipients",
        "yaers: 7}\n        story: orders\n        recipients",
        "sources.shop.collections.orders.retain.yaers",
        "not a known key",
        "`years`",
    ),
    (
        "datamap.yaml",
        "years: 7",
        "years: 0",
        "sources.shop.collections.orders.retain.years",
        "greater than 0",
        "number",
    ),
    (
        "datamap.yaml",
        "years: 7",
        "years: seven",
        "sources.shop.collections.orders.retain.years",
        "whole number",
        "digits",
    ),
    (
        "datamap.yaml",
        "category: user.name.first,",
        "category: user.name.frist,",
        "sources.shop.collections.accounts.fields.first_name.category",
        "not a category",
        "'user.name.first'",
    ),
    (
        "datamap.yaml",
        "category: user.name.first,",
        "category: zzz,",
        "sources.shop.collections.accounts.fields.first_name.category",
        "not a category",
        "categories.yaml",
    ),
    (
        "datamap.yaml",
        "erase: blank ",
        "erase: blnak ",
        "sources.shop.collections.accounts.erase",
        "words known",
        "'blank'",
    ),
    (
        "datamap.yaml",
        "equals: id}",
        "equals: idd}",
        "sources.shop.collections.orders.via",
        "is not mapped",
        "same source",
    ),
    (
        "datamap.yaml",
        "from_field: sold_on",
        "from_field: sold",
        "sources.shop.collections.order_lines",
        "does not map: sold",
        "fields",
    ),
    (
        "datamap.yaml",
        "recipients: [paylark]",
        "recipients: [payalrk]",
        "sources.shop.collections.payment_tokens.recipients",
        "not a recipient",
        "'paylark'",
    ),
    (
        "datamap.yaml",
        "stop: {phone: false",
        "stop: {phnoe: false",
        "sources.marketing.collections.phone_list.fields.may_call.stop.phnoe",
        "not an opt-out",
        "'phone'",
    ),
    (
        "datamap.yaml",
        "identity: {phone: phone,",
        "identity: {telefone: phone,",
        "sources.marketing.collections.phone_list.identity.telefone",
        "not a kind of identifier",
        "did you mean",
    ),
    ("datamap.yaml", "title: Your reviews", "title: [a", "line", "is not YAML", "quotes"),
    ("datamap.yaml", "title: Your reviews", "title: a\n        title: b", "line", "stands twice", "each key once"),
    (
        "datamap.yaml",
        "title: Your reviews",
        "label: Your reviews",
        "sources.shop.collections.reviews.label",
        "not a known key",
        "`table`",
    ),
    (
        "datamap.yaml",
        "        title: Your reviews\n",
        "",
        "sources.shop.collections.reviews.title",
        "is missing",
        "add `title`",
    ),
    (
        "business.yaml",
        "questions: [order_number, order_total, postcode]",
        "",
        "rights.access.points",
        "cannot be had from 0 questions",
        "ask more",
    ),
    (
        "business.yaml",
        "questions: [order_number,",
        "questions: [shoe_size,",
        "rights.access.questions",
        "shoe_size",
        "verify",
    ),
    ("business.yaml", "colour: ", "color: ", "color", "not a known key", "`colour`"),
    ("business.yaml", 'colour: "#1f5c3d"', "colour: green", "colour", "not of the form", "write it so"),
    (
        "business.yaml",
        "timezone: America/Chicago",
        "timezone: America/Chikago",
        "timezone",
        "time zone",
        "America/New_York",
    ),
    (
        "business.yaml",
        "  concern:\n    stands_on: [courtesy]",
        "  conzern:\n    stands_on: [courtesy]",
        "rights.conzern",
        "known",
        "'concern'",
    ),
    (
        "business.yaml",
        "roles: [support]",
        "roles: [suport]",
        "staff.emmett.roles",
        "not among roles",
        "define the role",
    ),
    (
        "business.yaml",
        "stops_with: [post]",
        "stops_with: [pots]",
        "kinds.catalog.stops_with",
        "not an opt-out",
        "'post'",
    ),
    (
        "business.yaml",
        "sees: [user.name, user.payment",
        "sees: [user.nmae, user.payment",
        "roles.billing_clerk.sees",
        "not a category",
        "'user.name'",
    ),
    (
        "business.yaml",
        "identifiers: [customer_number",
        "identifiers: [cookie",
        "identifiers",
        "not an identity",
        "use one of",
    ),
    ("business.yaml", "https://example.com/jeffers/privacy", "see below", "policy.url", "web address", "https://"),
    ("business.yaml", "name: Jeffers", "datamap: {}\nname: Jeffers", "datamap", "file of its own", "datamap.yaml"),
    ("sharing.yaml", "recipient: gatepost", "recipient: gatpost", "years.2025", "unknown recipient", "define it"),
    ("sharing.yaml", "role: third_party", "role: partner", "recipients.hoofprint.role", "words known", "third_party"),
    ("business.yaml", "[us-ca-ccpa, us", "[us-ca-cpra, us", "binding", "not a law", "'us-ca-ccpa'"),
    ("business.yaml", "sender: jeffers-privacy@example.com", "sender: Jeffers", "sender", "email address", "alone"),
    ("business.yaml", "email: dora.pennyfeather@", "email: dora at ", "staff.dora.email", "email address", "alone"),
    (
        "business.yaml",
        "words: No more mail",
        "points: 2\n    questions: [postcode]\n    words: No more mail",
        "rights.opt_out",
        "asks for proof",
        "never verified",
    ),
    (
        "sharing.yaml",
        "categories: [name_and_address]",
        "categories: [name_and_adress]",
        "years.2025.gatepost.categories",
        "not a category",
        "'name_and_address'",
    ),
    (
        "sharing.yaml",
        "email: oldmill-lists@example.com",
        "email: oldmill",
        "recipients.printhouse.email",
        "email address",
        "alone",
    ),
]


@pytest.mark.parametrize(("file", "right", "wrong", "where", "problem", "mend"), WRONG, ids=lambda part: part[:24])
def test_what_is_wrong_is_said_with_its_place_and_its_mend(
    mine: Path, file: str, right: str, wrong: str, where: str, problem: str, mend: str
) -> None:
    path = mine / file
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(Misconfigured) as raised:
        load(str(mine))
    said = raised.value
    assert said.file == str(path)
    assert said.where.startswith(where)
    assert problem in said.problem
    assert mend in said.mend
    assert "\n" not in str(said)


@pytest.mark.parametrize("file", ["datamap.yaml", "sharing.yaml"])
def test_a_missing_file_is_named(mine: Path, file: str) -> None:
    (mine / file).unlink()
    with pytest.raises(Misconfigured, match=file):
        load(str(mine))


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "a: \x00b", "? [a]\n: b\n"])
def test_a_file_of_another_kind_is_refused_not_crashed_on(mine: Path, text: str) -> None:
    (mine / "sharing.yaml").write_text(text)
    with pytest.raises(Misconfigured, match="sharing"):
        load(str(mine))


def test_a_file_that_is_not_text_is_refused(mine: Path) -> None:
    (mine / "business.yaml").write_bytes(b"\xff\xfe\x00n")
    with pytest.raises(Misconfigured, match="UTF-8"):
        load(str(mine))


def test_several_faults_are_one_message_that_counts_them(mine: Path) -> None:
    path = mine / "business.yaml"
    path.write_text(path.read_text().replace("colour:", "color:").replace("tagline:", "tag:"))
    with pytest.raises(Misconfigured, match=r"and \d more to mend"):
        load(str(mine))


JUNK: list[Any] = [None, 0, -1, 1e99, float("nan"), "", "x", [], {}, [None], {"a": 1}, True, [[1]], {None: 1}, 2**80]


@pytest.mark.parametrize("seed", range(40))
def test_no_file_however_spoilt_ends_in_anything_else(mine: Path, seed: int) -> None:
    """One node replaced, lost or renamed: the business loads, or one line says why not."""
    draw = random.Random(seed)
    path = mine / draw.choice(["business.yaml", "datamap.yaml", "sharing.yaml"])
    said = yaml.safe_load(path.read_text())
    *way, last = draw.choice(list(ways(said)))
    holder = said
    for step in way:
        holder = holder[step]
    kept = holder.pop(last)
    if isinstance(holder, dict):
        holder |= draw.choice([{}, {"zz": kept}, {7: kept}, {last: draw.choice(JUNK)}, {last: draw.choice(JUNK)}])
    path.write_text(yaml.safe_dump(said))
    said_why = "where: problem. Mend: mend"
    try:
        load(str(mine))
    except Misconfigured as wrong:
        said_why = str(wrong)
    assert "\n" not in said_why
    assert "Mend: " in said_why


def ways(said: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every node."""
    inside = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inside:
        yield (*way, key)
        yield from ways(value, (*way, key))
