"""docs/deploy.md says what can be typed and given."""

from __future__ import annotations

import re

from local import template
from tests.docs.pages import ROOT, names, rows, text

PAGE = "docs/deploy.md"


def test_every_command_of_the_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]+)", text(PAGE)))
    assert named >= {"deploy", "smoke", "destroy", "package"}
    assert named <= targets
    for variable in re.findall(r"\bmake [a-z-]+(?: ([A-Z_]+)=)+", text(PAGE)):
        assert re.search(rf"\b{variable}\b", makefile), variable


def test_every_parameter_is_documented_with_its_default() -> None:
    there = {name: said for part in template.parts() for name, said in part.get("Parameters", {}).items()}
    said = {name: row[1] for row in rows(PAGE, "table: parameters") for name in names(row[0])}
    assert set(said) == set(there)
    for name, parameter in there.items():
        if parameter.get("Default") and len(names(said[name])) == 1:
            assert names(said[name]) == [str(parameter["Default"])], name


def test_the_refusals_named_are_those_that_are_said() -> None:
    code = "".join((ROOT / "local" / f"{name}.py").read_text() for name in ("deploy", "preflight", "smoke"))
    table = text(PAGE).partition("## When it fails")[2]
    for said in names("".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))):
        for words in re.split(r"…|AlertEmail", said):
            assert words.strip(" :") in code, said
