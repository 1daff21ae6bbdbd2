"""Turns on DynamoDB: one item per subject and law holds them in the order taken, each appended by a conditional write.

Leaves to others: what a turn is for (usecases/limits).
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.adapters import items
from chalicelib.adapters.table import Table
from chalicelib.errors import ServiceUnavailable

TRIES = 8


def take(table: Table, name: str, key: str, holder: str, at: datetime) -> list[datetime]:
    """See ports.RequestStore.take_turn. `holders` is the set that keeps one from taking two."""
    taken = table.write(
        "update_item", Key=items.turns_key(name, key),
        UpdateExpression="SET turns = list_append(if_not_exists(turns, :none), :turn), expires = :gone ADD holders :me",
        ConditionExpression="NOT contains(holders, :holder)",
        ExpressionAttributeValues={
            ":none": {"L": []}, ":turn": {"L": [{"S": f"{holder} {at.isoformat()}"}]}, ":me": {"SS": [holder]},
            ":holder": {"S": holder}, ":gone": items.epoch(table.clock.now() + items.TURN_KEPT),
        },
        ReturnValues="ALL_NEW",
    )  # fmt: skip
    turns = items.turns_from(taken.item)
    place = [who for who, _ in turns].index(holder)
    return [asked for _, asked in turns[: place + 1]]


def give_back(table: Table, name: str, key: str, holder: str) -> None:
    """See ports.RequestStore.give_back_turn. The turn is removed where it was read, if it still stands there."""
    for _ in range(TRIES):
        item = table.get(items.turns_key(name, key))
        held = [turn["S"] for turn in (item or {}).get("turns", {}).get("L", [])]
        place = next((n for n, turn in enumerate(held) if turn.startswith(f"{holder} ")), None)
        if place is None:
            return
        done = table.write(
            "update_item", Key=items.turns_key(name, key),
            UpdateExpression=f"REMOVE turns[{place}] DELETE holders :me",
            ConditionExpression=f"turns[{place}] = :turn",
            ExpressionAttributeValues={":turn": {"S": held[place]}, ":me": {"SS": [holder]}},
        ).done  # fmt: skip
        if done:
            _clear(table, name, key)
            return
    raise ServiceUnavailable("dynamodb UpdateItem turns")


def _clear(table: Table, name: str, key: str) -> None:
    """The last one gone, nothing of the subject is left."""
    table.write(
        "delete_item", Key=items.turns_key(name, key), ConditionExpression="size(turns) = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )  # fmt: skip
