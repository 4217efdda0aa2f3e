"""Who may call what: the table is complete, and each route keeps to its line for each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import Rule

from formapp import failed_work
from formapp.accounts.accounts import disable_account, find_account_by_email
from formapp.app import create_app
from formapp.attachments import jobs as attachment_jobs
from formapp.incoming_mail.receive import receive
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from formapp.tickets import saved_replies
from formapp.web.permissions import RULES, Decision, Role
from tests.attachments.odd_files import picture
from tests.builders import (
    NOW,
    Clock,
    build_account,
    build_customer,
    build_manager,
    build_project,
    build_services,
    file_ticket,
    keep_file,
)
from tests.incoming_mail.mails import build_mail
from tests.web.conftest import Desk
from tests.web.page import Browser

ROUTES = Path(__file__).with_name("routes.txt")
OWN = {"Origin": "http://127.0.0.1:8000"}


def every_route(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk with a guide beside it, a ticket in it, and a person of each role."""
    folder = tmp_path_factory.mktemp("desk")
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>Guide</title><h1>Guide</h1>")
    services = build_services(folder, site_dir=site)
    ada = build_customer(services)
    shot = keep_file(services, "error.png", picture("PNG")())
    file_ticket(services, ada, files=(shot,))
    attachment_jobs.run_due(services, Clock())
    add_endpoint(services, "https://hooks.example/support", NOW, resolve=lambda *_: ["93.184.216.34"])
    failed_work.put_off(services, "rendering", 1, 1, OSError(), NOW)
    receive(services, build_mail(sender="nobody@elsewhere.example"), "pipe", NOW)
    for email in ("stranger@museum.example", "gone@shop.example"):
        build_account(services, email)
    sam = build_account(services, "sam@platform.example", name="Sam Rivera", is_staff=True)
    saved_replies.add_reply(services, sam.id, "Greeting", "Hello {name}", NOW, shared=True)
    build_project(services, "museum", "stranger@museum.example", name="City Museum")
    build_manager(services)
    # What nobody else's lines need: the person is changed, and in this project.
    build_account(services, "spare@shop.example", name="Spare")
    build_project(services, "spare", "spare@shop.example", name="Spare")
    clock = Clock()
    return Desk(create_app(services=services, clock=clock), services, clock, ada)


@pytest.fixture(scope="module")
def browsers(whole: Desk) -> dict[Role, Browser]:
    disabled = whole.browser_of("gone@shop.example")
    disable_account(whole.services, "gone@shop.example", NOW)
    return {
        Role.ANONYMOUS: whole.visitor(),
        Role.MEMBER: whole.browser_of("ada@shop.example"),
        Role.STRANGER: whole.browser_of("stranger@museum.example"),
        Role.STAFF: whole.browser_of("sam@platform.example"),
        Role.MANAGER: whole.browser_of("mia@platform.example"),
        Role.DISABLED: disabled,
    }


def test_the_routes_are_those_of_the_list(whole: Desk, request: pytest.FixtureRequest) -> None:
    """A route that comes or goes must be meant: the list is changed with it (--update-golden)."""
    found = sorted(f"{method} {rule.rule} {rule.endpoint}" for method, rule in every_route(whole.app))
    if request.config.getoption("--update-golden"):
        ROUTES.write_text("\n".join(found) + "\n")
    assert found == ROUTES.read_text().splitlines()


def test_every_route_stands_in_the_table_and_every_line_has_a_route(whole: Desk) -> None:
    routes = {(method, rule.endpoint) for method, rule in every_route(whole.app)}
    assert routes == set(RULES)


def test_a_disabled_account_is_nobody() -> None:
    """Its sessions end when it is disabled, so no line may tell the two apart."""
    assert [key for key, row in RULES.items() if row.disabled is not row.anonymous] == []


