"""Where a guide can lie, as the handbook's page "Hosts and versions" tells it: a ticket is filed from each.

The desks run in this process, one nginx stands before them, and a real browser comes to it.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from werkzeug.serving import make_server

from formapp.actors import OPERATOR
from formapp.app import create_app
from formapp.hours import banner, closures
from formapp.models import Ticket
from formapp.services import Services, utc_now
from formapp.widgets import CLOSURES_FILE
from tests.browser.conftest import answered_whole
from tests.browser.forms import fill_signed_out, send_by_mail
from tests.builders import POLICY, REPOSITORY, build_customer, build_services, stored
from tests.deploy.conftest import AROUND_NGINX, HOST, program
from tests.documents import blocks
from tests.serving.conftest import wait_until

pytestmark = pytest.mark.browser

CUSTOMER = "ada@shop.example"
PAGES = {
    "index.md": "# Support\n\n```support-table\n```\n",
    "file-a-ticket.md": "# Open a ticket\n\n```support-form\n```\n",
}
WRITERS = (REPOSITORY / "docs/handbook/for-writers.md").read_text("utf-8")
HANDBOOK = (REPOSITORY / "docs/handbook/hosts.md").read_text("utf-8")


def blocks_of(heading: str, desk: int, site: Path) -> list[str]:
    """nginx's lines below this heading of the handbook, with our port and folder."""
    section = HANDBOOK.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"```nginx\n(.*?)```", section, re.DOTALL)
    assert found, heading
    return [
        block.replace("127.0.0.1:8000", f"{HOST}:{desk}").replace("/srv/support-guide", str(site)) for block in found
    ]


@dataclass
class Place:
    """A guide, and the desk that belongs to it."""

    services: Services
    address: str
    guide: str


