"""Which language is spoken: the browser's wish, word for word, and dates as people of that language write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from chalicelib import language

OURS = ("en", "es")


@pytest.mark.parametrize(
    ("header", "spoken"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("en;q=0.1, es;q=0.11", "es"),
        ("EN;Q=0.5,ES;Q=0.9", "es"),
        ("fr-FR, es;q=0.3", "es"),
        ("fr-FR", "en"),
        ("*", "en"),
        ("en;q=0, *", "es"),
        ("es;q=0, *;q=0.5", "en"),
        ("es;q=0", "en"),
        ("es;q=1.5, en;q=0.2", "en"),
        ("es;q=0.5;q=zwei, en;q=0.2", "en"),
        ("est", "en"),
        ("es ; q=0.9 , en ; q=0.5", "es"),
        ("en,es", "en"),
    ],
)
def test_the_browser_gets_the_language_it_wants_most(header: str, spoken: str) -> None:
    assert language.wanted(header, OURS) == spoken


@given(st.text(max_size=300))
def test_any_header_is_answered_in_a_language_that_is_offered(header: str) -> None:
    assert language.wanted(header, OURS) in OURS
    assert language.wanted(header, ("en",)) == "en"


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_greater_weight_wins_and_english_where_they_are_even(english: int, spanish: int) -> None:
    header = f"en;q={english / 1000:.3f}, es-US;q={spanish / 1000:.3f}"
    assert language.wanted(header, OURS) == ("es" if spanish > english else "en")


@given(st.dates(date(1900, 1, 1)))
def test_a_day_is_written_as_the_locale_data_has_it(day: date) -> None:
    """Against CLDR, which Babel brings: English and Spanish of the United States."""
    for code, locale in (("en", "en_US"), ("es", "es_US")):
        with language.speaking(code):
            assert language.day(day) == format_date(day, "long", locale)


def test_a_time_has_its_half_of_the_day_and_its_zone() -> None:
    afternoon = datetime(2027, 1, 4, 21, 5, tzinfo=UTC).astimezone(ZoneInfo("America/Chicago"))
    with language.speaking("es"):
        assert language.time(afternoon) == "3:05 p. m. CST"
        assert language.time(afternoon - timedelta(hours=3)) == "12:05 p. m. CST"
        assert language.time(afternoon - timedelta(hours=15)) == "12:05 a. m. CST"
    assert language.time(afternoon) == "3:05 PM CST"


def test_what_has_no_translation_is_said_in_english_and_a_language_ends_with_its_block() -> None:
    with language.speaking("es"):
        assert language.gettext("Never heard of %(this)s.", this="it") == "Never heard of it."
        assert language.gettext("Yes") == "Sí"
        with language.speaking("xx"):
            assert language.current() == "en"
        assert language.ngettext("%(num)s day", "%(num)s days", 1) == "1 día"
        assert language.ngettext("%(num)s day", "%(num)s days", 3) == "3 días"
    assert language.current() == "en"


def test_a_request_is_followed_unless_the_reader_has_chosen() -> None:
    with language.speaking("en"):
        language.follow("es")
        assert language.current() == "es"
        language.speak("en", chosen=True)
        language.follow("es")
        assert language.current() == "en"


def test_what_is_put_into_a_message_is_escaped_where_the_rest_is() -> None:
    for page, said in ((True, "&lt;b&gt;Ann&lt;/b&gt; <b>1 %</b>"), (False, "<b>Ann</b> <b>1 %</b>")):
        environment = Environment(autoescape=page)
        language.teach(environment)
        template = environment.from_string('{{ _("%(who)s <b>1 %%</b>", who=who) }}{{ ngettext("", "", 2) }}')
        assert template.render(who="<b>Ann</b>") == said
    escaped = environment.overlay(autoescape=True).from_string("{{ lookup(who) }}").render(who="<b>")
    assert escaped == "&lt;b&gt;", "what is looked up is not ours, and has no markup"
