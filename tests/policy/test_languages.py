from pathlib import Path

import pytest
from babel.messages.catalog import Catalog as Messages
from babel.messages.mofile import write_mo

from supportpolicy.languages import (
    PSEUDO_LANGUAGE,
    Catalog,
    closest_language,
    current_language,
    direction,
    in_language,
    language_of_environment,
    locale,
    number,
    pseudo,
)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    german = Messages(locale="de")
    german.add("Enter a subject", "Geben Sie einen Betreff ein")
    german.add("within %(days)s days", "innerhalb von %(days)s Tagen")
    german.add(("%(count)s hour", "%(count)s hours"), ("%(count)s Stunde", "%(count)s Stunden"))
    german.add("Open", "Geöffnet", context="hours")
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, german)
    return Catalog(tmp_path)


def test_what_is_said_within_a_language_is_said_in_it(catalog: Catalog) -> None:
    with in_language("de"):
        assert catalog.gettext("Enter a subject") == "Geben Sie einen Betreff ein"
        assert catalog.gettext("within %(days)s days", days=3) == "innerhalb von 3 Tagen"
        assert [catalog.ngettext("%(count)s hour", "%(count)s hours", n) for n in (1, 2)] == ["1 Stunde", "2 Stunden"]
        assert catalog.pgettext("hours", "Open") == "Geöffnet"
        with in_language("en"):
            assert catalog.gettext("Enter a subject") == "Enter a subject"
        assert current_language() == "de"
    assert catalog.ngettext("%(count)s hour", "%(count)s hours", 2) == "2 hours"


def test_a_message_that_a_language_lacks_is_said_in_english(catalog: Catalog) -> None:
    with in_language("fr"):
        assert catalog.gettext("within %(days)s days", days=3) == "within 3 days"
    with in_language("de"):
        assert catalog.gettext("100 % of it") == "100 % of it"


def test_a_tag_leads_to_the_language_that_we_speak() -> None:
    assert [closest_language(tag) for tag in ("de", "de-AT", "DE_CH", "ar-EG", "nl", "")] == [
        "de",
        "de",
        "de",
        "ar",
        None,
        None,
    ]
    assert (direction("ar"), direction("fr")) == ("rtl", "ltr")


def test_a_language_that_we_do_not_speak_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError, match="no language 'nl'"), in_language("nl"):
        pass


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_CH.UTF-8"}, "fr"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "nl_NL"}, "en"),
        ({"LANG": "es", "LC_ALL": ""}, "es"),
    ],
)
def test_programs_speak_the_language_of_their_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language_of_environment() == language


def test_the_pseudo_language_is_english_that_is_seen_to_be_translated(catalog: Catalog) -> None:
    assert pseudo("Up to %(count)s files, {name}: 100 %%") == "[Üp tö %(count)s fîlés, {name}: 100 %%]"
    assert closest_language(PSEUDO_LANGUAGE) == PSEUDO_LANGUAGE
    with in_language(PSEUDO_LANGUAGE):
        assert catalog.gettext("within %(days)s days", days=3) == "[wîthîñ 3 dàýs]"
        assert catalog.ngettext("%(count)s hour", "%(count)s hours", 2) == "[2 höürs]"
        assert catalog.pgettext("hours", "Open") == "[Öpéñ]"
        assert catalog.pgettext("date pattern", "d MMMM") == "d MMMM"


def test_dates_and_numbers_are_written_as_the_language_has_them() -> None:
    found = {}
    for language in ("en", "de", "fr", "es", "ar", PSEUDO_LANGUAGE):
        with in_language(language):
            found[language] = (locale(), number(20_000))
    assert found["en"] == found[PSEUDO_LANGUAGE] == ("en_GB", "20,000")
    assert found["de"] == ("de", "20.000")
    assert found["fr"] == ("fr", "20\N{NARROW NO-BREAK SPACE}000")