def build(folder: Path, site_url: str, app_url: str = "/support/", *command: str) -> Path:
    """Build the pages for this address; with ``mike``, as a version of its own."""
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    if not (folder / "support-policy.yml").exists():
        shutil.copy(POLICY, folder)
    (page,) = [text for name, text in blocks(WRITERS) if name == "html+jinja"]
    (folder / "overrides").mkdir(exist_ok=True)
    (folder / "overrides" / "404.html").write_text(page.replace("'contact-support/'", "'file-a-ticket/'"), "utf-8")
    plugins = f"plugins:\n  - search\n  - support: {{app_url: '{app_url}'}}\n"
    theme = "theme: {name: material, font: false, custom_dir: overrides}\n"
    (folder / "mkdocs.yml").write_text(f"site_name: Shop\nsite_url: {site_url}\n{theme}{plugins}", "utf-8")
    run(folder, *(command or (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet")))
    return folder / "site"


def run(folder: Path, *command: str) -> None:
    git = {f"GIT_{who}_{what}": "writer@shop.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    # mike calls mkdocs by its name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **git, "PATH": path, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def publish_versions(folder: Path, site_url: str) -> Path:
    """Two versions by mike, between which the promise for High has changed; the folder that a web server serves."""
    mike = (str(Path(sys.executable).with_name("mike")),)
    folder.mkdir()
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "commit", "--quiet", "--allow-empty", "--message", "Begin")
    build(folder, site_url, "/support/", *mike, "deploy", "1.0")
    policy = folder / "support-policy.yml"
    text = policy.read_text("utf-8")
    assert "response: 1 business day\n" in text
    policy.write_text(text.replace("response: 1 business day\n", "response: 6 business hours\n"), "utf-8")
    build(folder, site_url, "/support/", *mike, "deploy", "2.0", "latest")
    run(folder, *mike, "set-default", "latest")
    run(folder, "git", "worktree", "add", "--quiet", "published", "gh-pages")
    return folder / "published"


@contextmanager
def desk_at(services: Services) -> Iterator[int]:
    """Serve a desk in this process; its port."""
    build_customer(services, CUSTOMER)
    server = make_server(HOST, 0, answered_whole(create_app(services=services)), threaded=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
        services.database.engine.dispose()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    program("nginx")
    folder = tmp_path_factory.mktemp("hosts")
    names = ("root", "docs", "versions", "desk elsewhere", "guide elsewhere")
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in names]
        ports = {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}
    here = {name: f"http://{HOST}:{port}" for name, port in ports.items()}
    desk_elsewhere = f"http://desk.example:{ports['desk elsewhere']}"
    guide_elsewhere = f"http://guide.example:{ports['guide elsewhere']}"
    sites = {
        "root": build(folder / "root", f"{here['root']}/"),
        "docs": build(folder / "docs", f"{here['docs']}/docs/"),
        "versions": publish_versions(folder / "versions", f"{here['versions']}/"),
        "desk elsewhere": build(folder / "elsewhere", f"{guide_elsewhere}/", f"{desk_elsewhere}/support/"),
    }
    new_policy = folder / "versions" / "support-policy.yml"
    services = {
        name: build_services(
            folder / f"desk-{name}",
            base_url=desk_elsewhere if name == "desk elsewhere" else here[name],
            dev_inbox=True,
            site_dir=site,
            policy=new_policy if name == "versions" else POLICY,
            origins=frozenset({guide_elsewhere} if name == "desk elsewhere" else ()),
        )
        for name, site in sites.items()
    }
    headings = {
        "root": "At the root",
        "docs": "In a folder",
        "versions": "Several versions, with mike",
        "desk elsewhere": "On another host",
    }
    with ExitStack() as running:
        desks = {name: running.enter_context(desk_at(one)) for name, one in services.items()}
        servers = [
            (ports[name], blocks_of(heading, desks[name], sites[name])[-1]) for name, heading in headings.items()
        ]
        guide_alone = blocks_of("On another host", 0, sites["desk elsewhere"])[0]
        servers.append((ports["guide elsewhere"], guide_alone))
        running.enter_context(nginx(folder, [f"server {{ listen {HOST}:{port}; {lines} }}" for port, lines in servers]))
        wait_until(lambda: answers(ports["root"]), "nginx hands on")
        yield {
            "root": Place(services["root"], here["root"], f"{here['root']}/"),
            "docs": Place(services["docs"], here["docs"], f"{here['docs']}/docs/"),
            "latest": Place(services["versions"], here["versions"], f"{here['versions']}/latest/"),
            "1.0": Place(services["versions"], here["versions"], f"{here['versions']}/1.0/"),
            "another host": Place(services["desk elsewhere"], desk_elsewhere, f"{guide_elsewhere}/"),
        }


def answers(port: int) -> bool:
    with suppress(OSError), closing(http.client.HTTPConnection(HOST, port)) as connection:
        connection.request("GET", "/support/healthz")
        return connection.getresponse().status == 200
    return False


@contextmanager
def nginx(folder: Path, servers: list[str]) -> Iterator[None]:
    types = "types { text/html html; text/css css; text/javascript js; application/json json; application/xml xml; }\n"
    (folder / "server.conf").write_text(types + "\n".join(servers), "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND_NGINX.format(folder=folder, user=user), "utf-8")
    log = folder / "start.log"
    front = subprocess.Popen([program("nginx"), "-p", str(folder), "-e", str(log), "-c", str(folder / "nginx.conf")])
    try:
        yield
    finally:
        front.terminate()
        front.wait(60)


@contextmanager
def page_at(chromium: Browser, place: Place, *, script: bool) -> Iterator[Page]:
    """A page of a browser in which nothing may fail to load."""
    context = chromium.new_context(base_url=place.address, java_script_enabled=script)
    faults: list[str] = []
    context.on(
        "console", lambda one: faults.append(one.text) if one.type == "error" and "422" not in one.text else None
    )
    context.on(
        "response", lambda one: faults.append(f"{one.status} {one.url}") if one.status in {404, 421, 500} else None
    )
    context.on("weberror", lambda one: faults.append(str(one.error)))
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()
    # A form that comes back, and headers that need https, are no faults.
    assert [fault for fault in faults if "422" not in fault and "untrustworthy" not in fault] == []


def fill(page: Page, subject: str) -> None:
    fill_signed_out(page, subject, "High", CUSTOMER)


def send_and_sign_in(page: Page, place: Place) -> None:
    send_by_mail(page, place.address)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("name", ["root", "docs", "latest", "another host"])
def test_a_ticket_is_filed_from_it(places: dict[str, Place], chromium: Browser, name: str, script: bool) -> None:
    place = places[name]
    subject = f"From {name}, {script}"
    with page_at(chromium, place, script=script) as page:
        page.goto(f"{place.guide}file-a-ticket/")
        expect(page.locator("[data-elsewhere]")).to_be_hidden()
        fill(page, subject)
        send_and_sign_in(page, place)
        # The desk wears the guide's clothes, wherever they lie.
        expect(page.get_by_role("link", name="Shop").first).to_be_attached()
    (ticket,) = [ticket for ticket in stored(place.services, Ticket) if ticket.subject == subject]
    assert ticket.page.endswith("/file-a-ticket/")
    assert ticket.policy_version == place.services.policy.version


def test_an_old_version_promises_nothing_that_the_desk_no_longer_keeps(
    places: dict[str, Place], chromium: Browser
) -> None:
    old = places["1.0"]
    said = "What stands here counts today. Changed since this page was made: High."
    with page_at(chromium, old, script=True) as page:
        page.goto(old.guide)
        expect(page.get_by_text(said)).to_be_visible()
        expect(page.get_by_role("row", name="High").get_by_role("cell").first).to_have_text("6 business hours")
        page.goto(f"{old.guide}file-a-ticket/")
        expect(page.get_by_text(said).first).to_be_visible()
        fill(page, "From an old version")
        send_and_sign_in(page, old)
    with page_at(chromium, old, script=False) as page:
        page.goto(f"{old.guide}file-a-ticket/")
        fill(page, "From an old version, without script")
        page.get_by_role("button", name="Send ticket").last.click()
        expect(page.get_by_text("Press Send ticket once more: our promise for High has changed")).to_be_visible()
        send_and_sign_in(page, old)
    filed = [ticket for ticket in stored(old.services, Ticket) if ticket.page == "/1.0/file-a-ticket/"]
    assert {ticket.policy_version for ticket in filed} == {old.services.policy.version}
    with page_at(chromium, old, script=True) as page:
        page.goto(places["latest"].guide)
        expect(page.locator("support-date").first).to_contain_text("Support is")
        expect(page.get_by_text(said)).to_have_count(0)


def test_closures_are_told_beside_each_version(places: dict[str, Place]) -> None:
    services, now = places["latest"].services, utc_now()
    closures.add_closure(services, OPERATOR, now + timedelta(days=1), now + timedelta(days=2), "Moving house", now)
    assert banner.write(services, now)
    assert services.settings.site_dir
    for version in ("1.0", "2.0", "latest"):
        assert "Moving house" in (services.settings.site_dir / version / CLOSURES_FILE).read_text("utf-8")
    assert not banner.write(services, now)


def test_a_log_that_nginx_by_itself_finds_too_large_stays_chosen(places: dict[str, Place], chromium: Browser) -> None:
    """1 MB is nginx's own limit, where nobody writes another."""
    place = places["docs"]
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{place.guide}file-a-ticket/")
    fill(page, "With a long log")
    log = FilePayload(name="error.log", mimeType="text/plain", buffer=b"14:05 Error 502\n" * 250_000)
    page.get_by_label("Attachments").set_input_files(log)
    files = page.locator("support-files").first
    expect(files.get_by_role("status")).to_contain_text(
        "“error.log” isn't attached: it is too large for the web server in front of the help desk."
    )
    expect(files.get_by_role("listitem")).to_contain_text("error.log")
    page.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_text("Not sent yet: a file is too large for the web server")).to_be_visible()
    page.get_by_role("button", name="Remove error.log").click()
    page.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    context.close()


@pytest.mark.parametrize("name", ["root", "docs", "latest"])
def test_an_address_that_isn_t_there_leads_on(places: dict[str, Place], chromium: Browser, name: str) -> None:
    """By the page that the handbook gives to writers, however deep the address is."""
    place = places[name]
    context = chromium.new_context()
    page = context.new_page()
    for way, heading in (("Go to the start page", "Support"), ("contact support", "Open a ticket")):
        answer = page.goto(f"{place.guide}nothing/is/here/")
        assert answer
        assert answer.status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("This page isn't here")
        page.get_by_role("link", name=way).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    context.close()
