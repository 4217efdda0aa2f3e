"""Where a form comes from: whatever the origin, nothing typed is lost and one more press stores it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from formapp.accounts.accounts import find_account_by_email
from formapp.accounts.magic_links import create_link
from formapp.app import create_app
from formapp.web.csrf import TOKEN
from tests.builders import Clock, build_customer, build_services
from tests.web.conftest import Desk, filled, ticket_form_of
from tests.web.page import Browser, Page

OWN = "http://127.0.0.1:8000"
NO_WORD: dict[str, str] = {}
STRANGE = {
    "an unknown origin": {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"},
    "an unknown origin over plain http": {"Origin": "http://elsewhere.example"},
    "a page with no-referrer over plain http": {"Origin": "null"},
    "a page with no-referrer on another site": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a sibling host": {"Origin": "http://evil.desk.example", "Sec-Fetch-Site": "same-site"},
    "a browser that says nothing": NO_WORD,
    "an origin that only begins like ours": {"Origin": "http://127.0.0.1:8000.evil.example"},
    "our host by another scheme": {"Origin": "https://127.0.0.1:8000"},
    "our host on another port": {"Origin": "http://127.0.0.1:8001", "Sec-Fetch-Site": "same-site"},
}


def kept(page: Page, **changes: str) -> bool:
    fields = page.form("/support/tickets").fields
    return {name: fields[name] for name in filled()} == filled(**changes)


@pytest.mark.parametrize("story", STRANGE)
def test_from_a_strange_page_the_form_comes_back_filled_and_is_stored_after_one_more_press(
    desk: Desk, ada: Browser, story: str
) -> None:
    asked = ada.post("/support/tickets", filled(), STRANGE[story])
    assert asked.status == 422
    assert "Press Send ticket once more" in asked.text
    assert kept(asked)
    assert desk.stored() == []
    # The second press is on our own page, but its browser may still not say so.
    assert ada.send(asked.form("/support/tickets"), headers=NO_WORD).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": OWN},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": OWN},
    ],
    ids=["no-referrer, told by Sec-Fetch-Site", "both", "Sec-Fetch-Site alone", "Origin alone"],
)
def test_from_our_own_page_no_token_is_needed(desk: Desk, ada: Browser, headers: Mapping[str, str]) -> None:
    assert ada.post("/support/tickets", filled(), headers).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


def test_a_token_that_is_hours_old_still_stands_for_its_form(desk: Desk, ada: Browser) -> None:
    with time_machine.travel(desk.clock.now, tick=False) as traveller:
        form = ticket_form_of(ada)
        desk.clock.now += timedelta(hours=20)
        traveller.move_to(desk.clock.now)
        assert ada.send(form, headers=NO_WORD).heading == "Your ticket is sent"


def test_a_token_of_another_browser_does_not_count_and_nothing_is_lost(
    desk: Desk, ada: Browser, visitor: Browser
) -> None:
    form = ticket_form_of(ada)
    form.fields[TOKEN] = ticket_form_of(visitor).fields[TOKEN]
    asked = ada.send(form, headers=NO_WORD)
    assert kept(asked)
    assert desk.stored() == []
    assert ada.send(asked.form("/support/tickets"), headers=NO_WORD).heading == "Your ticket is sent"


def test_after_a_changed_secret_the_form_comes_back_filled(
    desk: Desk, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ticket_form_of(ada)
    monkeypatch.setattr(desk.app, "secret_key", "another secret that is long enough too")
    asked = ada.send(form, headers=NO_WORD)
    assert kept(asked)
    assert ada.send(asked.form("/support/tickets"), headers=NO_WORD).heading == "Your ticket is sent"


def test_signed_out_from_a_strange_page_no_mail_goes_out_before_the_second_press(desk: Desk, visitor: Browser) -> None:
    fields = filled(email="ada@shop.example")
    asked = visitor.post("/support/tickets", fields, STRANGE["an unknown origin"])
    assert "No mail yet" in visitor.open("/support/inbox").text
    assert asked.form("/support/tickets").fields["email"] == "ada@shop.example"
    assert visitor.send(asked.form("/support/tickets"), headers=NO_WORD).heading == "Check your mail"
    assert desk.stored() == []


def test_a_form_posted_from_elsewhere_signs_nobody_out(desk: Desk, ada: Browser) -> None:
    """It comes without cookies, and the answer sets one: it must not be the sign-in's."""
    without_cookies = desk.visitor().answer("POST", "/support/tickets", b"subject=Hello", STRANGE["an unknown origin"])
    named = [cookie.split("=")[0] for cookie in without_cookies.headers.getlist("Set-Cookie")]
    assert named == ["support"]
    assert ada.open("/support/tickets").heading == "My tickets"


