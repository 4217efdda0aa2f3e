"""Help where one reads, in a browser: links that say where one was, and pages suggested while a subject is typed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect

from formapp.models import Ticket
from tests.browser.axe import axe_faults
from tests.browser.conftest import Desk, OpenPage, Watch, running_desk
from tests.browser.forms import expect_sent, fill, send
from tests.builders import stored
from tests.plugin.conftest import new_site

pytestmark = pytest.mark.browser

FORM = "# Open a ticket\n\n```support-form\n```\n"
PAGES = {
    "index.md": "# Shop\n",
    "refunds.md": "# Refunds\n\nMoney back.\n\n## Late refunds\n\nA refund is late.\n",
    "ticket.md": FORM,
    "de/erstattung.md": "---\nlanguage: de\n---\n# Erstattungen\n\nGeld zurück für jede Überweisung.\n",
    "fr/remboursement.md": "---\nlanguage: fr\n---\n# Remboursement\n\nL’argent rendu après une réclamation.\n",
    "es/reembolso.md": "---\nlanguage: es\n---\n# Reembolso\n\nDevolución del dinero por transferencia.\n",
    "ar/refund.md": "---\nlanguage: ar\n---\n# استرداد الأموال\n\nنعيد المال بعد الشكوى.\n",
}
SETTINGS = {
    "site_url": "http://127.0.0.1:8000/",
    "plugins": ["search", {"support": {"policy": "support-policy.yml", "page_help": True, "csp": "enforce"}}],
}
# What each key costs: from the event to a page laid out anew.
TIMED = """
window.spent = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (call) => ask((time) => {
  const begun = performance.now();
  call(time);
  document.body.offsetHeight;
  window.spent.push(performance.now() - begun);
});
window.moved = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""

AGAIN = """
() => {
  const form = document.querySelector("support-form");
  const again = form.cloneNode(true);
  delete again.querySelector("support-suggest").dataset.ready;
  form.replaceWith(again);
}
"""


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small site whose search index knows 500 pages."""
    folder = tmp_path_factory.mktemp("guide")
    with new_site(folder, directory_urls=True) as site:
        site.build(PAGES, **SETTINGS)
    index = folder / "site" / "search" / "search_index.json"
    known = json.loads(index.read_text("utf-8"))
    known["docs"] += many_pages(500 - len(PAGES))
    index.write_text(json.dumps(known), "utf-8")
    return folder / "site"


def many_pages(count: int) -> list[dict[str, str]]:
    """Pages of four sections each, of words as unevenly frequent as a language's."""
    draw = random.Random(5)  # noqa: S311 - the same words each time
    letters = "abcdefghijklmnopqrstuvwxyz"
    lexicon = ["".join(draw.choices(letters, k=draw.randint(3, 11))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(lexicon) + 1)]

    def text(words: int) -> str:
        return " ".join(draw.choices(lexicon, weights, k=words))

    return [
        {"location": f"p{page}/{anchor}", "title": f"{text(3)} ({page})", "text": f"<p>{text(120)}</p>"}
        for page in range(count)
        for anchor in ("", "#one", "#two", "#three")
    ]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, guide: Path) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk"), guide) as started:
        yield started


def type_subject(page: Page, subject: str) -> None:
    """Type a subject once its script has read the index."""
    page.get_by_label("Subject").focus()
    page.locator("support-suggest[data-ready]").wait_for(state="attached", timeout=30_000)
    page.keyboard.type(subject, delay=15)


def suggested(page: Page) -> list[str]:
    return page.locator("support-suggest a").all_text_contents()


