"""Two forms side by side on one page, with script and without: each for itself, and nothing moves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from formapp.demo import company as demo
from formapp.models import Ticket
from tests.browser.axe import axe_faults
from tests.browser.conftest import MOVED, Desk, OpenPage, Watch, running_desk
from tests.browser.forms import all_stored, expect_sent
from tests.builders import POLICY

TWO = "# Two forms\n\n```support-form\n```\n\n## Launch\n\n```support-form\nform: launch-date\n```\n"
RECORDS = "() => Object.keys(localStorage).filter((key) => key.startsWith('support-draft:')).length"


@pytest.fixture(scope="module")
def two_forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose only page has the form of any ticket and the one that registers a launch."""
    folder = tmp_path_factory.mktemp("two-forms")
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(TWO, "utf-8")
    (folder / "mkdocs.yml").write_text(
        "site_name: Two forms\nsite_url: http://127.0.0.1:8000/\ntheme: {name: material, font: false}\n"
        f"plugins: [{{support: {{policy: '{POLICY}', app_url: /support/}}}}]\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder / "site")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "site"


@pytest.fixture
def desk(tmp_path: Path, two_forms: Path) -> Iterator[Desk]:
    with running_desk(tmp_path, two_forms) as started:
        yield started


def forms_of(page: Page) -> tuple[Locator, Locator]:
    """The form of any ticket, and the one that registers a launch."""
    return page.locator("form#ticket"), page.locator("form#ticket-launch-date")


def fill_launch(form: Locator) -> None:
    form.get_by_label("What do you launch?").fill("The autumn campaign")
    form.get_by_label("Planned date").fill("2026-12-24")
    form.get_by_role("radio", name="Another one").check()
    form.get_by_label("Name of the environment").fill("Blue-green 7")


def newest(desk: Desk) -> Ticket:
    return max(all_stored(desk), key=lambda ticket: ticket.id)


def test_of_two_forms_on_a_page_each_is_sent_by_itself(page: Page, desk: Desk, script: bool) -> None:
    desk.sign_in(page)
    page.goto("/")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)") if script else []
    assert len(ids) == len(set(ids))
    ticket, launch = forms_of(page)
    ticket.get_by_label("Subject").fill("Not this one")
    fill_launch(launch)
    if script:
        launch.get_by_label("Project").select_option("Riverside Shop")
    else:
        launch.get_by_label("Project").fill("Riverside Shop")
        launch.get_by_label("Email address").fill(demo.CUSTOMER)
    launch.get_by_role("button", name="Send ticket").last.click()
    expect_sent(page)
    filed = newest(desk)
    assert (filed.form, filed.subject, filed.page) == ("launch-date", "The autumn campaign", "/")
    assert [one["value"] for one in filed.form_answers] == ["2026-12-24", "other", "Blue-green 7"]


def test_each_form_shows_its_own_mistakes_and_keeps_what_was_typed(page: Page, desk: Desk, script: bool) -> None:
    desk.sign_in(page)
    page.goto("/")
    _ticket, launch = forms_of(page)
    fill_launch(launch)
    launch.get_by_label("Planned date").fill("2020-01-01")
    if script:
        launch.get_by_label("Project").select_option("Riverside Shop")
    launch.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Register a launch date")
    alert = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(alert).to_contain_text("“Planned date” must be 24 November 2026 or later")
    expect(page.get_by_label("Planned date")).to_have_value("2020-01-01")
    expect(page.get_by_label("Name of the environment")).to_have_value("Blue-green 7")
    expect(page.get_by_role("radio", name="Another one")).to_be_checked()


def test_a_field_is_shown_when_its_answer_is_given_and_nothing_moves_before(open_page: OpenPage) -> None:
    for width in (360, 1280):
        page = open_page(viewport={"width": width, "height": 800})
        page.goto("/", wait_until="networkidle")
        assert page.evaluate(MOVED) == []
        _ticket, launch = forms_of(page)
        name = launch.get_by_label("Name of the environment")
        expect(name).to_be_hidden()
        launch.get_by_role("radio", name="Another one").check()
        expect(name).to_be_visible()
        launch.get_by_role("radio", name="Staging").check()
        expect(name).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_script_the_field_stands_there_with_its_condition_in_words(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/")
    _ticket, launch = forms_of(page)
    expect(launch.get_by_label("Name of the environment")).to_be_visible()
    expect(launch.get_by_text("Only if you answered “Another one”")).to_be_visible()


def test_what_is_typed_into_each_form_is_kept_apart(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    ticket, launch = forms_of(page)
    ticket.get_by_label("Subject").fill("Checkout fails")
    fill_launch(launch)
    assert page.evaluate(RECORDS) == 2
    page.reload()
    ticket, launch = forms_of(page)
    expect(ticket.get_by_label("Subject")).to_have_value("Checkout fails")
    expect(launch.get_by_label("What do you launch?")).to_have_value("The autumn campaign")
    expect(launch.get_by_label("Planned date")).to_have_value("2026-12-24")
    expect(launch.get_by_role("radio", name="Another one")).to_be_checked()
    # What comes back is shown as if it had just been answered.
    expect(launch.get_by_label("Name of the environment")).to_have_value("Blue-green 7")
    expect(launch.get_by_label("Name of the environment")).to_be_visible()


def test_the_address_fills_the_form_that_it_names_and_says_what_it_cannot_use(
    open_page: OpenPage, watch: Watch
) -> None:
    # Chromium notes what a field for dates doesn't take.
    watch.expected = ("does not conform to the required format",)
    page = open_page()
    page.goto(
        "/?form=launch-date&subject=Winter+sale&launch_date=2026-12-24&launch_environment=other&launch_other=Blue"
    )
    ticket, launch = forms_of(page)
    expect(launch.get_by_label("What do you launch?")).to_have_value("Winter sale")
    expect(launch.get_by_label("Planned date")).to_have_value("2026-12-24")
    expect(launch.get_by_label("Name of the environment")).to_have_value("Blue")
    expect(ticket.get_by_label("Subject")).to_have_value("")
    page.goto("/?form=launch-date&launch_date=soon&launch_environment=moon&email=eve@evil.example&utm_source=mail")
    _ticket, launch = forms_of(page)
    expect(launch.locator("support-fields")).to_have_text(
        "We ignored what the address of this page says for: Planned date, Which environment do you launch from?."
    )
    expect(launch.get_by_label("Planned date")).to_have_value("")
    expect(launch.get_by_label("Email address")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_either_form(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    page.goto("/")
    _ticket, launch = forms_of(page)
    launch.get_by_role("radio", name="Another one").check()
    assert axe_faults(page, "support-form") == []
