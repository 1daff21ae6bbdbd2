"""Plain words for what the code names: rights, statuses, grounds, events. Shared by mails and pages.

Short words, said to the person. Leaves to others: a business's own words (business.yaml).
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from chalicelib import language
from chalicelib.businesses.model import Business
from chalicelib.domain.decision import Verdict
from chalicelib.domain.feedback import Trouble
from chalicelib.domain.notice import NoticeState
from chalicelib.domain.plan import Doing, Refusal
from chalicelib.domain.request import Channel, Relationship, Request, Right
from chalicelib.domain.status import Status
from chalicelib.domain.tally import Counted
from chalicelib.domain.verification import Noted
from chalicelib.language import Said, gettext
from chalicelib.links import Purpose


class RightWords(NamedTuple):
    title: str
    """On a button, said by the customer."""
    asked: str
    """After "you asked us"."""
    next: str
    """What happens once it has been sent in."""


RIGHTS = Said(
    {
        Right.ACCESS: RightWords(
            "See my data",
            "to show you what we hold about you",
            "Then we look in every place where we keep data, and a person checks it before it is sent to you.",
        ),
        Right.CORRECTION: RightWords(
            "Correct my data",
            "to correct what we hold about you",
            "Then a person checks the change, we make it everywhere, and we tell you.",
        ),
        Right.DELETION: RightWords(
            "Delete my data",
            "to delete what we hold about you",
            "Then a person checks it. Before anything is deleted you have time to change your mind.",
        ),
        Right.CALIFORNIA_DISCLOSURE: RightWords(
            "Learn who was told (California)",
            "to tell you which other companies were given personal information",
            "Then we send you the list for last year.",
        ),
        Right.OPT_OUT: RightWords(
            "Stop mail or sharing",
            "to stop mail or sharing",
            "It took effect when you sent it. There is nothing to confirm.",
        ),
        Right.CONCERN: RightWords(
            "Raise a concern", "to look into your concern", "Then a person reads it and writes back to you."
        ),
    }
)

OTHER = {Right.ACCESS: Right.CALIFORNIA_DISCLOSURE, Right.CALIFORNIA_DISCLOSURE: Right.ACCESS}
"""What a message that asks two things asks besides (law/content)."""

STATUSES = Said(
    {
        Status.RECEIVED: ("We have your request.", ""),
        Status.VERIFYING: (
            "Please confirm.",
            "We sent you an email with a button. Nothing happens before you press it.",
        ),
        Status.GATHERING: ("We are looking.", "We search every place where we keep data."),
        Status.IN_REVIEW: ("A person is checking.", "You need not do anything now."),
        Status.ASKED: ("We have a question.", "It is in the email we sent you. Please answer it here."),
        Status.COOLING_OFF: (
            "You can still change your mind.",
            "Your request is approved. Nothing has been deleted yet.",
        ),
        Status.FULFILLING: ("We are carrying it out.", "We write to you when it is done."),
        Status.FROZEN: ("On hold.", "Somebody said “that wasn’t me”. Nothing moves until a person has looked."),
        Status.NEEDS_ATTENTION: (
            "We are mending something.",
            "A step on our side did not work. You need not do anything.",
        ),
        Status.FULFILLED: ("Done.", "The answer is in your email."),
        Status.PARTLY_FULFILLED: (
            "Mostly done.",
            "One part did not work yet. Our staff will try it again, and you will hear from us.",
        ),
        Status.REFUSED: ("We said no.", "Our email says why, and what would change it."),
        Status.LAPSED: ("Closed.", "It was never confirmed, so nothing was changed."),
        Status.WITHDRAWN: ("Taken back.", "Nothing more will happen."),
    }
)
"""The tracker's heading and the sentence under it."""
STANDINGS = Said({
    "awaiting_consent": (
        "The person it is about decides.", "We wrote to them. Nothing is looked up before they say yes.",
    ),
    "partly_refused": ("Done, apart from a part.", "Our email says what we left out, why, and what would change it."),
})  # fmt: skip
"""The same, where the reason says more than the status."""

