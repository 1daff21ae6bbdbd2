"""How each thing looks as a DynamoDB item: keys, the few attributes that conditions and the index need, one JSON.

One table, families by key (pk / sk):
    REQ#<reference>     REQUEST | EVENT#<number> | OUTCOME#<source>[#<piece>] | WAIT#<name> | MAIL#<name> |
                        NOTICE#<recipient>
    LINK#<hash>         LINK            COUNT#<name>#<key>#<ends>   COUNT
    ONCE#<form>         ONCE            CLAIM#<name>#<key>          CLAIM
    STOP#<hash>         <scope>         SUBJECT#<hash>              <reference>
    METRICS#<year>      <tally id>      TURNS#<name>#<key>          TURNS
    LIFTED#<hash>       <at>#<scope>    SUMS#<year>                 SUMS
    HOLD#<hash>         HOLD            LEDGER#<reference>          <source>#<plan>#<kind>#<part>
    INBOX               <day>-<mail>    SENT#<message id>           SENT
    POLICY#<version>    ANNOUNCEMENT    DUTY#<occasion>             <member>
    STAFF               CUT_OFF         CANARY                      WALK | TAKEN
`expires` (epoch seconds) is the table's time to live: late on AWS, never in moto, so every read filters on it too.
Leaves to others: when they are written together (dynamodb).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.audit import Event
from chalicelib.domain.feedback import Sent
from chalicelib.domain.notice import Notice
from chalicelib.domain.plan import Outcome
from chalicelib.domain.request import Request
from chalicelib.domain.tally import Sums, Tally
from chalicelib.links import Link
from chalicelib.ports import Hold, KeptMail, Suppression, Wait

Item = dict[str, dict[str, Any]]

OPEN, CLOSED, NOTICES = "open", "closed", "notices"
DEAD_LINK_KEPT = timedelta(days=30)
"""A link past its time is kept so long, so that opening it says so and offers a new one; then nobody knows it."""
FORM_REMEMBERED = timedelta(days=30)
SENT_REMEMBERED = timedelta(days=60)
"""A bounce is told within hours, a complaint within weeks."""
PIECE = 250_000
"""Bytes of a finding per item: DynamoDB takes 400 KB an item and 4 MB a transaction."""


def key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def of_request(reference: str, sk: str) -> Item:
    return key(f"REQ#{reference}", sk)


def request_item(request: Request) -> Item:
    """`queue` and `due_at` put it in the index `due`: by its due date while open, by its upkeep once it ended."""
    item: Item = {
        **of_request(request.reference, "REQUEST"),
        "json": {"S": request.model_dump_json(exclude={"sealed"})},
        "sealed": {"B": request.sealed},
        "version": {"N": str(request.version)},
        "status": {"S": request.status.value},
        "due_at": {"S": instant(request.upkeep_at or request.due_at)},
    }
    if not request.status.is_final or request.to_post:
        item["queue"] = {"S": OPEN}
    elif request.upkeep_at:
        item["queue"] = {"S": CLOSED}
    return item


def request_from(item: Item) -> Request:
    return Request.model_validate_json(item["json"]["S"]).model_copy(update={"sealed": bytes(item["sealed"]["B"])})


def event_item(event: Event) -> Item:
    return {
        **of_request(event.reference, f"EVENT#{event.number:06d}"),
        "json": {"S": event.model_dump_json()},
    }


def event_from(item: Item) -> Event:
    return Event.model_validate_json(item["json"]["S"])


def outcome_items(outcome: Outcome) -> list[Item]:
    """One item, and further ones for what does not fit in it. An earlier, longer outcome may leave pieces: unread."""
    pieces = [outcome.sealed[at : at + PIECE] for at in range(0, len(outcome.sealed), PIECE)] or [b""]
    names = [f"OUTCOME#{outcome.source}", *(f"OUTCOME#{outcome.source}#{n:03d}" for n in range(1, len(pieces)))]
    made = [
        {**of_request(outcome.reference, sk), "sealed": {"B": piece}} for sk, piece in zip(names, pieces, strict=True)
    ]
    made[0]["json"] = {"S": outcome.model_dump_json(exclude={"sealed"})}
    made[0]["pieces"] = {"N": str(len(pieces))}
    return made


def outcomes_from(found: Iterable[Item]) -> list[Outcome]:
    """The outcomes of one request, by source."""
    by_key = {item["sk"]["S"]: item for item in found}
    outcomes = []
    for sk, item in by_key.items():
        if "json" in item:
            rest = (by_key[f"{sk}#{n:03d}"]["sealed"]["B"] for n in range(1, int(item["pieces"]["N"])))
            sealed = b"".join((bytes(item["sealed"]["B"]), *rest))
            outcome = Outcome.model_validate_json(item["json"]["S"])
            outcomes.append(outcome.model_copy(update={"sealed": sealed}))
    return sorted(outcomes, key=lambda o: o.source)


def tally_item(tally: Tally) -> Item:
    """Nothing in it leads to the request: its id is random."""
    return {**key(f"METRICS#{tally.year}", tally.id), "json": {"S": tally.model_dump_json()}}


def tally_from(item: Item) -> Tally:
    return Tally.model_validate_json(item["json"]["S"])


def notice_item(notice: Notice) -> Item:
    """In the index `due` too, as long as the sweep is to look at it."""
    item: Item = {
        **of_request(notice.reference, f"NOTICE#{notice.recipient}"),
        "json": {"S": notice.model_dump_json()},
        "version": {"N": str(notice.version)},
    }
    if notice.next_at:
        item |= {"queue": {"S": NOTICES}, "due_at": {"S": instant(notice.next_at)}}
    return item


def notice_from(item: Item) -> Notice:
    return Notice.model_validate_json(item["json"]["S"])


def sums_key(year: int) -> Item:
    return key(f"SUMS#{year}", "SUMS")


def sums_item(sums: Sums) -> Item:
    return {**sums_key(sums.year), "json": {"S": sums.model_dump_json()}}


def sums_from(item: Item) -> Sums:
    return Sums.model_validate_json(item["json"]["S"])


def wait_item(wait: Wait) -> Item:
    return {**of_request(wait.reference, f"WAIT#{wait.name}"), "json": {"S": wait.model_dump_json()}}


def wait_from(item: Item) -> Wait:
    return Wait.model_validate_json(item["json"]["S"])


def link_key(hash: str) -> Item:
    return key(f"LINK#{hash}", "LINK")


def link_item(link: Link) -> Item:
    item: Item = {
        **link_key(link.hash),
        "json": {"S": link.model_dump_json(exclude={"used_at"})},
        "expires": epoch(link.expires_at + DEAD_LINK_KEPT),
    }
    if link.used_at:
        item["used_at"] = {"S": link.used_at.isoformat()}
    return item


def link_from(item: Item) -> Link:
    link = Link.model_validate_json(item["json"]["S"])
    used_at = item.get("used_at")
    return link.model_copy(update={"used_at": datetime.fromisoformat(used_at["S"])}) if used_at else link


def once_item(form: str, reference: str, now: datetime) -> Item:
    return {**key(f"ONCE#{form}", "ONCE"), "reference": {"S": reference}, "expires": epoch(now + FORM_REMEMBERED)}


def counter_key(name: str, key_counted: str, ends: datetime) -> Item:
    """The window is part of the key: the next one starts at nothing."""
    return key(f"COUNT#{name}#{key_counted}#{instant(ends)}", "COUNT")


TURN_KEPT = timedelta(days=800)
"""After the last turn taken: longer than the longest window of a law, for a letter noted late too."""


def turns_key(name: str, key_counted: str) -> Item:
    return key(f"TURNS#{name}#{key_counted}", "TURNS")


def turns_from(item: Item) -> list[tuple[str, datetime]]:
    """Who holds a turn and when they asked, in the order taken."""
    held = (turn["S"].split(" ", 1) for turn in item.get("turns", {}).get("L", []))
    return [(holder, datetime.fromisoformat(at)) for holder, at in held]


WALK, TAKEN = key("CANARY", "WALK"), key("CANARY", "TAKEN")
CUT_OFF = key("STAFF", "CUT_OFF")
"""The ids of staff who left, before the business's files say so."""


