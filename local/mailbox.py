"""Every mail that SES was given, for people and for programs, and the way in for mail to the business.

`/` is a mailbox to read, `/api/messages` the same as JSON, `/api/inbound` takes a raw message as SES would, `/gallery`
shows every mail there is. `/files/…` serves package links as S3 would; `/api/places` shows what the business holds
outside its database; `POST /api/schedules/<name>` runs a scheduled function now. Loopback only.
Leaves to others: sending (adapters/ses), handing inbound mail over (postman).
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.exceptions import ClientError
from jinja2 import Environment, FileSystemLoader

from local.aws import ACCOUNT, REGION
from local.feedback import KINDS, Feed, nowhere
from local.gallery import Gallery
from local.postman import Deliver
from local.schedules import Run
from local.server import HOST, LARGEST, PENDING, Quiet

Places = Callable[[], Mapping[str, Any]]
"""What the business's tables and buckets hold now."""
Answer = tuple[int, str, bytes | str]
PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
LONGEST_WAIT = 30.0
"""Seconds."""
HTML, JSON = "text/html; charset=utf-8", "application/json"


class Letters:
    """What SES was given, newest first. Each message is read once; its time is when it said it was sent."""

    def __init__(self) -> None:
        self._read: dict[str, dict[str, Any]] = {}
        self._to: defaultdict[str, list[Any]] = defaultdict(list)
        self._sorted = 0
        self._sorting = Lock()

    def all(self, to: str | None = None, about: str = "", holds: str = "") -> list[dict[str, Any]]:
        """Those `to` an address, `about` a reference, whose text `holds` something: all that are asked for."""
        wanted = [sent for sent in reversed(self._delivered(to)) if _is_about(sent, about)]
        return [letter for letter in map(self._letter, wanted) if holds in letter["text"]]

    def awaited(self, seconds: float, to: str | None, about: str, holds: str) -> list[dict[str, Any]]:
        """The same, as soon as there is one; none when the time is over. Cheaper than to ask again and again."""
        ends, seen = time.monotonic() + seconds, -1
        while True:
            if len(_sent()) != seen:
                seen = len(_sent())
                if found := self.all(to, about, holds):
                    return found
            if time.monotonic() >= ends:
                return []
            time.sleep(0.004)

    def one(self, id: str) -> dict[str, Any] | None:
        return next((letter for letter in self.all() if letter["id"] == id), None)

    def _delivered(self, to: str | None) -> list[Any]:
        """What was sent to one address, or at all. Each is sorted once: a full mailbox is as quick as an empty one."""
        sent = _sent()
        if to is None:
            return list(sent)
        with self._sorting:
            for one in sent[self._sorted :]:
                for address in {address.lower() for address in one.destinations}:
                    self._to[address].append(one)
                self._sorted += 1
            return list(self._to.get(to.lower(), ()))

    def burn(self) -> None:
        with self._sorting:
            _sent().clear()
            self._to.clear()
            self._sorted = 0
        self._read.clear()

    def _letter(self, sent: Any) -> dict[str, Any]:
        if sent.id not in self._read:
            self._read[sent.id] = _read(sent)
        return self._read[sent.id]


def _is_about(sent: Any, about: str) -> bool:
    """By the raw message: most letters need not be read."""
    return about.encode() in sent.raw_data if isinstance(sent.raw_data, bytes) else about in sent.raw_data


def _sent() -> list[Any]:
    from moto.ses.models import ses_backends

    messages: list[Any] = ses_backends[ACCOUNT][REGION].sent_messages
    return messages


def _read(sent: Any) -> dict[str, Any]:
    """By the old policy of `email`, which parses no header until it is asked for: letters are read on every road."""
    raw = sent.raw_data
    message = message_from_bytes(raw if isinstance(raw, bytes) else raw.encode())
    headers = {key: _said(str(value)) for key, value in message.items()}
    name, address = parseaddr(str(message["From"] or sent.source))
    return {
        "id": sent.id,
        "from": address,
        "from_name": _said(name),
        "to": list(dict.fromkeys(sent.destinations)),  # moto names an address of envelope and header twice
        "subject": headers.get("Subject", ""),
        "text": _body(message, "text/plain"),
        "html": _body(message, "text/html"),
        "sent_at": _sent_at(message),
        "headers": headers,
    }


def _said(value: str) -> str:
    """A header's value as one line, decoded."""
    value = re.sub(r"\r?\n(?=[ \t])", "", value)
    return str(make_header(decode_header(value))) if "=?" in value else value


def _body(message: Message, kind: str) -> str:
    part = next((one for one in message.walk() if one.get_content_type() == kind and not one.get_filename()), None)
    if part is None:
        return ""
    data = part.get_payload(decode=True)
    return data.decode(part.get_content_charset("utf-8"), "replace") if isinstance(data, bytes) else ""


def _sent_at(message: Message) -> str:
    try:
        said = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        said = datetime.now(UTC)
    return said.astimezone(UTC).isoformat() if said.tzinfo else said.replace(tzinfo=UTC).isoformat()


