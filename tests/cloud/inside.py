"""Run as a process: a stage on the resources that the template makes, walked so that every function does all it can.

Nothing is remembered from call to call, as between one Lambda function and the next: each asks KMS and the secrets
itself. What a walk from outside cannot bring about (a signal that got lost, a mail that could not leave, two years) is
brought about here, and the function called as AWS would. Prints one JSON object: what each function asked of AWS, and
the settings that the stack gave.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import psycopg

from chalicelib.businesses.loader import load
from chalicelib.errors import RightsdeskError, ServiceUnavailable
from local import allowed, demo, resources
from local.run import Wanted, running
from local.serving import free_port
from local.walk import Walker
from tests.cloud import stack

SCHEDULED = {
    "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "123456789012",
    "time": "2026-11-20T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {},
}  # fmt: skip
GONE = "token-of-a-wait-that-is-over"


@dataclass
class Later:
    """A clock that stands so much ahead."""

    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@contextmanager
def later(**by: int) -> Iterator[None]:
    from chalicelib import bootstrap

    with bootstrap.override(replace(bootstrap.services(), clock=Later(timedelta(**by)))):
        yield


@contextmanager
def forgetful() -> Iterator[None]:
    """Every process of Lambda's starts without keys."""
    from chalicelib.adapters.kms import _Keys
    from chalicelib.adapters.secrets import ManagerSecrets

    with (
        patch.object(_Keys, "get", lambda keys, reference: None),
        patch.object(ManagerSecrets, "_known", ManagerSecrets._read),
    ):
        yield


def mail_down() -> Any:
    """SES cannot be reached for a moment."""
    from chalicelib.adapters.ses import SesMailer

    return patch.object(SesMailer, "send", side_effect=ServiceUnavailable("ses"))


@contextmanager
def stumbling() -> Iterator[None]:
    """The first mail of every function does not leave: the machine tries again."""
    from chalicelib.adapters.ses import SesMailer

    send, stumbled = SesMailer.send, set[str | None]()

    def once(mailer: SesMailer, **mail: Any) -> str:
        function = allowed.at_work()
        if function and function not in stumbled:
            stumbled.add(function)
            raise ServiceUnavailable("ses")
        return send(mailer, **mail)

    with patch.object(SesMailer, "send", once):
        yield


def lost_on_the_way(signal: str) -> Any:
    """What is said to the machine never arrives."""
    from chalicelib.adapters.stepfunctions import StepFunctionsWorkflow

    return patch.object(StepFunctionsWorkflow, signal, return_value=True)


class Stage:
    """The walker, and the functions as AWS calls them."""

    def __init__(self, run: dict[str, Any], handlers: dict[str, Callable[..., Any]]) -> None:
        self.walk, self.who, self.functions = Walker(run), run["customers"], allowed.each(handlers)

    def call(self, function: str, reference: str = "", **facts: Any) -> None:
        """Once with mail that does not leave, once as usual, once as if the request had ended only in that instant.

        A refusal of ours is an outcome; one of AWS's is a fault.
        """
        from chalicelib.usecases import road

        event = {"request_id": reference, **facts} if reference else SCHEDULED
        just_now = patch.object(road, "live", lambda svc, reference: svc.store.get(reference))
        for moment in (mail_down(), nullcontext(), just_now):
            with moment, suppress(RightsdeskError):
                self.functions[function](event, None)

    def tracker(self, email: str, reference: str) -> str:
        return self.walk.link(email, "track", reference)

    def act(self, who: dict[str, Any], reference: str, action: str) -> None:
        """The customer, on their tracker."""
        done = self.walk.post(f"{self.tracker(who['email'], reference)}/{action}", {})
        assert done.status in (200, 303), done.text

    def in_review(self, right: str, who: dict[str, Any], **fields: Any) -> tuple[str, str, str]:
        """Its reference, who of the staff is asked, their link."""
        reference = self.walk.file(right, who["email"], residence="US-CA", **fields)
        self.walk.prove(who["email"], reference, who["answers"])
        staff = self.walk.reviewer(reference)
        return reference, staff, self.walk.link(staff, "review", reference)

    def filed(self, right: str, who: dict[str, Any], **fields: Any) -> str:
        reference = self.walk.file(right, who["email"], **fields)
        self.walk.link(who["email"], "verify", reference)
        return reference


