"""The pages say what the code does: nothing is undocumented, and nothing documented does not exist."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import config
from chalicelib.domain.datamap import Never
from chalicelib.domain.decision import Ground, Verdict
from chalicelib.domain.request import Right
from chalicelib.domain.status import TRANSITIONS, Status
from chalicelib.links import LIFETIMES
from chalicelib.web import customer, forms
from local import moto_mends, resources
from tests.docs.pages import PAGES, ROOT, anchors, firsts, links, marks, names, rows, tables, text

CONFIGURATION = "docs/configuration.md"
TEMPLATES = ROOT / "chalicelib" / "templates" / "mail"
NOT_SENT = "not sent yet"


# -- configuration.md -------------------------------------------------------------------------------------------------


def test_every_setting_is_documented() -> None:
    said = {names(row[0])[0]: row[1] for row in rows(CONFIGURATION, "table: settings")}
    assert said == {**dict.fromkeys(config.VARIABLES, "yes"), **dict.fromkeys(config.OPTIONAL, "no")}


def test_every_secret_is_documented() -> None:
    assert set(firsts(CONFIGURATION, "table: secrets")) == set(resources.SECRET_NAMES)


def test_every_kind_that_is_never_disclosed_is_documented() -> None:
    assert firsts(CONFIGURATION, "table: never") == [kind.value for kind in Never]


@pytest.mark.parametrize("model", marks(CONFIGURATION, "keys"))
def test_every_key_of_a_file_is_documented(model: str) -> None:
    """And whether it is required; a default that is a plain value stands there as YAML would have it."""
    module, _, name = model.rpartition(".")
    fields = getattr(importlib.import_module(module), name).model_fields
    said = {names(row[0])[0]: row[1] for row in rows(CONFIGURATION, f"keys: {model}")}
    assert list(said) == list(fields)
    given_elsewhere = {"id", "datamap", "sharing"} if name == "Business" else set()
    for key, field in fields.items():
        assert (said[key] == "required") is (field.is_required() and key not in given_elsewhere), key
        if isinstance(field.default, bool | int):
            assert names(said[key]) == [json.dumps(field.default)], key


def test_every_model_of_the_files_is_documented() -> None:
    from pydantic import BaseModel

    from chalicelib.businesses import model
    from chalicelib.domain import datamap, peer

    found = {
        f"{module.__name__}.{name}"
        for module in (model, datamap, peer)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == module.__name__
    }
    assert set(marks(CONFIGURATION, "keys")) == {m for m in found if not m.endswith(".Part")}


# -- statuses.md ------------------------------------------------------------------------------------------------------


def test_every_status_is_documented() -> None:
    said = {names(row[0])[0]: row[-1] for row in rows("docs/statuses.md", "table: statuses")}
    assert said == {status.value: "yes" if status.is_final else "no" for status in Status}


def test_the_table_of_transitions_is_the_codes() -> None:
    said = {names(row[0])[0]: set(names(row[1])) for row in rows("docs/statuses.md", "table: transitions")}
    assert said == {before.value: {s.value for s in after} for before, after in TRANSITIONS.items() if after}


def test_every_reason_is_documented() -> None:
    """Those that the use cases write out; a decision, a ground or an error's class is its own word."""
    said = names(text("docs/statuses.md").partition("## Reasons")[2].partition("## ")[0])
    for path in (ROOT / "chalicelib" / "usecases").glob("*.py"):
        for reason in re.findall(r'reason="(\w+)"', path.read_text()):
            assert reason in said, f"{path.name}: {reason}"


def test_every_ground_and_decision_is_documented() -> None:
    assert firsts("docs/statuses.md", "table: grounds") == [ground.value for ground in Ground]
    assert all(f"`{verdict.value}`" in text("docs/statuses.md") for verdict in Verdict)


# -- routes.md --------------------------------------------------------------------------------------------------------


def test_every_route_is_documented() -> None:
    from app import app

    there = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}
    assert set(firsts("docs/routes.md", "table: routes")) == there


def test_every_action_of_a_tracker_is_documented() -> None:
    said = {names(row[0])[0]: bool(row[2]) for row in rows("docs/routes.md", "table: actions")}
    assert said == {**dict.fromkeys((*customer.STEPS, "not-me"), False), **dict.fromkeys(customer.TEXTS, True)}


