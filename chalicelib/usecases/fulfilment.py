"""Fulfilment: what staff approved is carried out in every source, each record held against the plan, then read back.

Rule 8: "done" is earned, per source. Rule 11: one failing source stops no other; a record already gone counts as
deleted. Rule 16: drift comes back to staff. Rule 18: every function here may run twice. Leaves to others: the plan
(gathering), telling the customer (answering).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chalicelib.domain import behalf
from chalicelib.domain.answer import Said, Step
from chalicelib.domain.plan import LEGAL_HOLD, Doing, Finding, Outcome, OutcomeState, Record, Treatment
from chalicelib.domain.request import Request, Right, advance, amend
from chalicelib.domain.status import Status
from chalicelib.errors import DecisionTakenBack, PlanDrifted, RequestChanged, RequestClosed
from chalicelib.services import Services
from chalicelib.usecases import awaiting, correspondence, gathering, judging, ledger, partial, road, suppression


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


def fulfil_source(svc: Services, reference: str, source: str) -> dict[str, str]:
    """Carry the request out in one source.

    Raises SourceUnavailable, SourceMisread, SourceAwaited; RequestFrozen when the person said meanwhile that it was
    not them.
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
    personal = svc.open(request)
    left = partial.left_in(request, source)
    finding = finding.without(left)
    records = [r for r in gathering.reach(svc, request, personal, source) if r.collection not in left]
    if _drifts(finding, gathering.treatments(svc, request, personal, source, records)):
        return _note(svc, outcome, OutcomeState.DRIFTED)
    if request.right is Right.ACCESS:
        _write_part(svc, request, source, records)
        return _note(svc, outcome, OutcomeState.DONE, done=finding.treatments)
    # Remembered before the identifiers are gone.
    also = suppression.others(svc.business.datamap, source, records)
    suppression.with_deletion(svc, request, personal, also, erases=any(t.acts for t in finding.treatments))
    ledger.remember(svc, request, personal, finding, records, also)
    return _carry_out(svc, request, outcome, finding)


def _drifts(finding: Finding, now: Sequence[Treatment]) -> bool:
    """Whether this is no longer what staff approved: a record changed, or a legal hold was set meanwhile."""
    held = any(t.kept == LEGAL_HOLD for t in now) and any(t.acts for t in finding.treatments)
    return held or bool(finding.drift(now))


def _carry_out(svc: Services, request: Request, outcome: Outcome, finding: Finding) -> dict[str, str]:
    """Do it, or take what was answered later for it, and read it back."""
    source, acts = outcome.source, [t for t in finding.treatments if t.acts]
    answer = awaiting.answer_of(svc, request, source, Step.FULFIL)
    if answer and answer.said is Said.FAILED:
        return _note(svc, outcome, OutcomeState.FAILED, why=answer.why)
    if answer and answer.said is Said.KEPT:
        kept = [t.model_copy(update={"doing": Doing.KEEP, "kept": answer.kept}) for t in acts]
        return _note(svc, outcome, OutcomeState.DONE, done=[*kept, *(t for t in finding.treatments if not t.acts)])
    try:
        if answer is None:
            svc.sources[source].carry_out(acts)
    except PlanDrifted:
        return _note(svc, outcome, OutcomeState.DRIFTED)
    if svc.sources[source].not_done(acts):
        return _note(svc, outcome, OutcomeState.FAILED, why="ReadBackDiffers")
    ledger.confirm(svc, request, finding)
    return _note(svc, outcome, OutcomeState.DONE, done=finding.treatments)


def _write_part(svc: Services, request: Request, source: str, records: Sequence[Record]) -> None:
    """This source's share of the access package, sealed: it still has what the package will not show (rule 13)."""
    if not request.categories_only:
        said = "[" + ",".join(r.model_dump_json() for r in records) + "]"
        svc.packages.put_part(request.reference, source, svc.vault.seal(request.reference, said.encode()))


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
    records = svc.sources[source].find(named)
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
    svc: Services, outcome: Outcome, state: OutcomeState, *, why: str | None = None, done: Sequence[Treatment] = ()
) -> dict[str, str]:
    """Store where this source stands, adding what this pass has done to what earlier ones did."""
    counts = {collection: Counter(doings) for collection, doings in outcome.done.items()}
    for t in done:
        if t.acts:
            counts.setdefault(t.collection, Counter())[t.doing] += 1
    kept = Counter((t.collection, t.kept) for t in done if t.kept)
    svc.store.put_outcome(
        outcome.model_copy(
            update={
                "state": state, "why": why, "at": svc.now(),
                "done": {c: dict(doings) for c, doings in counts.items()},
                "kept": [(c, k, n) for (c, k), n in kept.items()] if done else outcome.kept,
            }
        )
    )  # fmt: skip
    return {"source": outcome.source, "state": state}
