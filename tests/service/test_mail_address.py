"""An address reaches whom it names: what is stored is what was typed, and nobody else's."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from formapp.accounts import accounts, magic_links
from formapp.errors import AlreadyExists, TextRefused, UseCaseError
from formapp.forms import ticket_form
from formapp.mail_address import normalise_address
from formapp.models import Account, OutboxMessage
from formapp.notifications.email.compose import compose
from formapp.services import Services
from tests.builders import NOW, build_account, build_message, stored


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Shop.example", "ada@shop.example"),
        ("ada@faß.example", "ada@faß.example"),
        ("ada@xn--fa-hia.example", "ada@faß.example"),
        ("ada@fass.example", "ada@fass.example"),
        ("ada@BÜCHER.example", "ada@bücher.example"),
        ("ada@bu\u0308cher.example", "ada@bücher.example"),
        ("ada@ไทยที่.example", "ada@ไทยที่.example"),
        ("\u200b\ufeff ada@shop.example\u00a0\u2060\n", "ada@shop.example"),
        ("\u200b" * 90_000 + "ada@shop.example", "ada@shop.example"),
    ],
)
def test_an_address_is_stored_as_it_was_typed(typed: str, kept: str) -> None:
    assert normalise_address(typed) == kept
    assert normalise_address(kept) == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("a\u200bda@shop.example", "can't be seen (U+200B, zero width space)"),
        ("ada@shop\u00ad.example", "can't be seen (U+00AD, soft hyphen)"),
        ("ada\u3164@shop.example", "can't be seen (U+3164, hangul filler)"),
        ("jürgen@shop.example", "We can't send mail to an address with “ü” before the @"),
        ("straße@shop.example", "We can't send mail to an address with “ß” before the @"),
        ("ada@xn--zzzz.example", "correct format, like name@example.com"),
        ("ada shop@shop.example", "correct format, like name@example.com"),
        ("ada", "correct format, like name@example.com"),
        ("", "correct format, like name@example.com"),
        ("a" * 250 + "@shop.example", "The address must be 254 characters or less"),
        ("a" + "\u0301\u0323" * 100 + "@shop.example", "more than 30 accents"),
        ("ada@shop.example\0", "NUL"),
    ],
)
def test_what_mail_cannot_reach_is_refused_in_words_wherever_it_is_typed(
    sqlite_services: Services, typed: str, words: str
) -> None:
    with pytest.raises(UseCaseError) as refused:
        normalise_address(typed)
    assert words in refused.value.message
    if typed != "ada" and typed:
        with pytest.raises(UseCaseError):
            accounts.add_account(sqlite_services, typed, "Ada", NOW)
        with pytest.raises(UseCaseError):
            magic_links.request_link(sqlite_services, typed, NOW)
        form = ticket_form(sqlite_services.policy, MultiDict({"email": typed}))
        form.validate()
        assert words in form["email"].errors[0]
    assert stored(sqlite_services, OutboxMessage) == []


def test_two_hosts_that_once_were_folded_into_one_are_two(services: Services) -> None:
    ada, stranger = build_account(services, "ada@faß.example"), build_account(services, "ada@fass.example")
    with pytest.raises(AlreadyExists):
        build_account(services, "ADA@xn--fa-hia.EXAMPLE")
    assert [one.email for one in stored(services, Account)] == ["ada@faß.example", "ada@fass.example"]
    magic_links.request_link(services, "Ada@faß.example", NOW)
    (mail,) = stored(services, OutboxMessage)
    assert (mail.kind, mail.recipient) == ("link", "ada@faß.example")
    found = accounts.find_account_by_email(services, "ada@FASS.example")
    assert found is not None
    assert (found.id, ada.id) == (stranger.id, stored(services, Account)[0].id)
    sent = compose(services, build_message(recipient=mail.recipient), services.policy)
    assert sent.recipient == "ada@xn--fa-hia.example"


def test_an_account_that_would_not_be_made_today_can_still_be_shut(services: Services) -> None:
    with services.write.begin() as database:
        database.add(Account(email="jürgen@intranet", name="Jürgen", is_staff=False, created_at=NOW, disabled_at=None))
    accounts.disable_account(services, "Jürgen@intranet", NOW)
    assert stored(services, Account)[0].disabled_at == NOW


def test_nobody_is_found_by_what_is_no_address(services: Services) -> None:
    build_account(services)
    for typed in ("", "\0", "\ud800", "x" * 100_000, "a" + "\u0301" * 100_000):
        assert accounts.find_account_by_email(services, typed) is None
    with pytest.raises(TextRefused):
        normalise_address("\ud800@shop.example")
