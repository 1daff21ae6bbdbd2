"""Fulfilment: what staff approved is carried out in every source, each record held against the plan, then read back.

Rule 8: "done" is earned, per source. Rule 11: one failing source stops no other; a record already gone counts as
deleted. Rule 16: drift comes back to staff. Rule 18: every function here may run twice. Leaves to others: the plan
(gathering), telling the customer (answering).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.domain import behalf
from chalicelib.domain.answer import Answer, Said, Step
from chalicelib.domain.identity import Identifier
from chalicelib.domain.plan import (
    LEGAL_HOLD,
    Counts,
    Doing,
    Finding,
    KeptCounts,
    Outcome,
    OutcomeState,
    Record,
    Treatment,
    counts_of,
    kept_of,
)
from chalicelib.domain.prints import Prints
from chalicelib.domain.request import Personal, Request, Right, advance, amend
from chalicelib.domain.status import Status
from chalicelib.errors import (
    DecisionTakenBack,
    PlanDrifted,
    RequestChanged,
    RequestClosed,
    SourceAwaited,
    SourceUnavailable,
)
from chalicelib.package import Facts, Packer
from chalicelib.ports import every
from chalicelib.services import Services
from chalicelib.usecases import (
    awaiting,
    correspondence,
    gathering,
    identifying,
    judging,
    ledger,
    paging,
    partial,
    road,
    suppression,
)
from chalicelib.usecases.paging import InTime, always


def offer_undo(svc: Services, reference: str) -> None:
    """Tell the customer that the deletion runs soon, and how to stop it.

    Raises DecisionTakenBack: back to staff, nobody is told.
    """
    request = road.live(svc, reference)
    if request.taken_back and request.status is not Status.COOLING_OFF:
        raise DecisionTakenBack(reference)
    if request.taken_back:  # and approved anew since: its window begins now
        anew = svc.now() + judging.undo_window(svc)
        request, event = amend(request, "cooling_off", svc.now(), undo_until=anew, taken_back=None)
        svc.store.commit(request, event)
    until = request.undo_until
    correspondence.to_customer(
        svc, request, "cooling_off", once=str(until or ""), undo_until=until
    )  # fmt: skip


def begin(svc: Services, reference: str) -> None:
    """The undo window has passed: the deletion runs.

    Raises DecisionTakenBack when staff took it back meanwhile, whatever they decided since: the machine asks them.
    """
    request = road.live(svc, reference)
    if request.taken_back:
        raise DecisionTakenBack(reference)
    if request.status is Status.COOLING_OFF:
        begun, event = advance(request, Status.FULFILLING, svc.now())
        svc.store.commit(begun, event)


def fulfil_source(svc: Services, reference: str, source: str, in_time: InTime = always) -> dict[str, str]:
    """Carry the request out in one source.

    Raises SourceUnavailable, SourceMisread, SourceAwaited, OwnerNotShown; MoreToDo when there is no time to go on;
    RequestFrozen when the person said meanwhile that it was not them.
    """
    request = road.live(svc, reference)
    if road.refused(request):
        raise RequestClosed(reference)
    if request.right is Right.OPT_OUT:
        return _stop(svc, request, source)
    outcome = svc.store.outcome(reference, source)
    if outcome is None and request.right in road.SEARCHED:  # a source that the data map got since: nobody approved it
        return _note(svc, Outcome(reference=reference, source=source, state=OutcomeState.FOUND), OutcomeState.DRIFTED)
    if outcome is None or outcome.state is OutcomeState.DONE:
        return {"source": source, "state": OutcomeState.DONE}
    finding = gathering.opened(svc, outcome)
    if finding.unasked:
        return _note(svc, outcome, OutcomeState.DONE)
    if finding.failed:
        return _note(svc, outcome, OutcomeState.FAILED, why=finding.failed)
    if request.findings.get(source) != finding.digest:
        return _note(svc, outcome, OutcomeState.DRIFTED)
    this = Pass(svc, request, svc.open(request), outcome, finding.without(partial.left_in(request, source)), in_time)
    so_far = paging.resumed(svc, outcome, "fulfil")
    if request.right is Right.ACCESS:
        return _export(this, so_far)
    return _carry_out(this, so_far)


@dataclass(frozen=True)
class Pass:
    """What carrying out one source needs."""

    svc: Services
    request: Request
    personal: Personal
    outcome: Outcome
    finding: Finding
    """Less what staff left out."""
    in_time: InTime

    @property
    def source(self) -> str:
        return self.outcome.source


def _approved(this: Pass, so_far: dict[str, Any]) -> Iterator[tuple[list[Record], list[Treatment]]]:
    """The records that are left to read, and what is done to each, held against the plan. Raises PlanDrifted."""
    svc, request, personal, source = this.svc, this.request, this.personal, this.source
    left = partial.left_in(request, source)
    prints = gathering.approved(svc, request.reference, this.finding)
    for found in paging.pages(svc, request, source, identifying.as_gathered(request, personal, this.finding), so_far):
        records = [
            r for r in gathering.about(svc, request, personal, source, found) if r.collection not in left
        ]  # fmt: skip
        planned = gathering.treatments(svc, request, personal, source, records)
        if _drifts(this.finding, planned, prints):
            raise PlanDrifted(request.reference)
        yield records, planned


def _drifts(finding: Finding, now: Sequence[Treatment], prints: Prints | None) -> bool:
    """Whether this is no longer what staff approved: a record changed, or a legal hold was set meanwhile."""
    held = finding.acts and any(t.kept == LEGAL_HOLD for t in now)
    return held or bool(finding.drift(now, prints))


def _export(this: Pass, so_far: dict[str, Any]) -> dict[str, str]:
    """Write this source's share of the access package in sealed parts, one a page."""
    svc, outcome = this.svc, this.outcome
    facts = Facts(**so_far["facts"]) if so_far else None
    packer = Packer(svc.business.datamap.sources[this.source], facts)
    try:
        for records, _ in _approved(this, so_far):
            part = None if this.request.categories_only else packer.pack(records, last=so_far["read"])
            if part:
                name = package_part(this.source, packer.facts.parts)
                svc.packages.put_part(outcome.reference, name, svc.vault.seal(outcome.reference, part))
            if not so_far["read"]:
                paging.go_on(
                    svc, outcome, "fulfil", lambda: so_far | {"facts": asdict(packer.facts)}, this.in_time,
                    so_far["pages"],
                )  # fmt: skip
    except PlanDrifted:
        return _note(svc, outcome, OutcomeState.DRIFTED)
    return _note(
        svc, outcome, OutcomeState.DONE, done=this.finding.counts, kept=this.finding.kept, parts=packer.facts.parts
    )


