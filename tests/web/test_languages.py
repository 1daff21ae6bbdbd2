"""Which language a page speaks: the browser's, the one that was chosen by a link, or that of the request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap, language
from chalicelib.businesses.loader import load
from chalicelib.domain.request import Right
from chalicelib.links import Purpose
from tests.web.conftest import Desk


@pytest.fixture
def shop(desk: Desk) -> Iterator[Desk]:
    """The same desk, of a business that speaks Spanish."""
    svc = replace(desk.svc, business=load("jeffers"))
    with bootstrap.override(svc), Client(app) as client:
        yield Desk(client, svc)


def test_the_page_follows_the_browser(shop: Desk) -> None:
    page = shop.get("/", accept_language="es-US,es;q=0.9,en;q=0.5")
    assert "Sus datos, su decisión" in page.body.decode()
    assert page.headers["Content-Language"] == "es"
    assert {"Accept-Language", "Cookie"} <= set(page.headers["Vary"].split(", "))
    assert "Your data, your choice" in shop.get("/", accept_language="fr").body.decode()
    assert "Pídanos quitar lo que guardamos" in page.body.decode(), "in the business's own words"


def test_a_link_chooses_another_language_without_a_script_and_a_cookie_keeps_it(shop: Desk) -> None:
    here = shop.get("/requests/new?right=access&x=1", accept_language="en").body.decode()
    [link] = re.findall(r'<a href="([^"]*)" lang="es" hreflang="es">Español</a>', here)
    assert link.replace("&amp;", "&") == "/requests/new?right=access&x=1&lang=es"
    chosen = shop.get("/requests/new?right=access&lang=es", accept_language="en")
    assert "¿Cuánto quiere ver?" in chosen.body.decode()
    assert (
        '<a href="/requests/new?right=access&amp;lang=en" lang="en" hreflang="en">English</a>' in chosen.body.decode()
    )
    cookie = str(chosen.headers["Set-Cookie"])
    assert cookie.startswith("lang=es; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax")
    assert "su decisión" in shop.get("/", accept_language="en", cookie="lang=es").body.decode()


@pytest.mark.parametrize("said", ["xx", "EN", "es;drop", "", "en\r\nSet-Cookie: x=1", "../es"])
def test_a_language_that_is_not_offered_changes_nothing(shop: Desk, said: str) -> None:
    page = shop.client.http.get(f"/?lang={said.encode().hex() if not said.isascii() else said}")
    assert page.headers["Content-Language"] == "en"
    assert "Set-Cookie" not in page.headers
    assert shop.get("/", cookie=f"lang={said[:5].strip()}").headers["Content-Language"] == "en"


def test_a_business_without_spanish_offers_none(desk: Desk) -> None:
    page = desk.get("/?lang=es", accept_language="es")
    assert page.headers["Content-Language"] == "en"
    assert "hreflang" not in page.body.decode()


def test_faults_stand_beside_their_fields_in_the_language_of_the_page(shop: Desk) -> None:
    page = shop.post("/requests", {"right": "access", "email": "nobody"}, accept_language="es")
    assert page.status_code == 422
    assert "Ponga una dirección de correo completa, como nombre@example.com." in page.body.decode()
    told = shop.post("/api/requests", b'{"right": "access"}', kind="application/json", accept_language="es").json_body
    assert told["fields"] == {"email": "Ponga su correo electrónico. La respuesta va allí."}
    dead = shop.get("/track/no-such-token-at-all", accept_language="es").body.decode()
    assert "Este enlace no sirve" in dead
    assert "Era un enlace para seguir una solicitud." in dead


def test_a_request_is_filed_in_the_language_it_is_asked_in_and_its_tracker_speaks_it(shop: Desk) -> None:
    shop.post("/requests", {"right": "concern", "email": "kim@example.com", "details": "Hola"}, accept_language="es")
    shop.post("/requests", {"right": "concern", "email": "ann@example.com", "details": "Hello"}, accept_language="en")
    assert sorted(request.language for request in shop.store._requests.values()) == ["en", "es"]
    with language.speaking("es"):
        request = shop.file(Right.CONCERN, details="Hola")
    link = shop.link(Purpose.TRACK, request.reference)
    assert "Usted nos pidió que atendamos su inquietud" in shop.get(link, accept_language="en").body.decode()
    assert "You asked us" in shop.get(f"{link}?lang=en", accept_language="es").body.decode()
    assert "You asked us" in shop.get(link, cookie="lang=en").body.decode()
    assert language.current() == "en", "what one reader is spoken to in is not what the next is"


def test_staff_pages_are_english_whatever_the_browser_says(shop: Desk) -> None:
    page = shop.get("/staff/sign-in?lang=es", accept_language="es", cookie="lang=es")
    assert page.headers["Content-Language"] == "en"
    assert "Set-Cookie" not in page.headers
    assert "hreflang" not in page.body.decode()
