"""Walking the road from outside: a customer and staff who only have HTTP and their mailboxes.

The demo, the benchmarks and the promise tests all walk with this; it knows contract.md and nothing of our code.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

FINAL = {"fulfilled", "partly_fulfilled", "refused", "lapsed", "withdrawn"}
PATIENCE = 20.0
FORM = "application/x-www-form-urlencoded"


class Lost(AssertionError):
    """The road did not go where it should; says what was seen."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Walker:
    """One visitor of a running system. `run` is what `.local/run.json` says."""

    run: dict[str, Any]
    patience: float = PATIENCE
    _done: set[str] = field(default_factory=set)
    """Task links that were answered."""
    _open: dict[str, http.client.HTTPConnection] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path = Path(".local/run.json")) -> Walker:
        return cls(json.loads(path.read_text()))

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    def call(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; no redirect is followed."""
        where = urlsplit(url if "://" in url else self.run["base_url"] + url)
        path = where.path + (f"?{where.query}" if where.query else "")
        for attempt in (1, 2):
            connection = self._open.setdefault(where.netloc, http.client.HTTPConnection(where.netloc, timeout=60))
            try:
                connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
                answer = connection.getresponse()
                return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
            except (ConnectionError, http.client.HTTPException):
                self._open.pop(where.netloc).close()
                if attempt == 2:
                    raise
        raise Lost("unreachable")

    def get(self, url: str, **headers: str) -> Answer:
        return self.call("GET", url, **headers)

    def post(self, url: str, fields: list[tuple[str, str]] | dict[str, str], **headers: str) -> Answer:
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        return self.call("POST", url, urlencode(pairs).encode(), **{"Content_Type": FORM, **headers})

    # -- mail ---------------------------------------------------------------------------------------------------------

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Mails to this address, newest first."""
        found: list[dict[str, Any]] = self.get(f"{self.run['mail_url']}/api/messages?{urlencode({'to': to})}").json()
        return found

    def link(self, to: str, purpose: str, reference: str = "", *, not_in: frozenset[str] = frozenset()) -> str:
        """Wait for a mail to `to` about `reference` with a link for `purpose`; the newest such link."""
        deadline = time.monotonic() + self.patience
        pattern = re.compile(rf"{re.escape(self.run['base_url'])}/{purpose}/[\w\-=]+")
        while time.monotonic() < deadline:
            for mail in self.mails(to):
                found = pattern.search(mail["text"])
                if found and reference in mail["subject"] + mail["text"] and found[0] not in not_in:
                    return found[0]
            time.sleep(0.01)
        subjects = [m["subject"] for m in self.mails(to)][:5]
        raise Lost(f"no {purpose} link for {reference} came to {to}; the last mails there: {subjects}")

    def sign_in(self, staff: str) -> str:
        """Sign in as one of the staff by a fresh mailed link; the session's cookie."""
        before = " ".join(m["text"] for m in self.mails(staff))
        old = frozenset(re.findall(rf"{re.escape(self.run['base_url'])}/staff/sign-in/[\w\-=]+", before))
        self.post("/staff/sign-in", {"email": staff})
        signed_in = self.post(self.link(staff, "staff/sign-in", not_in=old), {})
        if "set-cookie" not in signed_in.headers:
            raise Lost(f"signing in gave {signed_in.status} and no session")
        return signed_in.headers["set-cookie"].partition(";")[0]

    # -- the road -----------------------------------------------------------------------------------------------------

    def file(self, right: str, email: str, **fields: Any) -> str:
        """File a request by the API; its reference."""
        body = json.dumps({"right": right, "email": email, **fields}).encode()
        answer = self.call("POST", "/api/requests", body, Content_Type="application/json")
        if answer.status != 202:
            raise Lost(f"filing {right} gave {answer.status}: {answer.text[:300]}")
        return str(answer.json()["reference"])

    def file_by_form(self, right: str, email: str, fields: list[tuple[str, str]] | None = None) -> str:
        """File a request by the web form, as a browser would; its reference, from the mail that follows."""
        before = {m["id"] for m in self.mails(email)}
        answer = self.post("/requests", [("right", right), ("email", email), *(fields or [])])
        if answer.status != 303:
            raise Lost(f"the form for {right} gave {answer.status}: {answer.text[:300]}")
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            for mail in self.mails(email):
                found = re.search(r"R-[0-9A-Z]{4}-[0-9A-Z]{4}", mail["subject"])
                if mail["id"] not in before and found:
                    return found[0]
            time.sleep(0.01)
        raise Lost(f"no mail followed the form for {right} to {email}")

    def prove(self, email: str, reference: str, answers: dict[str, str] | None = None, **more: str) -> str:
        """Open the mailed link and answer the questions; the link."""
        link = self.link(email, "verify", reference)
        page = self.get(link)
        if page.status != 200:
            raise Lost(f"the proof page gave {page.status}")
        asked = set(re.findall(r'name="answer\.([\w-]+)"', page.text))
        fields = {"confirm": "yes", **{f"answer.{k}": v for k, v in (answers or {}).items() if k in asked}, **more}
        if 'name="declare"' in page.text:
            fields = {"declare": "yes", "signature": "Signed by the customer", **fields}
        answer = self.post(link, fields)
        if answer.status not in (200, 303):
            raise Lost(f"proving gave {answer.status}: {answer.text[:300]}")
        return link

    def reviewer(self, reference: str) -> str:
        """Wait for the review mail; the address of one of the staff who got it."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            self.do_tasks(reference)
            for member in self.run["staff"]:
                if any(reference in m["subject"] and "/review/" in m["text"] for m in self.mails(member["email"])):
                    return str(member["email"])
            time.sleep(0.01)
        raise Lost(f"no staff were asked about {reference}")

    def decide(
        self, staff: str, reference: str, decision: str, *, not_in: frozenset[str] = frozenset(), **more: str
    ) -> str:
        """Open the mailed review link, look, decide; the link."""
        link = self.link(staff, "review", reference, not_in=not_in)
        page = self.get(link)
        if page.status != 200:
            raise Lost(f"the review page gave {page.status}")
        plan = re.search(r'name="plan"[^>]*value="([0-9a-f]+)"', page.text)
        answer = self.post(link, {"decision": decision, "plan": plan[1] if plan else "", **more})
        if answer.status not in (200, 303):
            raise Lost(f"deciding gave {answer.status}: {re.sub('<[^>]+>', ' ', answer.text)[:600]}")
        return link

    def do_tasks(self, reference: str) -> None:
        """Whoever looks by hand answers what they were mailed about this request: there is nothing."""
        for keeper in self.run.get("keepers", ()):
            for mail in self.mails(keeper):
                link = re.search(r"https?://\S+/task/\S+", mail["text"])
                if reference in mail["subject"] and link and link[0] not in self._done:
                    self._done.add(link[0])
                    self.answer_task(link[0], "none")

    def task(self, reference: str) -> str:
        """Wait for a mail that asks somebody to look by hand; its link."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            for keeper in self.run["keepers"]:
                for mail in self.mails(keeper):
                    link = re.search(r"https?://\S+/task/\S+", mail["text"])
                    if reference in mail["subject"] and link and link[0] not in self._done:
                        self._done.add(link[0])
                        return link[0]
            time.sleep(0.01)
        raise Lost(f"nobody was asked to look by hand for {reference}")

    def answer_task(
        self, link: str, outcome: str, *, files: dict[str, bytes] | None = None, **fields: str
    ) -> Answer:  # fmt: skip
        """Say what came of a task, as a browser sends a form with files."""
        between = "between-the-parts"
        parts = [(f'name="{n}"', v.encode()) for n, v in {"outcome": outcome, **fields}.items()]
        parts += [(f'name="files"; filename="{name}"', data) for name, data in (files or {}).items()]
        body = b"".join(
            f"--{between}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
            for head, data in parts
        )
        answer = self.call(
            "POST", link, body + f"--{between}--\r\n".encode(),
            Content_Type=f"multipart/form-data; boundary={between}",
        )  # fmt: skip
        if answer.status not in (200, 303):
            raise Lost(f"answering the task gave {answer.status}: {re.sub('<[^>]+>', ' ', answer.text)[:600]}")
        return answer

    def status(self, track: str) -> dict[str, Any]:
        answer = self.get(track, Accept="application/json")
        if answer.status != 200:
            raise Lost(f"the tracker gave {answer.status}")
        return dict(answer.json())

    def until(self, track: str, *wanted: str) -> dict[str, Any]:
        """Follow the tracker until the request has one of these statuses (any final one, if none is named)."""
        deadline, seen = time.monotonic() + self.patience, {}
        while time.monotonic() < deadline:
            seen = self.status(track)
            if seen["status"] in (wanted or FINAL):
                return seen
            self.do_tasks(seen["reference"])
            time.sleep(0.02)
        raise Lost(f"{seen.get('reference')} is {seen.get('status')} ({seen.get('reason')}), not {' or '.join(wanted)}")

    def answer_mail(self, email: str, reference: str, *words: str) -> dict[str, Any]:
        """Wait for a mail about `reference` whose text has all of `words`."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            for mail in self.mails(email):
                if reference in mail["subject"] and all(w.lower() in mail["text"].lower() for w in words):
                    return mail
            time.sleep(0.02)
        raise Lost(f"no mail about {reference} with {words}; got {[m['subject'] for m in self.mails(email)][:6]}")

    def package(self, email: str, reference: str) -> zipfile.ZipFile:
        """Fetch the access package through the mailed results link."""
        link = self.link(email, "results", reference)
        answer = self.post(link, {})
        if answer.status == 303:
            answer = self.get(answer.headers["location"])
        if answer.status != 200:
            raise Lost(f"the package gave {answer.status}")
        return zipfile.ZipFile(io.BytesIO(answer.body))
