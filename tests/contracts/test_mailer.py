"""The promises of a mailer: the message as it is, and the truth about whether it left (rule 18)."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import MemoryMailer
from chalicelib.adapters.ses import SesMailer
from chalicelib.errors import MailRejected, MailUncertain, ServiceUnavailable
from chalicelib.ports import Mailer

from .faulty import NO_ANSWER, NO_CONNECTION, SECRET, Faulty, refusal
from .made import Aws

MESSAGE = b"From: privacy@example.com\r\nTo: ann@example.com\r\nSubject: Hello\r\n\r\nHello.\r\n"


@pytest.fixture
def mailer(where: str, request: pytest.FixtureRequest) -> Mailer:
    if where == "memory":
        return MemoryMailer()
    ses = request.getfixturevalue("aws").client("ses")
    ses.verify_email_identity(EmailAddress="privacy@example.com")
    return SesMailer(ses)


def test_a_sent_mail_has_an_id_of_its_own(mailer: Mailer) -> None:
    ids = [mailer.send(sender="privacy@example.com", to="ann@example.com", message=MESSAGE) for _ in range(2)]
    assert all(ids)
    assert len(set(ids)) == 2


def test_memory_keeps_every_mail() -> None:
    mailer = MemoryMailer()
    mailer.send(sender="privacy@example.com", to="ann@example.com", message=MESSAGE)
    assert [(m.sender, m.to, m.message) for m in mailer.sent] == [("privacy@example.com", "ann@example.com", MESSAGE)]


def test_ses_gets_the_message_as_it_is(aws: Aws) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    ses = aws.client("ses")
    ses.verify_email_identity(EmailAddress="privacy@example.com")
    id = SesMailer(ses).send(sender="privacy@example.com", to="ann@example.com", message=MESSAGE)
    sent = [m for m in ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages if m.id == id]
    assert set(sent[0].destinations) == {"ann@example.com"}  # moto adds those of the To header
    assert sent[0].raw_data == MESSAGE.decode()


def test_an_unknown_sender_is_rejected_for_good(aws: Aws) -> None:
    with pytest.raises(MailRejected) as refused:
        SesMailer(aws.client("ses")).send(sender="nobody@unknown.example.com", to="ann@example.com", message=MESSAGE)
    assert "example.com" not in str(refused.value)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refusal("Throttling"), ServiceUnavailable),
        (refusal("ServiceUnavailable", 503), ServiceUnavailable),
        (NO_CONNECTION, ServiceUnavailable),
        (NO_ANSWER, MailUncertain),
        (refusal("InternalFailure", 500), MailUncertain),
        (refusal("MessageRejected"), MailRejected),
        (refusal("MailFromDomainNotVerifiedException"), MailRejected),
        (refusal("AccountSendingPausedException"), MailRejected),
    ],
)
def test_each_fault_says_whether_the_mail_left(fault: Exception, error: type[Exception]) -> None:
    client = Faulty(fault)
    with pytest.raises(error) as told:
        SesMailer(client).send(sender="privacy@example.com", to="ann@example.com", message=MESSAGE)
    assert SECRET not in str(told.value)
    assert client.calls == 1
