"""Pages: how long the server renders each, how large it is, and how long somebody who has never been here needs to ask.

The person is a script at real Chromium, whose pace is the keystroke-level model's, counted and not slept through. Where
there is no Chromium that one is left out, and said so. Leaves to others: what pages there are (tests/web/scenes).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

from playwright.sync_api import Page

from bench.figures import Figure, of_samples
from bench.people import BUSINESS
from chalicelib.web import pages as rendering
from local.serving import serving
from tests.browser import chromium
from tests.web import samples
from tests.web.scenes import scenes

TIMES = 20
RENDERED, LARGEST, FILED, REQUIRED = 5, 50, 90, 3
"""Targets: ms, KB, s, fields."""
EMAIL, CONCERN = "robin.first-time@example.com", "You still send catalogs to my old address."
KEY, POINT, THINK = 0.28, 1.1, 1.35
"""Seconds for a keystroke of an average typist (40 words a minute), for pointing, for thinking what is next:
Card, Moran and Newell, Communications of the ACM 23 (7), 1980."""
WORDS = 238 / 60
"""Words read in a second: Brysbaert, Journal of Memory and Language 109, 2019."""
SEEN = """() => {
    const words = each => each.innerText.split(/\\s+/).filter(Boolean).length;
    const lists = [...document.querySelectorAll('main select')].map(words);
    return words(document.querySelector('main')) - lists.reduce((sum, each) => sum + each, 0);
}"""
"""The words on a page, without those of lists that are not open."""


def pages() -> list[Figure]:
    """Every page in every state; then each right asked for the first time."""
    times: list[float] = []
    sizes: dict[str, int] = {}
    svc = samples.services()
    style = len(rendering.stylesheet(svc.business).encode())
    for name, (template, context) in scenes().items():
        render = partial(rendering.render, template, svc, gpc=False, **context)
        sizes[name] = style + len(render().encode())
        times.append(median(_timed(render) for _ in range(TIMES)))
    largest = max(sizes, key=lambda name: sizes[name])
    rendered = of_samples("render a page", times, "ms")
    return [
        rendered,
        Figure("render the slowest page", max(times), "ms", RENDERED),
        Figure(f"the largest page with its stylesheet ({largest})", sizes[largest] / 1000, "KB", LARGEST),
        *(asking() if chromium.found() else _left_out()),
    ]


def _left_out() -> list[Figure]:
    print("no Chromium: nobody asked for the first time", file=sys.stderr)
    return []


def asking() -> list[Figure]:
    """From the form, and from the start page, to "we have your request"; the most fields that any right requires."""
    with serving(BUSINESS) as run, chromium.browser() as browser:
        form: dict[str, float] = {}
        whole: dict[str, float] = {}
        required: dict[str, int] = {}
        for right in ("access", "correction", "deletion", "california_disclosure", "opt_out", "concern"):
            with chromium.visitor(browser) as page:
                person = FirstTimer(page)
                person.choose(run["base_url"], right)
                chosen = person.seconds
                required[right] = person.ask(right)
                whole[right], form[right] = person.seconds, person.seconds - chosen
    return [
        _slowest("fill and file a form for the first time", form, FILED),
        _slowest("the same from the start page, all of it read", whole, None),
        Figure("required fields, beside the right", max(required.values()), "", REQUIRED, spread=required),
    ]  # fmt: skip


def _slowest(name: str, taken: dict[str, float], target: float | None) -> Figure:
    spread = {right: round(seconds, 1) for right, seconds in taken.items()}
    return Figure(f"{name}, the slowest right", max(taken.values()), "s", target, spread=spread)


@dataclass
class FirstTimer:
    """Reads every word that is to be seen, fills what is required, sends. `seconds`: what a person would have taken."""

    page: Page
    seconds: float = 0

    def choose(self, base_url: str, right: str) -> None:
        """The start page, until the form is there."""
        self._see(lambda: self.page.goto(base_url))
        self._wait(lambda: self._press(f'a[href$="right={right}"]'))

    def ask(self, right: str) -> int:
        """The form, until it is filed; how many fields were required."""
        self._see(lambda: None)
        required = self.page.locator("[required]")
        self._type("[name=email]", EMAIL)
        if right == "correction":
            self._choose("[name=field]", "Last name")
            self._type("[name=value]", "Sample")
        if right == "opt_out":
            self._press("[name=stop] >> nth=0")
        if right == "concern":
            self._type("[name=details]", CONCERN)
        count = required.count()
        self._wait(lambda: self._press("main form .button"))
        if "/requests/received" not in self.page.url:
            raise AssertionError(f"{right} was not taken: {self.page.locator('main').inner_text()[:300]}")
        return count

    def _see(self, act: Callable[[], object]) -> None:
        """A new page, of which every word is read."""
        self._wait(act)
        self.seconds += self.page.evaluate(SEEN) / WORDS

    def _wait(self, act: Callable[[], object]) -> None:
        """For the machine, until the page that follows is there."""
        began = time.perf_counter()
        act()
        self.page.wait_for_load_state()
        self.seconds += time.perf_counter() - began

    def _press(self, what: str) -> None:
        self.seconds += THINK + POINT + KEY
        self.page.locator(what).first.click()

    def _choose(self, what: str, label: str) -> None:
        self.seconds += THINK + 2 * POINT + KEY
        self.page.locator(what).first.select_option(label=label)

    def _type(self, what: str, text: str) -> None:
        self.seconds += THINK + POINT + KEY * len(text)
        self.page.locator(what).first.fill(text)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)
