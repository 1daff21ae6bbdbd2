"""The staff's session, a cookie that no script reads and no other site sends, and the cookie of a chosen language.

Leaves to others: what a session is and how long it lives (usecases/staffroom, links).
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.web.asked import LANGUAGE_COOKIE, Asked

NO_SESSION = "no-session"
YEAR = 365 * 24 * 60 * 60


def _secure(asked: Asked) -> bool:
    return asked.svc.settings.public_url.startswith("https://")


def _cookie_name(asked: Asked) -> str:
    """`__Host-` binds the cookie to this very host; browsers take it over HTTPS only."""
    return "__Host-staff" if _secure(asked) else "staff"


def cookie(asked: Asked, session: str, lifetime: timedelta) -> str:
    secure = "; Secure" if _secure(asked) else ""
    age = int(lifetime.total_seconds())
    return f"{_cookie_name(asked)}={session}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"


def language_cookie(asked: Asked) -> str:
    """Remembers the language this reader chose, and nothing else; a script cannot read it."""
    secure = "; Secure" if _secure(asked) else ""
    return f"{LANGUAGE_COOKIE}={asked.chosen}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}"


def session(asked: Asked) -> str:
    return asked.cookie(_cookie_name(asked)) or NO_SESSION