def waits(stage: Stage) -> None:
    """Waits that find everything decided already, reminders, replies that do not come."""
    from chalicelib.usecases import reminding

    walk, who = stage.walk, stage.who[0]
    reference = stage.filed("access", who)
    stage.call("ask_for_proof", reference, task_token=GONE, reminder=True)
    stage.act(who, reference, "not-me")
    stage.call("ask_for_proof", reference, task_token=GONE, reminder=False)
    stage.call("ask_staff", reference, task_token=GONE, reminder=1)
    silent = stage.filed("access", stage.who[1], residence="US-CA")
    stage.call("lapse", silent)
    reference, staff, _ = stage.in_review("access", who)
    stage.call("ask_for_proof", reference, task_token=GONE, reminder=False)
    stage.call("ask_staff", reference, task_token=GONE, reminder=1)
    other, _, _ = stage.in_review("access", who)
    with patch.object(reminding, "ask", lambda *request, again: stage.act(who, other, "withdraw")):
        stage.functions["ask_staff"]({"request_id": other, "task_token": GONE, "reminder": 1}, None)
    walk.decide(staff, reference, "ask", explanation="Which order do you mean?")
    track = stage.tracker(who["email"], reference)
    walk.until(track, "asked")
    stage.call("ask_customer", reference, task_token=GONE)
    stage.call("ask_staff", reference, task_token=GONE, reminder=1)
    stage.call("lapse_reply", reference)
    stage.call("ask_customer", reference, task_token=GONE)
    stage.act(who, reference, "withdraw")
    for function in ("ask_customer", "ask_staff", "need_attention"):
        stage.call(function, reference, task_token=GONE, reminder=0, error="ValueError")


def faults(stage: Stage) -> None:
    """Sources that fail, steps that need a person, and trying again."""
    from chalicelib.bootstrap import services
    from chalicelib.usecases import correspondence

    reference, _, _ = stage.in_review("access", stage.who[0])
    source = next(iter(services().sources))
    stage.call("note_failed_source", reference, source=source, error="SourceUnavailable")
    stage.call("note_unfulfilled_source", reference, source=source, error="SourceUnavailable")
    stage.call("need_attention", reference, task_token=GONE, error="ValueError")
    for step in ("gather", "fulfil"):
        stage.call("await_source", reference, source=source, step=step, task_token=GONE, reminder=1)
    stage.call("take_up_the_lost")
    stage.walk.post(stage.walk.link(stage.walk.reviewer(reference), "review", reference), {"again": "yes"})
    stage.call("need_attention", reference, task_token=GONE, error="ValueError")
    again = stage.walk.link(stage.walk.reviewer(reference), "review", reference)
    for meanwhile in (
        lambda *mail, **about: stage.walk.post(again, {"again": "yes"}),
        lambda *mail, **about: stage.act(stage.who[0], reference, "withdraw"),
    ):
        with patch.object(correspondence, "to_staff", meanwhile):
            stage.functions["need_attention"](
                {"request_id": reference, "task_token": GONE, "error": "ValueError"}, None
            )


def windows(stage: Stage) -> None:
    """Deletions taken back and undone."""
    walk, who = stage.walk, stage.who[1]
    reference, staff, _ = stage.in_review("deletion", who)
    with lost_on_the_way("complete"):
        walk.decide(staff, reference, "approve")
    stage.call("offer_undo", reference)
    stage.call("begin_fulfilment", reference)
    stage.call("take_up_the_lost")
    walk.until(stage.tracker(who["email"], reference))


def held(stage: Stage) -> None:
    """A legal hold, set and released; an appeal."""
    walk, who = stage.walk, stage.who[2]
    reference, staff, link = stage.in_review("deletion", who)
    for hold in ("hold", "release"):
        link = walk.link(staff, "review", reference)
        done = walk.post(link, {hold: "yes", "explanation": "A claim in court."})
        assert done.status == 303, done.text
        walk.until(stage.tracker(who["email"], reference), "in_review")
    walk.decide(staff, reference, "refuse", ground="claim_not_covered", explanation="Not covered.")
    track = stage.tracker(who["email"], reference)
    walk.until(track, "refused")
    assert walk.post(f"{track}/appeal", {"text": "It is."}).status == 303