STATUS_NAMES = {
    Status.RECEIVED: "Received", Status.VERIFYING: "Waits for proof", Status.GATHERING: "Gathering data",
    Status.IN_REVIEW: "Waits for a decision", Status.ASKED: "Waits for the customer’s reply",
    Status.COOLING_OFF: "Undo window", Status.FULFILLING: "Being carried out", Status.FROZEN: "On hold: “not me”",
    Status.NEEDS_ATTENTION: "Needs attention", Status.FULFILLED: "Done", Status.PARTLY_FULFILLED: "Partly done",
    Status.REFUSED: "Refused", Status.LAPSED: "Lapsed", Status.WITHDRAWN: "Withdrawn",
}  # fmt: skip

EVENTS = Said({
    Status.RECEIVED: "Request received", Status.VERIFYING: "Email sent: please confirm",
    Status.GATHERING: "Looking for data", Status.IN_REVIEW: "With a person for a decision",
    Status.ASKED: "We asked a question", Status.COOLING_OFF: "Approved; time to change your mind",
    Status.FULFILLING: "Being carried out", Status.FROZEN: "On hold: “that wasn’t me”",
    Status.NEEDS_ATTENTION: "A step did not work; a person is on it", Status.FULFILLED: "Done and answered",
    Status.PARTLY_FULFILLED: "Answered; one part still to come", Status.REFUSED: "Refused; the reason was mailed",
    Status.LAPSED: "Closed: not confirmed in time", Status.WITHDRAWN: "Taken back",
})  # fmt: skip
"""A status reached, told as something that happened."""

OTHER_EVENTS = Said({
    "approved_first": "One person approved; a second one looks",
    "viewed": "Staff looked at the data", "downloaded": "The data was fetched", "extended": "More time was taken",
    "not_me": "“That wasn’t me” after the end", "appealed": "An appeal was made",
    "partly_refused": "Answered; a part was refused, the reason was mailed",
    "held": "A legal hold was set: everything is kept", "released": "The legal hold was ended",
    "appeal_upheld": "The appeal was granted", "appeal_partly_upheld": "The appeal was granted in part",
    "appeal_denied": "The appeal was denied",
    "confirmed_by_recipient": "Somebody we pass data to has confirmed",
    "source_answered": "A place where data is has answered", "asked_by_hand": "Somebody looks in our paper files",
    "mailbox_proven": "Whoever acts for you confirmed their mailbox", "noted": "Staff noted a power of attorney",
    "printed": "A letter was printed", "posted": "The letter was posted",
    "kept_erased": "What had to be kept until now was deleted", "came_back": "Data was found again; staff look at it",
    "destroyed": "What had to be kept on paper until now was destroyed",
    "erased_again": "What had come back was deleted again", "left_as_is": "Staff looked, and left it as it is",
    "completed": "What the mail could not say was added",
    "rest_opened": "The hold has ended: the rest was taken up",
    "mailed_now": "The email that had to wait was sent",
    "reminded": "Staff were reminded of what is still to be done",
    "mail_delayed": "An email is late; it is still being tried", "mail_returned": "An email came back for now",
    "mail_bounced": "An email came back", "mail_rejected": "An email could not be sent",
    "mail_complained": "An email was reported as spam", "sent_again": "The answer was mailed again",
    "by_post": "The answer goes by post", "handed_over": "Another of the staff was asked",
    "settled": "What was no longer needed was deleted", "purging": "The record is being deleted",
})  # fmt: skip
LEDGER_EVENTS = {
    "kept_erased": "deleted at its end date, read back", "looked": "searched again: nothing came back",
    "destroyed": "destroyed by hand, as staff said",
    "came_back": "found again", "to_erase_again": "to be deleted again", "erased_again": "deleted again, read back",
    "left_as_is": "left as it is", "replayed": "deleted again after a restore, read back",
    "never_done": "the deletion never ran here", "key_gone": "its key is gone: nothing more can be looked for",
}  # fmt: skip
"""What happens to an entry of the ledger of deletions, told to staff."""
COUNTED = {
    Counted.WHOLE: "Done in whole", Counted.PART: "Done in part", Counted.DENIED: "Denied",
    Counted.ENDED: "Lapsed or withdrawn", Counted.OPEN: "Open",
}  # fmt: skip
"""How a request counts in the metrics."""
VERDICTS = {
    Verdict.APPROVE: "Approved", Verdict.REFUSE: "Refused", Verdict.EXTEND: "Extended", Verdict.ASK: "Asked back",
}  # fmt: skip