def package_part(source: str, number: int) -> str:
    return f"{source}/{number}"


def _carry_out(this: Pass, so_far: dict[str, Any]) -> dict[str, str]:
    """Change, blank or delete what was approved: all of it is held against the plan before the first is touched."""
    svc, outcome, request = this.svc, this.outcome, this.request
    also = {Identifier.model_validate(i) for i in so_far.get("also", ())}

    def said() -> dict[str, Any]:
        return so_far | {"also": [i.model_dump(mode="json") for i in also]}

    try:
        for records, planned in _approved(this, so_far):
            also |= set(suppression.others(svc.business.datamap, this.source, records))
            # Remembered before the records, and the identifiers in them, are gone.
            so_far["entries"] = ledger.remember(
                svc, request, this.personal, this.finding, records, planned, also,
                first=so_far.get("entries", 0), last=so_far["read"],
            )  # fmt: skip
            if not so_far["read"]:
                paging.go_on(svc, outcome, "fulfil", said, this.in_time, so_far["pages"])
        others = sorted(also, key=lambda i: (i.kind, i.value))
        suppression.with_deletion(svc, request, this.personal, others, erases=this.finding.acts)
        answer = awaiting.answer_of(svc, request, this.source, Step.FULFIL)
        return _answered(this, answer, so_far) if answer else _write(this, so_far, said)
    except PlanDrifted:
        return _note(svc, outcome, OutcomeState.DRIFTED)


