"""Each page of the desk, by the list of its routes: one that is new and stands in no table here fails.

Judged by axe in light and dark, at 320 pixels with script and without, and by the keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts import address_changes, magic_links
from formapp.accounts.accounts import choose_language, find_account_by_email
from formapp.demo import company as demo
from formapp.incoming_mail.receive import receive
from formapp.models import Account, OutboxMessage
from formapp.notifications.recipients import NEW, OUTSIDE
from formapp.notifications.unsubscribing import Subscription, unsubscribe_url
from formapp.tickets import copy_invitations, drafts, page_feedback, replies
from tests.browser.axe import axe_faults
from tests.browser.conftest import Desk, OpenPage, running_desk
from tests.browser.filled_desk import fill_desk
from tests.browser.test_accessibility import CHOOSE_SCHEME, WIDER
from tests.builders import REPOSITORY, stored, written
from tests.incoming_mail.mails import build_mail

pytestmark = pytest.mark.browser

STAFF, TICKET = "sam@platform.example", "SUP-1001"
ANYBODY, CUSTOMER, DESK = "", demo.CUSTOMER, STAFF
NO_PAGES = frozenset(
    {
        *("guide.home", "guide.page", "tickets.home", "layout.asset", "mail.whole", "queue.export", "reports.export"),
        *(
            "files.download",
            "files.preview",
            "files.desk_download",
            "files.desk_preview",
            "desk.filled_reply",
            "desk.newer",
            "tickets.newer",
        ),
        *("api.dates", "api.form_context", "api.hours", "api.policy", "api.similar"),
        *("monitoring.health", "monitoring.metrics", "monitoring.ready"),
    }
)
"""What is no page of the desk: files, data, the guide, and an address that only leads on."""
TABBABLE = """
() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]");
  const radios = new Set();
  return [...document.querySelectorAll(
    "main article :is(a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'])")]
    .filter((one) => shown(one) && !one.disabled && one.tabIndex >= 0)
    .filter((one) => {
      if (one.type !== "radio") return true;
      const group = `${one.form?.action} ${one.name}`;
      return !radios.has(group) && radios.add(group);
    })
    .map((one) => { one.dataset.walked = "no"; return one; }).length;
}
"""
# Pressed as long as anything of the page has not had its turn; each says whether it can be seen that it has the focus.
WALKED = """
() => {
  const one = document.activeElement;
  // The parts of a date within its field are the browser's own.
  const again = one.dataset.walked === "yes";
  const marks = (part) => part && getComputedStyle(part);
  const ringed = (style) => style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
    || style.boxShadow !== "none");
  const seen = [one, one.labels?.[0], one.parentElement, one.nextElementSibling].some((part) => ringed(marks(part)));
  const group = one.type === "radio" ? document.querySelectorAll(`input[name="${one.name}"][data-walked]`) : [one];
  for (const part of group) if (part.dataset && "walked" in part.dataset) part.dataset.walked = "yes";
  return one.closest("main article") && !again && !seen ? one.outerHTML.slice(0, 160) : "";
}
"""
NOT_WALKED = """() => [...document.querySelectorAll("[data-walked=no]")].map((one) => one.outerHTML.slice(0, 160))"""
# A form that sends something can be sent: it has a button that is shown where the form is, and is not turned off.
NO_BUTTON = """
() => [...document.querySelectorAll("main form[method=post]")]
  .filter((form) => form.checkVisibility())
  .filter((form) => ![...form.elements].some((one) =>
    one.matches("button:not([type=button]), [type=submit]") && !one.disabled && one.checkVisibility()))
  .map((form) => form.outerHTML.slice(0, 160))
