"""What only the desk knows reaches no customer: marked words, looked for in everything that leaves for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from formapp import worker
from formapp.app import create_app
from formapp.models import Account, ClockNotice, Event, OutboxMessage
from formapp.notifications import webhooks
from formapp.notifications.email.compose import compose
from formapp.notifications.email.message import build
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from formapp.tickets import guide_pages, page_feedback, replies, tags, triage
from formapp.tickets.replies import reply_as_customer, reply_as_staff
from formapp.web.permissions import RULES, Decision, Role
from tests.builders import (
    NOW,
    REASON,
    Clock,
    build_account,
    build_customer,
    build_project,
    build_services,
    build_staff,
    file_ticket,
    stored,
    written,
)
from tests.web.conftest import Desk
from tests.web.page import Browser
from tests.web.test_access import OWN, address, every_route

NOTE = "canary-note"
ADDRESS = "canary-address"
COLLEAGUE = "Canary-Colleague"
EVENT = "canary-event"
NOTICE = "canary-notice"
TAG = "canary-tag"
PAGE = "canary-page"
LOOKED_FOR = "canary-reason"
CANARIES = (NOTE, ADDRESS, COLLEAGUE, EVENT, NOTICE, TAG, PAGE, LOOKED_FOR)
BROKEN = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}
# One ticket of each state: open, waiting, closed, merged into the first.
REFERENCES = ("SUP-1001", "SUP-1002", "SUP-1003", "SUP-1004")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk with a mail server, where the development inbox is shut, and four tickets full of secrets."""
    folder = tmp_path_factory.mktemp("canary")
    site = folder / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>Guide</title><h1>Guide</h1>")
    services, clock = build_services(folder, site_dir=site, smtp_url="smtp://127.0.0.1:1"), Clock()
    ada = build_customer(services)
    build_account(services, "stranger@museum.example")
    build_project(services, "museum", "stranger@museum.example", name="City Museum")
    add_endpoint(services, "https://hooks.shop.example/", NOW, resolve=lambda _host, _port: ["8.8.8.8"])
    sam = build_staff(services, f"sam@{ADDRESS}.example")
    kim = build_staff(services, f"kim@{ADDRESS}.example", name=COLLEAGUE)
    for number, reference in enumerate(REFERENCES, 1):
        _tell_a_story(services, clock, (ada, sam, kim), number, reference)
    page_feedback.give_feedback(services, f"/{PAGE}/", LOOKED_FOR, clock.now, helpful=False)
    _mark_internals(services)
    return Desk(create_app(services=services, clock=clock), services, clock, ada)


def _tell_a_story(
    services: Services, clock: Clock, people: tuple[Account, Account, Account], number: int, reference: str
) -> None:
    """A critical ticket that was due soon, missed, noted, given, corrected, answered, and brought to its state."""
    ada, sam, kim = people
    file_ticket(services, ada, clock.now, priority="critical", answers=BROKEN, submission=reference, subject=reference)
    for minutes in (50, 70):
        clock.now += timedelta(minutes=minutes)
        _spread(services, clock)
    replies.add_note(services, kim.id, number, written(f"{NOTE} {reference} @Sam"), clock.now)
    triage.assign(services, kim.id, number, kim.email, clock.now, seen=999)
    tags.add_tag(services, kim.id, number, TAG, clock.now)
    guide_pages.name_page(services, kim.id, number, f"/{PAGE}/", clock.now, seen=999)
    reply_as_staff(services, sam.id, number, written(f"We look at {reference}"), "open", clock.now)
    reply_as_customer(services, ada.id, number, written(f"Thank you for {reference}"), clock.now)
    corrected = {**BROKEN, "workaround": "holds", "severity": "minor"}
    triage.correct_answers(services, sam.id, number, corrected, clock.now, seen=999, reason=REASON)
    if number == 2:
        reply_as_staff(services, sam.id, number, written("Which one?"), "waiting", clock.now)
    elif number == 3:
        reply_as_staff(services, sam.id, number, written("Done"), "closed", clock.now)
    elif number == 4:
        triage.merge(services, sam.id, number, REFERENCES[0], clock.now)
    _spread(services, clock)


def _spread(services: Services, clock: Clock) -> None:
    """Let the worker do everything but send: what would go out stays in the outbox."""
    for lane in worker.lanes(services, clock):
        if lane.name in {"announcements", "clock", "closures", "scoreboard", "rendering"}:
            while lane.work():
                pass


