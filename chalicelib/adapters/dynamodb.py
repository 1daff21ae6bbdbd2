"""The request store on one DynamoDB table.

Rule 2: a change of status is one transaction, conditional on the version before; rule 17: what is counted is counted
by one conditional write. No scans; reads are consistent but for the queue's index, which cannot be: whoever acts on
what it shows commits on a version, and finds out. Leaves to others: the shape of items (items), how
the table is spoken to (table).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters import duties, items, ledger, turns
from chalicelib.adapters.items import Item
from chalicelib.adapters.table import Table
from chalicelib.domain.announcement import Announcement
from chalicelib.domain.audit import Event
from chalicelib.domain.duty import Duty
from chalicelib.domain.feedback import Sent
from chalicelib.domain.ledger import Entry
from chalicelib.domain.notice import Notice
from chalicelib.domain.plan import Outcome
from chalicelib.domain.request import Request
from chalicelib.domain.tally import Sums, Tally, tally_of
from chalicelib.domain.walk import Walk
from chalicelib.errors import (
    AlreadyFiled,
    LimitReached,
    LinkMissing,
    MailUncertain,
    RequestChanged,
    RequestNotFound,
)
from chalicelib.links import Link
from chalicelib.ports import Clock, Hold, KeptMail, Suppression, Wait

NEW = "attribute_not_exists(pk)"
STOP = {"S": "STOP#"}


class DynamoStore:
    """See ports.RequestStore. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        self.table, self.clock = Table(client, table, clock), clock

    # A request and its events

    def create(self, request: Request, event: Event, *, links: Sequence[Link] = (), once: str | None = None) -> None:
        steps = [
            self.table.put_step(items.request_item(request), NEW),
            self.table.put_step(items.event_item(event), NEW),
        ]
        steps += [self.table.put_step(items.link_item(link)) for link in links]
        steps += [self.table.put_step(items.subject_item(hashed, request)) for hashed in request.indexed]
        steps += self._tallied(request)
        if once:
            now = self.clock.now()
            mark = items.once_item(once, request.reference, now)
            free = f"{NEW} OR expires <= :now"
            steps.append(self.table.put_step(mark, free, {":now": items.epoch(now)}, old=True))
        refused = self.table.transact(steps)
        first = refused.get(len(steps) - 1) if once else None
        if first:
            raise AlreadyFiled(first["reference"]["S"])
        if refused:
            raise RequestChanged(request.reference)

    def commit(
        self, request: Request, event: Event, *, links: Sequence[Link] = (), spend: Link | None = None,
        notice: Notice | None = None,
    ) -> None:  # fmt: skip
        before = {":before": {"N": str(request.version - 1)}}
        steps = [
            self.table.put_step(items.request_item(request), "version = :before", before),
            self.table.put_step(items.event_item(event), NEW),
        ]
        steps += [self.table.put_step(items.link_item(link)) for link in links]
        if request.status.is_final or request.road > 1:  # a road is left in both directions only so
            steps += self._tallied(request)
        if spend:
            steps.append(self.table.spend_step(spend, event.at))
        if notice:
            steps.append(self.table.put_step(items.notice_item(notice), *_one_on(notice)))
        if self.table.transact(steps):
            raise RequestChanged(request.reference)

    def _tallied(self, request: Request) -> list[dict[str, Any]]:
        tally = tally_of(request)
        return [self.table.put_step(items.tally_item(tally))] if tally else []

    def tallies(self, year: int) -> Iterator[Tally]:
        found = self.table.pages(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": f"METRICS#{year}"}}
        )  # fmt: skip
        return (items.tally_from(item) for item in found)

    def put_sums(self, sums: Sums) -> None:
        self.table.write("put_item", Item=items.sums_item(sums))

    def sums(self, year: int) -> Sums | None:
        item = self.table.get(items.sums_key(year))
        return items.sums_from(item) if item else None

    def get(self, reference: str) -> Request:
        item = self.table.get(items.of_request(reference, "REQUEST"))
        if item is None:
            raise RequestNotFound(reference)
        return items.request_from(item)

    def events(self, reference: str) -> list[Event]:
        return [items.event_from(item) for item in self.table.family(f"REQ#{reference}", "EVENT#")]

    def queue(self, limit: int = 200) -> list[Request]:
        found = self.table.query(
            limit, IndexName="due", KeyConditionExpression="queue = :open",
            ExpressionAttributeValues={":open": {"S": items.OPEN}},
        )  # fmt: skip
        return [items.request_from(item) for item in found]

    def closed(self, due_by: datetime | None = None) -> Iterator[Request]:
        condition, values = "queue = :closed", {":closed": {"S": items.CLOSED}}
        if due_by:
            condition, values = f"{condition} AND due_at <= :by", {**values, ":by": {"S": items.instant(due_by)}}
        found = self.table.pages(
            IndexName="due", KeyConditionExpression=condition, ExpressionAttributeValues=values
        )  # fmt: skip
        return (items.request_from(item) for item in found)

    def delete(self, reference: str) -> None:
        request = self.table.get(items.of_request(reference, "REQUEST"))
        hanging = [item["sk"]["S"] for item in self.table.family(f"REQ#{reference}")]
        for subject in items.request_from(request).indexed if request else ():
            self.table.write("delete_item", Key=items.key(f"SUBJECT#{subject}", reference))
        for sk in sorted(hanging, key=lambda sk: sk == "REQUEST"):
            self.table.write("delete_item", Key=items.of_request(reference, sk))

    # What hangs on a request

    def put_outcome(self, outcome: Outcome) -> None:
        first, *more = items.outcome_items(outcome)
        if more:
            self.table.transact([self.table.put_step(item) for item in (first, *more)])
        else:
            self.table.write("put_item", Item=first)

    def outcomes(self, reference: str) -> list[Outcome]:
        return items.outcomes_from(self.table.family(f"REQ#{reference}", "OUTCOME#"))

    def outcome(self, reference: str, source: str) -> Outcome | None:
        found = items.outcomes_from(self.table.family(f"REQ#{reference}", f"OUTCOME#{source}"))
        return next((o for o in found if o.source == source), None)

    def drop_findings(self, reference: str) -> None:
        for item in self.table.family(f"REQ#{reference}", "OUTCOME#"):
            where = items.of_request(reference, item["sk"]["S"])
            if "json" not in item:
                self.table.write("delete_item", Key=where)
            elif item["sealed"]["B"]:
                self.table.write("put_item", Item={**item, "sealed": {"B": b""}, "pieces": {"N": "1"}})

    def put_notice(self, notice: Notice) -> bool:
        condition, values = _one_on(notice)
        guard = {"ConditionExpression": condition, **({"ExpressionAttributeValues": values} if values else {})}
        written = self.table.write("put_item", Item=items.notice_item(notice), **guard)
        return (
            written.done or written.item.get("json") == items.notice_item(notice)["json"]
        )  # a try of ours, answer lost

    def notice(self, reference: str, recipient: str) -> Notice | None:
        item = self.table.get(items.of_request(reference, f"NOTICE#{recipient}"))
        return items.notice_from(item) if item else None

    def notices(self, reference: str) -> list[Notice]:
        return [items.notice_from(item) for item in self.table.family(f"REQ#{reference}", "NOTICE#")]

    def notices_due(self, by: datetime) -> Iterator[Notice]:
        found = self.table.pages(
            IndexName="due", KeyConditionExpression="queue = :notices AND due_at <= :by",
            ExpressionAttributeValues={":notices": {"S": items.NOTICES}, ":by": {"S": items.instant(by)}},
        )  # fmt: skip
        return (items.notice_from(item) for item in found)

    def put_wait(self, wait: Wait) -> None:
        self.table.write("put_item", Item=items.wait_item(wait))

    def wait(self, reference: str, name: str) -> Wait | None:
        item = self.table.get(items.of_request(reference, f"WAIT#{name}"))
        return items.wait_from(item) if item else None

    def put_links(self, links: Iterable[Link]) -> None:
        for link in links:
            self.table.write("put_item", Item=items.link_item(link))

    def link(self, hash: str) -> Link:
        item = self.table.get(items.link_key(hash))
        if item is None:
            raise LinkMissing
        return items.link_from(item)

    # Mails, each sent once

    def claim_mail(self, reference: str, mail: str, at: datetime) -> bool:
        mine = secrets.token_hex(8)  # tells a try of ours whose answer was lost from somebody else's claim
        claimed = {**items.of_request(reference, f"MAIL#{mail}"), **_state("sending"), "by": {"S": mine}}
        written = self.table.write(
            "put_item", Item={**claimed, "at": {"S": items.instant(at)}},
            ConditionExpression=f"{NEW} OR #state = :released",
            ExpressionAttributeNames={"#state": "state"}, ExpressionAttributeValues={":released": {"S": "released"}},
        )  # fmt: skip
        if written.done or written.item.get("by") == {"S": mine}:
            return True
        if written.item["state"]["S"] == "sending":
            raise MailUncertain(f"{reference} {mail}")
        return False

    def mail_sent(self, reference: str, mail: str, message_id: str) -> None:
        sent = {**items.of_request(reference, f"MAIL#{mail}"), **_state("sent"), "message_id": {"S": message_id}}
        self.table.write("put_item", Item=sent)

    def note_sent(self, sent: Sent) -> None:
        self.table.write("put_item", Item=items.sent_item(sent), ConditionExpression=NEW)

    def sent(self, message_id: str) -> Sent | None:
        item = self.table.get(items.sent_key(message_id))
        return items.sent_from(item) if item else None

    def release_mail(self, reference: str, mail: str) -> None:
        self.table.write(
            "update_item", Key=items.of_request(reference, f"MAIL#{mail}"), UpdateExpression="SET #state = :released",
            ConditionExpression="#state = :sending", ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":released": {"S": "released"}, ":sending": {"S": "sending"}},
        )  # fmt: skip

    def release_uncertain(self, reference: str) -> None:
        for item in self.table.family(f"REQ#{reference}", "MAIL#"):
            if item["state"] == {"S": "sending"}:
                self.release_mail(reference, item["sk"]["S"].removeprefix("MAIL#"))

    # Counters and claims

    def count(self, name: str, key: str, *, limit: int, ends: datetime) -> int:
        if limit < 1:
            raise LimitReached(name, ends)
        gone = items.epoch(ends + timedelta(days=1))
        counted = self.table.write(
            "update_item", Key=items.counter_key(name, key, ends),
            UpdateExpression="ADD n :one SET expires = :gone",
            ConditionExpression="attribute_not_exists(n) OR n < :limit",
            ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": str(limit)}, ":gone": gone},
            ReturnValues="UPDATED_NEW",
        )  # fmt: skip
        if not counted.done:
            raise LimitReached(name, ends)
        return int(counted.item["n"]["N"])

    def uncount(self, name: str, key: str, *, ends: datetime) -> None:
        self.table.write(
            "update_item", Key=items.counter_key(name, key, ends), UpdateExpression="ADD n :less",
            ConditionExpression="n > :none",
            ExpressionAttributeValues={":less": {"N": "-1"}, ":none": {"N": "0"}},
        )  # fmt: skip

    def claim(self, name: str, key: str, holder: str) -> str:
        claimed = self.table.write(
            "put_item", Item={**items.key(f"CLAIM#{name}#{key}", "CLAIM"), "holder": {"S": holder}},
            ConditionExpression=f"{NEW} OR holder = :me", ExpressionAttributeValues={":me": {"S": holder}},
        )  # fmt: skip
        return holder if claimed.done else str(claimed.item["holder"]["S"])

    def release(self, name: str, key: str, holder: str) -> None:
        self.table.write(
            "delete_item", Key=items.key(f"CLAIM#{name}#{key}", "CLAIM"),
            ConditionExpression="holder = :me", ExpressionAttributeValues={":me": {"S": holder}},
        )  # fmt: skip

    def take_turn(self, name: str, key: str, holder: str, at: datetime) -> list[datetime]:
        return turns.take(self.table, name, key, holder, at)

    def give_back_turn(self, name: str, key: str, holder: str) -> None:
        turns.give_back(self.table, name, key, holder)

    # Who asked to be left alone, and whose requests there are

    def suppress(self, entries: Iterable[Suppression]) -> None:
        for entry in entries:
            self.table.write("put_item", Item=items.suppression_item(entry), ConditionExpression=NEW)

    def suppressions(self, hash: str) -> list[Suppression]:
        return [items.suppression_from(item) for item in self.table.family(f"STOP#{hash}")]

    def all_suppressions(self) -> Iterator[Suppression]:
        found = self.table.scan(FilterExpression="begins_with(pk, :stop)", ExpressionAttributeValues={":stop": STOP})
        return (items.suppression_from(item) for item in found)

    def lift_suppression(self, hash: str, scope: str, at: datetime | None = None) -> None:
        where = items.key(f"STOP#{hash}", scope)
        if at and (stands := self.table.get(where)):
            self.table.write("put_item", Item=items.lifted_item(items.suppression_from(stands), at))
        self.table.write("delete_item", Key=where)

    def lifted(self, hash: str) -> list[tuple[str, datetime, datetime]]:
        return [items.lifted_from(item) for item in self.table.family(f"LIFTED#{hash}")]

    def hold(self, hold: Hold) -> Hold:
        written = self.table.write("put_item", Item=items.hold_item(hold), ConditionExpression=NEW)
        return hold if written.done else items.hold_from(written.item)

    def hold_of(self, subject: str) -> Hold | None:
        item = self.table.get(items.hold_key(subject))
        return items.hold_from(item) if item else None

    def release_hold(self, subject: str) -> None:
        self.table.write("delete_item", Key=items.hold_key(subject))

    # Mail that staff must read

    def keep_mail(self, kept: KeptMail) -> bool:
        return self.table.write("put_item", Item=items.kept_item(kept), ConditionExpression=NEW).done

    def kept_mail(self, id: str) -> KeptMail | None:
        item = self.table.get(items.kept_key(id))
        return items.kept_from(item) if item else None

    def kept_mails(self, limit: int = 200) -> list[KeptMail]:
        found = self.table.query(
            limit, ConsistentRead=True, ScanIndexForward=False, KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "INBOX"}},
        )  # fmt: skip
        return [items.kept_from(item) for item in found if not items.expired(item, self.clock.now())]

    def note_opened(self, id: str, by: str, at: datetime) -> KeptMail | None:
        seen = self.table.write(
            "update_item", Key=items.kept_key(id),
            UpdateExpression="SET opened = list_append(if_not_exists(opened, :none), :one)",
            ConditionExpression="attribute_exists(pk)", ReturnValues="ALL_NEW",
            ExpressionAttributeValues={":none": {"L": []}, ":one": {"L": [{"S": f"{by} {at.isoformat()}"}]}},
        )  # fmt: skip
        return items.kept_from(seen.item) if seen.done else None

    def drop_kept(self, id: str) -> None:
        self.table.write("delete_item", Key=items.kept_key(id))

    def put_walk(self, walk: Walk) -> None:
        self.table.write("put_item", Item={**items.WALK, "json": {"S": walk.model_dump_json()}})

    def walk(self) -> Walk | None:
        item = self.table.get(items.WALK)
        return Walk.model_validate_json(item["json"]["S"]) if item else None

    def take_walk(self, form: str) -> bool:
        taken = self.table.write(
            "put_item", Item={**items.TAKEN, "form": {"S": form}},
            ConditionExpression=f"{NEW} OR form <> :form", ExpressionAttributeValues={":form": {"S": form}},
        )  # fmt: skip
        return taken.done

    def cut_off(self, member: str) -> None:
        self._staff("ADD", member)

    def let_in(self, member: str) -> None:
        self._staff("DELETE", member)

    def _staff(self, verb: str, member: str) -> None:
        self.table.write(
            "update_item", Key=items.CUT_OFF, UpdateExpression=f"{verb} ids :one",
            ExpressionAttributeValues={":one": {"SS": [member]}},
        )  # fmt: skip

    def those_cut_off(self) -> frozenset[str]:
        return frozenset((self.table.get(items.CUT_OFF) or {}).get("ids", {}).get("SS", ()))

    def of_subject(self, hash: str) -> list[str]:
        found = self.table.family(f"SUBJECT#{hash}")
        newest_first = sorted(found, key=lambda item: datetime.fromisoformat(item["at"]["S"]), reverse=True)
        return [item["sk"]["S"] for item in newest_first]

    # The ledger of deletions

    def put_entry(self, entry: Entry) -> bool:
        return ledger.put(self.table, entry)

    def entries(self, reference: str) -> list[Entry]:
        return ledger.of_request(self.table, reference)

    def entries_due(self, by: datetime | None = None) -> Iterator[Entry]:
        return ledger.due(self.table, by)

    # Announcements, and what staff were reminded of

    def put_announcement(self, one: Announcement) -> bool:
        return duties.put_announcement(self.table, one)

    def announcement(self, version: str) -> Announcement | None:
        return duties.announcement(self.table, version)

    def put_duty(self, duty: Duty) -> bool:
        return duties.put_duty(self.table, duty)

    def duties(self, occasion: str) -> list[Duty]:
        return duties.duties(self.table, occasion)


def _one_on(notice: Notice) -> tuple[str, Item]:
    """The condition under which it is the next version of what stands there."""
    return (NEW, {}) if notice.version == 1 else ("version = :before", {":before": {"N": str(notice.version - 1)}})


def _state(name: str) -> Item:
    return {"state": {"S": name}}
