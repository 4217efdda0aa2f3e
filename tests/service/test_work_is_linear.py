"""Twice the input never costs much more than twice the work, whatever strangers put into it: each door to the desk."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest
from werkzeug.datastructures import MultiDict

from formapp.actors import OPERATOR
from formapp.attachments.file_types import clean_name
from formapp.errors import UseCaseError
from formapp.forms import ticket_form
from formapp.hours import closures
from formapp.mail_address import address_to_find, normalise_address
from formapp.search_words import index_words
from formapp.services import Services
from formapp.tickets import replies
from formapp.tickets.search import LONGEST_SEARCH, parse_search
from formapp.tickets.similar import telling_words
from formapp.tickets.ticket_input import clean_input
from formapp.web.body.form_data import LARGEST_TEXT, MAX_FIELDS
from formapp.web.body.multipart import MultipartReader, read_multipart
from formapp.web.tickets.form_page import answers_in, project_key
from tests.builders import NOW, ticket_input, written

MOST_TIMES = 2.5
FLOOR = 0.02
"""In seconds: below this a clock of work says nothing."""
RUNS = 4
HOSTILE = {
    "accents in two orders": lambda size: "a" + "\u0301\u0323" * (size // 2),
    "accents that count as letters": lambda size: "\u0f73" * size,
    "thirty accents again and again": lambda size: ("a" + "\u0301\u0323" * 15) * (size // 31),
    "decomposed": lambda size: "e\u0301" * (size // 2),
    "links": lambda size: "://" * (size // 3),
    "brackets": lambda size: "[" * size,
    "brackets and links": lambda size: "(]://+www." * (size // 10),
    "nothing to see": lambda size: "\u200b" * size,
    "blanks within": lambda size: f"a{' ' * (size - 2)}a",
    "line ends": lambda size: f"a{chr(13)}{chr(10)}" * (size // 3),
    "dots": lambda size: "a." * (size // 2),
    "quotation marks": lambda size: 'a:"' * (size // 3),
    "ampersands": lambda size: "a=b&" * (size // 4),
    "at signs": lambda size: "a@" * (size // 2),
}


def form_field(name: str) -> Callable[[Services, str], object]:
    return lambda services, text: ticket_form(services.policy, MultiDict({name: text})).validate()


def ticket_field(name: str) -> Callable[[Services, str], object]:
    return lambda services, text: clean_input(services.policy.form, ticket_input(**{name: text}))


def closure(services: Services, text: str) -> object:
    return closures.add_closure(services, OPERATOR, NOW, NOW, text, NOW)


LIMITS = {"subject": 200, "url": 2_000, "description": 20_000, "project": 200, "email": 254}
DOORS: dict[str, tuple[Callable[[Services, str], object], int]] = {
    **{f"the form's {name}": (form_field(name), most) for name, most in LIMITS.items()},
    **{f"a ticket's {name}": (ticket_field(name), LIMITS[name]) for name in ("subject", "url", "description")},
    "a ticket's page": (ticket_field("page"), 2_000),
    "a ticket's form": (ticket_field("submission"), 100),
    "a reply": (lambda _, text: replies.checked_body(written(text, "a form")), replies.BODY_LENGTH),
    "a search": (lambda _, text: parse_search(text), LONGEST_SEARCH),
    "the words of a message": (lambda _, text: index_words(text), replies.BODY_LENGTH),
    "a file's name": (lambda _, text: clean_name(text), 255),
    "an address": (lambda _, text: normalise_address(text), 254),
    "an address to find": (lambda _, text: address_to_find(text), 254),
    "a closure's note": (closure, closures.NOTE_LENGTH),
    "a project's name": (lambda _, text: project_key(text, [("shop", "Shop")] * 20), 200),
    "answers": (lambda _, text: answers_in(text), 2_000),
    "a subject that is compared": (lambda _, text: telling_words(text), 1_000),
}


def work(act: Callable[[], object]) -> float:
    """The least work that it took, in seconds of this process."""
    spent = []
    # Else it would now and then be charged for looking through what thousands of tests have left.
    gc.disable()
    for _ in range(RUNS):
        before = time.process_time()
        with suppress(UseCaseError):
            act()
        spent.append(time.process_time() - before)
        if spent[-1] < FLOOR:
            break
    gc.enable()
    return min(spent)


@pytest.mark.parametrize("door", DOORS)
def test_twice_the_text_costs_twice_the_work(sqlite_services: Services, door: str) -> None:
    act, limit = DOORS[door]
    slow = []
    for label, make in HOSTILE.items():
        for most in (limit, 4 * limit, LARGEST_TEXT // 4):
            whole, half = make(most), make(most // 2)
            spent = work(lambda text=whole: act(sqlite_services, text))  # type: ignore[misc]
            if spent <= FLOOR:
                continue
            less = work(lambda text=half: act(sqlite_services, text))  # type: ignore[misc]
            if spent > MOST_TIMES * max(less, FLOOR):
                slow.append(f"{label}, {most} characters: {spent:.3f} s, half of them {less:.3f} s")
    assert slow == []


def test_twice_the_parts_cost_twice_the_work() -> None:
    def read(body: bytes) -> object:
        parts = MultipartReader(MultiDict(), None, LARGEST_TEXT)
        return read_multipart(BytesIO(body).read, "edge", parts, 10**8, MAX_FIELDS)

    head = f'--edge\r\nContent-Disposition: form-data; name="x"{"; a=b" * 3_000}\r\n\r\n'.encode()
    half, whole = ((head + b"x\r\n") * parts + b"--edge--\r\n" for parts in (499, 999))
    assert work(lambda: read(whole)) <= MOST_TIMES * max(work(lambda: read(half)), FLOOR)
    assert work(lambda: read(whole)) < 0.3, "read to its end it takes a second"
