"""Nothing that a customer reads is without its Spanish: our texts, and each business's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.businesses.loader import load, shipped
from chalicelib.errors import Misconfigured
from local import catalogue

PLACES = re.compile(r"%\(\w+\)s|</?\w+[^>]*>")
HERE = catalogue.catalogue()


def pairs() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for message in HERE:
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            said = (message.string,) if isinstance(message.string, str) else message.string
            found += zip(ids, said, strict=True)
    return found


def test_every_text_has_a_translation() -> None:
    """`make catalogue` puts what is new into the .po; a person translates it there."""
    there = {m.id for m in HERE if m.id}
    wanted = catalogue.messages()
    assert not wanted - there, "run make catalogue, and translate what is new"
    assert not there - wanted, "no longer said anywhere: run make catalogue"
    assert not [english for english, spanish in pairs() if not spanish.strip()]
    assert not [m.id for m in HERE if m.fuzzy and m.id]


def test_a_translation_fills_the_same_places_and_keeps_the_markup() -> None:
    for english, spanish in pairs():
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(spanish)), english
        assert "%" not in PLACES.sub("", spanish), spanish


def test_the_compiled_catalogue_is_the_one_that_was_translated() -> None:
    assert catalogue.CATALOGUE.with_suffix(".mo").read_bytes() == catalogue.compiled(HERE), "run make catalogue"


def test_a_marked_text_that_nobody_translated_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "new.html").write_text('<p>{{ _("Nobody said this yet.") }}</p>')
    (tmp_path / "new.py").write_text('def f(n):\n    return ngettext("%(num)s owl", "%(num)s owls", n)\n')
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    assert set(catalogue._marked()) == {"Nobody said this yet.", ("%(num)s owl", "%(num)s owls")}


@pytest.mark.parametrize("name", shipped())
def test_a_businesss_own_texts_are_all_translated_and_no_others(name: str) -> None:
    business = load(name)
    assert business.languages == ("en", "es")
    there = set(business.translations["es"])
    wanted = catalogue.own_texts(business)
    assert not wanted - there, "has no Spanish"
    assert not there - wanted, "is said nowhere any more"


def test_a_business_without_a_translation_speaks_english(tmp_path: Path) -> None:
    for file in ("business.yaml", "datamap.yaml", "sharing.yaml"):
        (tmp_path / file).write_text((Path(catalogue.ROOT) / "businesses" / "jeffers" / file).read_text("utf-8"))
    said = (tmp_path / "business.yaml").read_text("utf-8")
    (tmp_path / "business.yaml").write_text(f"id: mine\n{said}")
    assert load(str(tmp_path)).languages == ("en",)
    (tmp_path / "es.yaml").write_text("Your account: 7\n")
    with pytest.raises(Misconfigured, match=r"es\.yaml"):
        load(str(tmp_path))