STANDS_ON = Said({"policy": "our privacy policy", "law": "the law", "courtesy": "our courtesy"})
RELATIONSHIPS = Said({
    Relationship.SELF: "for themselves", Relationship.PARENT: "a parent or guardian, for a child",
    Relationship.AGENT: "an agent, for someone else",
})  # fmt: skip
NOTED = Said({
    Noted.CALLED_BACK: "called back on the number on file", Noted.ANSWERED: "answered the questions",
    Noted.LETTER_SIGNED: "letter signed", Noted.POWER_OF_ATTORNEY: "power of attorney on paper",
})  # fmt: skip
"""How staff made sure, after their name."""
CHANNELS = Said({
    Channel.WEB: "web form", Channel.MEMBER_PAGE: "member page", Channel.EMAIL: "email", Channel.PHONE: "phone",
    Channel.POST: "letter", Channel.AGENT: "agent",
})  # fmt: skip
REGIMES = {
    "us-ca-ccpa": "California Consumer Privacy Act", "us-ca-shine-the-light": "California Civil Code 1798.83",
    "us-nv-603a": "Nevada NRS 603A", "us-wa-mhmda": "Washington My Health My Data Act", "eu-gdpr": "GDPR",
    "uk-gdpr": "UK GDPR", "us-coppa": "COPPA", "us-marketing-opt-outs": "US marketing opt-out rules",
    "policy": "our privacy policy",
}  # fmt: skip
KEPT = {
    "unread": "It was not clear what it asks.",
    "agent": "It seems to come from somebody who acts for a client.",
    "long": "It is too long to be read by a program.",
    "reply": "It answers a mail of ours, and a program must not act on it.",
    "sender": "It does not say clearly whom it is from.",
    "ours": "It says that it comes from us or from one of our staff, which anybody can write.",
    "forged": "The domain it says it comes from disowns it. Nobody was answered; what it asks to stop is stopped.",
    "too_many": "More such mails came from this address today than we answer by ourselves.",
    "automatic": "A program sent it: a bounce, or an answer while somebody is away.",
    "bulk": "It was sent to many.",
    "spam": "The mail service takes it for spam.",
    "virus": "The mail service found something harmful in it.",
}
"""Why a mail waits for a person, said to staff."""
KEPT_SHORT = {
    "unread": "Not clear what it asks", "agent": "From an agent", "long": "Very long",
    "reply": "Answer to a mail of ours",
    "sender": "Sender not clear", "ours": "Says it is from us", "forged": "Probably forged",
    "too_many": "One of many from one address", "automatic": "Sent by a program", "bulk": "Sent to many",
    "spam": "Probably spam", "virus": "Harmful",
}  # fmt: skip
DOINGS = {
    Doing.EXPORT: "to send", Doing.CHANGE: "to change", Doing.DELETE: "to delete", Doing.BLANK: "to blank",
    Doing.KEEP: "to keep",
}  # fmt: skip
DOINGS_DONE = Said({Doing.CHANGE: "changed", Doing.DELETE: "deleted", Doing.BLANK: "blanked"})
IDENTIFIERS = Said({
    "customer_number": "Customer number", "phone": "Phone number", "cookie": "Cookie id", "licence": "Licence key",
})  # fmt: skip
UNEXPECTED = "something went wrong that nobody had thought of; the engineer finds it in the log"
REFUSALS = {
    Refusal.TAKEN: "another record has this value already, and only one may have it",
    Refusal.TOO_LONG: "the value is too long for it",
    Refusal.NO_SUCH: "it must be one of the values that the system knows, or other records depend on the old one",
    Refusal.MISSING: "it may not be empty",
    Refusal.WRONG_KIND: "the value is not of the kind that is kept there (a date, a number)",
    Refusal.RULE: "a rule of the system speaks against this value",
    Refusal.NO_RIGHT: "we have no right to write there. Tell whoever runs the system",
}
"""Why a place would refuse the new value of a correction."""
DOUBTS = {
    "several_people": "the records stand under different names. They may be two people’s who share an address: compare "
    "them, and ask back if in doubt.",
    "shared": "their {kind} is somebody else’s too, or stands there with another address. What is known by it was left "
    "out: look there yourself if it should be theirs.",
    "unread": "where their {kind} stands could not be read, so there may be more of theirs here than was found.",
    "shared_proof": "this {kind} stands with several people. Nothing was selected by it.",
}
"""What only a person can tell about whose records were found."""
CAUSES = {
    "SourceUnavailable": "the system did not answer", "ServiceUnavailable": "a service was down",
    "SourceMisread": "it answered, but not as the data map says. The engineer sees where with make check-data",
    "SourceRefuses": "the system refuses the new value",
    "OwnerNotShown": "a record did not show that it is this person’s", "PlanDrifted": "a record had changed meanwhile",
    "PeerMisread": "it answered otherwise than agreed", "MoreToDo": "it was not finished in time",
    "States.Timeout": "it took too long", "MailUncertain": "an email may or may not have left",
    "MailRejected": "the mail service refused an email", "ReadBackDiffers": "reading back showed it was not done",
    "SourceSilent": "it did not answer in time", "SealBroken": "what was stored could not be read again",
    "RequestChanged": "two things happened at once", "TransitionNotAllowed": "the request was not where it should be",
}  # fmt: skip
"""Why a step did not work, by the class of its error."""


