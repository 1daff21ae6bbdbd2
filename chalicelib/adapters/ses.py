"""The mailer on SES: raw MIME out, and for each fault whether the mail surely did not leave.

Rule 18: nothing is sent twice. A mail whose answer got lost may have left, so it is neither tried again (the client
must not either: `bootstrap` gives it one try) nor called unsent. Rule 7: SES quotes addresses in its messages, so
only its error code is passed on. Leaves to others: claiming each mail once (the store), composing it (mail).
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from chalicelib.adapters.faults import code, http_status
from chalicelib.errors import MailRejected, MailUncertain, ServiceUnavailable

_LATER = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "ServiceUnavailable"})


class SesMailer:
    """See ports.Mailer. `client` is a boto3 SES client that tries once."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def send(self, *, sender: str, to: str, message: bytes) -> str:
        """Raises ServiceUnavailable (later), MailRejected (never), MailUncertain (who knows)."""
        try:
            sent = self.client.send_raw_email(Source=sender, Destinations=[to], RawMessage={"Data": message})
        except ClientError as fault:
            if code(fault) in _LATER:
                raise ServiceUnavailable(f"ses {code(fault)}") from None
            if http_status(fault) >= 500:
                raise MailUncertain(f"ses {code(fault)}") from None
            raise MailRejected(f"ses {code(fault)}") from None
        except NoConnection as fault:
            raise ServiceUnavailable(f"ses {type(fault).__name__}") from None
        except HTTPClientError as fault:
            raise MailUncertain(f"ses {type(fault).__name__}") from None
        return str(sent["MessageId"])
