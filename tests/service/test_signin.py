"""Signing in by link: each works once and for 15 minutes, and a session ends when it is told to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from formapp.accounts import magic_links, sessions
from formapp.accounts.accounts import disable_account
from formapp.errors import LinkGone
from formapp.models import Draft, OutboxMessage, SignedInSession, SignInLink
from formapp.services import Services
from formapp.tokens import hash_token
from tests.builders import NOW, build_account, stored

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def ask(services: Services, email: str = "ada@shop.example", now: datetime = NOW, draft: str = "") -> OutboxMessage:
    """Ask for a link; the mail that comes of it."""
    magic_links.request_link(services, email, now, draft_token=draft)
    return stored(services, OutboxMessage)[-1]


def token_in(mail: OutboxMessage) -> str:
    address: str = mail.payload["link"]
    return address.rpartition("/")[2]


def is_gone(services: Services, token: str, now: datetime = NOW) -> bool:
    """Whether both looking and pressing say that the link no longer works."""
    said = []
    for act in (magic_links.inspect_link, magic_links.redeem_link):
        try:
            act(services, token, now)
        except LinkGone:
            said.append(True)
        else:
            said.append(False)
    assert len(set(said)) == 1
    return said[0]


def signed_in(services: Services, token: str, now: datetime = NOW) -> str | None:
    person = sessions.signed_in_by(services, token, now)
    return person.email if person else None


def test_a_link_signs_in_once(services: Services) -> None:
    build_account(services)
    mail = ask(services, " Ada@Shop.example")
    assert (mail.kind, mail.recipient) == ("link", "ada@shop.example")
    token = token_in(mail)
    assert magic_links.inspect_link(services, token, NOW).email == "ada@shop.example"

    session = magic_links.redeem_link(services, token, NOW).token
    assert signed_in(services, session) == "ada@shop.example"
    assert is_gone(services, token)
    assert len(stored(services, SignedInSession)) == 1


def test_of_eight_presses_at_once_one_signs_in(services: Services) -> None:
    build_account(services)
    token = token_in(ask(services))

    def press(_: int) -> bool:
        try:
            magic_links.redeem_link(services, token, NOW)
        except LinkGone:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(press, range(8))) == 1
    assert len(stored(services, SignedInSession)) == 1


def test_a_link_works_for_a_quarter_of_an_hour_to_the_second(services: Services) -> None:
    build_account(services)
    token = token_in(ask(services))
    assert is_gone(services, token, NOW + QUARTER)
    assert not is_gone(services, token, NOW + QUARTER - timedelta(seconds=1))


@pytest.mark.parametrize("pressed", [0, 1])
def test_of_several_links_any_works_and_using_one_ends_the_others(services: Services, pressed: int) -> None:
    """Mails overtake each other: whoever asks twice may press either, and then the other is over."""
    build_account(services)
    build_account(services, "ben@shop.example")
    links = [token_in(ask(services)), token_in(ask(services, now=NOW + timedelta(minutes=5)))]
    of_ben = token_in(ask(services, "ben@shop.example"))
    assert magic_links.redeem_link(services, links[pressed], NOW + timedelta(minutes=6)).token
    assert [is_gone(services, link, NOW + timedelta(minutes=7)) for link in links] == [True, True]
    assert not is_gone(services, of_ben, NOW + timedelta(minutes=7))


def test_a_link_that_was_ended_doesn_t_begin_anew_when_its_mail_goes_out(services: Services) -> None:
    """The mail may have waited while its sibling was used."""
    build_account(services)
    waiting, used = ask(services), token_in(ask(services))
    magic_links.redeem_link(services, used, NOW)
    magic_links.start_lifetime(services, waiting.payload["link"], NOW + timedelta(minutes=1))
    assert is_gone(services, token_in(waiting), NOW + timedelta(minutes=1))


def test_links_that_are_over_are_swept_away_a_day_later_by_the_next(services: Services) -> None:
    """As long as what was saved behind them, so that an old one still leads to it."""
    build_account(services)
    ask(services, draft="d" * 43)
    ask(services, now=NOW + QUARTER + DAY - timedelta(seconds=1))
    assert len(stored(services, SignInLink)) == 2
    ask(services, now=NOW + QUARTER + DAY)
    assert {link.created_at for link in stored(services, SignInLink)} == {
        NOW + QUARTER + DAY - timedelta(seconds=1),
        NOW + QUARTER + DAY,
    }


def test_a_link_that_is_over_still_tells_what_it_led_to(services: Services) -> None:
    ada = build_account(services)
    token = token_in(ask(services, draft="d" * 43))
    assert is_gone(services, token, NOW + QUARTER)
    ended = magic_links.ended_link(services, token)
    assert ended is not None
    assert (ended.account_id, ended.draft_token) == (ada.id, "d" * 43)
    assert magic_links.ended_link(services, "x") is None


def test_a_link_brings_the_kept_ticket_and_the_way_on_with_it(services: Services) -> None:
    build_account(services)
    magic_links.request_link(services, "ada@shop.example", NOW, draft_token="d" * 43, next_path="/support/projects")
    (mail,) = stored(services, OutboxMessage)
    assert mail.payload["has_draft"] is True
    assert magic_links.inspect_link(services, token_in(mail), NOW).has_draft
    used = magic_links.redeem_link(services, token_in(mail), NOW)
    assert (used.draft_token, used.next_path) == ("d" * 43, "/support/projects")


@pytest.mark.parametrize("email", ["who@nowhere.example", "ada@shop.example.evil.example"])
def test_an_unknown_address_is_told_so_by_mail_and_gets_no_account(services: Services, email: str) -> None:
    build_account(services)
    mail = ask(services, email)
    assert (mail.kind, mail.recipient) == ("unknown-address", email)
    assert mail.payload == {"contact": services.policy.contact_email}
    assert stored(services, SignInLink) == []


def test_a_disabled_account_gets_what_a_stranger_gets(services: Services) -> None:
    ada = build_account(services)
    token, session = token_in(ask(services)), sessions.open_session(services, ada.id, NOW)
    disable_account(services, ada.email, NOW)

    assert ask(services).kind == "unknown-address"
    assert is_gone(services, token)
    assert signed_in(services, session) is None
    assert stored(services, SignedInSession) == []
    with pytest.raises(LinkGone, match="can sign in"):
        magic_links.create_link(services, ada.email, NOW)


def test_an_operator_s_link_is_a_link_like_any(services: Services) -> None:
    build_account(services)
    address = magic_links.create_link(services, "ada@shop.example", NOW)
    base, _, token = address.rpartition("/")
    assert base == "http://127.0.0.1:8000/support/sign-in"
    assert magic_links.redeem_link(services, token, NOW).token
    assert is_gone(services, token)
    assert stored(services, OutboxMessage) == []


def test_a_session_ends_alone_or_with_all_the_others(services: Services) -> None:
    ada, ben = build_account(services), build_account(services, "ben@shop.example")
    laptop, phone, tablet = (sessions.open_session(services, ada.id, NOW) for _ in range(3))
    of_ben = sessions.open_session(services, ben.id, NOW)

    sessions.end_session(services, laptop)
    sessions.end_session(services, laptop)
    assert [signed_in(services, token) for token in (laptop, phone, tablet)] == [None, ada.email, ada.email]
    sessions.end_all_sessions(services, ada.id, NOW)
    assert [signed_in(services, token) for token in (phone, tablet)] == [None, None]
    assert signed_in(services, of_ben) == ben.email


def test_signing_out_everywhere_ends_the_links_that_could_sign_in_again(services: Services) -> None:
    ada = build_account(services)
    build_account(services, "ben@shop.example")
    link, of_ben = token_in(ask(services)), token_in(ask(services, "ben@shop.example"))
    sessions.end_all_sessions(services, ada.id, NOW)
    assert (is_gone(services, link), is_gone(services, of_ben)) == (True, False)


def test_signing_in_ends_the_older_session_of_the_same_browser(services: Services) -> None:
    """Also where somebody else was signed in there; other browsers stay signed in."""
    ada, ben = build_account(services), build_account(services, "ben@shop.example")
    here, elsewhere = (sessions.open_session(services, ada.id, NOW) for _ in range(2))
    origin = sessions.SessionOrigin("Firefox on Linux", "192.0.2.7", replaces=here)
    new = magic_links.redeem_link(services, token_in(ask(services, ben.email)), NOW, origin).token
    assert [signed_in(services, token) for token in (here, elsewhere, new)] == [None, ada.email, ben.email]


# Sessions as their person sees them


def test_people_see_their_live_sessions_and_nobody_else_s(services: Services) -> None:
    ada, ben = build_account(services), build_account(services, "ben@shop.example")
    old, idle = (sessions.open_session(services, ada.id, NOW - days * DAY) for days in (30, 7))
    phone = sessions.open_session(services, ada.id, NOW - 2 * DAY)
    sessions.open_session(services, ben.id, NOW)
    origin = sessions.SessionOrigin("Firefox on Linux", "192.0.2.7")
    here = magic_links.redeem_link(services, token_in(ask(services)), NOW, origin).token
    assert [signed_in(services, token) for token in (old, idle)] == [None, None]
    found = sessions.sessions_of(services, ada.id, here, NOW)
    assert [(one.key, one.is_this) for one in found] == [(hash_token(here), True), (hash_token(phone), False)]
    assert (found[0].browser, found[0].address, found[0].opened_at) == ("Firefox on Linux", "192.0.2.7", NOW)
    assert (found[1].browser, found[1].address) == ("", "")


def test_a_session_is_ended_by_its_key_by_its_own_person_alone(services: Services) -> None:
    ada, ben = build_account(services), build_account(services, "ben@shop.example")
    laptop, phone = (sessions.open_session(services, ada.id, NOW) for _ in range(2))
    for key in (hash_token(laptop), "", "x", "\0", laptop):
        assert not sessions.end_session_of(services, ben.id, key)
    assert not sessions.end_session_of(services, ada.id, laptop)
    assert sessions.end_session_of(services, ada.id, hash_token(laptop))
    assert not sessions.end_session_of(services, ada.id, hash_token(laptop))
    assert [signed_in(services, token) for token in (laptop, phone)] == [None, ada.email]


def test_all_others_end_with_the_links_and_this_one_stays(services: Services) -> None:
    ada, ben = build_account(services), build_account(services, "ben@shop.example")
    here, phone, tablet = (sessions.open_session(services, ada.id, NOW) for _ in range(3))
    of_ben, link = sessions.open_session(services, ben.id, NOW), token_in(ask(services))
    sessions.end_other_sessions(services, ada.id, here, NOW)
    assert [signed_in(services, one) for one in (here, phone, tablet, of_ben)] == [ada.email, None, None, ben.email]
    assert is_gone(services, link)


def test_a_session_ends_after_a_week_without_use(services: Services) -> None:
    session = sessions.open_session(services, build_account(services).id, NOW)
    assert signed_in(services, session, NOW + 7 * DAY - timedelta(seconds=1))
    # That was a use, so the week begins anew.
    assert signed_in(services, session, NOW + 13 * DAY)
    assert signed_in(services, session, NOW + 20 * DAY) is None


def test_a_session_ends_after_thirty_days_however_busy(services: Services) -> None:
    session = sessions.open_session(services, build_account(services).id, NOW)
    seen = [day for day in range(0, 40, 5) if signed_in(services, session, NOW + day * DAY)]
    assert seen == [0, 5, 10, 15, 20, 25]


def test_a_use_is_noted_once_an_hour_so_that_reading_writes_seldom(services: Services) -> None:
    session = sessions.open_session(services, build_account(services).id, NOW)
    signed_in(services, session, NOW + timedelta(minutes=59))
    assert stored(services, SignedInSession)[0].seen_at == NOW
    signed_in(services, session, NOW + timedelta(minutes=60))
    assert stored(services, SignedInSession)[0].seen_at == NOW + timedelta(minutes=60)


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud83d", "A" * 100_000, "' OR 1=1 --"])
def test_an_odd_token_opens_nothing(services: Services, token: str) -> None:
    sessions.open_session(services, build_account(services).id, NOW)
    ask(services)
    assert is_gone(services, token)
    assert signed_in(services, token) is None


def test_of_tokens_only_the_hash_is_stored(services: Services) -> None:
    """Whoever reads the database can open neither a session nor a link with what stands there."""
    ada = build_account(services)
    link = magic_links.create_link(services, ada.email, NOW).rpartition("/")[2]
    session = sessions.open_session(services, ada.id, NOW)
    with services.read() as database:
        (link_row,) = database.execute(select(SignInLink.__table__)).all()
        (session_row,) = database.execute(select(SignedInSession.__table__)).all()
        assert database.scalar(select(func.count()).select_from(Draft)) == 0
    assert link not in str(link_row)
    assert session not in str(session_row)
    assert (link_row.token_hash, session_row.token_hash) == (hash_token(link), hash_token(session))
    assert is_gone(services, link_row.token_hash)
    assert signed_in(services, session_row.token_hash) is None
    assert len(link) >= 43