def _answered(this: Pass, answer: Answer, so_far: dict[str, Any]) -> dict[str, str]:
    """What somebody else did, as they say: nobody can read it back."""
    if answer.said is Said.FAILED:
        return _note(this.svc, this.outcome, OutcomeState.FAILED, why=answer.why)
    done = this.finding.treatments
    if answer.said is Said.KEPT:
        done = [t.model_copy(update={"doing": Doing.KEEP, "kept": answer.kept}) if t.acts else t for t in done]
    ledger.remember(
        this.svc, this.request, this.personal, this.finding, [], done, [], first=so_far.get("entries", 0)
    )  # fmt: skip
    ledger.confirm(this.svc, this.request, this.finding)
    return _note(this.svc, this.outcome, OutcomeState.DONE, done=counts_of(done), kept=kept_of(done))


def _write(this: Pass, so_far: dict[str, Any], said: Callable[[], dict[str, Any]]) -> dict[str, str]:
    """Part after part, the last first: what hangs on others was found after them. Each is one transaction."""
    svc, outcome, finding = this.svc, this.outcome, this.finding
    left = partial.left_in(this.request, this.source)
    for number in range(so_far.get("to_write", finding.sums.parts if finding.sums else 1), 0, -1):
        acts = [t for t in gathering.listed(svc, outcome.reference, finding, number) if t.collection not in left]
        svc.sources[this.source].carry_out(acts)
        if svc.sources[this.source].not_done(acts):
            return _note(svc, outcome, OutcomeState.FAILED, why="ReadBackDiffers")
        so_far["to_write"] = number - 1
        if number > 1:
            paging.go_on(svc, outcome, "fulfil", said, this.in_time)
    ledger.confirm(svc, this.request, finding)
    return _note(svc, outcome, OutcomeState.DONE, done=finding.counts, kept=finding.kept)


def _stop(svc: Services, request: Request, source: str) -> dict[str, str]:
    """Carry an opt-out out in one source, and suppress the person's other identifiers found there."""
    if request.status is Status.RECEIVED:
        begun, event = advance(request, Status.FULFILLING, svc.now())
        try:
            svc.store.commit(begun, event)
        except RequestChanged:
            road.live(svc, request.reference)
    personal = svc.open(request)
    named = behalf.typed(request.relationship, personal)
    try:
        records = list(every(svc.sources[source], named))
    except SourceAwaited:  # an opt-out waits for no report: its switches are tried again, and shown to staff if not set
        raise SourceUnavailable(f"source {source} does not say in time what it holds") from None
    also = suppression.others(svc.business.datamap, source, records)
    suppression.suppress(svc, also, personal.stop)
    svc.sources[source].stop([*named, *also], personal.stop)
    finding = Finding(source=source, recipients=gathering.recipients_of(svc.business.datamap, source, records))
    svc.store.put_outcome(
        Outcome(
            reference=request.reference, source=source, state=OutcomeState.DONE, at=svc.now(),
            sealed=gathering.seal(svc, request.reference, finding),
        )
    )  # fmt: skip
    return {"source": source, "state": OutcomeState.DONE}


def note_unfulfilled_source(svc: Services, reference: str, source: str, error: str) -> dict[str, str]:
    """A source could not be carried out, retries and all: the answer will say so (rule 8).

    Raises RequestFrozen, RequestClosed: then nothing more is carried out anywhere.
    """
    road.live(svc, reference)
    outcome = svc.store.outcome(reference, source)
    return _note(svc, outcome or Outcome(reference=reference, source=source, state=OutcomeState.FAILED),
                 OutcomeState.FAILED, why=error)  # fmt: skip


def _note(
    svc: Services, outcome: Outcome, state: OutcomeState, *, why: str | None = None, done: Counts | None = None,
    kept: KeptCounts | None = None, parts: int = 0,
) -> dict[str, str]:  # fmt: skip
    """Store where this source stands, adding what this pass has done to what earlier ones did."""
    counts = {collection: Counter(doings) for collection, doings in outcome.done.items()}
    for collection, doings in (done or {}).items():
        acted = {doing: n for doing, n in doings.items() if doing is not Doing.KEEP}
        if acted:
            counts.setdefault(collection, Counter()).update(acted)
    svc.store.put_outcome(
        outcome.model_copy(
            update={
                "state": state, "why": why, "at": svc.now(), "going_on": None, "parts": parts,
                "done": {c: dict(doings) for c, doings in counts.items()},
                "kept": kept if done and kept is not None else outcome.kept,
            }
        )
    )  # fmt: skip
    return {"source": outcome.source, "state": state}
