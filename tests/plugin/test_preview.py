"""A real ``mkdocs serve``: what is saved shows, a mistake shows, and so does that it was mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugin.conftest import Site
from tests.plugin.preview import Preview, running_preview

PAGE = "# Help\n\n```support-table\n```\n"


@pytest.fixture(scope="module", params=[True], ids=["directories"])
def directory_urls() -> bool:
    """How pages are named makes no difference to watching them."""
    return True


@pytest.fixture
def preview(site: Site) -> Iterator[Preview]:
    site.write({"index.md": PAGE})
    with running_preview(site) as started:
        yield started


def test_saving_the_policy_or_a_page_shows_at_once_and_so_do_mistakes(preview: Preview) -> None:
    preview.wait_for("within 1 hour, 24/7")

    preview.edit("support-policy.yml", "response: within 1 hour, 24/7", "response: within 2 hours, 24/7")
    preview.wait_for("within 2 hours, 24/7")

    preview.edit("support-policy.yml", "timezone: Europe/Paris", "timezone: Europe/Pariss")
    page = preview.wait_for("There is no time zone &#34;Europe/Pariss&#34;")
    assert "support-policy.yml:14: " in page

    preview.edit("support-policy.yml", "timezone: Europe/Pariss", "timezone: Europe/Paris")
    preview.wait_for("within 2 hours, 24/7")

    preview.edit("docs/index.md", "```support-table\n", "```support-table\nshow: critria\n")
    preview.wait_for("docs/index.md:4: &#34;show&#34; can&#39;t be &#34;critria&#34;; did you mean &#34;criteria&#34;?")

    preview.edit("docs/index.md", "critria", "criteria")
    page = preview.wait_for("Production data is lost.")
    assert "support-problem" not in page
    assert "Traceback" not in preview.log.read_text("utf-8")


def test_a_policy_may_be_none_or_gone_for_a_while(site: Site, preview: Preview) -> None:
    """Its writer mends it while the preview runs."""
    preview.wait_for("within 1 hour, 24/7")
    site.write({"index.md": PAGE}, "calendar: []\n")
    preview.wait_for("This can't be shown yet")
    (site.folder / "support-policy.yml").unlink()
    preview.wait_for("There is no such file.")
    site.write({"index.md": PAGE})
    preview.wait_for("within 1 hour, 24/7")