def sent_key(message_id: str) -> Item:
    return key(f"SENT#{message_id}", "SENT")


def sent_item(sent: Sent) -> Item:
    return {
        **sent_key(sent.message_id), "json": {"S": sent.model_dump_json()}, "expires": epoch(sent.at + SENT_REMEMBERED)
    }  # fmt: skip


def sent_from(item: Item) -> Sent:
    return Sent.model_validate_json(item["json"]["S"])


def suppression_item(entry: Suppression) -> Item:
    return {**key(f"STOP#{entry.hash}", entry.scope), "json": {"S": entry.model_dump_json()}}


def suppression_from(item: Item) -> Suppression:
    return Suppression.model_validate_json(item["json"]["S"])


def lifted_item(entry: Suppression, at: datetime) -> Item:
    """That it stood and was lifted: under a key of its own, so that nobody takes it for one that stands."""
    said = {"json": {"S": entry.model_dump_json()}, "at": {"S": at.isoformat()}}
    return {**key(f"LIFTED#{entry.hash}", f"{instant(at)}#{entry.scope}"), **said}


def lifted_from(item: Item) -> tuple[str, datetime, datetime]:
    entry = suppression_from(item)
    return entry.scope, entry.since, datetime.fromisoformat(item["at"]["S"])


def subject_item(hashed: str, request: Request) -> Item:
    """By whom a request names (a keyed hash), it is found."""
    return {**key(f"SUBJECT#{hashed}", request.reference), "at": {"S": request.received_at.isoformat()}}


def hold_key(subject: str) -> Item:
    return key(f"HOLD#{subject}", "HOLD")


def hold_item(hold: Hold) -> Item:
    return {**hold_key(hold.subject), "json": {"S": hold.model_dump_json()}}


def hold_from(item: Item) -> Hold:
    return Hold.model_validate_json(item["json"]["S"])


MAIL_KEPT = timedelta(days=60)
"""As long as the raw mail lasts (.chalice/resources.json)."""


def kept_key(id: str) -> Item:
    return key("INBOX", id)


def kept_item(kept: KeptMail) -> Item:
    bare = kept.model_dump_json(exclude={"opened"})
    return {**kept_key(kept.id), "json": {"S": bare}, "expires": epoch(kept.at + MAIL_KEPT)}


def kept_from(item: Item) -> KeptMail:
    """Who opened it stands in a list of its own, so that two who open it at once are both noted."""
    opened = (said["S"].split(" ", 1) for said in item.get("opened", {}).get("L", []))
    views = tuple((by, datetime.fromisoformat(at)) for by, at in opened)
    return KeptMail.model_validate_json(item["json"]["S"]).model_copy(update={"opened": views})


def epoch(at: datetime) -> dict[str, str]:
    return {"N": str(int(at.timestamp()))}


def expired(item: Item, now: datetime) -> bool:
    return "expires" in item and int(item["expires"]["N"]) <= now.timestamp()


def instant(at: datetime) -> str:
    """UTC, to the second, so that text sorts as time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