def test_the_guide_on_an_allowed_origin_may_post(tmp_path: Path, clock: Clock) -> None:
    services = build_services(tmp_path, origins=frozenset({"https://guide.example"}))
    customer = build_customer(services)
    desk = Desk(create_app(services=services, clock=clock), services, clock, customer)
    ada = desk.browser_of("ada@shop.example")
    headers = {"Origin": "https://guide.example", "Sec-Fetch-Site": "same-site"}
    assert ada.post("/support/tickets", filled(), headers).heading == "Your ticket is sent"
    lookalike = {"Origin": "https://guide.example.evil.example", "Sec-Fetch-Site": "cross-site"}
    assert "Press Send ticket once more" in ada.post("/support/tickets", filled(subject="Other"), lookalike).text


def test_another_form_with_text_from_a_strange_page_asks_once_more_and_then_does_it(ada: Browser, desk: Desk) -> None:
    fields = {"email": "ada@shop.example", "next": "/support/account"}
    asked = ada.post("/support/sign-in", fields, STRANGE["an unknown origin"])
    assert (asked.status, asked.heading) == (422, "Press Send me a link once more")
    assert "once more to get a sign-in link sent to ada@shop.example." in asked.text
    assert "No mail yet" in ada.open("/support/inbox").text
    form = asked.form("/support/sign-in")
    assert {name: form.fields[name] for name in fields} == fields
    assert ada.send(form, headers=NO_WORD).heading == "Check your mail"
    assert find_account_by_email(desk.services, "ada@shop.example") is not None


@pytest.mark.parametrize(
    ("path", "fields", "would", "page"),
    [
        ("/support/sign-out", {}, "sign you out", "/support/account"),
        ("/support/sign-out", {"everywhere": "yes"}, "sign you out", "/support/account"),
        ("/support/account/sessions/end", {"session": "x"}, "sign out a browser", "/support/account/sessions"),
        ("/support/account/sessions/end-others", {}, "sign out all your other", "/support/account/sessions"),
    ],
)
@pytest.mark.parametrize("story", STRANGE)
def test_a_form_without_text_from_a_strange_page_is_refused(
    ada: Browser, story: str, path: str, fields: dict[str, str], would: str, page: str
) -> None:
    """Nothing typed is lost by that, and one press on our own page does it."""
    refused = ada.post(path, fields, STRANGE[story])
    assert (refused.status, refused.heading) == (403, "Nothing was done")
    assert f"asked us to {would}" in refused.text
    assert refused.all("form") == []
    assert refused.one("a", href=page)
    assert ada.open("/support/account").heading == "Account settings"


def test_a_strange_page_cannot_make_anybody_use_a_sign_in_link(desk: Desk, visitor: Browser) -> None:
    link = create_link(desk.services, "ada@shop.example", desk.clock()).removeprefix(OWN)
    refused = visitor.post(link, {}, STRANGE["an unknown origin"])
    assert (refused.status, refused.heading) == (403, "Nothing was done")
    assert visitor.open("/support/account").heading == "Sign in"
    page = visitor.open(refused.one("a", class_="support-button")["href"])
    assert visitor.send(page.form(link)).heading == "My tickets"
