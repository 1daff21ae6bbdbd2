"""One-click opt-outs: the link in any mail of the business (RFC 8058), minted by its own mailer.

Rule 1: opening it shows a page, the POST stops. Leaves to others: what stopping is (suppression, intake).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken

from chalicelib.domain import behalf
from chalicelib.domain.request import Channel, Personal, Relationship, Right
from chalicelib.errors import AlreadyFiled, LinkMissing
from chalicelib.links import token_hash
from chalicelib.services import Services
from chalicelib.usecases import intake, screening, suppression


def mint_stop_token(key: bytes, email: str, scopes: Sequence[str]) -> str:
    """A one-click opt-out token for `/stop/{token}`: the recipe for the business's own mailer.

    A Fernet token (AES-CBC with HMAC, `cryptography.fernet`) under the `stop` key over `{"email", "stop"}`: no personal
    data can be read in the address of the link. Never expires: a mail is opened years later, too.
    """
    return _fernet(key).encrypt(json.dumps({"email": email, "stop": list(scopes)}).encode()).decode()


def stop_url(svc: Services, email: str, scopes: Sequence[str]) -> str:
    """A one-click opt-out link for a mail of our own."""
    return f"{svc.settings.public_url}/stop/{mint_stop_token(svc.secrets.get('stop'), email, scopes)}"


def _fernet(key: bytes) -> Fernet:
    """Fernet wants its 32 bytes spelt in base 64."""
    return Fernet(base64.urlsafe_b64encode(key))


def stop_page(svc: Services, token: str) -> tuple[str, ...]:
    """The scopes that this link stops. Changes nothing. Raises LinkMissing."""
    return tuple(_read(svc, token).stop)


def stopped_already(svc: Services, token: str) -> tuple[str, ...]:
    """Of the scopes of this link, those that its address has stopped: what the POST answers to a program."""
    personal = _read(svc, token)
    said = [screening.check(svc, who) for who in behalf.typed(Relationship.SELF, personal)]
    return tuple(scope for scope in personal.stop if any(one[scope] for one in said))


def stop_by_token(svc: Services, token: str) -> tuple[str, ...]:
    """Stop at once, by a link from any mail of the business; clicking again is the same opt-out."""
    personal = _read(svc, token)
    try:
        intake.file_request(svc, Right.OPT_OUT, personal, channel=Channel.EMAIL, once=f"stop-{token_hash(token)}")
    except AlreadyFiled:
        suppression.suppress_typed(svc, personal)
    return tuple(personal.stop)


def _read(svc: Services, token: str) -> Personal:
    try:
        said = json.loads(_fernet(svc.secrets.get("stop")).decrypt(token.encode()))
        known = {
            *svc.business.opt_outs,
            *svc.business.declinable,
            *(f"kind:{name}" for name, kind in svc.business.kinds.items() if kind.stoppable),
        }
        # An old mail may name what the business stops no longer: the rest of it still holds.
        return Personal(email=said["email"], stop=[scope for scope in said["stop"] if scope in known])
    except (InvalidToken, ValueError, KeyError, TypeError) as bad:
        raise LinkMissing("stop") from bad
