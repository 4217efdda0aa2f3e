"""What is too often is refused in words, with everything kept, and counted across all workers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from formapp.app import create_app
from formapp.models import Message, RateCounter
from formapp.services import Services
from formapp.web.rate_limits import DatabaseStorage, RateLimits
from tests.builders import Clock, build_customer, build_services, build_staff, file_ticket, stored
from tests.web.conftest import Desk, filled, ticket_form_of
from tests.web.page import Browser, Page


def ask(browser: Browser, email: str = "ada@shop.example") -> Page:
    form = browser.open("/support/sign-in").form("/support/sign-in")
    form.fields["email"] = email
    return browser.send(form)


def test_the_sixth_link_to_one_address_has_to_wait(desk: Desk, visitor: Browser) -> None:
    assert [ask(visitor).status for _ in range(5)] == [200] * 5
    refused = ask(visitor)
    assert refused.status == 429
    assert "Wait 15 minutes, then try again" in refused.text
    assert refused.form("/support/sign-in").fields["email"] == "ada@shop.example"
    assert ask(visitor, " ADA@shop.example").status == 429
    assert ask(visitor, "ben@shop.example").status == 200
    desk.clock.now += timedelta(minutes=15)
    assert ask(visitor).status == 200


def test_one_machine_cannot_ask_for_many_addresses(visitor: Browser) -> None:
    answers = [ask(visitor, f"person{number}@shop.example").status for number in range(31)]
    assert answers == [200] * 30 + [429]


@pytest.mark.parametrize(("proxies", "last"), [(0, 429), (1, 303)])
def test_behind_a_proxy_each_visitor_is_a_machine_where_the_operator_says_so(
    tmp_path: Path, proxies: int, last: int
) -> None:
    """What a visitor claims of the address itself counts for nothing; the proxy adds the true one at the end."""
    app = create_app(services=build_services(tmp_path, proxies=proxies), clock=Clock())
    form = {"email": "ada@shop.example"}
    for number in range(31):
        told = {"X-Forwarded-For": f"198.51.100.7, 203.0.113.{number}", "Sec-Fetch-Site": "same-origin"}
        form["email"] = f"person{number}@shop.example"
        answer = app.test_client().post("/support/sign-in", data=form, headers=told)
    assert answer.status_code == last


@pytest.mark.parametrize(("network", "last"), [("2001:db8:1:2::", 429), ("::ffff:203.0.113.", 303)])
def test_a_machine_that_has_many_addresses_of_a_network_is_one_machine(tmp_path: Path, network: str, last: int) -> None:
    """An IPv4 address that is written as one of IPv6 stays a machine of its own."""
    client = create_app(services=build_services(tmp_path), clock=Clock()).test_client()
    for number in range(31):
        form = {"email": f"person{number}@shop.example"}
        sender = {"REMOTE_ADDR": f"{network}{number}"}
        answer = client.post(
            "/support/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"}, environ_overrides=sender
        )
    assert answer.status_code == last


def test_a_machine_beyond_its_limit_shuts_nobody_else_out(desk: Desk) -> None:
    def sign_in(email: str, machine: str) -> int:
        return (
            desk.app.test_client()
            .post(
                "/support/sign-in",
                data={"email": email},
                headers={"Sec-Fetch-Site": "same-origin"},
                environ_overrides={"REMOTE_ADDR": machine},
            )
            .status_code
        )

    for number in range(30):
        assert sign_in(f"person{number}@shop.example", "203.0.113.7") == 303
    assert [sign_in("ada@shop.example", "203.0.113.7") for _ in range(6)] == [429] * 6
    assert sign_in("ada@shop.example", "203.0.113.8") == 303


def test_all_workers_count_together(desk: Desk) -> None:
    """Two apps on one database, as two gunicorn workers are."""
    other = Desk(create_app(services=desk.services, clock=desk.clock), desk.services, desk.clock, desk.customer)
    browsers = [desk.visitor(), other.visitor()]
    assert [ask(browsers[turn % 2]).status for turn in range(6)] == [200] * 5 + [429]


def test_a_filled_form_survives_too_many_links(desk: Desk, visitor: Browser) -> None:
    for _ in range(5):
        ask(visitor)
    refused = visitor.send(ticket_form_of(visitor, email="ada@shop.example"))
    assert refused.status == 429
    assert "too many sign-in links" in refused.text
    again = refused.form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    assert desk.stored() == []


def test_too_many_tickets_within_an_hour_wait_with_their_text_kept(sqlite_services: Services, clock: Clock) -> None:
    customer = build_customer(sqlite_services)
    app = create_app(
        services=sqlite_services, clock=clock, limits=RateLimits(sqlite_services, clock, tickets_an_hour=3)
    )
    desk = Desk(app, sqlite_services, clock, customer)
    ada = desk.browser_of("ada@shop.example")
    for number in range(3):
        file_ticket(sqlite_services, customer, clock.now, submission=str(number), subject=f"Ticket {number}")
    refused = ada.send(ticket_form_of(ada))
    assert (refused.status, "too many tickets within an hour" in refused.text) == (429, True)
    again = refused.form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    clock.now += timedelta(hours=1, seconds=1)
    assert ada.send(again).heading == "Your ticket is sent"


def test_too_many_replies_and_notes_within_an_hour_wait_with_their_text_kept(
    sqlite_services: Services, clock: Clock
) -> None:
    customer = build_customer(sqlite_services)
    build_staff(sqlite_services)
    limits = RateLimits(sqlite_services, clock, messages_an_hour=2)
    desk = Desk(create_app(services=sqlite_services, clock=clock, limits=limits), sqlite_services, clock, customer)
    file_ticket(sqlite_services, customer, clock.now)
    for email, page, forms in (
        ("ada@shop.example", "/support/tickets/SUP-1001", ("/support/tickets/SUP-1001/reply",)),
        (
            "sam@platform.example",
            "/support/desk/SUP-1001",
            ("/support/desk/SUP-1001/reply", "/support/desk/SUP-1001/note"),
        ),
    ):
        browser = desk.browser_of(email)
        for number, address in enumerate([*forms, *forms][:2]):
            form = browser.open(page).form(address)
            form.fields |= {"body": f"Message {number}", "then": "open"}
            assert browser.send(form).status == 200
        for address in forms:
            form = browser.open(page).form(address)
            form.fields |= {"body": "One more", "then": "open"}
            refused = browser.send(form)
            assert refused.status == 429
            assert "You have sent too many messages within an hour. Your text is kept here" in refused.text
            assert refused.form(address).fields["body"] == "One more"
            clock.now += timedelta(hours=1, seconds=1)
            assert browser.send(refused.form(address)).status == 200
            clock.now -= timedelta(hours=1, seconds=1)
        clock.now += timedelta(hours=3)
    assert [message.body for message in stored(sqlite_services, Message)].count("One more") == 3


def test_the_counters_name_nobody(desk: Desk, visitor: Browser) -> None:
    ask(visitor)
    with desk.services.read() as database:
        keys = database.scalars(select(RateCounter.key)).all()
    assert len(keys) == 2
    assert not any("ada" in key or "127" in key for key in keys)


def test_a_counter_starts_anew_after_its_window(services: Services, clock: Clock) -> None:
    counters = DatabaseStorage(services, clock)
    assert [counters.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert counters.incr("b", 10, 5) == 5
    assert counters.get_expiry("a") == clock.now.timestamp() + 60
    clock.now += timedelta(seconds=60)
    assert (counters.get("a"), counters.get("b")) == (0, 0)
    assert counters.incr("a", 60) == 1
    with services.read() as database:
        assert database.scalars(select(RateCounter.key)).all() == ["a"]


def test_counters_can_be_forgotten(services: Services, clock: Clock) -> None:
    counters = DatabaseStorage(services, clock)
    counters.incr("a", 60)
    counters.incr("b", 60)
    counters.clear("a")
    assert (counters.get("a"), counters.get("b")) == (0, 1)
    assert counters.check()
    assert counters.reset() == 1
    assert counters.get_expiry("b") == clock.now.timestamp()


@pytest.mark.parametrize("visitor", ["203.0.113.{}:41234", "[2001:db8:0:{}::1]:443", "[2001:db8:0:{}::1]"])
def test_an_address_that_is_forwarded_with_its_port_is_that_address(tmp_path: Path, visitor: str) -> None:
    """Else each new connection of a machine would begin a new count."""
    app = create_app(services=build_services(tmp_path, proxies=1), clock=Clock())

    def sign_in(machine: str, number: int) -> int:
        told = {"X-Forwarded-For": machine, "Sec-Fetch-Site": "same-origin"}
        form = {"email": f"person{number}@shop.example"}
        return app.test_client().post("/support/sign-in", data=form, headers=told).status_code

    one = visitor.format(7)
    bare = one.rpartition(":")[0].strip("[]") if one[-1] != "]" else one.strip("[]")
    ports = [f"{one.rpartition(':')[0]}:{50_000 + number}" if one[-1] != "]" else one for number in range(29)]
    assert [sign_in(machine, number) for number, machine in enumerate([*ports, bare])] == [303] * 30
    assert sign_in(one, 30) == 429
    assert sign_in(visitor.format(8), 31) == 303


@pytest.mark.parametrize("odd", ["unknown", "[2001:db8::1", "203.0.113.7:x:y", "_hidden:80"])
def test_a_forwarded_address_that_is_none_is_one_machine_of_that_name(tmp_path: Path, odd: str) -> None:
    app = create_app(services=build_services(tmp_path, proxies=1), clock=Clock())
    told = {"X-Forwarded-For": odd, "Sec-Fetch-Site": "same-origin"}
    answer = app.test_client().post("/support/sign-in", data={"email": "ada@shop.example"}, headers=told)
    assert answer.status_code == 303
