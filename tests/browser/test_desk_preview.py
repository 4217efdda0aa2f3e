"""A writer's loop in a browser: file a ticket on the page, read its mail, be somebody else, at another time, edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import axe_faults
from tests.browser.forms import fill, send
from tests.plugin.conftest import new_site
from tests.plugin.preview import PATIENCE, Preview, running_preview

pytestmark = pytest.mark.browser

FORM = "# Help\n\n```support-form\n```\n"
MATERIAL = {"name": "material", "font": False, "features": ["navigation.instant"]}


@pytest.mark.parametrize(
    ("theme", "width"), [(MATERIAL, 360), ({"name": "mkdocs"}, 1280), ({"name": "readthedocs"}, 360)]
)
def test_the_whole_loop(chromium: Browser, tmp_path: Path, theme: dict[str, object], width: int) -> None:
    with new_site(tmp_path, True) as site:
        site.write({"index.md": FORM}, plugins=["search", {"support": {"preview": True}}], theme=theme)
        with running_preview(site) as preview:
            preview.wait_for("support-sandbox")
            page = chromium.new_page(viewport={"width": width, "height": 740})
            # What the themes load from elsewhere is refused, and not ours.
            refused: list[str] = []
            page.on("console", lambda said: refused.append(said.text) if "/sandbox/" in said.text else None)
            try:
                _loop(page, preview)
            finally:
                page.close()
            assert refused == []


def _loop(page: Page, preview: Preview) -> None:
    bar = page.get_by_role("complementary", name="Sandbox desk")
    state = bar.locator("summary")
    page.goto(f"{preview.address}/help/", wait_until="load")
    expect(state).to_contain_text("nobody is signed in")
    state.click()
    assert axe_faults(page, ".support-sandbox") == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bar.get_by_label("Signed in as").select_option(label="Ada Martin, customer with 2 projects")
    bar.get_by_role("button", name="Switch").click()
    expect(page).to_have_url(f"{preview.address}/help/")
    expect(state).to_contain_text("Ada Martin")
    state.click()
    bar.get_by_role("button", name="Saturday 02:00").click()
    expect(state).to_contain_text("02:00 Paris time pretended")

    # The form of the page knows who is signed in, and sends to the sandbox.
    expect(page.locator("select[name=project]")).to_be_visible()
    fill(page, "Checkout is slow")
    send(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("sent")
    # High is a business day, which begins on Monday.
    expect(page.locator("main, [role=main]").first).to_contain_text("Monday")
    bar.get_by_role("link", name="Mails").click()
    for _try in range(50):
        if page.get_by_role("link", name="Checkout is slow").count():
            break
        page.wait_for_timeout(200)
        page.reload()
    expect(page.get_by_role("link", name="Checkout is slow").first).to_be_visible()

    state.click()
    bar.get_by_label("Signed in as").select_option(label="Sam Rivera, support staff")
    bar.get_by_role("button", name="Switch").click()
    bar.get_by_role("link", name="Queue").click()
    page.get_by_role("link", name="Checkout is slow").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout is slow")

    with page.expect_request("**/livereload/**", timeout=PATIENCE * 1000):
        page.goto(f"{preview.address}/help/", wait_until="load")
    preview.edit("docs/index.md", "# Help", "# Help for everybody")
    expect(page.locator("main, [role=main]").first).to_contain_text("Help for everybody", timeout=PATIENCE * 1000)
    expect(state).to_contain_text("Sam Rivera")
