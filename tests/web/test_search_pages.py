"""Search as people meet it: staff in the queue, customers in their list; a reference leads to its ticket."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from formapp.models import Account
from formapp.tickets import replies, triage
from tests.builders import NOW, build_account, build_project, build_staff, file_ticket, keep_file, written
from tests.web.conftest import Desk
from tests.web.page import Browser, Page, references

QUEUE, MINE = "/support/desk/", "/support/tickets"


@pytest.fixture
def sam_account(desk: Desk) -> Account:
    return build_staff(desk.services, name="Sam Rivera")


@pytest.fixture
def full(desk: Desk, sam_account: Account) -> Desk:
    """Three tickets of the customer, the second closed and with a note, and one of another project."""
    services = desk.services
    for number, subject in enumerate(("Checkout fails", "Checkout fails again", "Colours are off")):
        file_ticket(services, desk.customer, subject=subject, description="Help", url="", submission=f"f{number}")
    eve = build_account(services, "eve@museum.example", name="Eve Black")
    build_project(services, "museum", eve.email, name="City Museum")
    file_ticket(services, eve, subject="Checkout of the museum", description="Help", url="", project="museum")
    file = keep_file(services, "canaryfile.log")
    note = replies.MessageInput("The canarynote says it all", "note", files=(file,))
    replies.add_note(services, sam_account.id, 2, note, NOW)
    triage.close(services, sam_account.id, 2, NOW)
    return desk


@pytest.fixture
def sam(full: Desk, sam_account: Account) -> Browser:
    return full.browser_of(sam_account.email)


@pytest.fixture
def ada(full: Desk) -> Browser:
    return full.browser_of("ada@shop.example")


def search(browser: Browser, words: str, page: str = QUEUE, **more: str) -> Page:
    """Type words and press the button: a GET."""
    form = browser.open(page).form(page)
    fields = {**form.fields, "search": words, **more}
    return browser.open(f"{page}?{'&'.join(f'{name}={quote(value)}' for name, value in fields.items())}")


@pytest.mark.parametrize("words", ["SUP-1002", "sup-1002", "1002", "  1002 "])
def test_a_reference_or_a_bare_number_opens_its_ticket(sam: Browser, ada: Browser, words: str) -> None:
    assert search(sam, words).url == "/support/desk/SUP-1002"
    assert search(ada, words, MINE).url == "/support/tickets/SUP-1002"
    assert sam.open(f"{QUEUE}?search={quote(words)}").url == "/support/desk/SUP-1002"


def test_a_number_without_a_ticket_of_one_s_own_is_a_word(full: Desk, sam: Browser, ada: Browser) -> None:
    assert "No tickets match" in search(sam, "1099").text
    replies.reply_as_customer(full.services, full.customer.id, 1, written("MySQL says 1045"), NOW)
    assert references(search(sam, "1045")) == ["SUP-1001"]
    # SUP-1004 is another project's: as if there were nothing.
    page = search(ada, "SUP-1004", MINE)
    assert (page.status, references(page)) == (200, [])
    assert references(search(sam, '"1045"')) == ["SUP-1001"]
    assert search(sam, '"1002"').url.startswith(QUEUE + "?"), "looked for in texts"


def test_words_are_looked_for_in_all_states_and_the_page_says_so(sam: Browser) -> None:
    page = search(sam, "checkout")
    assert references(page) == ["SUP-1004", "SUP-1002", "SUP-1001"]
    assert "Found in tickets of all states. The newest comes first." in page.text
    assert page.form(QUEUE).fields["status"] == "any"
    page = sam.open(next(link["href"] for link in page.all("a") if link.text == "Search open tickets only"))
    assert references(page) == ["SUP-1004", "SUP-1001"]
    assert page.one("input", id="search")["value"] == "status:open checkout"
    assert "Found in open tickets." in page.text
    page = sam.open(next(link["href"] for link in page.all("a") if link.text == "Search all states"))
    assert page.one("input", id="search")["value"] == "checkout"
    page = search(sam, "status:closed colours")
    assert "No tickets match. Closed tickets were searched." in page.text
    assert [link.text for link in page.all("a") if "all states" in link.text] == ["Search all states"]
    assert "Open tickets. What is due next comes first." in sam.open(QUEUE).text


def test_a_state_that_is_chosen_beside_words_counts(sam: Browser) -> None:
    page = search(sam, "checkout", status="closed")
    assert (references(page), page.one("input", id="search")["value"]) == (["SUP-1002"], "status:closed checkout")


def test_a_customer_s_list_has_the_same_search(ada: Browser) -> None:
    page = search(ada, "checkout", MINE)
    assert references(page) == ["SUP-1002", "SUP-1001"]
    assert "Found in tickets of all states. The newest comes first." in page.text
    assert references(search(ada, "checkout -again", MINE)) == ["SUP-1001"]
    assert references(search(ada, "status:closed", MINE)) == ["SUP-1002"]
    assert references(search(ada, "status:open", MINE)) == ["SUP-1003", "SUP-1001"]
    page = search(ada, "zebra", MINE)
    assert "No tickets match. Tickets of all states were searched." in page.text
    page = ada.open(next(link["href"] for link in page.all("a") if link.text == "Show all tickets"))
    assert references(page) == ["SUP-1003", "SUP-1002", "SUP-1001"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("assignee:me", "“assignee:” is not known. Use status:, priority: or project:."),
        ("is:overdue", "“is:” is not known."),
        ("status:lost", "“status:lost” is not known."),
        ("a\0b", "The text holds a NUL character"),
        ("?!", "“?!” has no letter and no digit to look for"),
    ],
)
def test_what_a_customer_s_search_does_not_know_is_named(ada: Browser, words: str, sentence: str) -> None:
    page = search(ada, words, MINE)
    assert (page.status, page.title.startswith("Error: My tickets")) == (422, True)
    assert sentence in page.one("p", id="search-error").text
    field = page.one("input", id="search")
    assert (field["aria-invalid"], field["value"]) == ("true", words.replace("\0", "\N{REPLACEMENT CHARACTER}"))


@pytest.mark.parametrize("key", ["x", "-1", "٣", "9" * 60, "20260101T000000000000.x"])
def test_an_odd_page_key_of_a_search_is_a_page_that_is_not_there(ada: Browser, key: str) -> None:
    assert ada.open(f"{MINE}?search=checkout&after={key}").heading == "Page not found"


def test_a_customer_s_long_list_is_read_page_by_page(full: Desk, ada: Browser) -> None:
    for number in range(60):
        file_ticket(full.services, full.customer, subject=f"Order {number}", submission=f"o{number}")
    page = search(ada, "order", MINE)
    assert len(references(page)) == 50
    following = ada.open(page.one("a", rel="next")["href"])
    assert len(references(following)) == 10
    assert "First page" in following.text


def test_no_search_of_a_customer_tells_of_notes_or_of_the_desk_s_addresses(sam: Browser, ada: Browser) -> None:
    """Neither by what is found nor by what is left out; staff find them by the same words."""
    plain = references(search(ada, "help", MINE))
    for canary in ("canarynote", '"canarynote says"', "canaryfile", "platform.example", "sam@platform", "says"):
        assert references(search(sam, canary)) == ["SUP-1002"], canary
        assert references(search(ada, canary, MINE)) == [], canary
        assert references(search(ada, f"help -{canary}", MINE)) == plain, canary
        assert references(search(ada, f"checkout {canary}", MINE)) == [], canary
        shown = search(ada, canary, MINE)
        without = search(ada, "nothinglikeit", MINE)
        assert shown.text.replace(canary, "") == without.text.replace("nothinglikeit", ""), "not even by a word"