def test_every_field_of_a_request_is_documented() -> None:
    said = {names(row[0])[0]: row[1] for row in rows("docs/routes.md", "table: fields")}
    public = set(forms.RequestForm.model_fields)
    assert said == {name: "all" if name in public else "staff" for name in forms.StaffForm.model_fields}


# -- mails.md ---------------------------------------------------------------------------------------------------------


def sent() -> Iterator[str]:
    """The names of mails in the calls that send one."""
    for path in (ROOT / "chalicelib" / "usecases").glob("*.py"):
        tree = ast.parse(path.read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).split(".")[-1] in (
                "to_customer",
                "tell",
                "to_staff",
                "to_recipient",
                "_send",
                "compose",
            ):
                yield from _literals(call.args)
        # A mail chosen by a condition: `mail = "staff_frozen" if … else "staff_review"`.
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "mail":
                yield from _literals([node.value])


def _literals(parts: list[ast.expr]) -> Iterator[str]:
    for part in parts:
        for node in (part.body, part.orelse) if isinstance(part, ast.IfExp) else (part,):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_mail_is_documented() -> None:
    said = {names(row[0])[0]: row[1] for row in rows("docs/mails.md", "table: mails")}
    assert {mail for mail, when in said.items() if not when.startswith(NOT_SENT)} == set(sent())
    assert set(said) >= {folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()}
    assert all((TEMPLATES / mail).is_dir() for mail in sent())


def test_every_links_life_is_documented() -> None:
    said = {names(row[0])[0]: row[1] for row in rows("docs/mails.md", "table: links")}
    assert {purpose: _span(life) for purpose, life in said.items()} == {p.value: life for p, life in LIFETIMES.items()}


def test_the_limits_are_the_codes() -> None:
    from chalicelib.domain.verification import TRIES
    from chalicelib.mail.arrival import Standing
    from chalicelib.usecases import correspondence, errands, hearing_again, inbound, unproven

    said = [int(row[1]) for row in rows("docs/mails.md", "table: limits")]
    opened, most = inbound.OPENED_A_DAY, unproven.UNPROVEN_A_DAY
    links, sign_ins = (errands.LIMITS[errand][0] for errand in ("links", "sign-in"))
    by_mail = [opened[Standing.AUTHENTIC], opened[Standing.UNSURE], inbound.CONFIRMED_A_DAY]
    assert said == [
        most, most, links, hearing_again.ASKED_A_DAY, sign_ins, *by_mail,
        correspondence.MAILS_TOLD_A_DAY, TRIES, TRIES,
    ]  # fmt: skip


def test_every_reason_to_keep_a_mail_is_documented_and_has_words() -> None:
    from chalicelib.mail import words
    from chalicelib.usecases.inbox import Why

    said = set(names(text("docs/inbound-mail.md").partition("## What staff see")[2].partition("## ")[0]))
    assert {why.value for why in Why} <= said
    assert set(words.KEPT) == set(words.KEPT_SHORT) == {why.value for why in Why}


def _span(said: str) -> timedelta:
    count, unit = re.match(r"(\d+) (days|hours|minutes)", said).groups()  # type: ignore[union-attr]
    return timedelta(**{unit: int(count)})


# -- workflow.md ------------------------------------------------------------------------------------------------------


def states() -> Iterator[tuple[str, dict[str, Any]]]:
    road = json.loads((ROOT / "chalicelib" / "workflow" / "request.asl.json").read_text())
    for name, state in road["States"].items():
        yield name, state
        yield from state.get("ItemProcessor", {}).get("States", {}).items()


KINDS = {
    "Choice": "choice",
    "Map": "map",
    "Pass": "note",
    "Succeed": "end",
    "Wait": "wait for time",
    "Task": "step",
}


def test_every_state_is_documented_in_order() -> None:
    said = [(row[0], row[1], row[2].strip("`")) for row in rows("docs/workflow.md", "table: states")]
    assert said == [(name, _kind(state), _called(state)) for name, state in states()]


