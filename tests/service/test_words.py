"""Dates, lengths of time, sizes and numbers, as each language writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from formapp.errors import TextTooLong
from formapp.text import size_words
from formapp.translation import number_words
from formapp.when import both_ends, clock_words, duration_words, long_words, short_words, zone_words
from supportpolicy.languages import in_language

PARIS, NEW_YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)
YEARS_AGO = NOW - timedelta(days=800)
SEPTEMBER = datetime(2026, 9, 1, 7, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "long", "short", "with_year"),
    [
        (
            "en",
            "Tuesday 24 November, 15:00 Paris time",
            "Tue 24 Nov, 09:00 New York time",
            "Tue 1 Sep 2026, 09:05 Paris time",
        ),
        (
            "de",
            "Dienstag, 24. November, 15:00 Uhr (Ortszeit Paris)",
            "Di., 24. Nov., 09:00 Uhr (Ortszeit New York)",
            "Di., 1. Sept. 2026, 09:05 Uhr (Ortszeit Paris)",
        ),
        (
            "fr",
            "mardi 24 novembre à 15:00 (heure de Paris)",
            "mar. 24 nov. à 09:00 (heure de New York)",
            "mar. 1 sept. 2026 à 09:05 (heure de Paris)",
        ),
        (
            "es",
            "martes, 24 de noviembre, 15:00 (hora de París)",
            "mar, 24 de nov, 09:00 (hora de Nueva York)",
            "mar, 1 de sept de 2026, 09:05 (hora de París)",
        ),
        (
            "ar",
            "الثلاثاء، 24 نوفمبر، الساعة 15:00 (بتوقيت باريس)",
            "الثلاثاء، 24 نوفمبر، الساعة 09:00 (بتوقيت نيويورك)",
            "الثلاثاء، 1 سبتمبر 2026، الساعة 09:05 (بتوقيت باريس)",
        ),
    ],
)
def test_an_instant_is_told_as_the_language_tells_it(language: str, long: str, short: str, with_year: str) -> None:
    with in_language(language):
        assert long_words(NOW, PARIS, NOW) == long
        assert short_words(NOW, NEW_YORK, NOW) == short
        assert short_words(SEPTEMBER, PARIS, YEARS_AGO) == with_year


def test_utc_is_a_place_of_no_language() -> None:
    with in_language("de"):
        assert (zone_words(ZoneInfo("UTC")), clock_words(NOW, ZoneInfo("UTC"))) == ("UTC", "14:00 Uhr (UTC)")


def test_the_end_of_a_period_names_its_day_only_where_it_is_another() -> None:
    tomorrow = NOW + timedelta(days=1)
    assert both_ends(NOW, NOW + timedelta(hours=2), PARIS, NOW, short=True) == ("Tue 24 Nov, 15:00", "17:00")
    assert both_ends(NOW, tomorrow, PARIS, NOW, short=True) == ("Tue 24 Nov, 15:00", "Wed 25 Nov, 15:00")
    with in_language("fr"):
        assert both_ends(NOW, tomorrow, PARIS, NOW, short=True)[1] == "mer. 25 nov. à 15:00"


@pytest.mark.parametrize(
    ("language", "lengths"),
    [
        ("en", ["1 day 2 h", "11 days", "3 h 20 min", "less than a minute"]),
        ("de", ["1 Tag 2 Std.", "11 Tage", "3 Std. 20 Min.", "weniger als eine Minute"]),
        ("fr", ["1 jour 2 h", "11 jours", "3 h 20 min", "moins d’une minute"]),
        ("es", ["1 día 2 h", "11 días", "3 h 20 min", "menos de un minuto"]),
        ("ar", ["يوم واحد 2 س", "11 يومًا", "3 س 20 د", "أقل من دقيقة"]),
    ],
)
def test_a_length_of_time_has_the_languages_plurals(language: str, lengths: list[str]) -> None:
    times = timedelta(days=1, hours=2), timedelta(days=11), timedelta(hours=3, minutes=20), timedelta(seconds=30)
    with in_language(language):
        assert [duration_words(time, with_days=True) for time in times] == lengths


@pytest.mark.parametrize(
    ("language", "sizes", "sentence"),
    [
        ("en", ["1 byte", "34 kB", "1.2 MB"], "Subject must be 12,500 characters or less. It is 5 too long"),
        ("de", ["1 Byte", "34 kB", "1,2 MB"], "Betreff darf höchstens 12.500 Zeichen lang sein. Es sind 5 zu viel"),
        ("es", ["1 byte", "34 kB", "1,2 MB"], "Asunto: como máximo 12.500 caracteres. Sobran 5"),
        ("ar", ["بايت واحد", "34 كيلوبايت", "1.2 ميغابايت"], None),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(language: str, sizes: list[str], sentence: str | None) -> None:
    with in_language(language):
        assert [size_words(size) for size in (1, 34_000, 1_200_000)] == sizes
        told = TextTooLong("Subject", 12_500, 12_505).message
    assert sentence is None or told == sentence


def test_french_numbers_never_break_across_lines() -> None:
    with in_language("fr"):
        assert " " not in number_words(12_500)
