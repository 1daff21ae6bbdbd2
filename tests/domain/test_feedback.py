"""What the mail service tells is read without ever reading whom it was about, and nothing can make the reader fall."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.feedback import Feedback, Trouble, read

MAIL = {"messageId": "0100018f-ab_c.d-000000", "destination": ["kim@example.com"]}


def told(**said: Any) -> Feedback | None:
    return read(json.dumps({"mail": MAIL, **said}))


@pytest.mark.parametrize("named", ["eventType", "notificationType"])
@pytest.mark.parametrize(
    ("said", "trouble", "why"),
    [
        ({"bounce": {"bounceType": "Permanent", "bounceSubType": "NoEmail"}}, Trouble.BOUNCED, "NoEmail"),
        ({"bounce": {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}}, Trouble.BOUNCED,
         "OnAccountSuppressionList"),
        ({"bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}}, Trouble.RETURNED, "MailboxFull"),
        ({"bounce": {"bounceType": "Undetermined", "bounceSubType": "Undetermined"}}, Trouble.RETURNED, "Undetermined"),
        ({"bounce": {}}, Trouble.RETURNED, "Undetermined"),
    ],
)  # fmt: skip
def test_a_bounce_is_for_good_only_where_it_says_so(
    named: str, said: dict[str, Any], trouble: Trouble, why: str
) -> None:
    assert told(**{named: "Bounce"}, **said) == Feedback(MAIL["messageId"], trouble, why)


def test_complaints_delays_and_rejections() -> None:
    abuse = told(eventType="Complaint", complaint={"complaintFeedbackType": "abuse", "complaintSubType": None})
    assert abuse == Feedback(MAIL["messageId"], Trouble.COMPLAINED, "abuse")
    assert told(eventType="Complaint", complaint={}) == Feedback(MAIL["messageId"], Trouble.COMPLAINED, "Undetermined")
    delay = told(eventType="DeliveryDelay", deliveryDelay={"delayType": "MailboxFull"})
    assert delay == Feedback(MAIL["messageId"], Trouble.DELAYED, "MailboxFull")
    assert told(eventType="Reject", reject={"reason": "Bad content"}) is not None


@pytest.mark.parametrize("report", ["not-spam", "auth-failure"])
def test_a_report_that_says_something_else_is_no_complaint(report: str) -> None:
    assert told(eventType="Complaint", complaint={"complaintFeedbackType": report}) is None


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Open", "Click", "AmazonSnsSubscriptionSucceeded", None, 7])
def test_other_kinds_are_not_for_us(kind: Any) -> None:
    assert told(eventType=kind) is None


def test_the_cause_is_a_word_of_the_services_own_and_never_somebodys_text() -> None:
    found = told(eventType="Bounce", bounce={"bounceType": "Permanent", "bounceSubType": "550 <kim@example.com> gone"})
    assert found is not None
    assert found.why == "Undetermined"
    assert "kim" not in repr(found)


def test_a_message_id_that_is_none_is_refused() -> None:
    for bad in ("", "a b", "x#y", "ö", None, 5, ["a"]):
        assert read(json.dumps({"eventType": "Reject", "mail": {"messageId": bad}})) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["Bounce", "Complaint", "DeliveryDelay", "Reject", "Rendering Failure", "Send"])


@given(st.text() | JSON.map(json.dumps))
def test_anything_may_come(said: str) -> None:
    assert read(said) is None or isinstance(read(said), Feedback)


@given(KINDS, JSON, JSON, JSON)
def test_anything_may_stand_inside(kind: str, mail: Any, bounce: Any, complaint: Any) -> None:
    found = read(json.dumps({"eventType": kind, "mail": mail, "bounce": bounce, "complaint": complaint}))
    assert found is None or found.why.replace("-", "").isalpha()


def test_the_worse_the_later() -> None:
    assert Trouble.BOUNCED.worse_than(Trouble.DELAYED)
    assert not Trouble.RETURNED.worse_than(Trouble.BOUNCED)
    assert not Trouble.BOUNCED.worse_than(Trouble.BOUNCED)
