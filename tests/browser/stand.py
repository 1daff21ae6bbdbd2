"""Every page in every state, and every mail, as a browser gets them: tests/web's scenes and tests/mail's samples.

They lie at an address that only this browser knows, with the headers that every answer of ours carries.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from playwright.sync_api import Page

from chalicelib.language import speaking
from chalicelib.web import pages
from chalicelib.web.replies import GUARDS
from tests.mail.test_mails import MAILS, composed, part
from tests.web import samples
from tests.web.scenes import scenes

AT = "http://127.0.0.1:8000"
SCENES = scenes()
HTML = "text/html; charset=utf-8"


def fitted(page: Page) -> Callable[[str], None]:
    """Give the browser the stand; what this returns goes to `pages/<language>/<scene>`, `mails/<language>/<shape>`."""

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(f"{AT}/").partition("?")[0]
        if path == "style.css":
            route.fulfill(content_type="text/css", body=pages.stylesheet(samples.business()))
        elif path.startswith("pages/"):
            route.fulfill(headers={**GUARDS, "Content-Type": HTML}, body=rendered(*path.split("/")[1:]))
        elif path.startswith("mails/"):
            route.fulfill(content_type=HTML, body=written(*path.split("/")[1:]))
        else:
            route.fulfill(status=404, body="")

    page.context.route(f"{AT}/**", answer)
    return lambda path: page.goto(f"{AT}/{path}") and None


@cache
def rendered(language: str, scene: str) -> str:
    with speaking(language):
        template, context = _scenes(language)[scene]
        return pages.render(template, samples.services(), gpc=False, **context)


@cache
def _scenes(language: str) -> dict[str, tuple[str, dict[str, Any]]]:
    with speaking(language):
        return scenes()


@cache
def written(language: str, shape: str) -> str:
    with speaking(language):
        return part(composed(shape), "html")


def shapes() -> list[str]:
    return list(MAILS)
