"""Suppression: opt-outs take effect in the POST that makes them, kept as keyed hashes that survive a deletion.

Rule 5: never verified, never expired, no link to click. Further identifiers of the same person are found afterwards
from the business's own records and suppressed too, showing nothing to anyone. Leaves to others: the flags in the
business's own data (sources.stop, called by fulfilment).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence

from cryptography.fernet import Fernet, InvalidToken

from chalicelib.domain.datamap import DataMap
from chalicelib.domain.identity import Identifier, IdentifierKind
from chalicelib.domain.plan import Record
from chalicelib.domain.request import Channel, Personal, Right
from chalicelib.errors import AlreadyFiled, LinkMissing
from chalicelib.links import token_hash
from chalicelib.ports import Suppression
from chalicelib.services import Services

KEY_NAME = "identity"


def suppress_typed(svc: Services, personal: Personal) -> None:
    """Stop what was chosen for every identifier that was typed."""
    suppress(svc, typed(personal), personal.stop)


def typed(personal: Personal) -> list[Identifier]:
    """Every way the person named themself, proven or not: enough to stop, never to show."""
    named = [Identifier.of(IdentifierKind.EMAIL, a) for a in (personal.email, personal.subject_email) if a]
    if personal.identifier and personal.identifier_kind:
        named.append(Identifier.of(personal.identifier_kind, personal.identifier))
    return named


def suppress(svc: Services, who: Iterable[Identifier], scopes: Sequence[str]) -> None:
    """Remember that these identifiers stopped these scopes; the first date stands."""
    now, version = svc.now(), svc.business.policy.version
    svc.store.suppress(
        Suppression(hash=svc.hash(identifier), scope=scope, since=now, policy_version=version, key_name=KEY_NAME)
        for identifier in who
        for scope in scopes
    )


def others(datamap: DataMap, source: str, records: Iterable[Record]) -> list[Identifier]:
    """The subject's further identifiers that these records hold; a third person's are left alone."""
    found = set()
    collections = datamap.sources[source].collections
    for record in records:
        collection = collections[record.collection]
        if collection.person == "third":
            continue
        for name, field in collection.fields.items():
            value = record.values.get(name)
            if field.identifier and field.identifier != "name" and not field.third_person and value:
                found.add(Identifier.of(field.identifier, str(value)))
    return sorted(found, key=lambda i: (i.kind, i.value))


def mint_stop_token(key: bytes, email: str, scopes: Sequence[str]) -> str:
    """A one-click opt-out token for `/stop/{token}`: the recipe for the business's own mailer.

    A Fernet token (AES-CBC with HMAC, `cryptography.fernet`) under the `stop` key over `{"email", "stop"}`: no personal
    data can be read in the address of the link. Never expires: a mail is opened years later, too.
    """
    return _fernet(key).encrypt(json.dumps({"email": email, "stop": list(scopes)}).encode()).decode()


def _fernet(key: bytes) -> Fernet:
    """Fernet wants its 32 bytes spelt in base 64."""
    return Fernet(base64.urlsafe_b64encode(key))


def stop_page(svc: Services, token: str) -> tuple[str, ...]:
    """The scopes that this link stops. Changes nothing. Raises LinkMissing."""
    return tuple(_read(svc, token).stop)


def stopped_already(svc: Services, token: str) -> tuple[str, ...]:
    """Of the scopes of this link, those that its address has stopped: what a mailer asks before it sends (CET-9)."""
    personal = _read(svc, token)
    stopped = {s.scope for i in typed(personal) for s in svc.store.suppressions(svc.hash(i))}
    return tuple(scope for scope in personal.stop if scope in stopped)


def stop_by_token(svc: Services, token: str) -> tuple[str, ...]:
    """Stop at once, by a link from any mail of the business; clicking again is the same opt-out."""
    from chalicelib.usecases import intake

    personal = _read(svc, token)
    try:
        intake.file_request(svc, Right.OPT_OUT, personal, channel=Channel.EMAIL, once=f"stop-{token_hash(token)}")
    except AlreadyFiled:
        suppress_typed(svc, personal)
    return tuple(personal.stop)


def _read(svc: Services, token: str) -> Personal:
    try:
        said = json.loads(_fernet(svc.secrets.get("stop")).decrypt(token.encode()))
        return Personal(email=said["email"], stop=said["stop"])
    except (InvalidToken, ValueError, KeyError, TypeError) as bad:
        raise LinkMissing("stop") from bad