def address(desk: Desk, rule: Rule) -> str:
    """The rule's address with arguments that name something that is there."""
    style = next(iter(desk.app.extensions["formapp"].assets.by_hashed_name))
    spare = find_account_by_email(desk.services, "spare@shop.example")
    arguments = {"reference": "SUP-1001", "token": "used-up", "name": style, "number": "1", "path": "index.html"}
    arguments |= {"person": str(spare.id if spare else 0), "key": "spare"}
    path = rule.rule
    for argument in rule.arguments:
        path = path.replace(f"<{argument}>", arguments[argument])
        for converter in ("int", "path"):
            path = path.replace(f"<{converter}:{argument}>", arguments[argument])
    assert "<" not in path
    return path


def answer_of(browser: Browser, method: str, path: str) -> Decision:
    answer = browser.answer(method, path, b"" if method == "POST" else None, OWN if method == "POST" else None)
    assert answer.status_code < 500
    if answer.status_code == 404:
        return Decision.MISSING
    if answer.headers.get("Location", "").startswith("/support/desk/SUP-") and not path.startswith("/support/desk"):
        return Decision.STAFF_PAGE
    to_sign_in = answer.headers.get("Location", "").startswith("/support/sign-in")
    return Decision.SIGN_IN if to_sign_in and path != "/support/sign-out" else Decision.OPEN


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("method", "endpoint"), sorted(RULES))
def test_each_route_keeps_to_its_line(
    whole: Desk, browsers: dict[Role, Browser], method: str, endpoint: str, role: Role
) -> None:
    rule = next(rule for verb, rule in every_route(whole.app) if (verb, rule.endpoint) == (method, endpoint))
    browser = browsers[role]
    if endpoint == "signin.leave" and role in {Role.MEMBER, Role.STRANGER, Role.STAFF, Role.MANAGER}:
        # Signing out would end what the other lines need.
        browser = whole.browser_of("ada@shop.example")
    assert answer_of(browser, method, address(whole, rule)) is RULES[method, endpoint].answer(role)


def test_a_route_that_is_not_in_the_table_is_open_to_nobody(sqlite_services: Services) -> None:
    app = create_app(services=sqlite_services, clock=Clock())
    app.add_url_rule("/support/forgotten", "forgotten", lambda: "secret")
    assert app.test_client().get("/support/forgotten").status_code == 404


@pytest.mark.parametrize(
    ("method", "endpoint"), sorted(key for key, row in RULES.items() if row.stranger is Decision.MISSING)
)
def test_another_customers_ticket_answers_exactly_as_a_missing_one(
    whole: Desk, browsers: dict[Role, Browser], method: str, endpoint: str
) -> None:
    rule = next(rule for verb, rule in every_route(whole.app) if (verb, rule.endpoint) == (method, endpoint))
    foreign, missing = (
        browsers[Role.STRANGER].answer(
            method,
            address(whole, rule).replace("SUP-1001", reference),
            b"body=Hello" if method == "POST" else None,
            OWN if method == "POST" else None,
        )
        for reference in ("SUP-1001", "SUP-9999")
    )
    assert foreign.status_code == missing.status_code == 404
    assert foreign.get_data() == missing.get_data()
    assert dict(foreign.headers) == dict(missing.headers)


@pytest.mark.parametrize(
    "reference",
    ["SUP-1", "SUP--1001", "SUP-1001.0", "SUP-" + "9" * 40, "SUP-١٠٠١", "sup-1001", "1001", "SUP-01001", "%00", "%ff"],
)
def test_an_odd_reference_is_a_page_that_is_not_there(browsers: dict[Role, Browser], reference: str) -> None:
    for path in (f"/support/tickets/{reference}", f"/support/tickets/{reference}/sent"):
        assert browsers[Role.MEMBER].open(path).status == 404


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999999", "١", "x"])
def test_an_odd_mail_number_is_a_page_that_is_not_there(browsers: dict[Role, Browser], number: str) -> None:
    assert browsers[Role.ANONYMOUS].open(f"/support/inbox/{number}").status == 404