def _kind(state: dict[str, Any]) -> str:
    waits = str(state.get("Resource", "")).endswith(".waitForTaskToken")
    return "wait for a person" if waits else KINDS[state["Type"]]


def _called(state: dict[str, Any]) -> str:
    function = str(state.get("Parameters", {}).get("FunctionName", "")).strip("${}")
    return re.sub(r"(?<!^)([A-Z])", r"_\1", function).lower()


def triggers(decorator: str) -> dict[str, ast.FunctionDef]:
    page = ast.parse((ROOT / "app.py").read_text())
    return {
        node.name: node
        for node in page.body
        if isinstance(node, ast.FunctionDef) and any(f"app.{decorator}" in ast.unparse(d) for d in node.decorator_list)
    }


def test_every_step_function_is_documented_with_what_it_gets() -> None:
    said = {names(row[0])[0]: set(names(row[1])) for row in rows("docs/workflow.md", "table: functions")}
    gets = {
        name: set(re.findall(r"event\['(\w+)'\]", ast.unparse(node))) - {"request_id"}
        for name, node in triggers("lambda_function").items()
    }
    assert said == gets


def test_every_other_trigger_is_documented() -> None:
    others = [name for kind in ("schedule", "on_", "cron") for name in triggers(kind)]
    assert sorted(firsts("docs/workflow.md", "table: schedules")) == sorted(others)


# -- testing.md, README -----------------------------------------------------------------------------------------------


def test_every_mend_of_moto_is_documented() -> None:
    there = {name for name in vars(moto_mends) if re.match(r"(mend|cache)_", name)}
    assert set(firsts("docs/testing.md", "table: mends")) == there


def test_every_folder_of_tests_is_documented() -> None:
    there = {f"tests/{folder.parent.name}" for folder in (ROOT / "tests").glob("*/*.py")}
    assert set(firsts("docs/testing.md", "table: test folders")) == there


def test_every_make_target_is_documented() -> None:
    there = set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {command.removeprefix("make ") for command in firsts("README.md", "table: commands")} == there


def test_the_rules_name_tests_that_exist() -> None:
    numbered = rows("README.md", "table: rules")
    assert [row[0] for row in numbered] == [str(number) for number in range(1, 21)]
    for row in numbered:
        for kept_by in names(row[2]):
            path, _, test = kept_by.partition("::")
            assert f"def {test}" in (ROOT / path).read_text(), kept_by
        assert names(row[2]) or row[2] == "no test yet"


def test_each_room_and_the_paths_named_exist() -> None:
    """Every path of ours between backticks leads somewhere; `…` and `{…}` stand for something else."""
    ours = re.compile(r"(app\.py|(chalicelib|local|docs|tests|bench)/[\w./-]+)")
    for page in PAGES:
        for name in names(text(page)):
            if ours.fullmatch(name) and name != "bench/results.json":
                assert (ROOT / name).exists(), f"{page} names {name}"


def test_on_what_each_right_stands() -> None:
    from chalicelib.businesses.loader import load, shipped

    said = {row[0]: row[1:] for row in rows("docs/promises.md", "table: stands on")}
    assert set(said) == set(shipped())
    letters = {"policy": "P", "law": "L", "courtesy": "C"}
    for name, cells in said.items():
        rights = load(name).rights
        assert list(cells) == [", ".join(letters[s] for s in rights[right].stands_on) for right in Right], name


# -- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        where = (ROOT / page).parent / path if path else ROOT / page
        assert where.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in anchors(str(where.resolve().relative_to(ROOT))), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_addresses_are_examples(page: str) -> None:
    hosts = re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)", text(page)) + re.findall(r"https?://([\w.-]+)", text(page))
    allowed = {"example.com", "example.org", "127.0.0.1"}
    assert {h for h in hosts if h not in allowed and not h.endswith(".example.com")} == set()


@pytest.mark.parametrize("page", PAGES)
def test_tables_have_as_many_cells_as_heads(page: str) -> None:
    plain = re.sub(r"`[^`\n]*`", "", text(page))
    for table in re.findall(r"(?:^\|.*\n)+", plain, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table.splitlines()[0]


def test_the_readme_is_short() -> None:
    assert len(text("README.md").splitlines()) <= 350
    assert tables("README.md", "table: commands")
