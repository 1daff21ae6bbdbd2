"""docs/promises.md names the test of each promise, or says that there is none. Run this file to write it anew."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "promises.md"
TESTS = ROOT / "tests" / "promises"
TABLE = re.compile(r"(<!-- promises: (\w+) -->\n\|.*\n\|.*\n)((?:\|.*\n)+)")
COUNTS = {"petsrusexpress": 6, "petworks": 8, "jeffers": 12, "microkitten": 6, "cetrus": 10}


def walks(business: str) -> dict[str, list[str]]:
    """A promise's id to the tests that walk it."""
    path = TESTS / f"test_{business}.py"
    found: dict[str, list[str]] = {}
    for test in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE) if path.exists() else []:
        promise = re.match(r"test_([a-z]{3})_(\d+)(?:_|$)", test)
        if promise:
            found.setdefault(f"{promise[1].upper()}-{promise[2]}", []).append(test)
    return found


def written(page: str) -> str:
    """The page with its last column as the tests are; a reason already given for "not yet" stays."""

    def table(found: re.Match[str]) -> str:
        head, business, body = found.groups()
        tests = walks(business)
        return head + "".join(_line(line, tests) for line in body.splitlines(keepends=True))

    return TABLE.sub(table, page)


def _line(line: str, tests: dict[str, list[str]]) -> str:
    promise, what, by = (cell.strip() for cell in line.strip().strip("|").split("|"))
    if promise in tests:
        by = " ".join(f"`{test}`" for test in tests[promise])
    elif not by.startswith("not yet: "):
        by = "not yet: no test walks it"
    return f"| {promise} | {what} | {by} |\n"


def test_the_page_says_which_promises_are_walked() -> None:
    assert PAGE.read_text() == written(PAGE.read_text()), "run: PYTHONPATH=. python tests/docs/test_promises.py"


def test_every_promise_of_every_business_is_there() -> None:
    promised = {
        business: re.findall(r"^\| (\w{3}-\d+) \|", body, re.M) for _, business, body in TABLE.findall(PAGE.read_text())
    }
    assert {business: len(ids) for business, ids in promised.items()} == COUNTS
    for ids in promised.values():
        assert [int(id[4:]) for id in ids] == list(range(1, len(ids) + 1))


def test_every_walk_belongs_to_a_promise() -> None:
    known = set(re.findall(r"^\| (\w{3}-\d+) \|", PAGE.read_text(), re.MULTILINE))
    assert {id for business in COUNTS for id in walks(business)} <= known


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
