"""docs/law.md shows the numbers that the program uses. Run this file to write the table anew."""

from __future__ import annotations

from pathlib import Path

from chalicelib.law import Law, LawRight, load
from chalicelib.law.model import Backed, Term

PAGE = Path(__file__).parents[2] / "docs" / "law.md"
BEGIN = "<!-- table: python tests/law/test_law_doc.py writes it -->\n"
END = "<!-- end -->"
UNITS = {"day": "", "business_day": " bd", "month": " m"}
MARKS = {"text": "", "ours": "*", "secondary": "?", "memory": "?", "unknown": "?"}
RIGHTS = {
    LawRight.KNOW: "access",
    LawRight.CORRECT: "correction",
    LawRight.DELETE: "deletion",
    LawRight.SHINE_THE_LIGHT: "disclosure",
    LawRight.OPT_OUT: "opt-out",
    LawRight.COMPLAIN: "concern",
}


def marked(said: str, thing: Backed) -> str:
    return said + MARKS[thing.evidence]


def span(term: Term | None) -> str:
    return marked(f"{term.count}{UNITS[term.unit]}", term) if term else "–"


def answered(law: Law, right: LawRight) -> str:
    said = law.rights.get(right)
    if said is None:
        return "–"
    days = span(said.respond)
    if said.respond_elsewhere:
        days += f" / {span(said.respond_elsewhere)}"
    if said.extension:
        days += f" + {span(said.extension)}"
    if said.pause:
        days += marked("; may pause", said.pause)
    proof = said.proof.specific
    since = f", since {said.since}" if said.since else ""
    return f"{days}; proof {marked(str(proof.points) + 'd' * proof.declaration, proof)}{since}"


def acknowledged(law: Law) -> str:
    """The days, and for which right where only one has any."""
    terms = {right: said.acknowledge for right, said in law.rights.items() if said.acknowledge}
    days = " / ".join(sorted({span(term) for term in terms.values()})) or "–"
    return f"{days} ({RIGHTS[next(iter(terms))]})" if len(terms) == 1 else days


def often(law: Law) -> str:
    limits = {said.limit for said in law.rights.values() if said.limit}
    words = {"rolling_12_months": "12 months", "calendar_year": "year"}
    return ", ".join(marked(f"{x.count} a {words[x.window]}", x).replace("a 12", "in 12") for x in limits) or "–"


def row(law: Law) -> str:
    refusal = law.refusal
    appeal = "unknown" if refusal is None else span(refusal.decide) if refusal.owed else "not owed"
    if refusal and refusal.extension:
        appeal += f" + {span(refusal.extension)}"
    cells = [
        f"`{law.id}`",
        law.law,
        str(law.in_force.since) if law.id != "policy" else "–",
        acknowledged(law),
        *(answered(law, right) for right in RIGHTS),
        often(law),
        appeal,
    ]
    return f"| {' | '.join(cells)} |"


def table() -> str:
    heads = ["regime", "law", "since", "acknowledge", *RIGHTS.values(), "limit", "appeal decided"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *(row(law) for law in load().laws.values())]) + "\n"


def page_with(rows: str) -> str:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return before + BEGIN + rows + END + rest.partition(END)[2]


def test_the_page_shows_the_numbers_in_the_data() -> None:
    assert PAGE.read_text() == page_with(table()), "run: PYTHONPATH=. python tests/law/test_law_doc.py"


def test_the_page_says_that_it_is_no_advice_and_names_every_gap() -> None:
    page = PAGE.read_text()
    assert "This is not legal advice" in page
    for law in load().laws.values():
        assert f"`{law.id}`" in page


if __name__ == "__main__":
    PAGE.write_text(page_with(table()))
