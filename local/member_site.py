"""A tiny shop with a member page, for docs/member-page.md: who is signed in asks the privacy desk without proving more.

Standard library and PyJWT, nothing of ours: copy what you need. Signing in is a sham (whoever types an address is in):
put your own in its place. Loopback only. DESK, BUSINESS and MEMBER_KEY say whom it speaks for; PORT where it listens.
"""

from __future__ import annotations

import os
import secrets
import time
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt

RIGHTS = {"access": "See my data", "correction": "Correct my data", "deletion": "Delete my data"}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1rem/1.5 system-ui; max-width: 34rem; margin: 2rem auto; padding: 0 1rem }}
button, input {{ font: inherit; min-height: 44px; padding: .4rem 1rem }}
form {{ margin: .8rem 0 }}
</style>
<main><h1>{title}</h1>{body}</main>
<footer><p><a href="{desk}/requests/new?right=opt_out">Your privacy choices</a></p></footer>
</html>"""
SIGN_IN = """<form method="post" action="/sign-in">
<p><label>Email address<br><input type="email" name="email" required></label></p>
<button>Sign in</button>
</form>"""


def member_token(key: bytes, business: str, email: str, signed_in_at: float) -> str:
    """As docs/member-page.md has it: ten minutes, for this business, this address, this sign-in."""
    claims = {"email": email, "aud": business, "exp": int(time.time()) + 600, "auth_time": int(signed_in_at)}
    return jwt.encode(claims, key, algorithm="HS256")


def button(desk: str, right: str, said: str, email: str, token: str) -> str:
    """One press: the token travels in the body, never in an address."""
    fields = {"right": right, "email": email, "member_token": token}
    hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in fields.items())
    return f'<form method="post" action="{escape(desk)}/requests">{hidden}<button>{escape(said)}</button></form>'


class Site(BaseHTTPRequestHandler):
    """`desk`, `business` and `key` are given by `server`; `members` are who is signed in, by their session."""

    desk: str
    business: str
    key: bytes
    members: dict[str, tuple[str, float]]

    def do_GET(self) -> None:
        member = self.members.get(self._session())
        if self.path != "/account" or member is None:
            return self._page(200, "Sign in to Example Shop", SIGN_IN)
        email, signed_in_at = member
        token = member_token(self.key, self.business, email, signed_in_at)
        buttons = "".join(button(self.desk, right, said, email, token) for right, said in RIGHTS.items())
        return self._page(200, "Your account", f"<p>Signed in as {escape(email)}.</p><h2>Your data</h2>{buttons}")

    def do_POST(self) -> None:
        typed = parse_qs(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 4096)).decode())
        if self.path != "/sign-in" or not typed.get("email"):
            return self._page(404, "Not here", SIGN_IN)
        session = secrets.token_urlsafe(32)
        self.members[session] = typed["email"][0], time.time()
        self.send_response(303)
        self.send_header("Set-Cookie", f"shop={session}; Path=/; HttpOnly; SameSite=Lax")
        self.send_header("Location", "/account")
        self.send_header("Content-Length", "0")
        return self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _session(self) -> str:
        found = SimpleCookie(self.headers.get("Cookie") or "").get("shop")
        return found.value if found else ""

    def _page(self, status: int, title: str, body: str) -> None:
        html = PAGE.format(title=title, body=body, desk=escape(self.desk)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(html)),
                            "Cache-Control": "no-store"}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(html)


def server(port: int, desk: str, business: str, key: bytes) -> ThreadingHTTPServer:
    """The site, bound to `port` of the loopback; 0 takes a free one."""
    handler = type("Bound", (Site,), {"desk": desk, "business": business, "key": key, "members": {}})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    site = server(
        int(os.environ.get("PORT", "8100")),
        os.environ["DESK"],
        os.environ["BUSINESS"],
        os.environ["MEMBER_KEY"].encode(),
    )
    print(f"ready: http://127.0.0.1:{site.server_address[1]}", flush=True)
    site.serve_forever()