def lost(stage: Stage) -> None:
    """A road that was never started, a signal that never came, a clock that runs on."""
    who = stage.who[2]
    with lost_on_the_way("start"):
        stage.walk.call(
            "POST", "/api/requests", json.dumps({"right": "access", "email": who["email"]}).encode(),
            Content_Type="application/json",
        )  # fmt: skip
    stage.call("take_up_the_lost")
    frozen = stage.filed("concern", who, details="Why?")
    with lost_on_the_way("fail"):
        stage.act(who, frozen, "not-me")
    stage.call("take_up_the_lost")
    reference, staff, _ = stage.in_review("concern", who, details="Why?")
    with lost_on_the_way("complete"):
        stage.walk.decide(staff, reference, "refuse", ground="other", explanation="Not about data.")
    stage.call("take_up_the_lost")
    stage.in_review("concern", who, details="Why?")
    with later(days=40):
        stage.call("take_up_the_lost")


def signed_in(stage: Stage) -> str:
    """The first of the staff, as their browser's cookie."""
    return stage.walk.sign_in(stage.walk.run["staff"][0]["email"])


def staff_room(stage: Stage) -> None:
    """The queue, a caller without email, a letter to print."""
    walk, who = stage.walk, stage.who[0]
    cookie = signed_in(stage)
    walk.get("/staff", Cookie=cookie)
    walk.get("/staff/metrics", Cookie=cookie)
    walk.post("/links", {"email": who["email"]})
    known = {
        "right": "access", "channel": "phone", "received_on": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}",
        "name": who["name"], "residence": "US-CA", "identifier": _number(stage, who["email"]),
        "identifier_kind": "customer_number", "postal_address": "1 Elm Street", "noted": "called_back",
    }  # fmt: skip
    filed = walk.post("/staff/requests/new", known, Cookie=cookie)
    reference = filed.headers["location"].rpartition("reference=")[2]
    walk.reviewer(reference)
    link = walk.decide(str(walk.run["staff"][0]["email"]), reference, "approve")  # a lead, who sees all that is printed
    ends = time.monotonic() + 20
    while (printed := walk.post(link, {"print": "package"})).status != 200 and time.monotonic() < ends:
        time.sleep(0.05)
    walk.post(link, {"print": "yes"})
    walk.post(link, {"posted": "yes"})
    assert printed.status == 200, printed.text[:500]


def _number(stage: Stage, email: str) -> str:
    with psycopg.connect(stage.walk.run["database_url"]) as connection:
        found = connection.execute("SELECT customer_number FROM shop.accounts WHERE email = %s", [email]).fetchone()
    return str(found[0]) if found else ""


def strangers(stage: Stage) -> None:
    """Somebody of whom nothing is held hears so, and nobody need look."""
    email = "nobody@example.com"
    for right in ("access", "deletion", "correction"):
        more = {"field": "shop.accounts.city", "value": "Newtown"} if right == "correction" else {}
        reference = stage.walk.file(right, email, residence="US-CA", **more)
        stage.walk.prove(email, reference)


LETTER = """From: {who}
To: {desk}
Subject: {subject}
Message-ID: <{id}@example.com>
Date: Fri, 20 Nov 2026 12:00:00 +0000

{text}
"""


def mails_in(stage: Stage) -> None:
    """Mail that opens a request, mail that stops mails, mail that a person must read; what staff do with that."""
    walk, desk = stage.walk, load("jeffers").contact.email
    open_one = stage.filed("concern", stage.who[1], details="Why?")
    for number, (subject, text) in enumerate(
        (
            ("California Privacy Rights", "Please send me a copy of everything you hold about me."),
            ("REMOVE", "Stop these mails."),
            ("Hello", "My horse likes your carrots."),
            (f"Re: {open_one}", "One more thing: the barn is red."),
            ("Delete me", "Please delete everything you hold about me."),
            ("Correct me", "Please correct my address."),
        )
    ):
        letter = LETTER.format(who=stage.who[1]["email"], desk=desk, subject=subject, text=text, id=number)
        with mail_down() if number == 1 else nullcontext():
            walk.call("POST", f"{walk.run['mail_url']}/api/inbound", letter.encode(), Content_Type="message/rfc822")
        walk.call("POST", f"{walk.run['mail_url']}/api/inbound", letter.encode(), Content_Type="message/rfc822")


