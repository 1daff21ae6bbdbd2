"""Every page in every state, and every mail, in Chromium: WCAG 2.2 AA by axe-core, light and dark, phone and desktop.

Folded parts are opened first, or nobody would have looked at them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium, stand

IN_EACH_LANGUAGE = pytest.mark.parametrize("language", stand.LANGUAGES)
ONE_OF_EACH = {
    template: name for name, (template, context) in reversed(stand.SCENES.items()) if not context.get("faults")
}
"""A scene of each page; where there are faults, their summary has the keyboard at first."""
FAULTY = [name for name, (_, context) in stand.SCENES.items() if context.get("faults")]


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


def broken(browser: Browser, language: str, scenes: Iterable[str], **how: Any) -> dict[str, list[str]]:
    """What is wrong, by scene."""
    found: dict[str, list[str]] = {}
    with chromium.visitor(browser, **how) as page:
        go = stand.fitted(page)
        for scene in scenes:
            go(f"pages/{language}/{scene}")
            unfold(page)
            wrong = chromium.wrong(page) + ["wider than its window"] * (chromium.sideways(page) > 0)
            if wrong:
                found[scene] = wrong
    return found


@IN_EACH_LANGUAGE
def test_no_page_breaks_wcag(browser: Browser, language: str) -> None:
    """One scene of each, on a phone, in light and dark by turns; below, all of them."""
    scenes = list(ONE_OF_EACH.values())
    assert broken(browser, language, scenes[::2], color_scheme="dark") == {}
    assert broken(browser, language, scenes[1::2], color_scheme="light") == {}


@pytest.mark.slow
@pytest.mark.parametrize("window", [chromium.PHONE, chromium.DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@IN_EACH_LANGUAGE
def test_no_page_in_any_state_breaks_wcag(browser: Browser, language: str, scheme: str, window: Any) -> None:
    """Nor is one wider than its window."""
    assert broken(browser, language, stand.SCENES, color_scheme=scheme, viewport=window) == {}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@IN_EACH_LANGUAGE
def test_no_mail_breaks_wcag(browser: Browser, language: str, scheme: Any) -> None:
    """As far as it is the mail's to keep: the page round it is the mail program's."""
    found: dict[str, list[str]] = {}
    with chromium.visitor(browser, color_scheme=scheme) as page:
        go = stand.fitted(page)
        for shape in stand.shapes():
            go(f"mails/{language}/{shape}")
            page.evaluate("document.documentElement.style.background = 'Canvas'")  # what is painted; axe takes white
            wrong = chromium.wrong(page, good_practice=False)
            if wrong or chromium.sideways(page):
                found[shape] = wrong or ["wider than its window"]
    assert found == {}


def test_axe_would_say_so(browser: Browser) -> None:
    """A page with faults planted in it is found wanting, so that silence means something."""
    with chromium.visitor(browser) as page:
        stand.fitted(page)("pages/en/start")
        page.evaluate("""() => {
            const field = document.createElement('input');
            document.querySelector('main').append(field);
            document.querySelector('h1').style.color = '#ddd';
            for (const name of ['a', 'b']) {
                const tiny = Object.assign(document.createElement('button'), {textContent: name});
                tiny.style.cssText = 'all: revert; width: 9px; height: 9px; min-height: 0; min-width: 0; padding: 0';
                document.querySelector('main').append(tiny);
            }
        }""")
        found = " ".join(chromium.wrong(page))
    assert {"label:", "color-contrast:", "target-size:"} <= set(found.split())


SEEN = """() => {
    const at = document.activeElement, look = getComputedStyle(at), box = at.getBoundingClientRect();
    const ring = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2;
    const inside = box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
    return [at === document.body ? '' : at.outerHTML.slice(0, 120), ring, inside];
}"""


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_whatever_has_the_keyboard_is_seen(browser: Browser, scheme: Any) -> None:
    """Tab through one scene of each page: a ring of two pixels at least, on the screen, and everything is reached."""
    with chromium.visitor(browser, color_scheme=scheme) as page:
        go = stand.fitted(page)
        for scene in ONE_OF_EACH.values():
            go(f"pages/en/{scene}")
            unfold(page)
            reached = 0
            for _ in range(200):
                page.keyboard.press("Tab")
                element, ring, inside = page.evaluate(SEEN)
                if not element:
                    break
                assert ring, f"{scene}: {element}"
                assert inside, f"{scene}: {element}"
                reached += 1
            # Radio buttons of one name are one stop.
            stops = page.evaluate("""() => document.querySelectorAll(`a, button:enabled, select, textarea, summary,
                input:not([type=hidden], [type=radio])`).length""")
            assert reached >= stops, f"{scene}: {reached} of {stops}"


ANNOUNCED = """name => {
    const field = document.getElementById(name), group = field.closest('fieldset');
    const tied = each => ((each && each.getAttribute('aria-describedby')) || '').split(' ').filter(Boolean);
    return [...tied(field), ...tied(group)].map(id => document.getElementById(id).textContent).join(' ');
}"""


@pytest.mark.parametrize("scene", FAULTY)
def test_errors_are_announced(browser: Browser, scene: str) -> None:
    """The title says so, the summary has the keyboard and leads to each field, and each field is told what is wrong."""
    faults: dict[str, str] = stand.SCENES[scene][1]["faults"]
    with chromium.visitor(browser) as page:
        stand.fitted(page)(f"pages/en/{scene}")
        assert page.title().startswith("Error: ")
        assert page.evaluate("document.activeElement.className") == "faults"
        for name, message in faults.items():
            page.locator(f'.faults a[href="#{name}"]').click()
            assert page.locator(f'[id="{name}"]').is_visible()
            if scene != "start-fault":  # a list of links: the summary is all there is
                assert message in page.evaluate(ANNOUNCED, name)
