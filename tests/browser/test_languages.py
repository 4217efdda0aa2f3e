"""The widgets of a site in five languages, in a real browser: whole, in their own direction, and standing still."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page, Route, expect

from formapp.when import zone_words
from formapp.widgets import CLOSURES_FILE
from formapp.widgets.closures import closure_labels
from supportpolicy import load
from supportpolicy.languages import LANGUAGES, PSEUDO_LANGUAGE, in_language, pseudo
from tests.browser.conftest import MOVED
from tests.builders import REPOSITORY
from tests.pseudo import not_translated

pytestmark = pytest.mark.browser

POLICY = REPOSITORY / "tests" / "widgets" / "golden" / "policy.yml"
WIDGETS = """
```support-table
criteria: {criteria}
```

```support-table
show: criteria
```

```support-table
show: examples
```

```support-table
show: house-rules
```

```support-chooser
form: form.md
```
"""
FORM = "```support-form\n```\n"
# What of the content is wider than the window.
WIDE = """
() => [...document.querySelectorAll("article [lang], article [lang] *")].filter((one) => {
  const { left, right, width } = one.getBoundingClientRect();
  return width > 1 && (left < 0 || right > innerWidth);
}).map((one) => one.outerHTML.slice(0, 200))
"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# As the desk says them, long and short.
SENT_NOW = {
    "en": ("Wednesday 25 November, 15:00 New York time", "Wed 25 Nov, 15:00 New York time"),
    "de": ("Mittwoch, 25. November, 15:00 Ortszeit New York", "Mi., 25. Nov., 15:00 Ortszeit New York"),
    "fr": ("mercredi 25 novembre, 15:00 heure de New York", "mer. 25 nov., 15:00 heure de New York"),
    "es": ("miércoles, 25 de noviembre, 15:00 hora de Nueva York", "mié, 25 de nov, 15:00 hora de Nueva York"),
    "ar": ("الأربعاء، 25 نوفمبر، 15:00 توقيت نيويورك", "الأربعاء، 25 نوفمبر، 15:00 توقيت نيويورك"),
}
OPEN_NOW = {
    "en": "Support is open now, until 17:00 New York time",
    "de": "Der Support ist jetzt erreichbar, bis 17:00 Ortszeit New York",
    "fr": "Le support est ouvert, jusqu’à 17:00 heure de New York",
    "es": "El soporte está abierto ahora, hasta las 17:00 hora de Nueva York",
    "ar": "الدعم متاح الآن، حتى 17:00 توقيت نيويورك",
}
# What can be read within our widgets, or is read out: texts, labels and titles, the hidden parts included.
READ = """
() => [...document.querySelectorAll("article [lang]")].flatMap((root) => {
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE && node.data.trim()) found.push(node.data);
    for (const name of ["alt", "ariaLabel", "placeholder", "title"]) if (node[name]) found.push(node[name]);
  }
  return found;
})
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site in each language by mkdocs-static-i18n, and a page of the pseudo-language; without a desk."""
    folder = tmp_path_factory.mktemp("languages")
    for path in POLICY.parent.glob("policy*.yml"):
        shutil.copy(path, folder)
    for language in LANGUAGES:
        pages = folder / "docs" / language
        pages.mkdir(parents=True)
        (pages / "index.md").write_text(f"# {LANGUAGES[language]}\n{WIDGETS.format(criteria='index.md')}", "utf-8")
        (pages / "form.md").write_text(f"# {LANGUAGES[language]}\n\n{FORM}", "utf-8")
    widgets = WIDGETS.format(criteria="pseudo.md")
    whole = f"---\nlanguage: {PSEUDO_LANGUAGE}\n---\n# {PSEUDO_LANGUAGE}\n{widgets}\n{FORM}"
    (folder / "docs" / "en" / "pseudo.md").write_text(whole, "utf-8")
    languages = [{"locale": code, "name": name, "default": code == "en"} for code, name in LANGUAGES.items()]
    settings = {
        "site_name": "Shop",
        "theme": {"name": "material", "font": False},
        "plugins": [
            {"support": {"policy": "policy.yml", "announce_closures": "everywhere"}},
            {"i18n": {"docs_structure": "folder", "fallback_to_default": False, "languages": languages}},
        ],
    }
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder / "site")))
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    serving.join()


