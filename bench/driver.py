"""The driver: customers and staff who click as fast as the system lets them. It runs in a process of its own.

It waits for mails instead of asking for them again and again, which would measure the mailbox. Leaves to others: how a
page is read and a form is sent (local/walk), what is counted (roads).
"""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlencode

import jwt

from bench.people import BUSINESS, Person
from bench.system import MEMBER_KEY
from local.walk import Lost, Walker


class Driver(Walker):
    """A walker that waits at the mailbox."""

    def link(self, to: str, purpose: str, reference: str = "", *, not_in: frozenset[str] = frozenset()) -> str:
        """The link for `purpose` from the newest mail about `reference`, as soon as it is there."""
        asked = urlencode({"to": to, "about": reference, "holds": f"/{purpose}/", "wait": self.patience})
        for mail in self.get(f"{self.run['mail_url']}/api/messages?{asked}").json():
            found = re.search(rf"{re.escape(self.run['base_url'])}/{purpose}/[\w\-=]+", mail["text"])
            if found and found[0] not in not_in:
                return found[0]
        raise Lost(f"no {purpose} link for {reference} came to {to}")

    def full_road(self, person: Person) -> str:
        """Access as most have it: filed, proven by mail and answers, approved by staff, answered; the reference."""
        reference = self.file("access", person.email, residence="US-CA")
        self.prove(person.email, reference, person.answers)
        self.decide(self.run["staff"][0]["email"], reference, "approve")
        self.answered(person, reference)
        return reference

    def short_road(self, person: Person) -> str:
        """Access of a signed-in member where nobody need look; the reference."""
        reference = self.file("access", person.email, residence="US-CA", member_token=member_token(person))
        self.answered(person, reference)
        return reference

    def deletion_begun(self, person: Person) -> str:
        """A deletion filed, proven and approved; what comes then, the undo window first, goes on without anybody."""
        reference = self.file("deletion", person.email, residence="US-CA")
        self.prove(person.email, reference, person.answers)
        self.decide(self.run["staff"][0]["email"], reference, "approve")
        return reference

    def deletion_ended(self, person: Person) -> str:
        """Until the tracker of the person's newest request says that it is done."""
        track = self.link(person.email, "track")
        self.until(track, "fulfilled")
        return track

    def answered(self, person: Person, reference: str) -> None:
        """Until the answer's mail is there and the request is closed."""
        self.link(person.email, "results", reference)
        self.until(self.link(person.email, "track", reference), "fulfilled")


def member_token(person: Person) -> str:
    """What the business's own member page would give a customer who has just signed in."""
    now = int(time.time())
    claims: dict[str, Any] = {"email": person.email, "aud": BUSINESS, "auth_time": now, "exp": now + 600}
    return jwt.encode(claims, MEMBER_KEY, "HS256")
