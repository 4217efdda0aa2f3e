"""``mkdocs serve`` beside a browser: what is saved is shown without a hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.plugin.conftest import new_site
from tests.plugin.preview import PATIENCE, running_preview

pytestmark = pytest.mark.browser

TABLE = "# Help\n\n```support-table\n```\n"


@pytest.mark.parametrize("theme", ["material", "mkdocs", "readthedocs"])
def test_a_saved_page_or_policy_shows_by_itself(chromium: Browser, tmp_path: Path, theme: str) -> None:
    """With the strictest options of the plugin, which hold for a build alone."""
    with new_site(tmp_path, True) as site:
        options = {"support": {"csp": "enforce", "announce_closures": "everywhere"}}
        features = {"font": False, "features": ["navigation.instant"]} if theme == "material" else {}
        site.write({"index.md": TABLE}, plugins=["search", options], theme={"name": theme, **features})
        with running_preview(site) as preview:
            preview.wait_for("within 1 hour, 24/7")
            page = chromium.new_page()
            patience = PATIENCE * 1000
            try:
                # The preview watches from the moment on in which the page has asked it for news.
                with page.expect_request("**/livereload/**", timeout=patience):
                    page.goto(f"{preview.address}/help/", wait_until="load")
                main = page.locator("main, [role=main]").first
                expect(main).to_contain_text("within 1 hour, 24/7")

                preview.edit("docs/index.md", "# Help", "# Help for everybody")
                expect(main).to_contain_text("Help for everybody", timeout=patience)

                preview.edit("support-policy.yml", "response: within 1 hour, 24/7", "response: within 2 hours, 24/7")
                expect(main).to_contain_text("within 2 hours, 24/7", timeout=patience)
            finally:
                page.close()
