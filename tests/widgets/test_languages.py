"""The widgets in every language: complete, each telling which it is in, with nothing that was typed into the code."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from bs4 import NavigableString
from werkzeug.datastructures import MultiDict
from wtforms import StringField
from wtforms.validators import InputRequired

from formapp.forms import TicketForm, ticket_form
from formapp.when import zone_words
from formapp.widgets.chooser import render_chooser
from formapp.widgets.closures import closure_labels
from formapp.widgets.feedback import render_feedback
from formapp.widgets.form import render_form
from formapp.widgets.scoreboard import render_scoreboard
from formapp.widgets.sending import render_sending
from formapp.widgets.table import render_table
from supportpolicy import Policy, load
from supportpolicy.languages import LANGUAGES, PSEUDO_LANGUAGE, in_language
from tests.pseudo import not_translated
from tests.reading import Element, Page

GOLDEN = Path(__file__).parent / "golden"
# Attributes in which people, or the scripts for them, find words.
SAID = ("alt", "aria-label", "placeholder", "title")
# Attributes of data, in which nothing is said.
NOT_SAID = re.compile(
    "data-(dates|dull|promised|promise|fields?|for|kept|kinds|lang|option|priority|question|rank|result|similar|size|to|upload|remove|alive"
    "|most|total|target|id|month|state|email|name|tree|unsent|number|search-exclude)"
)
# The test's own, and kinds of files.
DATA = (".png", "help@shop.example", "Ada Martin")


@pytest.fixture(scope="module")
def small() -> Policy:
    return load(GOLDEN / "policy.yml")


def every_widget(policy: Policy) -> str:
    """All that the widgets can show, in the current language."""
    wrong = ticket_form(policy, MultiDict({"url": "no", "priority": "gone", "email": ""}))
    wrong.validate()
    mine = ticket_form(policy, projects=[("shop", "1")])
    plain = ticket_form(policy)
    parts = [
        *(render_table(policy, show=show, on=date(2026, 11, 24), dates_url="/d") for show in ("promises", "criteria")),
        *(render_table(policy, show=show, on=date(2026, 11, 24)) for show in ("house-rules", "examples")),
        render_chooser(policy, form_url="/f", dates_url="/d"),
        render_form(policy, plain, action="/a", embedded=True, dates_url="/d", files_url="/u", similar_url="/s"),
        render_form(policy, wrong, action="/a", embedded=False, ids="wrong"),
        render_form(policy, mine, action="/a", embedded=False, ids="mine", sending_as="Ada Martin", sign_out_url="/o"),
        render_sending(policy, "body", "/h", ""),
        render_feedback(policy, action="/b", page="/help/"),
        render_scoreboard(policy),
    ]
    return "\n".join(parts)


def said(page: Page) -> list[str]:
    """Every text that stands in a page or in an attribute that is read out or that script shows."""
    found = [str(text) for text in page.tree.find_all(string=True) if type(text) is NavigableString]
    for element in page.elements:
        for name, value in element.attributes.items():
            if name in SAID or (name.startswith("data-") and not NOT_SAID.fullmatch(name)):
                found.append(value)
        if "data-kinds" in element.attributes and element.tag == "template":
            found += [kind for kind, _pattern, _flags in json.loads(element["data-kinds"])]
    return [text for text in found if text.strip()]


def test_in_the_pseudo_language_no_word_is_left_that_no_catalogue_has(small: Policy) -> None:
    with in_language(PSEUDO_LANGUAGE):
        page, zone = Page(every_widget(small)), zone_words(small.calendar.zone)
    assert len(said(page)) > 200
    left = {text: words for text in said(page) if (words := not_translated(text, zone, *DATA))}
    assert left == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_widget_tells_its_language_and_nothing_of_another_stands_in_it(small: Policy, language: str) -> None:
    with in_language(language):
        page = Page(every_widget(small))
    roots = [one for one in page.elements if not [p for p in one.parents if isinstance(p, Element)]]
    for root in roots:
        if root.tag != "support-send":
            assert (root["lang"], root["dir"]) == (language, "rtl" if language == "ar" else "ltr"), root.tag
    assert {one["value"] for one in page.all("input", name="language")} == {language}
    if language != "en":
        with in_language("en"):
            english = {text.strip() for text in said(Page(every_widget(small)))}
        # Words that are the same in both, or no words.
        same = {text.strip() for text in said(page)} & english
        assert {text for text in same if " " in text} <= {"Ada Martin"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_with_a_form_is_said_in_its_language(small: Policy, language: str) -> None:
    wanted = {
        "en": "Enter a subject",
        "de": "Geben Sie einen Betreff ein",
        "fr": "Saisissez un objet",
        "es": "Escriba un asunto",
        "ar": "يرجى إدخال الموضوع",
    }
    with in_language(language):
        form = ticket_form(small, MultiDict({"project": "gone"}), projects=[("shop", "Shop")])
        form.validate()
        assert form.subject.errors == [wanted[language]]
    with in_language("en"):
        # Made anew, and not changed for those who come after.
        form = ticket_form(small, MultiDict({}))
        form.validate()
        assert form.subject.errors == ["Enter a subject"]
        assert form.subject.label.text == "Subject"


def test_wtforms_own_messages_are_in_the_form_s_language(small: Policy) -> None:
    class Asked(TicketForm):
        more = StringField("More", [InputRequired()])

    found = {}
    for language in (*LANGUAGES, PSEUDO_LANGUAGE):
        with in_language(language):
            form = Asked(MultiDict({}), policy=small)
            form.validate()
            found[language] = form.more.errors[0]
    assert found["de"] == "Dieses Feld wird benötigt."
    assert found["en"] == found[PSEUDO_LANGUAGE] == "This field is required."
    assert len(set(found.values())) == len(LANGUAGES)


def test_counts_have_the_forms_of_their_language_for_script(small: Policy) -> None:
    with in_language("ar"):
        form = Page(render_form(small, ticket_form(small), action="/a", embedded=True)).one("support-form")
    left = json.loads(form["data-left"])
    assert set(left) == {"zero", "one", "two", "few", "many", "other"}
    assert left["few"] == "تبقّت {count} أحرف"
    assert "{count}" not in left["two"]


def test_addresses_that_answer_in_words_are_asked_in_the_page_s_language(small: Policy) -> None:
    for language, query in (("en", ""), ("de", "?language=de")):
        with in_language(language):
            form = render_form(small, ticket_form(small), action="/a", embedded=True, dates_url="/d", files_url="/u")
            table = render_table(small, dates_url="/d?x=1")
        assert f'data-dates="/d{query}"' in form
        assert f'data-upload="/u{query}" data-remove="/u/remove"' in form
        assert f'data-dates="/d?x=1{query.replace("?", "&amp;")}"' in table


def test_the_bar_of_closures_has_its_words_in_each_language() -> None:
    labels = closure_labels()
    assert list(labels) == list(LANGUAGES)
    assert labels["ar"] == {"language": "ar", "direction": "rtl", "title": "إعلان", "button": "إخفاء"}
    assert len({label["button"] for label in labels.values()}) == len(LANGUAGES)
