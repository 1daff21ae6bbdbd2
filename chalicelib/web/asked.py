"""What was asked: the body read within its limits, and the format the answer should have.

Bad bytes end here, as an Unreadable with a 4xx: too large, the wrong type, not UTF-8, not a form, not JSON.
Leaves to others: what the fields mean (forms).
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from chalice.app import Request as HttpRequest

from chalicelib import bootstrap, language
from chalicelib.errors import InvalidRequest
from chalicelib.services import Services

LARGEST_BODY = 256 * 1024
MOST_FIELDS = 200
STAFF_PATHS = ("/review", "/staff", "/task", "/duties")
LANGUAGE_COOKIE = "lang"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Fields = dict[str, list[str]]


class Unreadable(Exception):
    """A body that cannot be read: HTTP's own errors, which no use case knows."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(error)
        self.status, self.error, self.message = status, error, message


@dataclass(frozen=True)
class Asked:
    http: HttpRequest

    @cached_property
    def svc(self) -> Services:
        return bootstrap.services()

    @property
    def path(self) -> str:
        """The route, with `{token}` in place of the token."""
        return str(self.http.path)

    @property
    def posted(self) -> bool:
        return bool(self.http.method == "POST")

    @property
    def wants_json(self) -> bool:
        """Whether the answer should be JSON: under /api, or when asked for before HTML."""
        if self.path.startswith("/api/"):
            return True
        accepted = [part.partition(";")[0].strip() for part in self.header("accept").lower().split(",")]
        first = next((a for a in accepted if a in (JSON, "text/html")), None)
        return first == JSON

    def header(self, name: str) -> str:
        return str(self.http.headers.get(name) or "")

    @property
    def network(self) -> str:
        """The IP address it came from, as API Gateway saw it; nothing where it did not say."""
        identity = (self.http.context or {}).get("identity") or {}
        return str(identity.get("sourceIp") or "")

    @cached_property
    def chosen(self) -> str:
        """The language that this reader chose, by the link on our pages, now or before; empty: none."""
        said = self.query("lang") or self.cookie(LANGUAGE_COOKIE)
        return said if said in self.svc.business.languages else ""

    @property
    def language(self) -> str:
        """What to answer in: English to staff, else what the reader chose, else what their browser asks for."""
        if self.path.startswith(STAFF_PATHS):
            return language.ENGLISH
        return self.chosen or language.wanted(self.header("accept-language"), self.svc.business.languages)

    def here_in(self, code: str) -> str:
        """This very page in another language."""
        path = self.path
        for name, part in (self.http.uri_params or {}).items():
            path = path.replace(f"{{{name}}}", quote(unquote(str(part)), safe="=~"))
        asked = {name: str(value) for name, value in (self.http.query_params or {}).items() if name != "lang"}
        return f"{path}?{urlencode({**asked, 'lang': code})}"

    @property
    def gpc(self) -> bool:
        """Whether the browser sends the Global Privacy Control signal: any one exact `1` counts."""
        sent = (self.http.to_original_event().get("multiValueHeaders") or {}).items()
        values = [v for name, several in sent if name.lower() == "sec-gpc" for v in several]
        return "1" in [v.strip() for v in (values or self.header("sec-gpc").split(","))]

    @property
    def from_elsewhere(self) -> bool:
        """Whether another site's page sent this. What a browser does not say is not held against it: our own pages,
        which name no referrer, post with the origin `null`."""
        if site := self.header("sec-fetch-site"):
            return site not in ("same-origin", "none")
        origin = self.header("origin")
        return origin not in ("", "null") and urlsplit(origin).netloc != self.header("host")

    def query(self, name: str) -> str:
        """The last value of a query parameter, or nothing."""
        given = self.http.query_params
        return str(given.get(name, "")) if given is not None else ""

    def cookie(self, name: str) -> str:
        try:
            morsel = SimpleCookie(self.header("cookie")).get(name)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    def body(self, *, most: int = LARGEST_BODY) -> bytes:
        """Raises Unreadable when it is larger than `most` bytes: than any form of ours without files."""
        raw: Any = self.http.raw_body or b""
        body = raw.encode() if isinstance(raw, str) else bytes(raw)
        if len(body) > most:
            limit = f"{most // 1024} KB"
            raise Unreadable(
                413,
                "too_large",
                language.gettext("That is more than we can take. Please send less than %(limit)s.", limit=limit),
            )
        return body

    def form(self) -> Fields:
        """Every field of a posted form with its values in order."""
        body = self.body()
        if not body:
            return {}
        self._must_be(FORM, "Send this as a web form (application/x-www-form-urlencoded).")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError as bad:
            raise Unreadable(400, "unreadable", "This form could not be read. Please send it again.") from bad
        fields: Fields = {}
        for name, value in pairs:
            fields.setdefault(name, []).append(value)
        return fields

    def json(self, several: Container[str] = ()) -> Fields:
        """Every member of a posted JSON object, as a form would have it; only those of `several` may be lists."""
        return _as_fields(self.document(), several)

    def document(self) -> dict[str, Any]:
        """A posted JSON object, as it is."""
        body = self.body()
        self._must_be(JSON, "Send this as JSON (application/json).")
        try:
            said = json.loads(body.decode(), object_pairs_hook=_each_once)
        except (ValueError, RecursionError) as bad:
            raise Unreadable(400, "unreadable", "This is not JSON that we can read.") from bad
        if not isinstance(said, dict):
            raise Unreadable(400, "unreadable", "Send one JSON object with the fields of the request.")
        return said

    def _must_be(self, kind: str, message: str) -> None:
        if self.header("content-type").partition(";")[0].strip().lower() != kind:
            raise Unreadable(415, "wrong_content_type", message)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; which of two equal names was meant is nobody's guess."""
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("a name stands there twice")
    return said


def _as_fields(said: dict[str, Any], several: Container[str]) -> Fields:
    """Strings, and lists of strings for `several`; null is "not given". Raises InvalidRequest, naming each other."""
    wrong = {name[:60]: "Give this as text." for name, value in said.items() if not _textual(value, name in several)}
    if wrong:
        raise InvalidRequest(wrong)
    return {name: value if isinstance(value, list) else [value] for name, value in said.items() if value is not None}


def _textual(value: Any, several: bool) -> bool:
    if isinstance(value, list):
        return several and len(value) <= MOST_FIELDS and all(isinstance(v, str) for v in value)
    return value is None or isinstance(value, str)


def only(fields: Fields, known: Iterable[str]) -> dict[str, str]:
    """Single-valued fields, all of them known. Raises InvalidRequest for others and for repeated ones."""
    known = set(known)
    faults = {name[:60]: "We do not know this field." for name in fields if name not in known}
    faults |= {name: "Send this once." for name, values in fields.items() if name in known and len(values) > 1}
    if faults:
        raise InvalidRequest(faults)
    return {name: values[0] for name, values in fields.items()}
