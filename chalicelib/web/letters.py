"""What staff print: the answer as a letter, and the data that goes with it.

Rule 1: shown by a POST only, which is on record. Leaves to others: the words and where they go (usecases/posting).
"""

from __future__ import annotations

import base64
import hashlib
import re

from chalice.app import Response

from chalicelib.errors import InvalidRequest
from chalicelib.usecases import posting
from chalicelib.web import replies
from chalicelib.web.asked import Asked


def printed(asked: Asked, token: str, what: str) -> Response:
    """The letter (`yes`) or the data that goes with it (`package`)."""
    if what == "package":
        return _package(posting.package(asked.svc, token))
    if what != "yes":
        raise InvalidRequest({"print": "Choose what to print: yes or package."})
    card, letter = posting.letter(asked.svc, token)
    if asked.wants_json:
        return replies.as_json({
            "reference": card.request.reference, "address": letter.address, "on_file": letter.on_file,
            "differs": letter.differs, "subject": letter.subject, "text": letter.text, "enclosed": letter.enclosed,
        })  # fmt: skip
    return replies.page(asked, "letter", request=card.request, letter=letter, token=token)


def _package(page: str) -> Response:
    """The readable page brings its own style: our policy lets in this very one and no other."""
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    seal = base64.b64encode(hashlib.sha256((style[1] if style else "").encode()).digest()).decode()
    policy = replies.GUARDS["Content-Security-Policy"].replace("style-src 'self'", f"style-src 'sha256-{seal}'")
    return Response(page, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy})
