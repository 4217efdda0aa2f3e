"""A real ``mkdocs serve`` with its sandbox desk: the whole loop on one's own machine, and nothing left of it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from formapp.logs import lines
from formapp.preview import open_sandbox
from supportpolicy import load
from tests.builders import POLICY, edited_policy
from tests.plugin.conftest import Site
from tests.plugin.preview import PATIENCE, Preview, running_preview

PAGES = {"index.md": "# Help\n\n```support-form\n```\n"}
WITH_DESK = ["search", {"support": {"preview": True, "app_url": "https://desk.example/support/"}}]


@pytest.fixture(scope="module", params=[True], ids=["directories"])
def directory_urls() -> bool:
    """How pages are named makes no difference to the desk beside them."""
    return True


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the preview makes its temporary folders."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def preview(site: Site, temporary: Path) -> Iterator[Preview]:
    assert not list(temporary.iterdir())
    site.write(PAGES, plugins=WITH_DESK)
    with running_preview(site) as started:
        started.wait_for("support-sandbox")
        yield started


class Writer:
    """A writer's browser, with its cookies."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.here = ""

    def get(self, path: str) -> str:
        return self._ask(Request(f"{self._preview.address}{path}"))  # noqa: S310 - the preview's own

    def post(self, path: str, **fields: str) -> str:
        """Send a form of the page that is open, as a browser does."""
        headers = {"Origin": self._preview.address, "Referer": self.here, "Sec-Fetch-Site": "same-origin"}
        sent = urlencode(fields).encode()
        return self._ask(Request(f"{self._preview.address}{path}", sent, headers))  # noqa: S310 - the preview's own

    def become(self, email: str) -> str:
        return self.post("/support/sandbox/person", email=email)

    def wait_for(self, path: str, words: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while words not in (page := self.get(path)):
            assert time.monotonic() < deadline, f"{words!r} never came to {path}"
            time.sleep(0.1)
        return page

    def _ask(self, request: Request) -> str:
        with self._opener.open(request, timeout=PATIENCE) as answer:
            self.here = answer.geturl()
            return answer.read().decode()


@pytest.fixture
def writer(preview: Preview) -> Writer:
    return Writer(preview)


def bar(page: str) -> str:
    return page[page.index('<aside class="support-sandbox"') : page.index("</aside>", page.index("support-sandbox"))]


def test_a_ticket_is_filed_answered_and_timed_beside_the_page_that_one_writes(preview: Preview, writer: Writer) -> None:
    page = writer.get("/help/")
    # Whatever desk the site has, the form of a preview leads to the sandbox.
    assert 'action="/support/tickets"' in page
    assert "desk.example" not in page
    assert "nobody is signed in" in bar(page)
    assert "Ada Martin, customer with 2 projects" in page
    assert "Ben Okafor, customer with 1 project<" in page

    page = writer.become("ada@shop.example")
    assert writer.here == f"{preview.address}/help/"
    assert "<bdi>Ada Martin</bdi>" in bar(page)

    # A Saturday, two in the morning in Paris: the promises are counted from there.
    page = writer.post("/support/sandbox/time", at="2026-12-05T02:00")
    assert "Sat 5 Dec, 02:00 Paris time <em>pretended</em>" in bar(page)
    page = writer.post(
        "/support/tickets",
        submission="one",
        project="shop",
        subject="Checkout is slow",
        description="It takes a minute.",
        priority="high",
        page="/help/",
    )
    reference = re.search(r"/support/tickets/([A-Z0-9-]+)", writer.here)
    assert reference is not None, page
    assert "Monday 7 December" in page

    writer.wait_for("/support/inbox", "Checkout is slow")
    page = writer.become("sam@platform.example")
    assert "Sam Rivera" in bar(page)
    assert "Checkout is slow" in writer.get("/support/desk/")

    # Staff miss it: the clock's rounds run in the pretended time, too.
    writer.post("/support/sandbox/time", at="2026-12-09T12:00")
    writer.wait_for("/support/inbox", "Missed: Checkout is slow")
    page = writer.get("/support/desk/")
    assert "Missed by" in page
    assert "Sam Rivera" in bar(page)
    page = writer.post("/support/sandbox/time", preset="now")
    assert "pretended" not in bar(page)
    # From a page of staff a customer goes to what customers have.
    writer.become("ben@shop.example")
    assert writer.here == f"{preview.address}/support/tickets"
    assert "Traceback" not in preview.log.read_text("utf-8")
    assert '"event"' not in preview.log.read_text("utf-8")


def test_an_edited_policy_counts_at_once_and_a_broken_one_never(preview: Preview, writer: Writer) -> None:
    assert "within 1 hour, 24/7" in writer.get("/support/tickets/new")
    preview.edit("support-policy.yml", "response: within 1 hour, 24/7", "response: within 2 hours, 24/7")
    preview.wait_for("within 2 hours, 24/7")
    assert "within 2 hours, 24/7" in writer.wait_for("/support/tickets/new", "within 2 hours, 24/7")

    preview.edit("support-policy.yml", "timezone: Europe/Paris", "timezone: Europe/Pariss")
    preview.wait_for("There is no time zone &#34;Europe/Pariss&#34;")
    assert "within 2 hours, 24/7" in writer.get("/support/tickets/new")
    assert 'support-policy.yml:14: There is no time zone "Europe/Pariss"' in preview.log.read_text("utf-8")


def test_a_desk_begins_with_the_first_policy_that_can_be_read(site: Site) -> None:
    site.write(PAGES, "calendar: []\n", plugins=WITH_DESK)
    with running_preview(site) as preview:
        preview.wait_for("This can't be shown yet")
        with pytest.raises(OSError, match="503"):
            Writer(preview).get("/support/")
        site.write(PAGES, plugins=WITH_DESK)
        preview.wait_for("support-sandbox")
        assert "Sign in" in Writer(preview).get("/support/")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_whatever_ends_it(preview: Preview, temporary: Path, number: signal.Signals) -> None:
    Writer(preview).become("ada@shop.example")
    folders = sorted(path.name.partition("-")[0].partition("_")[0] for path in temporary.iterdir())
    assert folders == ["mkdocs", "support"]
    children = Path(f"/proc/{preview.process.pid}/task/{preview.process.pid}/children")

    preview.process.send_signal(number)
    assert preview.process.wait(PATIENCE) == 0, preview.log.read_text("utf-8")
    assert list(temporary.iterdir()) == []
    assert not children.exists()
    assert "Traceback" not in preview.log.read_text("utf-8")


def test_a_sandbox_is_made_anew_by_another_policy_alone_and_leaves_no_thread(tmp_path: Path) -> None:
    threads, wants_info = set(threading.enumerate()), lines.wants_info
    sandbox = open_sandbox(POLICY, tmp_path, "::1", 8000)
    try:
        assert not lines.wants_info
        sandbox.use_policy(load(POLICY))
        desk = sandbox._present_desk()
        assert desk is not None
        assert desk.services.settings.base_url == "http://[::1]:8000"
        sandbox.use_policy(load(POLICY))
        assert sandbox._present_desk() is desk
        sandbox.use_policy(edited_policy(("label: Critical", "label: Very urgent")))
        assert sandbox._present_desk() is not desk
        folder = desk.services.settings.var
        assert folder.is_dir()
    finally:
        sandbox.close()
    assert not folder.exists()
    assert set(threading.enumerate()) == threads
    assert lines.wants_info == wants_info


@pytest.mark.parametrize(
    "forged",
    [
        {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"},
        {"Host": "rebound.example"},
        {},
    ],
)
def test_a_page_of_elsewhere_becomes_nobody(preview: Preview, forged: dict[str, str]) -> None:
    with socket.create_connection(("127.0.0.1", int(preview.address.rpartition(":")[2]))) as connection:
        headers = {"Host": preview.address.removeprefix("http://"), **forged}
        body = "email=sam@platform.example"
        lines = [f"{name}: {value}" for name, value in {**headers, "Content-Length": str(len(body))}.items()]
        head = "\r\n".join(
            ["POST /support/sandbox/person HTTP/1.0", *lines, "Content-Type: application/x-www-form-urlencoded"]
        )
        connection.sendall(f"{head}\r\n\r\n{body}".encode())
        answer = connection.makefile("rb").read().decode()
    assert "Set-Cookie: support-login" not in answer
    assert " 303 " not in answer.split("\n")[0]


def test_on_an_address_that_others_reach_there_is_a_sentence_and_no_desk(site: Site) -> None:
    site.build(PAGES, serving=True, plugins=WITH_DESK, dev_addr="0.0.0.0:8000")
    (sentence,) = site.said()
    assert sentence == (
        "There is no sandbox desk on 0.0.0.0, because everybody who reaches it could be anybody there. Serve the "
        "guide on 127.0.0.1 to have one."
    )
    assert 'action="https://desk.example/support/tickets"' in site.page()


def test_without_the_desk_installed_there_is_a_sentence_and_the_preview_goes_on(site: Site) -> None:
    """In a process of its own, whose Python finds no Flask."""
    site.write(PAGES, plugins=WITH_DESK)
    code = (
        "import sys; sys.modules['flask'] = None\n"
        "from mkdocs.config import load_config\n"
        "from mkdocs.commands.build import build\n"
        "config = load_config('mkdocs.yml')\n"
        "config.plugins.on_startup(command='serve', dirty=False)\n"
        "import logging; logging.basicConfig()\n"
        "build(config); build(config)\n"
    )
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site.folder, env=environment, capture_output=True, text=True, check=True
    )
    sentence = "The preview has no sandbox desk, because the desk isn't installed (flask is missing). Install it with: "
    assert done.stderr.count(sentence + "pip install 'support-guide[desk]'") == 1, done.stderr
    assert 'action="https://desk.example/support/tickets"' in site.page()


def test_a_build_knows_nothing_of_it(site: Site) -> None:
    site.build(PAGES, plugins=WITH_DESK)
    with_option = site.page()
    site.build(PAGES, plugins=["search", {"support": {"app_url": "https://desk.example/support/"}}])
    assert site.page() == with_option
    assert "sandbox" not in with_option
    assert "desk.example" in with_option
