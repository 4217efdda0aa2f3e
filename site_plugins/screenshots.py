"""Takes the pictures of the guide's six steps from the running app: ``python -m site_plugins.screenshots``.

The app runs with its demo data and a clock that stands still, so that the pictures change only when
its pages do. Run it from the project's folder; it writes to ``docs/pictures/``.
"""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from formapp.installation import DESK, what_to_install

try:
    from PIL import Image
    from playwright.sync_api import Locator, Page, sync_playwright
    from werkzeug.serving import make_server
except ModuleNotFoundError as missing:
    sys.exit(what_to_install(missing, "The pictures need", f"{DESK} playwright"))

from formapp.accounts import magic_links
from formapp.accounts.accounts import find_account_by_email
from formapp.app import create_app
from formapp.database import schema
from formapp.demo import company as demo
from formapp.services import Services, make_services
from formapp.settings import Settings
from formapp.tickets import create
from formapp.tickets.ticket_input import TicketInput
from site_plugins.chromium import NoChromium, find_chromium, flags

FOLDER = Path("docs/pictures")
# A Tuesday, 15:00 in Paris, while support is open.
INSTANT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
# The guide's column is about as wide; two pixels for each of the page's keep the text sharp.
WIDTH, HEIGHT, SHARPNESS = 720, 900, 2
MARGIN = 20

TICKET = {
    "project": "shop",
    "subject": "Checkout shows an error after Pay",
    "url": "https://www.riverside.example/checkout",
    "description": "1. Put a book into the cart.\n2. Choose Pay by card and press Pay.\n\n"
    "Expected: the receipt. Instead, since 14:20:\n\n"
    "Error 502: upstream closed the connection\n\nEvery order fails, in every browser we tried.",
}
EARLIER = (
    ("Search finds nothing for names with accents", "normal", 'Searching for "Zoë" finds nothing, "Zoe" does.'),
    ("How do we add a colleague?", "low", "A new colleague joins us on Monday. What do you need from us?"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its file's name, where it is taken, what to do first, and what it must hold."""

    name: str
    path: str
    shows: Callable[[Page], list[Locator]]
    prepare: Callable[[Page], None] = lambda _page: None


def _fields(*names: str) -> Callable[[Page], list[Locator]]:
    """The fields of these names, each with its label."""
    return lambda page: [page.locator(f'[data-field="{name}"]') for name in names]


def _choose_project_and_subject(page: Page) -> None:
    page.get_by_label("Project", exact=True).select_option(TICKET["project"])
    page.get_by_label("Subject").fill(TICKET["subject"])


def _type_url(page: Page) -> None:
    page.get_by_label("URL").fill(TICKET["url"])


def _type_description(page: Page) -> None:
    page.get_by_label("Description").fill(TICKET["description"])


def _choose_priority(page: Page) -> None:
    page.get_by_role("radio", name="Critical").check()


LIST, FORM = "/support/tickets", "/support/tickets/new"
PICTURES = (
    Picture(
        "1-tabs", LIST, lambda page: [page.get_by_role("banner"), page.get_by_role("navigation", name="Your account")]
    ),
    Picture(
        "2-open-a-ticket",
        LIST,
        lambda page: [
            page.get_by_role("navigation", name="Your account"),
            page.get_by_role("link", name="Open a ticket"),
            page.locator(".support-cards > li").first,
        ],
    ),
    Picture("3-project-and-subject", FORM, _fields("project", "subject"), _choose_project_and_subject),
    Picture("4-url", FORM, _fields("url"), _type_url),
    Picture("5-description", FORM, _fields("description", "files"), _type_description),
    Picture("6-priority", FORM, _fields("priority"), _choose_priority),
)


@contextmanager
def _running_desk(folder: Path) -> Iterator[tuple[str, Services]]:
    """A desk with demo data on a free port: its address and its services."""
    site = folder / "site"
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site)]
    subprocess.run(build, check=True)  # noqa: S603 - our own words
    services = make_services(
        Settings(
            database_url=f"sqlite:///{folder / 'desk.sqlite3'}",
            secret_key="only for the time the pictures take",  # noqa: S106 - protects made-up data for seconds
            policy=Path("support-policy.yml").absolute(),
            var=folder,
            site_dir=site,
        )
    )
    schema.upgrade(services.database)
    demo.add_demo(services, INSTANT)
    server = make_server("127.0.0.1", 0, create_app(services=services, clock=lambda: INSTANT), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    # Neither server's log of requests is news here.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", services
    finally:
        server.shutdown()
        serving.join()
        services.database.engine.dispose()


def _file_earlier_tickets(services: Services) -> None:
    """Fill the customer's list a little: a list with nothing in it shows nothing."""
    customer = find_account_by_email(services, demo.CUSTOMER)
    if customer is None:
        raise LookupError(f"the demo data has no {demo.CUSTOMER}")
    for subject, priority, description in EARLIER:
        sent = TicketInput(
            project="shop", subject=subject, url="", description=description, priority=priority, submission=subject
        )
        create.create_ticket(services, customer.id, sent, INSTANT)


def _sign_in(page: Page, address: str, services: Services) -> None:
    link = urlsplit(magic_links.create_link(services, demo.CUSTOMER, INSTANT))
    page.goto(f"{address}{link.path}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/support/**")


def _take(page: Page, picture: Picture) -> bytes:
    """The picture as PNG: the page's whole width, from the top of what it shows to its bottom."""
    picture.prepare(page)
    # A blinking cursor would make each picture another one.
    page.evaluate("document.activeElement?.blur(); window.scrollTo(0, 0)")
    boxes = [box for shown in picture.shows(page) if (box := shown.bounding_box())]
    top = max(0.0, min(box["y"] for box in boxes) - MARGIN)
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    clip = {"x": 0, "y": round(top), "width": WIDTH, "height": round(bottom - top)}
    return page.screenshot(clip=clip, full_page=True, animations="disabled")  # type: ignore[arg-type]


def _write(picture: Picture, png: bytes, folder: Path) -> Path:
    file = folder / f"{picture.name}.webp"
    with Image.open(io.BytesIO(png)) as taken:
        taken.convert("RGB").save(file, "WEBP", lossless=True, quality=100, method=6)
    return file


def take_pictures(folder: Path = FOLDER) -> list[Path]:
    """Take all pictures anew and write them to ``folder``. Raises NoChromium where no browser is installed."""
    browser_path = find_chromium()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory() as temporary, _running_desk(Path(temporary)) as (address, services):
        _file_earlier_tickets(services)
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=browser_path, args=flags()) as browser,
        ):
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT},
                device_scale_factor=SHARPNESS,
                locale="en-GB",
                timezone_id="Europe/Paris",
                reduced_motion="reduce",
                color_scheme="light",
            )
            _sign_in(page, address, services)
            for picture in PICTURES:
                page.goto(f"{address}{picture.path}", wait_until="networkidle")
                written.append(_write(picture, _take(page, picture), folder))
    return written


if __name__ == "__main__":
    try:
        with redirect_stdout(io.StringIO()):
            taken = take_pictures()
        for file in taken:
            with Image.open(file) as image:
                print(f"{file}  {image.width} x {image.height}  {file.stat().st_size / 1000:.0f} kB")
    except NoChromium as problem:
        sys.exit(str(problem))
