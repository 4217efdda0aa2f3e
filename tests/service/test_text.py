"""Text is brought into one form before anything looks at it, so that both databases store the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formapp.errors import TextRefused, TextTooLong
from formapp.services import Services
from formapp.text import is_blank, normalise, normalise_line
from formapp.tickets.queries import ticket_for
from tests.builders import build_customer, file_ticket

MOST = 10_000


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("cafe\u0301", "caf\u00e9"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("a\u2028b\u2029c\u0085d\ve\ff", "a\nb\nc\nd\ne\nf"),
        ("  \t around \n ", "around"),
        ("two  blanks stay,\n\n  and so does an indent", "two  blanks stay,\n\n  and so does an indent"),
        ("🙂\ufe0f", "🙂\ufe0f"),
        ("", ""),
    ],
)
def test_text_is_brought_into_one_form(typed: str, kept: str) -> None:
    assert normalise(typed, MOST) == kept


@pytest.mark.parametrize(
    ("text", "word"),
    [("a\0b", "NUL"), ("\0", "NUL"), ("\ud83d", "half"), ("x\udc00y", "half"), ("\ude42\ud83d", "half")],
)
def test_what_no_database_should_store_is_refused_in_words(text: str, word: str) -> None:
    for clean in (normalise, normalise_line):
        with pytest.raises(TextRefused) as refused:
            clean(text, MOST)
        assert word in refused.value.message


def test_a_line_stays_one_line() -> None:
    assert normalise_line("Outage\r\nBcc: x@example.com", MOST) == "Outage Bcc: x@example.com"
    assert normalise_line("one\u2028two\u0085three", MOST) == "one two three"


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text, MOST)
    assert normalise(once, MOST) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not set(normalise_line(text, MOST)) & set("\r\n\v\f\u0085\u2028\u2029")


@pytest.mark.parametrize(
    "text", ["", " \t\n", "\u200b\u2060\ufeff", "\u00a0\u3000", "\u0301", "\u200d\ufe0f", "\u3164\u115f", "\u2800"]
)
def test_text_that_nobody_can_see_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["0", ".", "\u200bx", "e\u0301", "語", "🙂", "-"])
def test_text_that_can_be_seen_is_not(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize("mark", ["\u0301", "\u0f73", "\u0323\u0301", "\u0344"])
def test_heaps_of_accents_are_refused_before_they_are_sorted(mark: str) -> None:
    """U+0F73 counts as a letter until it is taken apart."""
    for clean in (normalise, normalise_line):
        with pytest.raises(TextRefused, match=r"more than 30 accents on one letter\. Remove some"):
            clean("a" + mark * 31, MOST)
    assert normalise("a" + "\u0323" * 30 + "b" + "\u0323" * 30, MOST)


def test_text_is_as_long_as_people_count_it() -> None:
    """Alpha with three accents is one character when it is stored, however it was typed."""
    assert normalise("\u03b1\u0313\u0300\u0345" * 10, 10) == "\u1f82" * 10
    assert normalise(" " * 100_000 + "x" * 10 + "\n" * 100_000, 10) == "x" * 10
    with pytest.raises(TextTooLong, match=r"^Subject must be 10 characters or less\. It is 1 too long$"):
        normalise("x" * 11, 10, "Subject")
    with pytest.raises(TextTooLong, match="It is 31 too long"):
        normalise("a\u0301" + "\u0301" * 39, 10)


def test_what_was_typed_comes_back_the_same_from_both_databases(services: Services) -> None:
    """The description fills 20,000 characters of four bytes each: a limit counts characters, not bytes."""
    ada = build_customer(services)
    description = "🙂" * 20_000
    filed = file_ticket(services, ada, subject="Zürich → 東京 cafe\u0301\u200b!", description=description)
    ticket = ticket_for(services, ada.id, filed.ticket.reference)
    assert ticket.subject == "Zürich → 東京 caf\u00e9\u200b!"
    assert ticket.description == description
