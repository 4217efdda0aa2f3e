"""Filling in a form as its page offers it, and each button that can be pressed without script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tests.reading import Element
from tests.web.page import Form, Page

Given = Mapping[tuple[str, str], str]
"""What can't be guessed: by the form's endpoint and the field's name, the text to put there."""
TEXTS = {"", "text", "search", "tel"}


def buttons(page: Page) -> Iterator[tuple[Element, Element]]:
    """Each button that sends a form and can be seen where nothing is done by script, after its form."""
    forms = page.all("form")
    for button in page.all("button", "input"):
        kind = button.get("type", "submit" if button.tag == "button" else "text")
        if kind != "submit" or is_hidden(button) or "disabled" in button.attributes:
            continue
        named = button.get("form")
        for form in forms:
            if form.get("id") == named if named else button.inside(form):
                yield form, button


def is_hidden(element: Element) -> bool:
    return any("hidden" in getattr(one, "attrs", {}) for one in (element, *element.parents))


def fill(form: Form, endpoint: str, word: str, now: datetime, given: Given) -> dict[str, str]:
    """Fill in each field: of choices the first, else this word as that kind of field has it; the words typed."""
    typed: dict[str, str] = {}
    boxes: dict[str, list[str]] = {}
    days = 0
    for element in form.page.elements:
        name, kind = element.get("name", ""), element.get("type", "")
        if not name or not form.owns(element) or is_hidden(element) or "disabled" in element.attributes:
            continue
        if (endpoint, name) in given:
            form.fields[name] = given[endpoint, name]
        elif element.tag == "select":
            options = [option.get("value", option.text) for option in form.page.all("option") if option.inside(element)]
            form.fields[name] = form.fields.get(name) or next(filter(None, options), "")
        elif kind == "radio":
            form.fields.setdefault(name, element["value"])
        elif kind == "checkbox":
            boxes.setdefault(name, []).append(element.get("value", "on"))
        elif element.tag == "textarea" or (element.tag == "input" and kind in TEXTS):
            typed[name] = f"{form.fields.get(name, '')} {word}".strip()
        elif kind == "email":
            typed[name] = f"{word.lower()}@pressed.example"
        elif kind == "url":
            typed[name] = f"https://pressed.example/{word}"
        elif kind in {"date", "datetime-local"}:
            # What begins is over later.
            days += 1
            day = now + timedelta(days=10 + days)
            form.fields[name] = day.date().isoformat() if kind == "date" else f"{day:%Y-%m-%dT%H:%M}"
    for name, values in boxes.items():
        # One of several things is meant to be chosen; a box by itself is a wish.
        if len(values) > 1:
            form.fields.setdefault(name, values[0])
    form.fields |= typed
    return typed
