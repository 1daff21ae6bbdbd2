"""The plots of the metrics page: what came, how fast it was answered, how it ended, what is still open. Pure.

Each is a row of bars that the page draws as SVG, with the same numbers in a table beside it. MKT-6: small counts are
hidden as in the tables, and where a table hides one, every plot over the same requests hides one, too: no sum of bars
gives it away. Leaves to others: counting (usecases/metrics), drawing (templates/page/plots.html).
"""

from __future__ import annotations

from calendar import month_abbr
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.request import Right
from chalicelib.domain.tally import Counted, Sum, guarded, shown
from chalicelib.mail import words

WIDE = 110
"""Width of the longest bar, in units of the drawing."""
SHORT = {
    Right.ACCESS: "Access", Right.CORRECTION: "Correction", Right.DELETION: "Deletion",
    Right.CALIFORNIA_DISCLOSURE: "Disclosure (CA)", Right.OPT_OUT: "Opt-out", Right.CONCERN: "Concern",
}  # fmt: skip
"""Beside a bar there is room for so much."""
SPANS = ((7, "Up to 7 days"), (15, "8 to 15"), (30, "16 to 30"), (45, "31 to 45"), (90, "46 to 90"))
LONGER = "More than 90"


@dataclass(frozen=True)
class Bar:
    label: str
    count: int | str
    """Or why it is not shown."""
    wide: int = 0


@dataclass(frozen=True)
class Plot:
    id: str
    title: str
    what: str
    """What a bar counts: the head of the table's second column."""
    bars: list[Bar]
    note: str = ""

    @property
    def said(self) -> str:
        """The whole of it in a sentence, for who does not see it."""
        return ", ".join(f"{bar.label}: {bar.count}" for bar in self.bars)


def of_year(sums: Sequence[Sum]) -> list[Plot]:
    """The plots of a year."""
    hidden = any(isinstance(n, str) for each in map(shown, sums) for n in (each.received, *each.counts.values()))
    rights = {SHORT[each.right]: each.received for each in sums}
    ended = {outcome: sum(each.counts.get(outcome, 0) for each in sums) for outcome in Counted}
    days = sum((Counter(each.days) for each in sums), Counter[int]())
    late = sum(each.late for each in sums)
    plots = (
        ("volume", "What came, month by month", "Received", _by_month(each.months for each in sums)),
        ("rights", "What was asked for", "Received", rights),
        ("speed", "How long answers took", "Answers", _spans(days)),
        ("clock", "Answers against the clock", "Answers", {"In time": days.total() - late, "Late": late}),
        ("outcomes", "How it ended", "Requests", {words.COUNTED[o]: n for o, n in ended.items()}),
        ("backlog", "Still open, by the month it came", "Open", _by_month(each.open_months for each in sums)),
    )
    return [Plot(id, title, what, _bars(guarded(counts, elsewhere=hidden))) for id, title, what, counts in plots]


def _by_month(counted: Iterable[Mapping[int, int]]) -> dict[str, int]:
    total = sum((Counter(each) for each in counted), Counter[int]())
    return {month_abbr[month]: total[month] for month in range(1, 13)}


def _spans(days: Mapping[int, int]) -> dict[str, int]:
    found = dict.fromkeys([*(label for _, label in SPANS), LONGER], 0)
    for took, answers in days.items():
        found[next((label for last, label in SPANS if took <= last), LONGER)] += answers
    return found


def _bars(told: Mapping[str, int | str]) -> list[Bar]:
    most = max((n for n in told.values() if isinstance(n, int)), default=0)
    return [Bar(label, n, round(WIDE * n / most) if isinstance(n, int) and most else 0) for label, n in told.items()]