def mails_that_fail(stage: Stage) -> None:
    """Mails that come back, to everybody whom we write to, and are told of twice."""
    from local import feedback

    reference = stage.filed("access", {"email": "nowhere@example.com"})
    letters = stage.walk.get(f"{stage.walk.run['mail_url']}/api/messages").json()
    for kind in feedback.KINDS:
        for letter in [one for one in letters if reference in one["text"] or "/review/" in one["text"]][:4]:
            event = feedback.event(kind, letter["id"], letter["to"])
            for moment in (mail_down(), nullcontext(), nullcontext()):
                with moment, suppress(RightsdeskError):
                    stage.functions["note_mail_feedback"](event, None)


def canary(stage: Stage) -> None:
    """A synthetic customer walks the road: what is mailed to it comes in where only its function reads."""
    import boto3

    from chalicelib.bootstrap import services
    from local.postman import ses_event

    svc, email = services(), str(load("jeffers").canary.email)  # type: ignore[union-attr]
    assert stage.functions["walk_canary"](SCHEDULED, None) == "mail"
    for purpose, became in (("verify", "proven"), ("track", "done")):
        walk = svc.store.walk()
        assert walk
        assert walk.reference
        if purpose == "track":
            stage.walk.until(stage.tracker(email, walk.reference), "fulfilled")
        link = stage.walk.link(email, purpose, walk.reference)
        raw = f"To: {email}\r\n\r\n{link}\r\n".encode()
        boto3.client("s3").put_object(Bucket=svc.settings.packages, Key=f"canary/{purpose}", Body=raw)
        event = ses_event(purpose, raw, datetime.now(UTC))
        assert stage.functions["receive_canary_mail"](event, None) == [became]


def read_mail(stage: Stage) -> None:
    """Staff open what was not clear, and are done with it."""
    cookie = signed_in(stage)
    listed = stage.walk.get("/staff/mail", Accept="application/json", Cookie=cookie).json()["mails"]
    assert listed, "no mail waits for staff"
    for each in listed:
        for field in ("show", "done"):
            stage.walk.post("/staff/mail", {field: each["id"]}, Cookie=cookie)


def every_day(stage: Stage) -> None:
    """Recipients who have not confirmed are asked again; the years are counted."""
    stage.call("count_metrics")
    for number, days in enumerate(sorted(load("jeffers").waits.recipient_days)):
        with later(days=days + 1), mail_down() if number == 1 else nullcontext():
            stage.functions["chase_recipients"](SCHEDULED, None)
    with later(days=70):
        stage.call("chase_recipients")
    for days in (35, 100, 370):
        with later(days=days):
            stage.call("keep_what_is_gone")


def ends(stage: Stage) -> None:
    """Settled after a month, purged after two years."""
    with later(days=31):
        stage.call("purge_what_is_due")
    with later(days=31 + 760):
        stage.call("purge_what_is_due")


WALKS = (waits, faults, windows, held, lost, staff_room, strangers, mails_in, read_mail, mails_that_fail, canary)


def walked(said: dict[str, str]) -> dict[str, Any]:
    with ExitStack() as inside:
        made: dict[str, str] = {}

        def create(keys: Any = None) -> dict[str, str]:
            made.update(stack.create(keys or {}))
            return {n: v for n, v in made.items() if n != "RIGHTSDESK_PUBLIC_URL"}

        inside.enter_context(patch.object(resources, "create_resources", create))
        run = inside.enter_context(running(Wanted.from_env(said)))
        inside.enter_context(forgetful())
        from app import app

        stage = Stage(run, app.handler_map)
        for walk in WALKS:
            walk(stage)
        with stumbling():
            for right in demo.RIGHTS:
                right(stage.walk, run["customers"][0], lambda text: None)
        every_day(stage)
        ends(stage)
        return {"asked": {name: sorted(needs) for name, needs in allowed.asked.items()}, "settings": made}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        os.environ["RIGHTSDESK_UNDO_SECONDS"] = "1"
        said = {"BUSINESS": "jeffers", "PORT": str(free_port()), "MAIL_PORT": str(free_port()), "RUN_DIR": folder}
        found = walked(said)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
