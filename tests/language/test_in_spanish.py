"""Every page, mail and package that a customer gets, in Spanish: whole, and without an English sentence left in it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from chalicelib import language
from chalicelib.web import pages
from local import catalogue
from tests.mail.samples import MAILS
from tests.mail.test_mails import composed, part
from tests.web import samples
from tests.web.scenes import scenes

STAFF = {
    "review", "queue", "inbox", "ledger", "metrics", "task", "task_by_hand", "staff_sign_in", "letter", "file_for",
    "duties", "staff_duties", "staff_policy",
}  # fmt: skip
"""Pages for the business's own people, in English only (docs/languages.md)."""
SCENES = {n: scene for n, scene in scenes().items() if scene[0] not in STAFF and not scene[1].get("staff")}
CUSTOMER = [n for n in MAILS if not n.startswith(("staff_", "recipient_notice", "task"))]
ENGLISH = re.compile(
    r"\b(?:the|you|your|we|is|are|and|with|this|that|was|has|have|not|from|what|who|will|please|by|of|to|for)\b", re.I
)
TYPED = re.compile(r"<textarea.*?</textarea>|<blockquote.*?</blockquote>|<style.*?</style>", re.S)


def strings(value: Any) -> set[str]:
    """Every text in what a page or mail is given: what it was handed is not its own words."""
    if isinstance(value, str):
        return {value, *value.split("\n")}
    if isinstance(value, dict):
        return {s for each in value.values() for s in strings(each)}
    if isinstance(value, list | tuple | set | frozenset):
        return {s for each in value for s in strings(each)}
    return strings({k: v for k, v in vars(value).items() if k[0] != "_"}) if hasattr(value, "__dict__") else set()


def leftovers(text: str, given: Any) -> list[str]:
    """Lines that read as English, apart from what was given and the business's own words (which have no Spanish)."""
    text = html.unescape(TYPED.sub("\n", text.replace("\r", "")))
    foreign = strings(given) | catalogue.own_texts(samples.business()) | {"Global Privacy Control"}
    for known in sorted(filter(str.strip, foreign), key=len, reverse=True):
        if len(known) > 2:
            text = text.replace(known, " ")
    text = re.sub(r"<[^>]+>", "\n", text)
    return [line for line in text.split("\n") if ENGLISH.search(line)]


@pytest.mark.parametrize("name", SCENES)
def test_a_page(name: str) -> None:
    template, context = SCENES[name]
    with language.speaking("es"):
        page = pages.render(template, samples.services(), gpc=True, **context)
    assert '<html lang="es">' in page
    assert leftovers(page, context) == []
    assert len(page.encode()) < 50_000


@pytest.mark.parametrize("shape", CUSTOMER)
def test_a_mail(shape: str) -> None:
    with language.speaking("es"):
        mail = composed(shape)
    assert mail["Content-Language"] == "es"
    assert '<html lang="es">' in part(mail, "html")
    for said in (str(mail["Subject"]), part(mail, "plain"), part(mail, "html")):
        assert leftovers(said, MAILS[shape]) == []
    assert "@" not in str(mail["Subject"])


def test_the_test_would_find_an_english_sentence() -> None:
    assert leftovers("<p>Lo hicimos. We told you so.</p>", {})
    assert not leftovers("<p>Lo hicimos: <b>We told you so.</b></p>", {"said": "We told you so."})