def cause(why: str | None) -> str:
    """Why a step did not work, in words for staff: never the name of a class, which says nothing to them."""
    return CAUSES.get(why or "") or (why if why and " " in why else UNEXPECTED)


BY_HAND = {
    "gather": {
        "done": "Something is there", "none": "Nothing is there", "kept": "Something is there that must be kept",
    },
    "fulfil": {"done": "It is done", "none": "Nothing is there any more", "kept": "It must be kept"},
}  # fmt: skip
"""What somebody who looks by hand may answer, by step."""
RECIPIENTS = Said(
    {
        NoticeState.PENDING: "could not be reached yet; we keep trying, so this is not confirmed",
        NoticeState.TOLD: "told, not confirmed yet",
        NoticeState.CONFIRMED: "confirmed",
        NoticeState.NONE: "confirmed that they hold nothing",
        NoticeState.KEPT: "answered that they must keep it",
        NoticeState.FAILED: "could not be told automatically; our staff see to it, and this is not confirmed",
    }
)
"""Where a recipient stands, in the answer and on the tracker."""
SETTLED = frozenset(state for state in NoticeState if state.settled)
LINK_PURPOSES = Said({
    "consent": "to say whether somebody may act for you",
    "verify": "to confirm a request", "track": "to follow a request", "results": "to get an answer",
    "review": "to decide a request",
    "callbacks": "for a system to report what was done", "stop": "to stop mail", "task": "to report what was done",
    "staff": "to sign in", "session": "to sign in",
    Purpose.SIGN_IN.value: "to sign in",
    Purpose.HEAR_AGAIN.value: "to hear from us again",
    Purpose.DUTIES.value: "to confirm your privacy duties",
})  # fmt: skip

TROUBLES = {
    Trouble.DELAYED: "is late; it is still being tried", Trouble.RETURNED: "came back for now",
    Trouble.REJECTED: "was not sent", Trouble.BOUNCED: "came back for good", Trouble.COMPLAINED: "was called spam",
}  # fmt: skip
"""What became of a mail, after its name."""
WHY_LOST = {
    "NoEmail": "there is no such mailbox", "General": "no cause was given", "MailboxFull": "the mailbox is full",
    "MessageTooLarge": "it was too large", "ContentRejected": "their mail server refused it",
    "Suppressed": "our mail service no longer writes there", "Undetermined": "no cause was given",
    "OnAccountSuppressionList": "our mail service no longer writes there", "Reject": "our mail service refused it",
    "abuse": "reported by their mail provider",
}  # fmt: skip
"""The mail service's word for the cause, said to staff; another word stands as it is."""
MAIL_NAMES = {
    "verify": "the mail that asks them to confirm", "consent": "the mail that asks them to agree",
    "extended": "the mail about more time", "refused": "the refusal", "asked": "your question",
}  # fmt: skip


def mail_named(claimed: str) -> str:
    """One of our mails, said to staff, by what it was claimed under."""
    mail = claimed.partition(":")[0]
    return MAIL_NAMES.get(mail) or ("the answer" if mail.startswith("answer_") else "a mail")


