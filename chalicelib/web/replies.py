"""How answers leave: `answered` wraps every view; pages, JSON and redirects; the same guarding headers on all.

A view's error becomes the page or JSON that web/errors says, in the format asked for. Tokens are in our URLs, so no
referrer leaves; nothing but the stylesheet is stored by anyone. The log has the route and the error's kind only.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import unquote

from chalice.app import Blueprint, Response

from chalicelib import language
from chalicelib.errors import LinkMissing
from chalicelib.web import errors, pages, sessions
from chalicelib.web.asked import STAFF_PATHS, Asked

log = logging.getLogger("rightsdesk.web")

ANY = ["*/*"]
"""Content types that Chalice lets through: `Asked` judges them, and answers in the asked-for format."""
TOKEN = re.compile(r"[A-Za-z0-9_.~=-]{8,2048}")
GUARDS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language, Cookie",
}
View = Callable[..., Response]
Headers = dict[str, str | list[str]]


def answered(blueprint: Blueprint) -> Callable[[View], View]:
    """Give a view what was asked; answer its errors; guard its answer."""

    def wrap(view: View) -> View:
        @wraps(view)
        def reply(**parts: str) -> Response:
            asked = Asked(blueprint.current_request)
            with language.speaking(language.ENGLISH):
                try:
                    language.speak(asked.language, chosen=bool(asked.chosen))
                    response = view(asked, **_whole(parts))
                except Exception as error:
                    response = problem(asked, error)
                response.headers = {**GUARDS, "Content-Language": language.current(), **response.headers}
            if response.status_code < 400 and _just_chosen(asked):
                response.headers["Set-Cookie"] = sessions.language_cookie(asked)
            return response

        return reply

    return wrap


def _just_chosen(asked: Asked) -> bool:
    """Whether this very link chose a language, on a page that has more than one."""
    said = asked.query("lang")
    return said in language.LANGUAGES and said == asked.chosen == asked.language


def _whole(parts: dict[str, str]) -> dict[str, str]:
    """Path parameters as they were mailed: some mail programs encode a token's `=`. Raises LinkMissing."""
    parts = {name: unquote(part) for name, part in parts.items()}
    if not TOKEN.fullmatch(parts.get("token", "no-token")):
        raise LinkMissing
    return parts


def page(
    asked: Asked, name: str, *, status: int = 200, headers: dict[str, str] | None = None, **context: Any
) -> Response:
    if faults := context.get("faults"):
        context["faults"] = {field: language.lookup(message) for field, message in faults.items()}
    html = pages.render(name, asked.svc, gpc=asked.gpc, other_languages=_other_languages(asked), **context)
    return Response(html, {"Content-Type": "text/html; charset=utf-8", **(headers or {})}, status)


def _other_languages(asked: Asked) -> list[tuple[str, str, str]]:
    """The other languages of this page: code, name, link. What was posted cannot be asked again by a link."""
    if asked.posted or asked.path.startswith(STAFF_PATHS):
        return []
    codes = [code for code in asked.svc.business.languages if code != language.current()]
    return [(code, language.LANGUAGES[code], pages.base(asked.svc) + asked.here_in(code)) for code in codes]


def as_json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), {"Content-Type": "application/json", **(headers or {})}, status)


def see(asked: Asked, path: str, *, headers: dict[str, Any] | None = None) -> Response:
    """303 to a page of ours, so that loading it again does nothing again."""
    return go(pages.base(asked.svc) + path, headers=headers)


def go(url: str, *, headers: dict[str, Any] | None = None) -> Response:
    return Response("", {"Location": url, "Content-Type": "text/plain; charset=utf-8", **(headers or {})}, 303)


def message(asked: Asked, title: str, text: str, *, status: int = 200, offer: str = "") -> Response:
    """One thing to say, as a page or as JSON."""
    title, text = language.lookup(title), language.lookup(text)
    if asked.wants_json:
        return as_json({"message": text}, status=status)
    return page(asked, "message", status=status, title=title, text=text, offer=offer, fields={})


def problem(asked: Asked, error: Exception) -> Response:
    told = errors.told(error, asked.path, _now(asked))
    if told.status >= 500:
        log.error("%s at %s in %s", type(error).__name__, asked.path, _where(error))
    headers = {"Retry-After": str(told.retry_after)} if told.retry_after else {}
    if asked.wants_json:
        body = {"error": told.error, "message": told.message, **({"fields": told.fields} if told.fields else {})}
        return as_json(body, status=told.status, headers=headers)
    try:
        return page(
            asked, "message", status=told.status, headers=headers,
            title=told.title, text=told.message, offer=told.offer, fields=told.fields,
        )  # fmt: skip
    except Exception:  # without a business there is no page of its own
        plain: Headers = {"Content-Type": "text/plain; charset=utf-8", **headers}
        return Response(f"{told.title}. {told.message}", plain, told.status)


def _now(asked: Asked) -> datetime:
    try:
        return asked.svc.now()
    except Exception:
        return datetime.now(UTC)


def _where(error: Exception) -> str:
    """The innermost line of ours: a place, no value."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "chalicelib" in f.filename]
    return f"{ours[-1].name}:{ours[-1].lineno}" if ours else "unknown"
