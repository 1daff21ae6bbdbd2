"""Powers: what a member of staff may do with a request besides deciding it: leave out a part, hold, take back.

Pure questions, asked by the card to offer and by each act to allow. Leaves to others: the verdicts (card), the acts
themselves (partial, holds, taking_back).
"""

from __future__ import annotations

from chalicelib.businesses.model import Member
from chalicelib.domain.decision import Verdict
from chalicelib.domain.feedback import Trouble
from chalicelib.domain.plan import Plan, PlannedCollection
from chalicelib.domain.request import Request, Right
from chalicelib.domain.status import Status
from chalicelib.errors import MailRejected
from chalicelib.services import Services
from chalicelib.usecases import correspondence
from chalicelib.usecases.undelivered import MUST_BE_SAID

IN_PARTS = frozenset({Right.ACCESS, Right.CORRECTION, Right.DELETION})
"""Rights of which staff may approve a part."""


def may_leave(plan: Plan, may: frozenset[Verdict]) -> list[PlannedCollection]:
    """The collections that an approval could leave out: those with which something would be done."""
    if plan.right not in IN_PARTS or Verdict.APPROVE not in may:
        return []
    return [c for c in plan.collections if c.acts]


def may_decide(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member is among those who decide such requests; not whether there is anything to decide now."""
    able = member in correspondence.deciders(svc, request) or member in svc.business.leads()
    return able and member.id != request.not_staff


def may_go_by_post(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member may have the answer posted, as no mail reaches whoever asked.

    Only once they are proven, and decided on or asked something: before that there is nothing to post.
    """
    decided = request.resume in (Status.COOLING_OFF, Status.FULFILLING) and request.decision is not None
    ready = decided or request.resume is Status.ASKED
    return _mail_refused(request) and ready and not request.by_post and may_decide(svc, request, member)


def may_refile(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member may file it again under another address: its very first mail was refused."""
    unproven = request.resume in (Status.RECEIVED, Status.VERIFYING) and not (
        request.proof.mailbox or request.incomplete
    )
    return _mail_refused(request) and unproven and may_decide(svc, request, member)


def _mail_refused(request: Request) -> bool:
    return request.status is Status.NEEDS_ATTENTION and request.reason == MailRejected.__name__


def may_hold(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member may set and end a legal hold on the person of this request."""
    able = member in correspondence.deciders(svc, request) or member in svc.business.leads()
    return able and request.subject_hash is not None


def may_take_back(svc: Services, request: Request, member: Member) -> bool:
    """Whether this member's own decision can still be undone: a deletion that waits, a question without a reply."""
    if request.status is Status.COOLING_OFF:
        in_time = request.undo_until is None or svc.now() < request.undo_until
        decision = request.decision
        return in_time and decision is not None and member.id in (decision.by, decision.first_by)
    if request.status is Status.ASKED:
        return asked_by(svc, request)[1] == f"staff:{member.id}"
    return False


def asked_by(svc: Services, request: Request) -> tuple[int, str]:
    """The number of the event with which the last question was asked, and who asked it."""
    asked = [e for e in svc.store.events(request.reference) if e.what == Status.ASKED]
    return (asked[-1].number, asked[-1].by) if asked else (request.version, "")


def other_ways(svc: Services, request: Request, member: Member) -> frozenset[str]:
    """What this member may do about an answer that did not arrive, as long as there is something to send.

    `mail`: the same once more, never to whoever called it spam; `post`: a letter, to who is on file.
    """
    lost = [u for name, u in request.undelivered.items() if name.partition(":")[0] in MUST_BE_SAID]
    able = [*correspondence.deciders(svc, request), *svc.business.leads()]
    if not lost or not request.status.is_final or request.purge_at or request.by_post or member not in able:
        return frozenset()
    spam = any(u.trouble is Trouble.COMPLAINED for u in request.undelivered.values())
    return frozenset(
        way for way, open_ in (("mail", not spam), ("post", request.right is not Right.OPT_OUT)) if open_
    )  # fmt: skip
