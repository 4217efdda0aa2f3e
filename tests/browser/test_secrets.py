"""Secrets are named before anything is sent, looked at in the browser alone; harmless lines are left in peace."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.attachments import service as attachments
from formapp.demo.company import CUSTOMER
from formapp.tickets.queries import tickets_of
from tests.browser.conftest import Desk, OpenPage, Watch
from tests.browser.forms import attach, fill, send, stored

pytestmark = pytest.mark.browser

# Put together here, so that nobody who looks for lost secrets stumbles over this file.
KEY = "-----BEGIN {0} KEY-----\nMIIEpAIBAAKCAQEA7x\nq1Zk+/=\n-----END {0} KEY-----".format("RSA PRIVATE")
SECRETS = {
    KEY: "private key",
    KEY.replace("RSA ", "OPENSSH ").rpartition("\n")[0]: "private key",
    "AKI" + "A3EXQ7TLMNPRSUVWX": "token",
    "the key gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a": "token",
    "xox" + "b-123456789012-abcdefABCDEF": "token",
    "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc": "token",
    "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N": "token",
    "Authorization: Bearer abcdef0123456789abcdef0123": "token",
    "api_key = 4f9c2d7e8a1b4c6d9e0f": "token",
    'aws_secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCY"': "token",
    "password=hunter2": "password",
    "DB_PASSWORD=swordfish": "password",
    "password: 'tr0ub4dor&3'": "password",
    '{"password": "s3cretW0rd", "user": "ada"}': "password",
    "client_secret=9f8e7d6c5b4a": "password",
    "MYSQL_PWD=geheim!": "password",
    "postgres://shop:k3epth1s@db.internal/shop": "password",
}
HARMLESS = """
The password is incorrect: password=incorrect
Your password must be at least 8 characters
Password authentication failed for user "app1"
I forgot my password: what now
password: required
password=
password=********
password=<your password>
password: ${DB_PASSWORD}
password=$PASSWORD1
password = os.environ['PASSWORD1']
password = getPassword1()
password: changeme123
password_reset_at: 2026-11-24T10:00:00Z
passwords: 3 of 5 changed in 2024
"password": null, "token": "string"
<input type="password" name="password" value="">
SyntaxError: Unexpected token < in JSON at position 0
SyntaxError: Unexpected token: } at 12:34
Token: none
max_tokens: 128000
token_type: bearer
token_expires=1700000000
at com.shop.TokenFilter.doFilter(TokenFilter.java:45)
Bearer token missing
Authorization: Bearer [REDACTED]
PWD=/var/www/app1
pwd: C:\\Users\\app1\\work
commit 6d858e3a9f0c1d2e3f405162738495a6b7c8d9e0
id: 123e4567-e89b-12d3-a456-426614174000
"integrity": "sha512-9f8e7d6c5b4a9f8e7d6c5b4a=="
https://shop.example:8443/login?next=/checkout&code=404
ssh://git@host:22/repo.git
http://user@host:8080/x
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
primary key: order_id_2024
foreign_key = customer_id_2024_legacy
monkey: bananas1
secretary: Anna Schmidt 2024
The secret of success: be patient
ASIA_PACIFIC_REGION_01
""".strip()
NAMES = {
    *("Before", "removed", "Authorization", "Bearer", "access", "secret", "client", "password", "PASSWORD"),
    *("postgres", "postgres//shop", "db.internal/shop", "//shop", "access", "secret"),
}
WARNED = "() => [...document.querySelectorAll('div.support-secret')].map((one) => one.firstChild.textContent)"


def asked(page: Page, text: str) -> list[str]:
    """What the form says about a text when it is to be sent; the desk itself is kept out of reach."""
    page.get_by_label("Description").fill(text)
    send(page)
    return page.evaluate(WARNED)  # type: ignore[no-any-return]


@pytest.fixture
def form(open_page: OpenPage, desk: Desk) -> Page:
    page = open_page()
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    return page


def test_what_looks_like_a_secret_is_named(form: Page) -> None:
    found = {text: asked(form, f"First line\n{text}\n") for text in SECRETS}
    assert found == {text: [f"Description seems to hold a {kind} (line 2)."] for text, kind in SECRETS.items()}


def test_each_is_taken_out_whole(form: Page) -> None:
    left = {}
    for text in SECRETS:
        asked(form, f"Before\n{text}\nAfter")
        form.get_by_role("button", name="Remove it").click()
        left[text] = form.get_by_label("Description").input_value()
        expect(form.get_by_label("Description")).to_be_focused()
        expect(form.get_by_text("seems to hold")).to_have_count(0)
    secret = re.compile(r"[A-Za-z0-9&!+/.]{6,}")
    for text, cleaned in left.items():
        assert cleaned.startswith("Before\n"), text
        assert "[removed]" in cleaned, text
        if "BEGIN" not in text:
            assert cleaned.endswith("\nAfter"), text
        # Names of what it was stay, and nothing else that could be part of it.
        assert set(secret.findall(cleaned)) <= NAMES, text


def test_harmless_lines_are_left_in_peace(form: Page, watch: Watch) -> None:
    watch.expected = ("status of 503",)
    form.route("**/healthz", lambda route: route.fulfill(status=503))
    said = {line: asked(form, line) for line in HARMLESS.splitlines()}
    assert {line: words for line, words in said.items() if words} == {}


def test_it_is_the_person_s_decision(form: Page, desk: Desk) -> None:
    asked(form, "Login as test\npassword=hunter2")
    warning = form.get_by_role("alert").filter(has_text="seems to hold")
    expect(warning).to_have_text("Description seems to hold a password (line 2).")
    # By the keyboard, without a dialog.
    expect(form.get_by_role("button", name="Remove it")).to_be_focused()
    form.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Send it anyway")).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    assert stored(desk).description == "Login as test\npassword=hunter2"


def test_each_field_is_decided_about_once(form: Page, desk: Desk) -> None:
    form.get_by_label("Subject").fill("Login with password=hunter2 fails")
    asked(form, "As api_key = 4f9c2d7e8a1b4c6d9e0f too")
    for name in ("Subject", "Description"):
        expect(form.get_by_role("alert")).to_contain_text(f"{name} seems to hold")
        form.get_by_role("button", name="Send it anyway").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    assert stored(desk).subject == "Login with password=hunter2 fails"


def test_a_removed_secret_never_leaves_the_browser(form: Page, desk: Desk) -> None:
    sent: list[str] = []
    form.on("request", lambda request: sent.append(f"{request.url} {request.post_data_buffer or b''!r}"))
    form.get_by_label("Subject").fill("Login with password=hunter2 fails")
    asked(form, "See subject")
    form.get_by_role("button", name="Remove it").click()
    attach(form, ("app.conf", b"user = ada\npassword = k3epth1s\n"))
    form.get_by_role("button", name="Remove it").click()
    expect(form.get_by_text("“app.conf” is attached.")).to_be_visible()
    send(form)
    expect(form.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    ticket = stored(desk)
    assert ticket.subject == "Login with password=[removed] fails"
    (file,) = attachments.attachments_of(desk.services, ticket.id, with_notes=False)
    assert b"".join(attachments.content(desk.services, file)) == b"user = ada\npassword = [removed]\n"
    assert [words for words in sent if "hunter2" in words or "k3epth1s" in words] == []


def test_taking_a_secret_out_of_a_file_harms_no_other_byte(form: Page, desk: Desk) -> None:
    before = bytes(byte for byte in range(1, 256) if byte not in b"\r\n")
    attach(form, ("old.log", before + b"\npassword=hunter22\n" + before))
    form.get_by_role("button", name="Remove it").click()
    expect(form.get_by_text("“old.log” is attached.")).to_be_visible()
    send(form)
    expect(form.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    (file,) = attachments.attachments_of(desk.services, stored(desk).id, with_notes=False)
    assert b"".join(attachments.content(desk.services, file)) == before + b"\npassword=[removed]\n" + before


def test_what_is_no_text_is_not_looked_at(form: Page) -> None:
    attach(form, ("kept.zip", b"PK\3\4\0\0" + b"password=hunter22\r\n" * 2))
    expect(form.get_by_text("“kept.zip” is attached.")).to_be_visible()
    assert form.evaluate(WARNED) == []


def test_a_log_of_windows_is_looked_at_too(form: Page, desk: Desk) -> None:
    """It is UTF-16; without its secret it comes as UTF-8, with every other character."""
    attach(form, ("event.log", "zu spät 🦊\r\npassword=hunter22\r\n".encode("utf-16")))
    expect(form.get_by_text("“event.log” seems to hold a password (line 2).")).to_be_visible()
    form.get_by_role("button", name="Remove it").click()
    expect(form.get_by_text("“event.log” is attached.")).to_be_visible()
    send(form)
    expect(form.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    (file,) = attachments.attachments_of(desk.services, stored(desk).id, with_notes=False)
    assert b"".join(attachments.content(desk.services, file)).decode() == "zu spät 🦊\r\npassword=[removed]\r\n"


def test_a_file_waits_for_its_decision_and_send_says_so(form: Page, desk: Desk) -> None:
    attach(form, ("app.conf", b"password = k3epth1s\n"))
    expect(form.get_by_text("“app.conf” seems to hold a password (line 1).")).to_be_visible()
    send(form)
    expect(form.get_by_text("Not sent yet: decide about the file first.")).to_be_visible()
    expect(form.get_by_role("button", name="Remove it")).to_be_focused()
    customer = find_account_by_email(desk.services, CUSTOMER)
    assert customer
    assert tickets_of(desk.services, customer.id) == ()
    form.get_by_role("button", name="Send it anyway").click()
    expect(form.get_by_text("“app.conf” is attached.")).to_be_visible()
    send(form)
    expect(form.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