def test_from_a_heading_to_the_ticket_with_what_was_suggested(desk: Desk, open_page: OpenPage) -> None:
    page = open_page()
    desk.sign_in(page)
    page.goto("/refunds/")
    link = page.get_by_role("link", name="Need help with this section? Late refunds")
    link.focus()
    expect(link).to_have_css("opacity", "1")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open a ticket")
    type_subject(page, "refund")
    expect(page.get_by_text("These pages may help")).to_be_visible()
    assert "Refunds" in suggested(page)
    opened = page.locator("support-suggest a").first
    assert (opened.get_attribute("target"), urlsplit(str(opened.get_attribute("href"))).path) == ("_blank", "/refunds/")
    # Said once, when typing pauses; then what is wrong with the parts, if anything.
    expect(page.locator("support-suggest [role=status]")).to_have_text(
        "Pages that may help are listed below the subject."
    )
    assert axe_faults(page, "support-form") == []
    fill(page, subject="refund")
    send(page)
    expect_sent(page)
    ticket = stored(desk.services, Ticket)[-1]
    assert ticket.written_from == {"page": "/refunds/#late-refunds", "title": "Refunds", "section": "Late refunds"}
    assert ticket.pages_shown["/refunds/"] == "Refunds"


def test_with_500_pages_a_key_costs_less_than_50_ms_and_nothing_moves(open_page: OpenPage, guide: Path) -> None:
    words = [one["title"] for one in json.loads((guide / "search" / "search_index.json").read_text("utf-8"))["docs"]]
    page = open_page()
    page.add_init_script(TIMED)
    page.goto("/ticket/")
    place = page.get_by_label("Subject").bounding_box()
    type_subject(page, f"{words[40]} and {words[900]}")
    assert len(page.evaluate("spent")) > 30
    assert len(suggested(page)) == 3
    # One may be a pause of a busy machine.
    assert sorted(page.evaluate("spent"))[-2] < 50
    assert page.get_by_label("Subject").bounding_box() == place
    assert page.evaluate("moved") == []
    # What doesn't fit any more goes, and its room stays.
    below = page.get_by_label("URL").bounding_box()
    page.get_by_label("Subject").fill("qqqqqq")
    expect(page.locator("support-suggest a")).to_have_count(0)
    assert page.get_by_label("URL").bounding_box() == below


def test_a_form_that_comes_anew_within_the_document_suggests_each_page_once(open_page: OpenPage) -> None:
    """As where a theme exchanges the parts of a page."""
    page = open_page()
    page.goto("/ticket/")
    type_subject(page, "refund")
    once = suggested(page)
    page.evaluate(AGAIN)
    page.get_by_label("Subject").fill("")
    type_subject(page, "refund")
    assert (len(once) > 0, suggested(page)) == (True, once)


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("REFUND", "Refunds"),
        ("uberweisung fehlt", "Erstattungen"),
        ("Überweisungen", "Erstattungen"),
        ("reclamation", "Remboursement"),
        ("devolucion", "Reembolso"),
        ("الشكوى", "استرداد الأموال"),
        ("اموال", "استرداد الأموال"),
    ],
)
def test_case_accents_and_endings_make_no_difference_in_five_languages(
    open_page: OpenPage, subject: str, title: str
) -> None:
    page = open_page()
    page.goto("/ticket/")
    type_subject(page, subject)
    assert title in suggested(page)


def test_without_script_links_lead_there_and_nothing_is_suggested(desk: Desk, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    desk.sign_in(page)
    page.goto("/refunds/")
    page.get_by_role("link", name="Need help with this section?").click()
    page.get_by_label("Project").fill("Riverside Shop")
    page.get_by_label("Subject").fill("refund")
    assert suggested(page) == []
    page.get_by_label("Description").fill("It is late.")
    page.get_by_role("radio", name="High").check()
    page.get_by_label("Email address").fill("nobody@else.example")
    send(page)
    send(page)
    expect_sent(page)
    assert stored(desk.services, Ticket)[-1].written_from["section"] == "Late refunds"


@pytest.mark.parametrize("script", [True, False])
def test_the_page_for_missing_addresses_leads_to_the_form(open_page: OpenPage, script: bool, watch: Watch) -> None:
    watch.expected = ("404",)
    page = open_page(java_script_enabled=script)
    page.goto("/old/place/")
    link = page.get_by_role("paragraph").get_by_role("link", name="Open a ticket")
    address = urlsplit(str(link.get_attribute("href")))
    assert address.path == "/ticket/"
    assert dict(parse_qsl(address.query)) == ({"help-missing": "/old/place/"} if script else {})
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open a ticket")
