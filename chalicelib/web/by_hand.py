"""The page of work by hand: what to look for, and the form to say what came of it.

Rule 1: GET names nobody; POST `show=yes` reveals whom it is about, audited. Leaves to others: what is asked and stored
(usecases/by_hand), reading files out of the form (uploads).
"""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.errors import InvalidRequest
from chalicelib.usecases import by_hand
from chalicelib.web import replies, uploads
from chalicelib.web.asked import Asked, Fields, only
from chalicelib.web.forms import prose

FIELDS = frozenset({"show", "outcome", "note", "ground", "until"})
FOUND = "found."
"""How the fields begin that say what was found: `found.<field of the data map>`."""


def page(asked: Asked, token: str) -> Response:
    return _page(asked, token, by_hand.task(asked.svc, token))


def post(asked: Asked, token: str) -> Response:
    """Reveal, or take the answer; a form with a fault comes back filled, but for its files."""
    fields, files = uploads.form(asked)
    if fields.get("show") == ["yes"]:
        task, whom = by_hand.reveal(asked.svc, token)
        return _page(asked, token, task, whom=whom)
    try:
        task = _answered(asked, token, fields, files)
    except InvalidRequest as wrong:
        if asked.wants_json:
            raise
        return _page(asked, token, by_hand.task(asked.svc, token), faults=wrong.fields, typed=fields, status=422)
    return _page(asked, token, task) if asked.wants_json else replies.see(asked, f"/task/{token}")


def _answered(asked: Asked, token: str, fields: Fields, files: uploads.Files) -> by_hand.Task:
    boxes = {name: values for name, values in fields.items() if name.startswith(FOUND)}
    said = only({name: values for name, values in fields.items() if name not in boxes}, FIELDS)
    found = only(boxes, boxes)
    if strange := [field for field, _, _ in files if field != by_hand.FILES]:
        raise InvalidRequest({strange[0][:60]: "We do not know this field."})
    return by_hand.answer(
        asked.svc, token, said.get("outcome", ""),
        boxes={name.removeprefix(FOUND): prose(v, name, most=by_hand.LONGEST) for name, v in found.items()},
        files=[(name, data) for _, name, data in files],
        note=prose(said.get("note", ""), "note"),
        ground=prose(said.get("ground", ""), "ground", most=by_hand.LONGEST_GROUND), until=said.get("until", ""),
    )  # fmt: skip


def _page(asked: Asked, token: str, task: by_hand.Task, *, status: int = 200, **context: Any) -> Response:
    request = task.request
    if asked.wants_json:
        said = {"reference": request.reference, "right": request.right, "step": task.step, "said": task.said}
        return replies.as_json({**said, "due_at": task.due.isoformat(), "over": task.over}, status=status)
    filled = {"whom": None, "faults": {}, "typed": {}, **context}
    return replies.page(asked, "task_by_hand", status=status, task=task, request=request, token=token, **filled)
