"""A real ``mkdocs serve``: what is saved shows, a mistake shows, and so does that it was mended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3

from tests.plugin.conftest import Site

PATIENCE = 60.0
PAGE = "# Help\n\n```support-table\n```\n"


@dataclass
class Preview:
    """A running preview; ``log`` is what it prints."""

    site: Site
    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def page(self) -> str:
        # A connection that stays open would keep the preview from ending.
        once = {"Connection": "close"}
        return urllib3.request("GET", f"{self.address}/help/", retries=False, headers=once).data.decode()

    def wait_for(self, words: str) -> str:
        """The page, once it has these words."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, self.log.read_text("utf-8")
            try:
                page = self.page()
            except urllib3.exceptions.HTTPError:
                page = ""
            if words in page:
                return page
            assert time.monotonic() < deadline, f"{words!r} never came\n{self.log.read_text('utf-8')}"
            time.sleep(0.1)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.site.folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.fixture(scope="module", params=[True], ids=["directories"])
def directory_urls() -> bool:
    """How pages are named makes no difference to watching them."""
    return True


@pytest.fixture
def preview(site: Site) -> Iterator[Preview]:
    site.write({"index.md": PAGE})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    log = site.folder / "preview.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
            cwd=site.folder,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Preview(site, f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        process.wait()


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
