"""The built guide is served beside the desk: right types, right caching, nothing from outside its folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from formapp.app import create_app
from formapp.web.site import FALLBACK_CSP
from formapp.widgets.page_frame import CONTENT, TITLE
from tests.builders import build_services
from tests.web.page import Browser

FILES = {
    "index.html": "<!doctype html><title>Guide</title><h1>Guide</h1>",
    "contact-support/index.html": "<!doctype html><title>Contact</title><h1>Contact</h1>",
    "404.html": "<!doctype html><title>Not here</title><h1>Not here</h1>",
    "assets/support-form.a1b2c3d4.js": "export {}",
    "assets/javascripts/bundle.79ae519e.min.js": "void 0",
    "assets/plain.css": "p{}",
    "search/search_index.json": "{}",
    "a name with spaces & ümläuts.txt": "text",
    "picture.png": "\x89PNG",
    "no-ending": "?",
    ".secret": "hidden",
    ".git/config": "hidden",
    "support-csp.txt": "default-src 'self'; script-src 'self' 'sha256-abc='\n",
}
Guide = Callable[..., TestResponse]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "outside.txt").write_text("not for readers")
    (folder / "way-out").symlink_to(tmp_path / "outside.txt")
    return folder


@pytest.fixture
def client(tmp_path: Path, site: Path) -> Client:
    return create_app(services=build_services(tmp_path, site_dir=site)).test_client()


@pytest.fixture
def guide(client: Client) -> Guide:
    def get(path: str, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(path, headers=named, buffered=True)

    return get


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/contact-support/", "text/html; charset=utf-8", "no-cache"),
        ("/assets/support-form.a1b2c3d4.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/javascripts/bundle.79ae519e.min.js", "text/javascript; charset=utf-8", None),
        ("/assets/plain.css", "text/css; charset=utf-8", "no-cache"),
        ("/search/search_index.json", "application/json", "no-cache"),
        ("/a name with spaces & ümläuts.txt", "text/plain; charset=utf-8", "no-cache"),
        ("/picture.png", "image/png", "no-cache"),
        ("/no-ending", "application/octet-stream", "no-cache"),
    ],
)
def test_each_file_has_its_type_and_its_time(guide: Guide, path: str, kind: str, cache: str | None) -> None:
    answer = guide(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Cache-Control"] == (cache or "public, max-age=31536000, immutable")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_an_unchanged_file_is_not_sent_again(guide: Guide, site: Path) -> None:
    first = guide("/")
    again = guide("/", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.get_data()) == (304, b"")
    (site / "index.html").write_text("<!doctype html><title>Guide</title><h1>New</h1>, longer")
    changed = guide("/", If_None_Match=first.headers["ETag"])
    assert (changed.status_code, b"New" in changed.get_data()) == (200, True)


def test_a_guide_page_is_the_same_for_who_has_a_cookie_of_the_desk(guide: Guide) -> None:
    """A cache between may hand it to everybody: it varies by no cookie, and sets none."""
    assert "Set-Cookie" in guide("/support/sign-in").headers
    for path in ("/", "/assets/plain.css", "/nothing"):
        answer = guide(path)
        assert ("Vary" in answer.headers, "Set-Cookie" in answer.headers) == (False, False)


def test_a_folder_without_its_slash_is_led_to_it(guide: Guide) -> None:
    answer = guide("/contact-support?q=1")
    assert (answer.status_code, answer.headers["Location"]) == (301, "contact-support/?q=1")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/index.html/",
        "/assets/",
        "/../outside.txt",
        "/..%2foutside.txt",
        "/%2e%2e/outside.txt",
        "/contact-support/../../outside.txt",
        "/..\\outside.txt",
        "//etc/passwd",
        "/%00",
        "/" + "x" * 5000,
        "/way-out",
        "/.secret",
        "/.git/config",
        "/support-csp.txt",
        "/assets/../support-csp.txt",
        "/support-shell.txt",
    ],
)
def test_what_is_not_there_or_not_to_be_seen_is_the_guides_own_missing_page(guide: Guide, path: str) -> None:
    answer = guide(path)
    while answer.status_code in {301, 308}:
        answer = guide("/" + answer.headers["Location"].removeprefix("http://127.0.0.1:8000").lstrip("/"))
    assert (answer.status_code, b"Not here" in answer.get_data()) == (404, True)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_page_of_the_desk_that_is_missing_is_the_desks(client: Client) -> None:
    assert Browser(client).open("/support/nothing").heading == "Page not found"


def test_the_guide_takes_no_posts(client: Client) -> None:
    answer = client.post("/contact-support/", headers={"Origin": "http://127.0.0.1:8000"})
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})


def test_a_page_of_the_guide_can_be_framed_by_nobody_and_else_keeps_its_own_policy(guide: Guide) -> None:
    """The build writes its policy into the pages with our blocks; no other page may lose anything by it."""
    for path in ("/", "/nothing"):
        assert guide(path).headers["Content-Security-Policy"] == FALLBACK_CSP
    assert "frame-ancestors 'none'" in FALLBACK_CSP
    assert "script-src" not in FALLBACK_CSP


def test_a_guide_built_for_a_subpath_is_served_there(tmp_path: Path, site: Path) -> None:
    config = json.dumps({"base": "/help/docs/"})
    (site / "support-shell.txt").write_text(
        f'<!doctype html><html lang="en"><head><title>{TITLE}</title></head><body>{CONTENT}'
        f'<script id="__config" type="application/json">{config}</script></body></html>'
    )
    client = create_app(services=build_services(tmp_path, site_dir=site)).test_client()
    assert client.get("/help/docs/", buffered=True).status_code == 200
    assert client.get("/help/docs/contact-support/", buffered=True).status_code == 200
    assert client.get("/contact-support/", buffered=True).status_code == 404
    assert client.get("/support/sign-in").status_code == 200


def test_without_a_guide_there_is_the_desk_alone(tmp_path: Path) -> None:
    client = create_app(services=build_services(tmp_path)).test_client()
    assert Browser(client).open("/support/").heading == "Sign in"
    assert client.get("/").status_code == 404
