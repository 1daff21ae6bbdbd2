"""Recipients: who holds a copy is told of a correction, a deletion or an end of sharing, and asked to confirm.

Article 19 GDPR, Civil Code 1798.105(c). Rule 4: the mail names nobody; the person is shown on the HTTPS page behind a
button, audited, like everything personal. Rule 8: what is not confirmed is said to be not confirmed.
Leaves to others: OpenDSR and signed HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.businesses.model import Recipient
from chalicelib.domain.plan import OutcomeState
from chalicelib.domain.request import Personal, Request, Right, amend
from chalicelib.links import Link, Purpose, token_hash
from chalicelib.services import Services
from chalicelib.usecases import correspondence, gathering, partial, road

OUTCOMES = frozenset({"done", "none", "kept"})


@dataclass(frozen=True)
class TaskView:
    """What a recipient's page shows: what to do, nothing about whom until a POST reveals it."""

    request: Request
    recipient: Recipient
    confirmed: bool


def tell(svc: Services, reference: str) -> None:
    """Mail each recipient concerned a task to do the same and confirm it."""
    request = road.live(svc, reference)
    for id in concerned(svc, request):
        recipient = svc.business.sharing.recipients[id]
        if recipient.email:
            correspondence.to_recipient(svc, request, id, recipient)


def concerned(svc: Services, request: Request) -> list[str]:
    """Ids of the recipients to tell: those that the person's data went to, by the map or by the records (CET-3).

    Who mails for the business hears of every opt-out; the others hear when sharing ends. A source that drifted counts
    not yet: staff look at it again, and may say no (rule 16).
    """
    told = {id: r for id, r in svc.business.sharing.recipients.items() if request.right in r.tell}
    if not told:
        return []
    settled = [o for o in svc.store.outcomes(request.reference) if o.sealed and o.state is not OutcomeState.DRIFTED]
    findings = [gathering.opened(svc, o).without(partial.left_in(request, o.source)) for o in settled]
    if request.right is Right.OPT_OUT:
        if "sharing" not in svc.open(request).stop:
            told = {id: r for id, r in told.items() if r.role == "processor"}
    elif not any(o.done for o in settled) and not any(f.acts for f in findings):
        return []
    named = {id for finding in findings for id in finding.recipients}
    mapped = {id for s in svc.business.datamap.sources.values() for c in s.collections.values() for id in c.recipients}
    return [id for id, r in told.items() if id in named or not (r.per_person or id in mapped)]


def standing(svc: Services, request: Request) -> list[tuple[str, bool]]:
    """Each recipient told, by name, and whether they have confirmed."""
    said = {e.note for e in svc.store.events(request.reference) if e.what == "confirmed_by_recipient"}
    return [(svc.business.sharing.recipients[id].name, id in said) for id in concerned(svc, request)]


def task_page(svc: Services, token: str) -> TaskView:
    """What the recipient's link opens. Changes nothing, shows nothing personal."""
    link, request = road.open_link(svc, token, Purpose.TASK)
    return _view(svc, link, request)


def reveal_task(svc: Services, token: str) -> tuple[TaskView, Personal]:
    """Whom the task is about, and the new values of a correction; nothing else that was said. Audited."""
    link, request = road.open_link(svc, token, Purpose.TASK)
    seen = road.note(svc, request.reference, "viewed", by=link.person)
    personal = svc.open(seen)
    return _view(svc, link, seen), Personal(
        email=personal.proven_email or personal.subject_email or personal.email,
        name=personal.subject_name or personal.name,
        corrections=partial.corrections(seen, personal),
    )


def confirm(svc: Services, token: str, outcome: str) -> TaskView:
    """The recipient says what they did: done, none (they hold nothing), kept. Saying it again changes nothing."""
    link, request = road.open_link(svc, token, Purpose.TASK)
    if not link.used_at:
        id = link.person.removeprefix("recipient:")
        request, event = amend(request, "confirmed_by_recipient", svc.now(), by=f"{link.person}:{outcome}", reason=id)
        svc.store.commit(request, event, spend=link)
    return _view(svc, svc.store.link(token_hash(token)), request)


def _view(svc: Services, link: Link, request: Request) -> TaskView:
    recipient = svc.business.sharing.recipients[link.person.removeprefix("recipient:")]
    return TaskView(request=request, recipient=recipient, confirmed=link.used_at is not None)
