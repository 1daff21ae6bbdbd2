"""`make smoke URL=…`: whether a stage that was just deployed serves, guards its pages and takes a request.

Looks from outside, as a browser would, and changes nothing unless SMOKE_EMAIL names a mailbox of yours: then one
concern is filed under it, which staff will see and may close. With STAGE and credentials it also asks AWS whether mail
can leave. One line for each look; the exit status says whether all went well. Leaves to others: the whole road (demo).
"""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = {"127.0.0.1", "localhost"}
GUARDS = {
    "strict-transport-security": r"max-age=(\d{8,})",
    "content-security-policy": r"default-src 'none'",
    "referrer-policy": r"no-referrer",
    "x-content-type-options": r"nosniff",
    "cache-control": r"no-store",
}
RIGHTS = ("access", "correction", "deletion", "california_disclosure", "opt_out", "concern")
Found = tuple[bool, str]


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    text: str


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """What a page answers is looked at, not where it leads."""

    def redirect_request(self, *about: Any) -> None:  # noqa: ARG002 (the library's own)
        return None


OPENER = urllib.request.build_opener(NoRedirects)


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> Got:
    """One request, no redirect followed. Raises OSError where nobody answers."""
    asked = urllib.request.Request(url, body, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    try:
        with OPENER.open(asked, timeout=30) as answer:
            return Got(
                answer.status,
                {k.lower(): v for k, v in answer.headers.items()},
                answer.read().decode("utf-8", "replace"),
            )
    except urllib.error.HTTPError as fault:
        return Got(
            fault.code, {k.lower(): v for k, v in fault.headers.items()}, fault.read().decode("utf-8", "replace")
        )


def looks(base: str, email: str = "") -> Iterator[Callable[[], Found]]:
    """Each look, in order."""
    yield lambda: health(base)
    if urlsplit(base).hostname not in LOOPBACK:
        yield lambda: encrypted(base)
    yield lambda: guarded(base)
    yield lambda: no_cross_origin(base)
    yield lambda: forms(base)
    yield lambda: refuses(base)
    if email:
        yield lambda: files(base, email)


def health(base: str) -> Found:
    got = call("GET", f"{base}/health")
    if got.status == 200 and json.loads(got.text) == {"status": "ok"}:
        return True, "it serves"
    hint = {
        403: "does URL name the custom domain, without /api, and does its DNS lead there?",
        404: "does URL name the custom domain, without /api?",
        500: "a setting is missing or wrong: see the log of APIHandler",
        502: "the function does not start: see the log of APIHandler",
    }.get(got.status, "see the log of APIHandler")
    return False, f"/health answered {got.status}: {hint}"


def encrypted(base: str) -> Found:
    if not base.startswith("https://"):
        return False, f"{base} is not https: pages show personal data; give the https address"
    try:
        plain = call("GET", "http" + base.removeprefix("https") + "/health")
    except OSError:
        return True, "nothing is served without encryption"
    if plain.status in (301, 302, 307, 308, 403):
        return True, "nothing is served without encryption"
    return False, f"http:// answers {plain.status}: whatever stands before the API must refuse or redirect it"


def guarded(base: str) -> Found:
    got = call("GET", f"{base}/")
    wrong = [name for name, pattern in GUARDS.items() if not re.search(pattern, got.headers.get(name, ""))]
    if got.status != 200:
        return False, f"the first page answered {got.status}: see the log of APIHandler"
    if wrong:
        return False, f"headers missing or changed on the way: {', '.join(wrong)}; look at what stands before the API"
    return True, "the pages carry their guarding headers"


def no_cross_origin(base: str) -> Found:
    got = call("GET", f"{base}/health", Origin="https://elsewhere.example.com")
    if opened := [name for name in got.headers if name.startswith("access-control-")]:
        return False, f"other sites may read answers: {', '.join(opened)}; switch cross-origin sharing off"
    return True, "no other site may read an answer"


def forms(base: str) -> Found:
    for right in RIGHTS:
        got = call("GET", f"{base}/requests/new?right={right}")
        if got.status != 200 or 'name="email"' not in got.text:
            return False, f"the form for {right} answered {got.status}"
        elsewhere = [
            url for url in re.findall(r'(?:action|href)="(https?://[^"]+)', got.text) if not url.startswith(base)
        ]
        if any("/requests" in url or "/style" in url for url in elsewhere):
            return False, f"the pages lead to {elsewhere[0]}, not to {base}: deploy with PublicUrl={base}"
    return True, "every form is there"


def refuses(base: str) -> Found:
    body = json.dumps({"right": "access", "email": "no address"}).encode()
    got = call("POST", f"{base}/api/requests", body, Content_Type="application/json")
    if got.status == 422 and "email" in json.loads(got.text).get("fields", {}):
        return True, "what is wrong is refused by name"
    return False, f"a request without an address got {got.status}, not 422"


def files(base: str, email: str) -> Found:
    said = {"right": "concern", "email": email, "details": "A look after a deployment. Please close this."}
    got = call("POST", f"{base}/api/requests", json.dumps(said).encode(), Content_Type="application/json")
    if got.status == 202:
        return True, f"filed {json.loads(got.text)['reference']}; a mail to {email} must come within a minute"
    if got.status == 429:
        return False, f"{email} has filed too often today: name another mailbox"
    return False, f"filing answered {got.status}: see the log of APIHandler for a missing permission or setting"


def tell(base: str, email: str, say: Callable[[str], None]) -> bool:
    """Look at everything; whether all went well."""
    well = True
    for look in looks(base.rstrip("/"), email):
        try:
            good, said = look()
        except (OSError, ssl.SSLError, ValueError) as fault:
            good, said = (
                False,
                f"{urlsplit(base).hostname} does not answer: {fault}. Is the DNS record there, and the certificate?",
            )
        say(f"{'ok  ' if good else 'FAIL'}  {said}")
        well = well and good
        if not good and look.__name__ == "health":
            break
    return well


def of_aws(stage: str, session: Any, say: Callable[[str], None]) -> bool:
    """Whether mail leaves and comes in; whether it does. Raises Unready."""
    from local.deploy import existing, left_to_do, stack_of

    name = stack_of(stage)
    now = existing(session.client("cloudformation"), name)
    if now is None:
        say(f"FAIL  there is no {name} in {session.region_name}: wrong STAGE, or wrong region (AWS_REGION)?")
        return False
    left = left_to_do(session, name, now)
    for each in left:
        say(f"FAIL  {each}")
    return not left


def main(environ: Mapping[str, str]) -> int:
    url = environ.get("URL", "")
    if not re.match(r"https?://", url):
        print("make smoke needs URL=https://…, the address of the pages", file=sys.stderr)
        return 2
    well = tell(url, environ.get("SMOKE_EMAIL", ""), print)
    if environ.get("SMOKE_STAGE"):
        import boto3

        from local.preflight import Unready

        try:
            well = of_aws(environ["SMOKE_STAGE"], boto3.Session(), print) and well
        except Unready as why:
            print(f"FAIL  {why}")
            well = False
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
