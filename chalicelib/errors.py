"""Every error the house can raise on purpose, in one tree. No HTTP in it: `web/errors.py` maps each to a page.

RightsdeskError
├── RequestError
│   ├── RequestNotFound        no request bears this reference, or its personal data is purged
│   ├── SealBroken             sealed data that was not sealed for this request, or was altered since
│   ├── RequestChanged         somebody else changed it first: read again
│   ├── RequestClosed          it ended (answered, refused, withdrawn, lapsed) before this step
│   ├── RequestFrozen          "that wasn't me": nothing moves until staff decide
│   ├── AlreadyFiled           the same form was sent twice; `reference` is the first one's
│   ├── TransitionNotAllowed   the life cycle has no such step
│   ├── InvalidRequest         what was typed cannot be filed; `fields` says why, per field
│   ├── DecisionNotAllowed     staff may not decide this so; `why` says what to do instead
│   ├── PlanChanged            the plan shown is no longer the plan
│   ├── PlanDrifted            a record is not what staff approved: back to them
│   └── DecisionTakenBack      whoever decided took it back: nothing runs until staff decide anew
├── LinkError
│   ├── LinkMissing            no such link, or it has been revoked
│   ├── LinkExpired            it was one; `purpose` says for what
│   └── LinkInvalid            a link for something else
├── SignatureInvalid           a program's question is not signed as agreed, is too old, or was asked before
├── LimitReached               counted before evaluated; `retry_at` says when to come back
├── MailUncertain              a mail may or may not have left: a person decides
├── MailRejected               the mail service refuses it, surely and for good: no retry mends it
├── ServiceUnavailable         retryable: throttled or down
│   ├── SourceUnavailable      one source of the business does not answer
│   └── PeerUnavailable        a recipient's system does not answer: `why` says how, in words for staff
├── PeerMisread                it answers, but not as agreed: `why` says what it said instead
├── CallbackRefused            what was posted to us is not signed by whom it should be
├── MoreToDo                   no fault: a step's time is over, what it did is kept, the machine calls it again
├── OwnerNotShown              a record does not show that it is this person's: nothing of its source is touched
├── SourceMisread              a source answers, but not as the data map says
│   └── SourceRefuses      it refuses what is to be written: a rule of its own stands against it
├── SourceAwaited              a source answers later: somebody, or a vendor, was or is to be asked
└── Misconfigured              a file or a setting is wrong: file, path in it, mend

Messages carry ids and kinds, never values: a step's exception ends up in the execution history.
"""

from __future__ import annotations

from datetime import datetime


class RightsdeskError(Exception):
    """Root of the tree."""


class RequestError(RightsdeskError):
    """Something about one request."""


class RequestNotFound(RequestError):
    pass


class SealBroken(RequestError):
    pass


class RequestChanged(RequestError):
    pass


class RequestClosed(RequestError):
    pass


class RequestFrozen(RequestError):
    pass


class AlreadyFiled(RequestError):
    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class TransitionNotAllowed(RequestError):
    pass


class InvalidRequest(RequestError):
    """`fields` maps a form field to a message a person can act on."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = fields


class DecisionNotAllowed(RequestError):
    """`why` is a sentence for staff, without personal data."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class PlanChanged(RequestError):
    pass


class PlanDrifted(RequestError):
    pass


class DecisionTakenBack(RequestError):
    pass


class LinkError(RightsdeskError):
    """A link from a mail does not open what it was meant to."""

    def __init__(self, purpose: str | None = None) -> None:
        super().__init__(purpose or "unknown")
        self.purpose = purpose


class LinkMissing(LinkError):
    pass


class LinkExpired(LinkError):
    pass


class LinkInvalid(LinkError):
    pass


class SignatureInvalid(RightsdeskError):
    pass


class LimitReached(RightsdeskError):
    """`retry_at` (UTC): when the counter's window ends."""

    def __init__(self, name: str, retry_at: datetime) -> None:
        super().__init__(name)
        self.name = name
        self.retry_at = retry_at


class MailUncertain(RightsdeskError):
    pass


class MailRejected(RightsdeskError):
    pass


class ServiceUnavailable(RightsdeskError):
    pass


class SourceUnavailable(ServiceUnavailable):
    pass


class MoreToDo(RightsdeskError):
    pass


class OwnerNotShown(RightsdeskError):
    pass


class PeerUnavailable(ServiceUnavailable):
    """`why` is half a sentence for staff, without personal data."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class PeerMisread(RightsdeskError):
    """`why` is half a sentence for staff, without personal data and without anything the other side wrote."""

    def __init__(self, why: str, status: int = 200) -> None:
        super().__init__(why)
        self.why, self.status = why, status


class CallbackRefused(RightsdeskError):
    pass


class SourceMisread(RightsdeskError):
    pass


class SourceRefuses(SourceMisread):
    pass


class SourceAwaited(RightsdeskError):
    """Expected: the machine waits for the answer (usecases/awaiting) and then runs the step again."""


class Misconfigured(RightsdeskError):
    """One message: which file, where in it, what is wrong, how to mend it."""

    def __init__(self, file: str, where: str, problem: str, mend: str) -> None:
        super().__init__(f"{file}: {where}: {problem}. Mend: {mend}")
        self.file, self.where, self.problem, self.mend = file, where, problem, mend
