"""The example shop, the snippets in two languages and the links for any site: each does what its page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import jwt
import pytest

from local import member_site
from local.serving import serving
from local.walk import Walker
from tests.docs.pages import code

KEY = b"k" * 32
BUSINESS = "petsrusexpress"


@contextmanager
def shop(desk: str) -> Iterator[str]:
    site = member_site.server(0, desk, BUSINESS, KEY)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{site.server_address[1]}"
    finally:
        site.shutdown()
        site.server_close()


def forms(page: str) -> list[tuple[str, dict[str, str], str]]:
    """Each form of a page: where it goes, what it carries, what its button says."""
    found = re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL)
    read = r'<input type="hidden" name="([^"]+)" value="([^"]*)">'
    return [(a, {n: unescape(v) for n, v in re.findall(read, b)}, re.sub(r"<[^>]+>", "", b).strip()) for a, b in found]


@pytest.fixture(scope="module")
def walk() -> Iterator[Walker]:
    with serving(BUSINESS, RIGHTSDESK_MEMBER_KEY=KEY.decode()) as run:
        yield Walker(run)


def test_a_member_presses_a_button_and_proves_nothing_more(walk: Walker) -> None:
    email = walk.run["customers"][0]["email"]
    with shop(walk.run["base_url"]) as site:
        assert "Sign in" in walk.get(f"{site}/account").text
        signed_in = walk.post(f"{site}/sign-in", {"email": email})
        cookie = signed_in.headers["set-cookie"].partition(";")[0]
        page = walk.get(f"{site}/account", Cookie=cookie).text
    (action, fields, said), correction, _ = forms(page)
    assert (action, said) == (f"{walk.run['base_url']}/requests", "See my data")
    assert fields["member_token"] not in action
    filed = walk.post(action, fields, Origin=site, Sec_Fetch_Site="cross-site")
    assert filed.status == 303
    walk.link(email, "track")
    assert not [m for m in walk.mails(email) if "/verify/" in m["text"]], "who is signed in proves nothing more"
    form = walk.post(correction[0], correction[1])
    assert form.status == 422
    assert f'name="member_token" value="{correction[1]["member_token"]}"' in form.text, "the form opens, proven"
    assert email in form.text


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: the JavaScript snippet is not tried")
def test_the_snippet_in_javascript_makes_the_same_token_and_button() -> None:
    snippet = code("docs/member-page.md", "tested: member_token_js")
    asked = (
        f'const key = Buffer.from("{KEY.decode()}");'
        'const made = memberToken(key, "mine", "robin@example.com", 1790000000.7);'
        'console.log(JSON.stringify([made, button("https://desk.example.com", "access", "a\\"b@example.com", "t")]))'
    )
    done = subprocess.run(["node", "-e", snippet + asked], capture_output=True, text=True, timeout=30, check=True)
    token, button = json.loads(done.stdout)
    claims: dict[str, Any] = jwt.decode(
        token, KEY, algorithms=["HS256"], audience="mine", options={"verify_exp": False}
    )
    assert (claims["email"], claims["auth_time"]) == ("robin@example.com", 1790000000)
    assert set(claims) == {"email", "aud", "exp", "auth_time"}
    assert forms(button)[0][1] == {"right": "access", "email": 'a"b@example.com', "member_token": "t"}


def test_the_links_and_the_form_for_any_site_work(walk: Walker) -> None:
    desk = walk.run["base_url"]
    snippets = code("docs/embed.md", "tested: link") + code("docs/embed.md", "tested: form")
    snippets = snippets.replace("https://privacy.example.com", desk)
    for link in re.findall(r'href="([^"]+)"', snippets):
        answer = walk.get(link)
        assert answer.status == 200
        assert "<form" in answer.text or "<h1" in answer.text
    [(action, fields, _)] = forms(snippets)
    stops = re.findall(r'name="stop" value="([^"]+)"', snippets)
    filed = walk.post(action, [*fields.items(), *(("stop", s) for s in stops), ("email", "kim@example.com")])
    assert filed.status == 303
    assert "received" in filed.headers["location"]


def test_the_browsers_signal_is_shown_and_the_well_known_file_is_right(walk: Walker) -> None:
    with_signal, without = walk.get("/", Sec_GPC="1"), walk.get("/")
    assert "Global Privacy Control" in with_signal.text
    assert "Global Privacy Control" not in without.text
    said = walk.get("/.well-known/gpc.json")
    assert said.headers["content-type"] == "application/json"
    assert said.json()["gpc"] is True
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", said.json().get("lastUpdate", "2026-01-01"))