"""


class Place(NamedTuple):
    """Who looks at a page, and where it is."""

    who: str
    path: str | Callable[[Desk], str]


def staff_of(desk: Desk) -> Account:
    found = find_account_by_email(desk.services, STAFF)
    assert found
    return found


def newest_link(desk: Desk, kind: str) -> str:
    link = [one for one in stored(desk.services, OutboxMessage) if one.kind == kind][-1].payload["link"]
    return urlsplit(link).path


def sign_in_link(desk: Desk) -> str:
    return urlsplit(magic_links.create_link(desk.services, CUSTOMER, desk.clock())).path


def copy_link(desk: Desk) -> str:
    copy_invitations.ask(desk.services, staff_of(desk).id, 1, "kim@agency.example", desk.clock())
    return newest_link(desk, copy_invitations.MAIL)


def change_address_link(desk: Desk) -> str:
    address_changes.ask_to_change_address(desk.services, CUSTOMER, "ada@new.example", desk.clock())
    return newest_link(desk, address_changes.CONFIRM_MAIL)


def confirm_link(desk: Desk) -> str:
    fields = {"subject": "Prices", "email": "lee@elsewhere.example", "description": "How much is it?"}
    return f"/support/confirm/{drafts.save_draft(desk.services, None, fields, desk.clock())}"


def feedback_thanks(desk: Desk) -> str:
    token = page_feedback.give_feedback(desk.services, "/ticket-priority/", "Too long", desk.clock(), helpful=False)
    return f"/support/feedback/{token}"


def leave_link(desk: Desk) -> str:
    named = Subscription(staff_of(desk).id, OUTSIDE, 1)
    return urlsplit(unsubscribe_url(desk.services.settings, named)).path


def held_mail(desk: Desk) -> str:
    number = receive(desk.services, build_mail(sender="nobody@elsewhere.example"), "pipe", desk.clock())
    return f"/support/desk/mail/{number}"


def newest_mail(desk: Desk) -> str:
    mails = [one.id for one in stored(desk.services, OutboxMessage) if one.channel == "mail"]
    return f"/support/inbox/{mails[-1]}"


PAGES: Mapping[str, tuple[Place, ...]] = {
    "signin.ask": (Place(ANYBODY, "/support/sign-in"),),
    "signin.check_mail": (Place(ANYBODY, "/support/check-mail"),),
    "signin.look": (Place(ANYBODY, sign_in_link), Place(ANYBODY, "/support/sign-in/gone")),
    "confirm.look": (Place(ANYBODY, confirm_link), Place(ANYBODY, "/support/confirm/gone")),
    "confirm.done": (Place(ANYBODY, "/support/confirmed"),),
    "address.look": (Place(ANYBODY, change_address_link), Place(ANYBODY, "/support/change-address/gone")),
    "in_copy.look": (Place(ANYBODY, copy_link), Place(ANYBODY, "/support/in-copy/gone")),
    "unsubscribe.look": (
        Place(ANYBODY, leave_link),
        Place(
            ANYBODY,
            lambda desk: urlsplit(unsubscribe_url(desk.services.settings, Subscription(staff_of(desk).id, NEW))).path,
        ),
        Place(ANYBODY, "/support/unsubscribe/gone"),
    ),
    "feedback.ask": (Place(ANYBODY, "/support/feedback?page=/ticket-priority/"),),
    "feedback.thanks": (Place(ANYBODY, feedback_thanks),),
    "inbox.messages": (Place(ANYBODY, "/support/inbox"),),
    "inbox.message": (Place(ANYBODY, newest_mail),),
    "tickets.new": (Place(ANYBODY, "/support/tickets/new"), Place(CUSTOMER, "/support/tickets/new")),
    "tickets.mine": (Place(CUSTOMER, "/support/tickets"),),
    "tickets.show": (Place(CUSTOMER, f"/support/tickets/{TICKET}"),),
    "tickets.sent": (Place(CUSTOMER, f"/support/tickets/{TICKET}/sent"),),
    "solved.look": (Place(CUSTOMER, "/support/tickets/SUP-1005/solved?answer=no"),),
    "account.projects": (Place(CUSTOMER, "/support/projects"),),
    "account.settings": (Place(CUSTOMER, "/support/account"), Place(DESK, "/support/account")),
    "account.sessions": (Place(CUSTOMER, "/support/account/sessions"),),
    "queue.tickets": (Place(DESK, "/support/desk/"),),
    "desk.show": (Place(DESK, f"/support/desk/{TICKET}"),),
    "new_ticket.choose": (Place(DESK, "/support/desk/new-ticket?search=a"),),
    "views.saved": (Place(DESK, "/support/desk/views"),),
    "saved_replies.saved": (Place(DESK, "/support/desk/saved-replies"),),
    "gaps.show": (Place(DESK, "/support/desk/guide"),),
    "reports.show": (Place(DESK, "/support/desk/reports"),),
    "closures.coming": (Place(DESK, "/support/desk/closures"),),
    "outgoing.messages": (Place(DESK, "/support/desk/outgoing"),),
    "outgoing.endpoint": (Place(DESK, "/support/desk/outgoing/endpoints/1"),),
    "mail.mails": (Place(DESK, "/support/desk/mail"),),
    "mail.one_mail": (Place(DESK, held_mail),),
    "audit_log.lines": (Place(DESK, "/support/desk/audit"),),
    "people.everybody": (Place(DESK, "/support/desk/people"),),
    "people.person": (Place(DESK, "/support/desk/people/1"),),
    "people.add_form": (Place(DESK, "/support/desk/people/add"),),
    "people.import_form": (Place(DESK, "/support/desk/people/import"),),
    "projects.every": (Place(DESK, "/support/desk/projects"),),
    "projects.project": (Place(DESK, "/support/desk/projects/shop"),),
    "projects.add_form": (Place(DESK, "/support/desk/projects/add"),),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, built_guide: Path) -> Iterator[Desk]:
    """One desk for all walks, which only look."""
    with running_desk(tmp_path_factory.mktemp("desk"), built_guide) as started:
        fill_desk(started)
        yield started


def places_of(desk: Desk, who: str) -> Iterator[str]:
    """The paths of the pages that this person looks at."""
    for place in (place for places in PAGES.values() for place in places if place.who == who):
        yield place.path if isinstance(place.path, str) else place.path(desk)


def walk(page: Page, desk: Desk, who: str, judge: Callable[[Page], dict[str, Any]]) -> dict[str, Any]:
    """What is wrong with the pages of one person, by page and kind."""
    if who:
        desk.sign_in(page, who)
    faults = {}
    for path in places_of(desk, who):
        page.goto(path)
        assert page.locator("main h1").count() == 1, path
        found = {kind: wrong for kind, wrong in judge(page).items() if wrong}
        if found:
            faults[path] = found
    return faults


def by_eye(page: Page) -> dict[str, Any]:
    """In light and wide, in dark and narrow."""
    faults: dict[str, Any] = {}
    for scheme, width in (("default", 1280), ("slate", 320)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(CHOOSE_SCHEME, scheme)
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)
        faults[f"axe, {scheme}"] = axe_faults(page, "main article")
        faults[f"wider than {width}"] = max(0, page.evaluate(WIDER))
    return faults


def by_keyboard(page: Page) -> dict[str, Any]:
    """Each control of the page has its turn, and whoever looks sees which."""
    count = page.evaluate(TABBABLE)
    unseen = []
    for _ in range(count + 60):
        page.keyboard.press("Tab")
        unseen.append(page.evaluate(WALKED))
        if not page.evaluate(NOT_WALKED):
            break
    return {"not reached": page.evaluate(NOT_WALKED), "focus not seen": list(filter(None, unseen))}


def without_script(page: Page) -> dict[str, Any]:
    """Narrow, and with a button for each form."""
    return {"wider than 320": max(0, page.evaluate(WIDER)), "no button": page.evaluate(NO_BUTTON)}


def test_each_route_that_shows_a_page_is_walked_to() -> None:
    """From the list of routes, so that no page is forgotten: a new one belongs into ``PAGES`` or ``NO_PAGES``."""
    routes = (REPOSITORY / "tests" / "web" / "routes.txt").read_text().splitlines()
    shown = {endpoint for method, _path, endpoint in map(str.split, routes) if method == "GET"}
    assert shown == {*PAGES, *NO_PAGES}


@pytest.mark.parametrize("who", [ANYBODY, CUSTOMER, DESK], ids=["anybody", "customer", "staff"])
def test_axe_finds_nothing_and_nothing_is_too_wide(open_page: OpenPage, desk: Desk, watch: Any, who: str) -> None:
    watch.expected = ("status of 410",)
    assert walk(open_page(), desk, who, by_eye) == {}


@pytest.mark.parametrize("who", [ANYBODY, CUSTOMER, DESK], ids=["anybody", "customer", "staff"])
def test_each_control_has_its_turn_by_the_keyboard(open_page: OpenPage, desk: Desk, watch: Any, who: str) -> None:
    watch.expected = ("status of 410",)
    assert walk(open_page(), desk, who, by_keyboard) == {}


@pytest.mark.parametrize("who", [ANYBODY, CUSTOMER, DESK], ids=["anybody", "customer", "staff"])
def test_without_script_each_form_has_its_button_and_nothing_is_too_wide(
    open_page: OpenPage, desk: Desk, watch: Any, who: str
) -> None:
    watch.expected = ("status of 410",)
    page = open_page(java_script_enabled=False, viewport={"width": 320, "height": 800})
    assert walk(page, desk, who, without_script) == {}


@pytest.mark.parametrize("who", [CUSTOMER, DESK], ids=["customer", "staff"])
def test_from_right_to_left_nothing_is_too_wide_either(open_page: OpenPage, desk: Desk, who: str) -> None:
    account = find_account_by_email(desk.services, who)
    assert account
    page = open_page(viewport={"width": 360, "height": 800})
    desk.sign_in(page, who)
    choose_language(desk.services, account.id, "ar")
    try:
        faults = {}
        for path in places_of(desk, who):
            page.goto(path)
            expect(page.locator("main .support-app")).to_have_attribute("dir", "rtl")
            faults[path] = page.evaluate(WIDER)
    finally:
        choose_language(desk.services, account.id, "en")
    assert {path: wider for path, wider in faults.items() if wider > 0} == {}


@pytest.mark.parametrize("width", [320, 360])
def test_without_script_the_guide_s_header_fits_too(open_page: OpenPage, width: int) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": width, "height": 800})
    for path in ("/", "/contact-support/", "/handbook/for-support-staff/", "/handbook/security-standard/"):
        page.goto(path)
        assert page.evaluate(WIDER) <= 0, path


def test_news_are_shown_on_a_page_that_came_back_from_a_form(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    desk.sign_in(page)
    page.goto("/support/tickets/SUP-1003")
    page.get_by_role("button", name="Send reply").last.click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    replies.reply_as_staff(desk.services, staff_of(desk).id, 3, written("Look again"), "waiting", desk.clock())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("link", name="Show what is new").click()
    expect(page.locator("#newest")).to_contain_text("Look again")
