"""A reader of the app's pages that judges each page it meets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode, urljoin, urlsplit

from werkzeug.test import Client, TestResponse

from tests import reading
from tests.reading import Element

BOUNDARY = "----FormBoundaryOfTests7MA4YWxk"


class Page(reading.Page):
    """One answer of the app, read as a person's browser would."""

    def __init__(self, answer: TestResponse, url: str) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.body = answer.get_data()
        self.html = self.body.decode("utf-8")
        self.url = url
        super().__init__(self.html)
        # What stands in a template is no part of the page.
        for template in self.tree.find_all("template"):
            template.clear()

    @property
    def title(self) -> str:
        return self.one("title").text.strip()

    @property
    def heading(self) -> str:
        return " ".join(self.one("h1").text.split())

    @property
    def text(self) -> str:
        """The words of the page, spaces made one."""
        return " ".join(self.one("body").text.split())

    def form(self, action: str = "") -> Form:
        """The form with that action, or with a button that has it; without one the only form of the page."""
        pressed = [button for button in self.all("button") if urlsplit(button.get("formaction", "")).path == action]
        if action and pressed:
            return Form(self, next(form for form in self.all("form") if pressed[0].inside(form)), pressed[0])
        forms = [form for form in self.all("form") if not action or urlsplit(form["action"]).path == action]
        assert len(forms) == 1, f"{len(forms)} forms for {action!r} on {self.url}"
        return Form(self, forms[0])