class Silent(SimpleHTTPRequestHandler):
    """A web server that serves a folder and writes no log."""

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Any]:
    contexts = []

    def opened(**options: Any) -> Page:
        context = chromium.new_context(base_url=address, reduced_motion="reduce", **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.route("**/support/**", lambda route: route.fulfill(status=404))
        return page

    yield opened
    for context in contexts:
        context.close()


def dates(language: str) -> str:
    """What the desk answers for the small policy."""
    long, short = SENT_NOW.get(language) or (pseudo("by the clock"), pseudo("soon"))
    due = {"due": "2026-11-25T20:00:00Z", "words": long, "short": short}
    state = OPEN_NOW.get(language) or pseudo("Support is open now")
    return json.dumps(
        {
            "timezone": "America/New_York",
            "support": {"open": True, "until": "2026-11-24T22:00:00Z", "words": state},
            "priorities": {name: {"response": due, "resolution": None} for name in ("urgent", "usual")},
        }
    )


def hold(page: Page, address: str) -> list[Route]:
    """The requests for this address, none of which is answered yet."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))
    return held


def home(language: str, page: str = "") -> str:
    return f"/{'' if language == 'en' else f'{language}/'}{page}"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_moves_when_the_dates_come(open_page: Any, language: str, width: int) -> None:
    for name in ("", "form/"):
        page = open_page(viewport={"width": width, "height": 3500}, timezone_id="Asia/Tokyo")
        held = hold(page, "**/support/dates.json*")
        # A desk is there, and nobody is signed in.
        page.route("**/support/healthz", lambda route: route.fulfill(body="ok\n", content_type="text/plain"))
        page.route("**/support/form-context.json*", lambda route: route.fulfill(json={"projects": []}))
        page.goto(home(language, name))
        page.evaluate(PAINTED)
        (asked,) = held
        assert asked.request.url.endswith("dates.json" + ("" if language == "en" else f"?language={language}"))
        asked.fulfill(body=dates(language), content_type="application/json")
        expect(
            page.get_by_text(SENT_NOW[language][1]).or_(page.get_by_text(SENT_NOW[language][0])).first
        ).to_be_attached()
        page.evaluate(PAINTED)
        assert page.evaluate(MOVED) == []
        assert page.evaluate(WIDE) == []
        direction = "rtl" if language == "ar" else "ltr"
        for root in page.locator("support-chooser, support-form, table.support-table").all():
            assert root.evaluate("(root) => [root.lang, getComputedStyle(root).direction]") == [language, direction]


@pytest.mark.parametrize(("language", "words"), [("de", "Bis Montag geschlossen"), ("en", "Closed until Monday")])
def test_a_closure_is_told_in_the_page_s_language(open_page: Any, language: str, words: str) -> None:
    closure = {
        "start": "2020-01-01T00:00:00Z",
        "end": "2999-01-01T00:00:00Z",
        "words": "Closed until Monday",
        "translations": {"de": "Bis Montag geschlossen"},
    }
    page = open_page()
    body = json.dumps({"closures": [closure], "labels": closure_labels()})
    page.route(f"**/{CLOSURES_FILE}", lambda route: route.fulfill(body=body))
    page.goto(home(language))
    bar = page.get_by_label(closure_labels()[language]["title"])
    expect(bar.locator("p")).to_have_text(words)
    expect(bar).to_have_attribute("lang", language)
    bar.get_by_role("button", name=closure_labels()[language]["button"]).click()
    expect(bar).to_have_count(0)


class Walk:
    """A walk through the page of the pseudo-language, on which all that can be read is noted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.read: set[str] = set()

    def look(self, *words: str) -> None:
        """Wait for these English words in the pseudo-language, and note what there is."""
        for one in words:
            expect(self.page.get_by_text(one.translate(_ACCENTS)).locator("visible=true").first).to_be_visible()
        self.read.update(self.page.evaluate(READ))


_ACCENTS = str.maketrans({letter: pseudo(letter)[1:-1] for letter in "aceinouyACEINOUY"})


def answer_as_a_desk(page: Page, state: dict[str, int]) -> None:
    """Dates, the file store and the pulse of a desk that speaks the pseudo-language; ``state`` holds its answers."""
    page.route("**/support/dates.json*", lambda route: route.fulfill(body=dates(PSEUDO_LANGUAGE)))
    page.route("**/support/healthz", lambda route: route.fulfill(status=state["health"], body="ok\n"))
    known = {
        "sending_as": "Ada Martin",
        "made_for": "x",
        "projects": [{"key": "a", "name": "A"}, {"key": "b", "name": "B"}],
    }
    page.route(
        "**/support/form-context.json",
        lambda route: route.fulfill(json={**known, "signed_in_as": "ada@shop.example" if state["known"] else ""}),
    )
    kept = {"token": "t", "name": "c.png", "size": 9, "size_words": "9 B", "warning": "", "error": pseudo("No")}
    page.route("**/support/files*", lambda route: route.fulfill(status=state["files"], json=kept))


def test_no_word_is_left_that_no_catalogue_has_wherever_one_walks(open_page: Any) -> None:
    page = open_page(viewport={"width": 1280, "height": 1000}, timezone_id="Asia/Tokyo")
    state = {"health": 200, "files": 201, "known": 0}
    answer_as_a_desk(page, state)
    walk = Walk(page)
    page.goto("/pseudo/")
    walk.look("Sent now: answer by", "your time", "Support is open now")
    chooser = page.locator("support-chooser").first
    chooser.get_by_role("button", name=pseudo("Continue")).click()
    walk.look("Choose an answer")
    chooser.get_by_label(pseudo("Both")).check()
    chooser.get_by_role("button", name=pseudo("Continue")).click()
    walk.look("Can people still buy?", "Back", "Change")
    chooser.get_by_label(pseudo("I don't know")).check()
    chooser.get_by_role("button", name=pseudo("Continue")).click()
    walk.look("You need both, so the higher priority counts.", "Start again", "because")
    page.evaluate("() => { location.hash = 'chooser:need=gone'; }")
    walk.look("Some answers no longer exist.")

    form = page.locator("support-form")
    form.get_by_text(pseudo("Help me choose")).click()
    help_me = form.locator("support-chooser")
    help_me.get_by_label(pseudo("A wish")).check()
    help_me.get_by_role("button", name=pseudo("Continue")).click()
    help_me.get_by_role("button", name=pseudo("Use this priority")).click()
    walk.look("is chosen.")
    text = form.locator("textarea[name=description]")
    text.fill("x" * 990)
    walk.look("characters left")
    text.fill("x" * 1002)
    walk.look("characters too many")
    files = form.locator("input[type=file]")
    for name, size, words in (
        ("a.exe", 1, "of a kind"),
        ("b.png", 1_000_001, "is larger than"),
        ("c.png", 9, "is attached"),
    ):
        files.set_input_files({"name": name, "mimeType": "image/png", "buffer": b"\0" * size})
        walk.look(words)
    files.set_input_files({"name": "d.png", "mimeType": "image/png", "buffer": b"\0"})
    walk.look("is one too many")
    form.get_by_role("button", name=pseudo("Remove")).click()
    walk.look("is removed")
    state["files"] = 422
    files.set_input_files({"name": "e.png", "mimeType": "image/png", "buffer": b"\0"})
    walk.look("No")
    state["files"] = 500
    files.set_input_files({"name": "f.png", "mimeType": "image/png", "buffer": b"\0"})
    walk.look("uploaded now")
    form.get_by_role("button", name=pseudo("Remove")).click()
    files.set_input_files({"name": "g.png", "mimeType": "image/png", "buffer": b"password = hunter22"})
    walk.look("seems to hold", "a password")
    send = form.get_by_role("button", name=pseudo("Send ticket")).last
    send.click()
    walk.look("decide about the file first")
    form.get_by_role("button", name=pseudo("Remove it")).click()
    text.fill("password = hunter22")
    send.click()
    walk.look("Send it anyway")
    form.get_by_role("button", name=pseudo("Remove it")).click()
    assert text.input_value() == f"password = {pseudo('[removed]')}"
    state["health"] = 503
    send.click()
    walk.look("Trying again in 10 seconds", "Keep this page open.")
    form.get_by_role("button", name=pseudo("Copy as text")).click()
    walk.look("Copied.")
    state["known"] = 1
    page.reload()
    walk.look("What you typed before is back.", "Discard", "Sending as")
    assert form.locator("select[name=project] option").first.text_content() == pseudo("Choose a project")

    with in_language(PSEUDO_LANGUAGE):
        zone = zone_words(load(POLICY).calendar.zone)
    data = (zone, "e.png", ".png", "a.exe", "help@shop.example", "Ada Martin")
    assert len(walk.read) > 100
    left = {text: not_translated(text, *data) for text in walk.read}
    assert {text: words for text, words in left.items() if words} == {}