def _mark_internals(services: Services) -> None:
    """Marked words where the event log and the clock keep what is nobody else's."""
    with services.write.begin() as database:
        for event in database.query(Event):
            event.details = {**event.details, "canary": EVENT}
        for notice in database.query(ClockNotice):
            notice.target = f"{NOTICE}-{notice.target}"[:16]


@pytest.fixture(scope="module")
def browsers(whole: Desk) -> dict[Role, Browser]:
    return {
        Role.ANONYMOUS: whole.visitor(),
        Role.MEMBER: whole.browser_of("ada@shop.example"),
        Role.STRANGER: whole.browser_of("stranger@museum.example"),
    }


def everything_open_to(role: Role, whole: Desk) -> Iterator[tuple[str, str]]:
    """Every method and address that answers this role, of each ticket, those that change something last."""
    for method, rule in sorted(every_route(whole.app), key=lambda route: route[0]):
        if RULES[method, rule.endpoint].answer(role) is Decision.OPEN and rule.endpoint != "signin.leave":
            path = address(whole, rule)
            yield from (
                (method, path.replace("SUP-1001", reference))
                for reference in dict.fromkeys(REFERENCES if "SUP-1001" in path else REFERENCES[:1])
            )


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary.casefold() in text.casefold()]


@pytest.mark.parametrize("role", [Role.ANONYMOUS, Role.MEMBER, Role.STRANGER])
def test_no_answer_to_a_customer_holds_what_only_the_desk_knows(
    whole: Desk, browsers: dict[Role, Browser], role: Role
) -> None:
    asked = list(everything_open_to(role, whole))
    leaks = {}
    for method, path in asked:
        for body in (b"", b"body=Hello&reopen=yes") if method == "POST" else (None,):
            answer = browsers[role].answer(method, path, body, OWN if method == "POST" else None)
            leaks[method, path] = found_in(f"{answer.headers} {answer.get_data(as_text=True)}")
    assert {place: found for place, found in leaks.items() if found} == {}
    if role is Role.MEMBER:
        assert {path for _, path in asked} > {f"/support/tickets/{reference}" for reference in REFERENCES}


def test_the_words_that_are_looked_for_are_there_to_be_found(whole: Desk) -> None:
    """Else the other tests would look for nothing: staff's own pages and mails hold them."""
    page = whole.browser_of(f"sam@{ADDRESS}.example").open("/support/desk/SUP-1001")
    assert found_in(page.html) == [NOTE, ADDRESS, COLLEAGUE, TAG, PAGE]
    assert found_in(whole.browser_of(f"sam@{ADDRESS}.example").open("/support/desk/guide").html) == [
        *(ADDRESS, PAGE, LOOKED_FOR)
    ]
    assert stored(whole.services, Event)[0].details["canary"] == EVENT
    assert len(stored(whole.services, ClockNotice)) >= len(REFERENCES)
    assert any(ADDRESS in row.recipient for row in stored(whole.services, OutboxMessage))
    mentions = [row for row in stored(whole.services, OutboxMessage) if row.kind == "staff-mentioned"]
    assert {row.recipient for row in mentions} == {f"sam@{ADDRESS}.example"}
    assert all(NOTE in compose(whole.services, row, whole.services.policy).text for row in mentions)


def test_no_mail_to_a_customer_holds_it(whole: Desk) -> None:
    rows = [row for row in stored(whole.services, OutboxMessage) if row.recipient == "ada@shop.example"]
    assert {row.kind for row in rows if row.kind != "link"} == {"received", "replied", "closed", "priority-changed"}
    later = [row for row in rows if row.kind == "replied"]
    assert later
    assert all("Earlier on this ticket" in compose(whole.services, row, whole.services.policy).text for row in later)
    for row in rows:
        composed = compose(whole.services, row, whole.services.policy)
        for told in (
            composed.subject,
            composed.text,
            composed.html,
            build(composed).decode(),
            json.dumps(row.payload),
        ):
            assert found_in(told) == []


def test_no_webhook_holds_it(whole: Desk) -> None:
    rows = [row for row in stored(whole.services, OutboxMessage) if row.channel == webhooks.CHANNEL]
    assert {row.kind for row in rows} == set(webhooks.EVENT_TYPES)
    assert [found_in(json.dumps(row.payload)) for row in rows] == [[]] * len(rows)


def test_what_is_written_into_the_guide_holds_nothing_of_it(whole: Desk) -> None:
    folder = whole.services.settings.site_dir or Path()
    assert [file.name for file in folder.rglob("*") if file.is_file() and found_in(file.read_text())] == []
