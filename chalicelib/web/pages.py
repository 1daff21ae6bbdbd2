"""Pages: templates rendered for one business, and its stylesheet.

Everything typed by anyone is escaped; a name a template does not know is an error, not a blank. Leaves to others:
what stands on a page (the views), how it leaves (replies).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chalicelib.businesses.model import Business
from chalicelib.domain.plan import Kept, PlannedCollection
from chalicelib.law import ground_label
from chalicelib.mail import colours, rules, staff_words, words
from chalicelib.services import Services

TEMPLATES = Path(__file__).parent.parent / "templates" / "page"


def render(name: str, svc: Services, **context: Any) -> str:
    """The page `templates/page/<name>.html`."""
    business = svc.business
    return (
        environment()
        .get_template(f"{name}.html")
        .render(
            {
                "business": business,
                "base": base(svc),
                "style": f"{base(svc)}/style.css?v={_version(business.colour)}",
                "now": svc.now(),
                "other_languages": (),
                **context,
            }
        )
    )


def base(svc: Services) -> str:
    """The path under which the desk is served: empty, or the stage's prefix."""
    return urlsplit(svc.settings.public_url).path.rstrip("/")


def stylesheet(business: Business) -> str:
    """Our one stylesheet, with the business's colour made readable on light and on dark."""
    light, dark = colours.light(business.colour), colours.dark(business.colour)
    filled = {
        "light-accent": light.text, "light-fill": light.fill, "light-on": light.on,
        "dark-accent": dark.text, "dark-fill": dark.fill, "dark-on": dark.on,
    }  # fmt: skip
    style = _style()
    for name, colour in filled.items():
        style = style.replace(f"@{name}@", colour)
    return style


@lru_cache(maxsize=1)
def _style() -> str:
    return (TEMPLATES / "style.css").read_text()


@lru_cache(maxsize=8)
def _version(colour: str) -> str:
    return hashlib.sha256((_style() + colour).encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        words=words,
        staff_words=staff_words,
        rules=rules,
        identifier_options=_identifier_options,
        ground_label=ground_label,
    )
    env.filters.update(why_kept=_why_kept)
    return words.spoken(env)


def _why_kept(lines: Sequence[PlannedCollection]) -> list[tuple[Kept, list[tuple[str, int]]]]:
    """Each reason to keep something, with the collections and counts it keeps."""
    reasons: dict[Kept, list[tuple[str, int]]] = {}
    for line in lines:
        for kept, count in line.kept:
            reasons.setdefault(kept, []).append((line.title, count))
    return list(reasons.items())


def _identifier_options(business: Business) -> list[tuple[str, str]]:
    return [(kind, words.IDENTIFIERS[kind]) for kind in business.identifiers]
