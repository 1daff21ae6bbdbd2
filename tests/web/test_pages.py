"""Every page in every state renders whole: one heading, nothing typed escapes, every field has its label."""

from __future__ import annotations

import re

import pytest

from chalicelib.mail import colours
from chalicelib.web import pages
from tests.web import samples
from tests.web.scenes import scenes

SCENES = scenes()


def rendered(name: str) -> str:
    template, context = SCENES[name]
    return pages.render(template, samples.services(), gpc=False, **context)


@pytest.mark.parametrize("name", SCENES)
def test_page_is_whole(name: str) -> None:
    html = rendered(name)
    assert html.count("<h1") == 1
    assert '<html lang="en">' in html
    assert 'href="#main"' in html
    assert "<script" not in html
    assert not re.search(r'\sstyle="|<style', html), "the policy forbids inline style"
    assert "<because>" not in html
    assert "<b>quick" not in html
    assert "None" not in re.sub(r"<option.*?</option>", "", html)


@pytest.mark.parametrize("name", SCENES)
def test_every_field_has_a_label_and_every_fault_a_place(name: str) -> None:
    html = rendered(name)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "ids are unique"
    for target in re.findall(
        r'(?:for|aria-describedby|href)="#?([\w.-]+(?: [\w.-]+)*)"', re.sub(r'href="(?!#)[^"]*"', "", html)
    ):
        assert set(target.split()) <= set(ids), target
    for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", html):
        if 'type="hidden"' in field or 'type="radio"' in field or 'type="checkbox"' in field:
            continue
        found = re.search(r'id="([^"]+)"', field)
        assert found, field
        assert f'for="{found[1]}"' in html, field


def test_every_template_has_a_scene() -> None:
    files = {p.stem for p in pages.TEMPLATES.glob("*.html")} - {"layout", "parts", "plots"}
    assert files == {template for template, _ in SCENES.values()}


@pytest.mark.parametrize(
    "colour", ["#000000", "#ffffff", "#ffff00", "#0000ff", "#7f7f7f", "#f2a33c", "#1f5c3d", "#c01030"]
)
def test_any_business_colour_is_readable_in_both_schemes(colour: str) -> None:
    for accent, grounds in (
        (colours.light(colour), colours.LIGHT_GROUNDS),
        (colours.dark(colour), colours.DARK_GROUNDS),
    ):
        assert all(colours.contrast(accent.text, g) >= colours.AA for g in grounds)
        assert colours.contrast(accent.fill, accent.on) >= colours.AA


def test_the_stylesheet_is_small_and_filled() -> None:
    style = pages.stylesheet(samples.business())
    assert len(style) < 12_000
    assert not re.search(r"@(light|dark)-", style)
    assert colours.light("#f2a33c").text in style