class Form:
    """A form of a page: what a browser would send with it, where need be by a button with an address of its own."""

    def __init__(self, page: Page, element: Element, button: Element | None = None) -> None:
        self.page = page
        self.element = element
        self.action = urljoin(
            page.url, (button.get("formaction", "") if button else "") or element.get("action", page.url)
        )
        self.fields = self._fields()
        if button and button.get("name"):
            self.fields[button["name"]] = button.get("value", "")
        # Tokens of the files that the form carries, and (name, bytes) of those that are chosen.
        self.kept = [kept["value"] for kept in page.all("input", type="hidden", name="file") if kept.inside(element)]
        self.chosen: list[tuple[str | bytes, bytes]] = []

    def owns(self, element: Element) -> bool:
        """Whether a field or button is this form's: by its attribute ``form``, else by where it stands."""
        if named := element.get("form"):
            return bool(named == self.element.get("id"))
        return element.inside(self.element)

    def _fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        for element in self.page.elements:
            name = element.get("name")
            if not name or not self.owns(element) or "disabled" in element.attributes:
                continue
            if name == "file" or element.get("type") == "file":
                continue
            if element.tag == "input" and element.get("type") in {"radio", "checkbox"}:
                if "checked" in element.attributes:
                    fields[name] = element.get("value", "on")
            elif element.tag == "input" and element.get("type") != "submit":
                fields[name] = element.get("value", "")
            elif element.tag == "textarea":
                # A parser drops the first line break of a textarea.
                fields[name] = element.text.removeprefix("\n")
            elif element.tag == "select":
                options = [option for option in self.page.all("option") if option.inside(element)]
                chosen = [option for option in options if "selected" in option.attributes] or options[:1]
                if chosen:
                    fields[name] = chosen[0].get("value", chosen[0].text)
        return fields

    def attach(self, name: str | bytes, content: bytes) -> None:
        """Choose a file in the form's file field."""
        assert [field for field in self.page.all("input", type="file", name="files") if field.inside(self.element)]
        self.chosen.append((name, content))

    def body(self, button: tuple[str, str] | None = None) -> tuple[bytes, str]:
        """What a browser sends, and its type."""
        button_fields = dict([button] if button else [])
        if self.element.get("enctype") != "multipart/form-data":
            return urlencode({**self.fields, **button_fields}).encode(), "application/x-www-form-urlencoded"
        return self._multipart(button_fields), f"multipart/form-data; boundary={BOUNDARY}"

    def _multipart(self, button: dict[str, str]) -> bytes:
        """The parts in the order of the page: texts, kept files, chosen files, and what follows the field."""
        names = [element.get("name") for element in self.page.elements if element.inside(self.element)]
        field = names.index("files") if "files" in names else len(names)
        before = {name: value for name, value in self.fields.items() if name in names[:field]}
        after = {name: value for name, value in self.fields.items() if name not in before}
        parts = [part(name, value.encode()) for name, value in before.items()]
        parts += [part("file", token.encode()) for token in self.kept]
        # A browser sends an empty part for a file field in which nothing is chosen.
        parts += [part("files", content, name) for name, content in self.chosen or [("", b"")]]
        parts += [part(name, value.encode()) for name, value in (after | button).items()]
        return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def part(name: str, content: bytes, filename: str | bytes | None = None) -> bytes:
    """One part of a multipart body as a browser writes it; a file's name may be bytes of any kind."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
    if filename is not None:
        raw = filename.encode() if isinstance(filename, str) else filename
        raw = raw.replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")
        head += b'; filename="' + raw + b'"\r\nContent-Type: application/octet-stream'
    # Line breaks of a form's texts travel as CR LF.
    body = content if filename is not None else content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return head + b"\r\n\r\n" + body + b"\r\n"


def judge(page: Page) -> None:
    """What every page of the app owes its reader."""
    assert page.title, f"no title on {page.url}"
    assert page.all("html")[0].get("lang"), f"no language on {page.url}"
    headings = page.all("h1")
    assert len(headings) == 1, f"{len(headings)} first headings on {page.url}"
    for element in page.elements:
        handlers = [name for name in element.attributes if name.startswith("on")]
        assert not handlers, f"inline handler {handlers} on {page.url}"
        assert "style" not in element.attributes or "support-" not in element.get("class", ""), (
            f"inline style on {page.url}"
        )
    ids = [element["id"] for element in page.elements if element.get("id")]
    assert len(ids) == len(set(ids)), f"double id on {page.url}: {sorted(i for i in set(ids) if ids.count(i) > 1)}"
    for form in page.all("form"):
        action = form.get("action", "")
        assert action.startswith("/support/"), f"a form on {page.url} goes to {action!r}"
        assert form.get("method", "get").lower() in {"get", "post"}
    labels = page.all("label")
    labelled = {label.get("for") for label in labels}
    for field in page.all("input", "textarea", "select"):
        if field.get("type") not in {"hidden", "submit"}:
            wrapped = any(field.inside(label) for label in labels)
            assert wrapped or field.get("id") in labelled or field.get("aria-label"), f"a field without label: {field}"
    if page.status == 422:
        # By what it is, and not by its words alone: pages speak several languages.
        said = page.all("div", "p", role="alert")
        assert page.title.startswith("Error: ") or said or page.heading == "Press once more"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"


class Browser:
    """A browser without script: keeps cookies, sends what a browser sends, follows redirects, judges pages.

    ``languages`` are those that it asks for pages in; a browser of no language asks for none.
    """

    def __init__(self, client: Client, origin: str = "http://127.0.0.1:8000") -> None:
        self.client = client
        self.origin = origin
        self.languages = ""
        self.steps: list[tuple[int, str]] = []

    def open(self, path: str, **headers: str) -> Page:
        """GET a page and follow where it leads."""
        return self._read("GET", path, None, headers)

    def send(
        self, form: Form, *, button: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Page:
        """Press a button of a form, as a modern browser does on the page itself."""
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"} if headers is None else dict(headers)
        address = urlsplit(form.action)
        if form.element.get("method", "get").lower() == "get":
            # The form's own query gives way to its fields.
            query = urlencode({**form.fields, **dict([button] if button else [])})
            return self._read("GET", f"{address.path}?{query}", None, {})
        body, kind = form.body(button)
        return self._read("POST", address._replace(fragment="").geturl(), body, {**own, "Content-Type": kind})

    def post(self, path: str, fields: Mapping[str, str] | bytes, headers: Mapping[str, str]) -> Page:
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        return self._read("POST", path, body, dict(headers))

    def answer(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """One answer as it is, nothing followed or judged."""
        sent = {"Accept-Language": self.languages, **(headers or {})} if self.languages else dict(headers or {})
        kind = sent.pop("Content-Type", "application/x-www-form-urlencoded" if body is not None else None)
        return self.client.open(
            path,
            buffered=True,
            method=method,
            data=body,
            content_type=kind,
            base_url=self.origin,
            headers=sent,
        )

    def _read(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Page:
        answer = self.answer(method, path, body, headers)
        self.steps.append((answer.status_code, path))
        while answer.status_code in {301, 302, 303, 307, 308}:
            assert method == "GET" or answer.status_code == 303, f"{path} redirects with {answer.status_code}"
            path = urljoin(path, answer.headers["Location"])
            assert not urlsplit(path).netloc, f"a redirect away: {path}"
            answer = self.answer("GET", path)
            self.steps.append((answer.status_code, path))
        page = Page(answer, path)
        judge(page)
        return page

    def mark(self) -> str:
        """The field that says that a form was made for who is signed in here, as the pages of this browser carry it."""
        return self.open("/support/account").form("/support/sign-out").fields["made_for"]

    def json(self, path: str) -> dict[str, object]:
        return dict(json.loads(self.answer("GET", path).get_data()))


def references(page: Page) -> list[str]:
    """The ticket references a page names."""
    return re.findall(r"SUP-\d+", page.text)