LINKS_AGAIN = Said(
    {
        "track": "",
        "verify": ": confirm it",
        "results": ": get the package",
        "consent": ": may somebody act for you?",
    }
)
"""What a link sent again is for, after the title of its request."""


def standing(status: Status, reason: str | None) -> tuple[str, str]:
    """The tracker's heading and the sentence under it, for a request that stands so."""
    if status is Status.VERIFYING and reason == "awaiting_consent":
        return STANDINGS["awaiting_consent"]
    partly = status is Status.PARTLY_FULFILLED and reason == "partly_refused"
    return STANDINGS["partly_refused"] if partly else STATUSES[status]


def theirs(right: Right) -> str:
    """What was asked, said to staff: after "it asks us"."""
    return re.sub(r"\byou\b", "them", re.sub(r"\byour\b", "a", RIGHTS[right].asked))


def nothing(request: Request) -> str:
    """Where nothing was found, said honestly: a parent may well be known, only not the child."""
    if request.relationship is Relationship.PARENT:
        return gettext("We found no child of the name you gave under your email address")
    if request.by_post:
        return gettext("Under this number we hold nothing")
    return gettext("Under this email address we hold nothing")


def on_whose_behalf(request: Request) -> str:
    """A sentence for whoever reads a mail about somebody else's request; nothing for one's own."""
    said: str = ON_BEHALF.get(request.relationship, "")
    return said


ON_BEHALF = Said(
    {
        Relationship.AGENT: "An agent made this request for someone else. Where we say “you”, we mean that person.",
        Relationship.PARENT: "You asked as a parent or guardian. What we say here is about the child, not about you.",
    }
)


def happened(what: str) -> str:
    """An audit event's `what`, told to a person."""
    try:
        return EVENTS[Status(what)]
    except ValueError:
        return OTHER_EVENTS.get(what) or what.replace("_", " ").capitalize()


def regime(name: str) -> str:
    return REGIMES.get(name, f"the law of {name[3:].upper()}" if name.startswith("us-") else name)


def day(at: datetime | date, business: Business) -> str:
    """A day as the business's customers write it, in its own time zone: January 4, 2027."""
    local = at.astimezone(business.zone) if isinstance(at, datetime) else at
    return language.day(local)


def moment(at: datetime, business: Business) -> str:
    """A time with its day and zone: January 4, 2027, 3:05 PM PST."""
    local = at.astimezone(business.zone)
    return f"{day(at, business)}, {language.time(local)}"


class LetterWords(NamedTuple):
    """What stands on a printed letter besides the answer, in the language of its request."""

    day: str
    enclosed: str
    questions: str


def letter(request: Request, business: Business, at: datetime) -> LetterWords:
    """On a page that is for staff, and so in English, this is for whom it is posted to."""
    with language.speaking(request.language):
        return LetterWords(
            day(at, business),
            gettext("The data itself is on the pages that come with this letter."),
            gettext(
                "Questions, or not what you asked for? Write to us or call: %(phone)s. Please give the reference "
                "%(reference)s.", phone=business.contact.phone, reference=request.reference,
            ),
        )  # fmt: skip


def scope(scope: str, business: Business) -> str:
    """What an opt-out scope stops, in the business's words."""
    kind = business.kinds.get(scope.removeprefix("kind:"))
    if scope.startswith("kind:") and kind:
        return business.say(kind.title)
    if change := business.declinable.get(scope):
        use = business.say(change.new_use)
        return gettext("%(use)s (new in our policy of %(version)s)", use=use, version=change.version)
    return business.say(business.opt_outs.get(scope, scope.replace("_", " ")))


@pass_context
def _day_said(context: Context, at: date | datetime) -> str:
    return day(at, context["business"])


@pass_context
def _moment_said(context: Context, at: datetime) -> str:
    return moment(at, context["business"])


@pass_context
def _own(context: Context, text: str) -> str:
    said: str = context["business"].say(text)
    return said


FILTERS = {"day": _day_said, "moment": _moment_said, "own": _own}
"""How templates say a time, in the zone of their business, and a text of the business's own (`own`)."""


def spoken(env: Environment) -> Environment:
    """Templates that speak: `_`, `ngettext` and the filters, in the language of the moment."""
    language.teach(env)
    env.filters.update(FILTERS)
    return env