class _Handler(BaseHTTPRequestHandler):
    """The routes; `letters`, `deliver`, `feed`, `places`, `gallery` and `schedule` are given by `server`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    letters: Letters
    deliver: Deliver
    feed: Feed
    places: Places
    gallery: Gallery
    schedule: Run

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        if path == "/api/messages":
            self._answer(200, JSON, json.dumps(self._asked_for(asked)))
        elif path == "/api/places":
            self._answer(200, JSON, json.dumps(type(self).places()))
        elif path == "/":
            self._page(asked.get("to") or None, asked.get("read"))
        elif (found := re.fullmatch(r"/messages/([^/]+)/html", path)) and (letter := self.letters.one(found[1])):
            self._answer(200, HTML, letter["html"], {"Content-Security-Policy": LETTER_POLICY})
        elif path == "/gallery":
            self._answer(200, HTML, self.gallery.page(asked.get("mail", "")), {"Content-Security-Policy": PAGE_POLICY})
        elif (at := re.fullmatch(r"/gallery/([\w-]+)/(light|dark)", path)) and at[1] in self.gallery.previews:
            html = self.gallery.previews[at[1]].painted(at[2])
            self._answer(200, HTML, html, {"Content-Security-Policy": LETTER_POLICY})
        elif path.startswith("/files/"):
            self._file(unquote(path.removeprefix("/files/")), asked)
        else:
            self._answer(404, JSON, '{"error": "not_found"}')

    def do_DELETE(self) -> None:
        if urlsplit(self.path).path != "/api/messages":
            return self._answer(404, JSON, '{"error": "not_found"}')
        self.letters.burn()
        return self._answer(200, JSON, "[]")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()) or int(length) > LARGEST:
            self.close_connection = True
            return self._answer(413, JSON, '{"error": "too_large"}', {"Connection": "close"})
        raw = self.rfile.read(int(length))
        if self.path.startswith(SCHEDULES):
            return self._schedule(self.path.removeprefix(SCHEDULES))
        if self.path == "/api/feedback":
            return self._feedback(raw)
        if self.path != "/api/inbound":
            return self._answer(404, JSON, '{"error": "not_found"}')
        if not raw.strip():
            return self._answer(400, JSON, '{"error": "empty", "message": "Send a raw RFC 5322 message."}')
        return self._answer(202, JSON, json.dumps({"became": type(self).deliver(raw)}))

    def _schedule(self, name: str) -> None:
        try:
            said = type(self).schedule(name)
        except KeyError:
            return self._answer(404, JSON, '{"error": "not_found"}')
        return self._answer(200, JSON, json.dumps(said))

    def _feedback(self, raw: bytes) -> None:
        """Tells the business what became of a mail, as the mail service would."""
        try:
            said = json.loads(raw)
            letter, kind = self.letters.one(said["id"]), said["kind"]
        except (ValueError, KeyError, TypeError):
            letter, kind = None, None
        if letter is None or kind not in KINDS:
            told = f'Send {{"id": "<id of a message>", "kind": "<one of {", ".join(KINDS)}>"}}.'
            return self._answer(400, JSON, json.dumps({"error": "invalid_feedback", "message": told}))
        return self._answer(202, JSON, json.dumps({"became": type(self).feed(letter, kind)}))

    def _asked_for(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        seconds = min(float(asked["wait"]), LONGEST_WAIT) if asked.get("wait", "").replace(".", "", 1).isdigit() else 0
        return self.letters.awaited(seconds, asked.get("to"), asked.get("about", ""), asked.get("holds", ""))

    def _page(self, to: str | None, read: str | None) -> None:
        letters = self.letters.all(to)
        letter = next((one for one in letters if one["id"] == read), letters[0] if letters else None)
        html = _template().render(letters=letters, letter=letter, to=to or "", total=len(self.letters.all()))
        self._answer(200, HTML, html, {"Content-Security-Policy": PAGE_POLICY})

    def _file(self, place: str, asked: dict[str, str]) -> None:
        """A package by its signed link, while that lives; the signature itself is S3's to check."""
        bucket, _, key = place.partition("/")
        if _expired(asked):
            return self._answer(403, JSON, '{"error": "expired", "message": "This link has expired."}')
        try:
            found = boto3.client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError:
            return self._answer(404, JSON, '{"error": "not_found"}')
        shown_as = re.sub(r"[\r\n]", "", asked.get("response-content-disposition", "attachment"))
        return self._answer(200, found["ContentType"], found["Body"].read(), {"Content-Disposition": shown_as})

    def _answer(self, status: int, kind: str, body: bytes | str, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in {
            **GUARDS,
            **(headers or {}),
            "Content-Type": kind,
            "Content-Length": str(len(data)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


SCHEDULES = "/api/schedules/"
GUARDS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'"
)
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox"


@cache
def _template() -> Any:
    return PAGES.get_template("mailbox.html")


def _expired(asked: dict[str, str]) -> bool:
    """Whether a signed link's time has passed, or it is none."""
    try:
        signed = datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return datetime.now(UTC) >= signed + timedelta(seconds=int(asked["X-Amz-Expires"]))
    except (KeyError, ValueError):
        return True


class _Server(Quiet, ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = PENDING


def _none(name: str) -> Any:
    raise KeyError(name)


def server(
    port: int, deliver: Deliver, places: Places, gallery: Gallery, feed: Feed = nowhere, schedule: Run = _none
) -> ThreadingHTTPServer:  # fmt: skip
    """The mail server, bound to `port`."""
    given: dict[str, Any] = {
        "letters": Letters(), "deliver": staticmethod(deliver), "places": staticmethod(places), "gallery": gallery,
        "feed": staticmethod(feed), "schedule": staticmethod(schedule),
    }  # fmt: skip
    handler = type("Handler", (_Handler,), given)
    return _Server((HOST, port), handler)
