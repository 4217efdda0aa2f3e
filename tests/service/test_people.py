"""People and projects: each action with its opposite, in every open browser at the next request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from formapp import worker
from formapp.accounts import accounts, address_changes, magic_links, people, projects, sessions
from formapp.actors import OPERATOR
from formapp.database.engine import Base
from formapp.errors import AlreadyExists, LinkGone, NotFound, NotPermitted, UseCaseError
from formapp.models import Account, AddressChange, AuditEntry, OutboxMessage, SignedInSession
from formapp.operations.person import erase, erasures
from formapp.services import Services
from formapp.tickets import replies
from tests.builders import (
    NOW,
    Clock,
    build_account,
    build_customer,
    build_manager,
    build_project,
    build_staff,
    file_ticket,
    stored,
    write_mail,
    written,
)
from tests.service.persons import OPERATOR as BY_OPERATOR

ADA = "ada@shop.example"
LATER = NOW + timedelta(minutes=5)


def mails(services: Services) -> list[tuple[str, str]]:
    """Each mail that was written: what, and to whom."""
    return [(row.kind, row.recipient) for row in stored(services, OutboxMessage) if row.channel == "mail"]


def link_in(services: Services, kind: str) -> str:
    """The token of the newest mail of a kind."""
    link = [row.payload["link"] for row in stored(services, OutboxMessage) if row.kind == kind][-1]
    return str(link).rpartition("/")[2]


def recorded(services: Services) -> list[tuple[str, int | None]]:
    """What stands in the audit log, and to whom it was done."""
    return [(entry.kind, entry.subject_id) for entry in stored(services, AuditEntry)]


def test_an_invited_person_signs_in_days_later_by_the_link_of_the_mail(services: Services) -> None:
    mia = build_manager(services)
    build_project(services, "shop")
    ada = projects.add_person(services, ADA, "Ada Martin", NOW, key="shop", invite=True, actor=mia.id, place="desk")
    assert mails(services) == [("invitation", ADA)]
    assert [one.key for one in projects.active_projects_of(services, ada.id)] == ["shop"]
    assert recorded(services)[-3:] == [("account-added", ada.id), ("member-added", ada.id), ("account-invited", ada.id)]

    link = link_in(services, "invitation")
    sent = NOW + timedelta(days=1)
    worker.send(services, stored(services, OutboxMessage)[0], Clock(sent))
    used = magic_links.redeem_link(services, link, sent + timedelta(days=7) - timedelta(minutes=1))
    assert sessions.signed_in_by(services, used.token, sent + timedelta(days=7))


def test_an_invitation_is_over_after_a_week_and_by_signing_out_everywhere(services: Services) -> None:
    build_customer(services)
    accounts.invite(services, ADA, NOW)
    with pytest.raises(LinkGone):
        magic_links.redeem_link(services, link_in(services, "invitation"), NOW + timedelta(days=7))
    accounts.invite(services, ADA, NOW)
    accounts.sign_out_everywhere(services, ADA, NOW)
    with pytest.raises(LinkGone):
        magic_links.redeem_link(services, link_in(services, "invitation"), NOW)


def test_a_person_in_a_project_that_is_not_there_is_not_added(services: Services) -> None:
    with pytest.raises(NotFound):
        projects.add_person(services, ADA, "Ada", NOW, key="nowhere", invite=True)
    assert (stored(services, Account), mails(services)) == ([], [])


def test_each_change_counts_in_every_open_browser_at_once(services: Services) -> None:
    ada = build_customer(services)
    tokens = [sessions.open_session(services, ada.id, NOW) for _ in range(2)]

    def seen() -> set[tuple[str, str, bool, bool] | None]:
        found = [sessions.signed_in_by(services, token, NOW) for token in tokens]
        return {one and (one.name, one.email, one.is_staff, one.manages_people) for one in found}

    accounts.rename(services, ADA, "Ada Lovelace", NOW)
    assert seen() == {("Ada Lovelace", ADA, False, False)}
    accounts.set_staff(services, ADA, True, NOW)
    accounts.set_manages_people(services, ADA, True, NOW)
    assert seen() == {("Ada Lovelace", ADA, True, True)}
    accounts.set_staff(services, ADA, False, NOW)
    assert seen() == {("Ada Lovelace", ADA, False, False)}
    address_changes.ask_to_change_address(services, ADA, "ada@new.example", NOW)
    address_changes.confirm_address(services, link_in(services, "address-confirm"), NOW)
    assert seen() == {("Ada Lovelace", "ada@new.example", False, False)}
    accounts.disable_account(services, "ada@new.example", NOW)
    assert seen() == {None}
    accounts.enable_account(services, "ada@new.example", NOW)
    # The sessions of before stay ended; a new one opens, with the projects of before.
    assert seen() == {None}
    assert sessions.signed_in_by(services, sessions.open_session(services, ada.id, NOW), NOW)
    assert [one.key for one in projects.active_projects_of(services, ada.id)] == ["shop"]


OPPOSITES: tuple[tuple[Callable[..., Any], Callable[..., Any], tuple[str, str]], ...] = (
    (
        lambda desk: accounts.disable_account(desk, ADA, NOW),
        lambda desk: accounts.enable_account(desk, ADA, NOW),
        ("account-disabled", "account-enabled"),
    ),
    (
        lambda desk: accounts.set_staff(desk, ADA, True, NOW),
        lambda desk: accounts.set_staff(desk, ADA, False, NOW),
        ("staff-added", "staff-removed"),
    ),
    (
        lambda desk: accounts.set_manages_people(desk, "sam@platform.example", True, NOW),
        lambda desk: accounts.set_manages_people(desk, "sam@platform.example", False, NOW),
        ("manages-people-given", "manages-people-taken"),
    ),
    (
        lambda desk: accounts.rename(desk, ADA, "Ada L", NOW),
        lambda desk: accounts.rename(desk, ADA, "Ada Martin", NOW),
        ("account-renamed", "account-renamed"),
    ),
    (
        lambda desk: address_changes.ask_to_change_address(desk, ADA, "new@shop.example", NOW),
        lambda desk: address_changes.cancel_address_change(desk, ADA, NOW),
        ("address-change-asked", "address-change-cancelled"),
    ),
    (
        lambda desk: projects.remove_member(desk, ADA, "shop", NOW),
        lambda desk: projects.add_member(desk, ADA, "shop", NOW),
        ("member-removed", "member-added"),
    ),
    (
        lambda desk: projects.close_project(desk, "shop", NOW),
        lambda desk: projects.reopen_project(desk, "shop", NOW),
        ("project-closed", "project-reopened"),
    ),
    (
        lambda desk: projects.change_project(desk, "shop", NOW, name="Shop", plan="Business"),
        lambda desk: projects.change_project(desk, "shop", NOW, name="Riverside Shop", plan="Standard"),
        ("project-changed", "project-changed"),
    ),
)


@pytest.mark.parametrize(("act", "opposite", "kinds"), OPPOSITES, ids=[kinds[0] for *_, kinds in OPPOSITES])
def test_an_act_and_its_opposite_leave_all_as_it_was_and_a_line_for_each(
    services: Services, act: Callable[..., Any], opposite: Callable[..., Any], kinds: tuple[str, str]
) -> None:
    build_customer(services)
    build_staff(services)

    def state() -> object:
        return people.list_people(services), people.list_projects(services), stored(services, AddressChange)

    before, lines = state(), len(recorded(services))
    act(services)
    assert state() != before
    # Once more changes nothing and adds no line; asking for a change of address sends another link.
    if kinds[0] != "address-change-asked":
        act(services)
    opposite(services)
    opposite(services)
    assert state() == before
    assert [kind for kind, _ in recorded(services)[lines:]] == list(kinds)


def test_nobody_shuts_themselves_out_by_accident(services: Services) -> None:
    mia = build_manager(services)
    for act, sentence in (
        (lambda: accounts.set_staff(services, mia.email, False, NOW, actor=mia.id), "You can't take yourself out of"),
        (lambda: accounts.disable_account(services, mia.email, NOW, actor=mia.id), "You can't disable your own"),
    ):
        with pytest.raises(UseCaseError, match=sentence):
            act()
    assert (stored(services, Account)[0].is_staff, stored(services, Account)[0].disabled_at) == (True, None)
    # What a colleague or the operator does is meant.
    noor = build_manager(services, "noor@platform.example", name="Noor")
    accounts.set_staff(services, mia.email, False, NOW, actor=noor.id)
    accounts.disable_account(services, noor.email, NOW)
    with pytest.raises(NotPermitted):
        people.list_people(services, mia.id)
    with pytest.raises(NotPermitted):
        people.list_people(services, noor.id)


def test_the_right_goes_with_staff_and_only_staff_have_it(services: Services) -> None:
    build_customer(services)
    mia = build_manager(services)
    with pytest.raises(UseCaseError, match="isn't staff"):
        accounts.set_manages_people(services, ADA, True, NOW)
    accounts.set_staff(services, mia.email, False, NOW)
    accounts.set_staff(services, mia.email, True, NOW)
    assert not people.person_facts(services, mia.email).manages_people
    with pytest.raises(IntegrityError), services.write.begin() as database:
        database.execute(update(Account).values(manages_people=True, is_staff=False))


# A new address


def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(services: Services) -> None:
    ada = build_customer(services)
    magic_links.request_link(services, ADA, NOW)
    address_changes.ask_to_change_address(services, ADA, "Ada@New.example", NOW)
    assert mails(services)[-2:] == [("address-confirm", "ada@new.example"), ("address-asked", ADA)]
    token = link_in(services, "address-confirm")
    change = address_changes.waiting_change(services, token, LATER)
    assert (change.old, change.new) == (ADA, "ada@new.example")
    assert people.person_facts(services, ADA).new_email == "ada@new.example"

    assert address_changes.confirm_address(services, token, LATER, place="203.0.113.7") == "ada@new.example"
    assert mails(services)[-1] == ("address-changed", ADA)
    assert recorded(services)[-1] == ("address-changed", ada.id)
    assert people.person_facts(services, "ada@new.example").new_email == ""
    # The link works once, and who reads the old mailbox can no longer sign in.
    for gone in (
        lambda: address_changes.confirm_address(services, token, LATER),
        lambda: magic_links.redeem_link(services, link_in(services, "link"), LATER),
    ):
        with pytest.raises(LinkGone):
            gone()


@pytest.mark.parametrize("how", ["cancelled", "replaced", "late", "disabled"])
def test_a_link_to_a_new_address_that_is_over_changes_nothing(services: Services, how: str) -> None:
    build_customer(services)
    address_changes.ask_to_change_address(services, ADA, "ada@new.example", NOW)
    token, at = link_in(services, "address-confirm"), NOW
    if how == "cancelled":
        address_changes.cancel_address_change(services, ADA, NOW)
    elif how == "replaced":
        address_changes.ask_to_change_address(services, ADA, "ada@newer.example", NOW)
    elif how == "late":
        at = NOW + address_changes.LIFETIME
    else:
        accounts.disable_account(services, ADA, NOW)
        accounts.enable_account(services, ADA, NOW)
    for use in (address_changes.waiting_change, address_changes.confirm_address):
        with pytest.raises(LinkGone):
            use(services, token, at)
    assert people.person_facts(services, ADA).email == ADA


def test_an_address_that_somebody_has_is_refused_also_when_it_is_confirmed(services: Services) -> None:
    build_customer(services)
    build_account(services, "ben@shop.example")
    for new, error in (("ben@shop.example", AlreadyExists), (ADA, UseCaseError), ("no address", UseCaseError)):
        with pytest.raises(error) as refused:
            address_changes.ask_to_change_address(services, ADA, new, NOW)
        assert refused.value.field == "email"
    address_changes.ask_to_change_address(services, ADA, "cleo@shop.example", NOW)
    build_account(services, "cleo@shop.example")
    with pytest.raises(AlreadyExists):
        address_changes.confirm_address(services, link_in(services, "address-confirm"), NOW)
    assert people.person_facts(services, ADA).email == ADA


def test_what_waits_or_was_given_up_goes_to_the_new_address(services: Services) -> None:
    build_customer(services)
    numbers = [write_mail(services, ADA) for _ in range(3)]
    with services.write.begin() as database:
        database.get_one(OutboxMessage, numbers[0]).state = "dead"
        database.get_one(OutboxMessage, numbers[1]).state = "sent"
    address_changes.ask_to_change_address(services, ADA, "ada@new.example", NOW)
    address_changes.confirm_address(services, link_in(services, "address-confirm"), NOW)
    recipients = {row.id: row.recipient for row in stored(services, OutboxMessage)}
    assert [recipients[number] for number in numbers] == ["ada@new.example", ADA, "ada@new.example"]


def test_who_is_erased_is_gone_by_former_names_and_addresses_too(services: Services) -> None:
    """And an older backup, which knows the former address alone, gives nobody back."""
    ada, sam = build_account(services, "old.canary@shop.example", name="Oldcanary Name"), build_staff(services)
    build_project(services, "shop", ada.email)
    ben = build_account(services, "ben@shop.example", name="Ben")
    projects.add_member(services, ben.email, "shop", NOW)
    said = "Ask Oldcanary Name, old.canary@shop.example"
    number = file_ticket(services, ben, subject="Bens", description=said, submission="b").ticket.id
    magic_links.request_link(services, ada.email, NOW)
    accounts.rename(services, ada.email, "Ada", NOW)
    address_changes.ask_to_change_address(services, ada.email, "ada@new.example", NOW)
    address_changes.confirm_address(services, link_in(services, "address-confirm"), LATER)
    replies.add_note(services, sam.id, number, written("oldcanary name knows", "note"), LATER)
    # A typed address that nobody confirmed, and the mails about it.
    address_changes.ask_to_change_address(services, "ada@new.example", "typed.canary@shop.example", LATER)

    erase.erase_person(services, "ada@new.example", BY_OPERATOR, LATER)
    with services.read() as database:
        rows = [repr(tuple(row)) for table in Base.metadata.sorted_tables for row in database.execute(table.select())]
    assert [row for row in rows if "canary" in row.lower()] == []
    assert {one.address_hash for one in erasures.noted(services)} == {
        erasures.address_hash(services, address) for address in ("ada@new.example", "old.canary@shop.example")
    }


def test_another_ones_mail_at_a_former_address_outlives_the_erasure(services: Services) -> None:
    build_customer(services)
    address_changes.ask_to_change_address(services, ADA, "ada@new.example", NOW)
    address_changes.confirm_address(services, link_in(services, "address-confirm"), NOW)
    build_account(services, ADA, name="Another Ada")
    kept = write_mail(services, ADA, now=LATER)
    erase.erase_person(services, "ada@new.example", BY_OPERATOR, LATER)
    assert kept in {row.id for row in stored(services, OutboxMessage)}
    assert [one.address_hash for one in erasures.noted(services)] == [
        erasures.address_hash(services, "ada@new.example")
    ]
    assert people.person_facts(services, ADA).name == "Another Ada"


def test_who_was_erased_is_nobody_to_enable_or_to_list(services: Services) -> None:
    build_customer(services)
    erase.erase_person(services, ADA, BY_OPERATOR, NOW)
    (row,) = stored(services, Account)
    assert people.list_people(services) == ()
    for act in (lambda: accounts.enable_account(services, row.email, NOW), lambda: people.person_numbered(services, 1)):
        with pytest.raises(NotFound):
            act()


# Lists


def test_people_are_found_by_parts_of_names_and_addresses_in_any_script(services: Services) -> None:
    for email, name in (
        ("zoe@shop.example", "Zoë Müller"),
        ("elodie@museum.example", "Élodie Straße"),
        ("olga@shop.example", "Ольга Йованова"),
    ):
        build_account(services, email, name=name)
    build_staff(services)

    def found(search: str, show: people.Show = "all") -> list[str]:
        return [one.email.partition("@")[0] for one in people.list_people(services, search=search, show=show)]

    assert found("zoe") == found("MULLER") == found("müller ZO") == ["zoe"]
    assert found("strasse") == ["elodie"]
    assert found("ольга") == found("йованова") == ["olga"]
    assert sorted(found("shop.example")) == ["olga", "zoe"]
    assert found("nobody") == []
    assert found("", "staff") == ["sam"]
    accounts.disable_account(services, "zoe@shop.example", NOW)
    assert found("", "disabled") == ["zoe"]


def test_lists_come_in_pages_that_miss_nobody(services: Services) -> None:
    build_project(services, "shop")
    for number in range(7):
        email = build_account(services, f"p{number}@shop.example", name=f"Person {number // 2}").email
        projects.add_member(services, email, "shop", NOW)
    for listed in (
        lambda start: people.list_people(services, start=start, most=3),
        lambda start: people.list_people(services, search="shop", start=start, most=3),
        lambda start: people.list_members(services, project="shop", start=start, most=3),
    ):
        pages = [[one.email for one in listed(start)] for start in (0, 3, 6)]
        assert [len(one) for one in pages] == [3, 3, 1]
        assert len({email for one in pages for email in one}) == 7


def test_the_operator_is_asked_nothing(services: Services) -> None:
    build_customer(services)
    assert people.project_facts(services, "shop", OPERATOR).members == 1
    assert stored(services, SignedInSession) == []
