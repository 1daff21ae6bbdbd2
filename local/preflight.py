"""What is looked at before and after a deployment, so that a fault is told in one line: which, and how to mend it.

Every check reads only. Leaves to others: doing it (deploy), the pages (smoke).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"}
UNKNOWN_KEYS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
}
KEYS = {"IdentityKey", "StopKey", "MemberKey", "CheckKey"}
NEEDED = {
    "AlertEmail": 'who hears when something is wrong: PARAMETERS="AlertEmail=…"',
    "DatabaseUrl": "the business's database: DATABASE_URL=postgresql://… in the environment",
}


class Unready(Exception):
    """One line: what is wrong, and how to mend it."""


@contextmanager
def plainly(doing: str) -> Iterator[None]:
    """An error of AWS as a line that says what to do. Raises Unready."""
    try:
        yield
    except NoCredentialsError:
        raise Unready("no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
    except NoRegionError:
        raise Unready("no AWS region: set AWS_REGION, such as us-east-1") from None
    except EndpointConnectionError as fault:
        raise Unready(f"{doing}: {fault}; is AWS_REGION right, and the network there?") from None
    except ClientError as fault:
        raise Unready(_told(doing, fault)) from None


def _told(doing: str, fault: ClientError) -> str:
    code, said = fault.response["Error"]["Code"], fault.response["Error"].get("Message", "")
    if code in UNKNOWN_KEYS:
        return f"AWS does not take these credentials ({code}): sign in again, or set AWS_PROFILE"
    if code in DENIED:
        action = re.search(r"perform:? ([\w-]+:\w+)", said)
        return (
            f"{doing}: permission missing: {action[1] if action else fault.operation_name}. Let somebody who may grant "
            "it to the role you deploy with (docs/deploy.md lists what it needs)"
        )
    return f"{doing}: {code}: {said}"


def parameters(given: Mapping[str, str], known: Mapping[str, Any], before: set[str]) -> None:
    """Hold what was given against what the template asks; `before`: what the stack has already. Raises Unready."""
    for name in given:
        if name not in known:
            raise Unready(f"no such parameter: {name}. There are: {', '.join(sorted(set(known) - KEYS))}")
    for name, said in known.items():
        pattern = said.get("AllowedPattern")
        if name in given and pattern and not re.fullmatch(pattern, given[name]):
            raise Unready(f"{name}={given[name]}: {said['Description']}")
        if name in given and str(given[name]) not in map(str, said.get("AllowedValues", [given[name]])):
            raise Unready(f"{name}={given[name]}: one of {', '.join(map(str, said['AllowedValues']))}")
        if name not in given and name not in before and "Default" not in said:
            raise Unready(f"missing parameter {name}: {NEEDED.get(name, said.get('Description', ''))}")


def certificate(acm: Any, region: str, arn: str, domain: str) -> None:
    """That the certificate is here, issued, and for this domain. Raises Unready."""
    if not arn:
        return
    of = arn.split(":")[3]
    if of != region:
        raise Unready(f"wrong region: the certificate is in {of}, the stage goes to {region}. Ask for one in {region}")
    with plainly("looking at the certificate"):
        said = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    if said["Status"] != "ISSUED":
        raise Unready(f"the certificate is {said['Status']}: add the CNAME that ACM shows for it to your DNS, and wait")
    names = {said["DomainName"], *said.get("SubjectAlternativeNames", ())}
    if not names & {domain, f"*.{domain.partition('.')[2]}"}:
        raise Unready(f"the certificate is for {', '.join(sorted(names))}, not for {domain}")


def mail(ses: Any, domain: str) -> list[str]:
    """What keeps mail from leaving, with its mend; nothing if it leaves. `ses` is a client of SES's second version."""
    left = []
    with plainly("looking at SES"):
        account = ses.get_account()
    if not account.get("ProductionAccessEnabled"):
        left.append(
            "SES is in the sandbox, and mails only addresses that it has verified: ask for production access "
            "(console: SES, Account dashboard, Request production access)"
        )
    if not account.get("SendingEnabled", True):
        left.append("SES has stopped this account from sending: see its Account dashboard")
    try:
        identity = ses.get_email_identity(EmailIdentity=domain)
    except ses.exceptions.NotFoundException:
        return [
            *left,
            f"SES does not know {domain} in {ses.meta.region_name}: wrong region, or deploy with MailIdentity=make",
        ]
    except ClientError as fault:
        raise Unready(_told("looking at SES", fault)) from None
    if not identity.get("VerifiedForSendingStatus"):
        tokens = identity.get("DkimAttributes", {}).get("Tokens", [])
        records = "; ".join(f"{t}._domainkey.{domain} CNAME {t}.dkim.amazonses.com" for t in tokens)
        left.append(f"SES has not verified {domain}: add to its DNS: {records or 'the records that SES shows'}")
    return left


def inbound(ses: Any, rules: str) -> list[str]:
    """Whether the stage's receipt rules are the ones at work. `ses` is a client of SES's first version."""
    try:
        active = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    except EndpointConnectionError:
        return [f"SES in {ses.meta.region_name} receives no mail: deploy with InboundMail=no, or choose another region"]
    except ClientError as fault:
        raise Unready(_told("looking at receipt rules", fault)) from None
    if active == rules:
        return []
    if active:
        return [f"mail comes in by the rule set {active}: copy the rule of {rules} into it, for only one is at work"]
    return [f"the receipt rules {rules} are not at work: aws ses set-active-receipt-rule-set --rule-set-name {rules}"]
