"""The way of one description, from the POST that brings it to the row that stores it: each room once, no way back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from itertools import groupby
from types import FrameType
from typing import Any

from formapp.models import Ticket
from tests.builders import stored
from tests.web.conftest import Desk, ticket_form_of
from tests.web.page import Browser

WORD = "a description that nobody else types"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
# What every room uses: it is no station on the way.
UNDERNEATH = {
    "formapp.text",
    "formapp.search_words",
    "formapp.errors",
    "formapp.logs",
    "formapp.tokens",
    "formapp.models",
    "formapp.policies",
}


def test_each_room_is_entered_once(desk: Desk, ada: Browser) -> None:
    body, kind = ticket_form_of(ada, description=WORD).body(None)
    entered: list[str] = []

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event != "call" or not frame.f_code.co_filename.count("/formapp/"):
            return
        room = room_of(frame.f_globals.get("__name__", ""))
        if room and any(carries(frame.f_locals.get(name)) for name in arguments_of(frame)):
            entered.append(room)

    sys.setprofile(note)
    try:
        answer = ada.answer("POST", "/support/tickets", body, {**OWN_PAGE, "Content-Type": kind})
    finally:
        sys.setprofile(None)
    assert answer.status_code == 303
    assert [ticket.description for ticket in stored(desk.services, Ticket)] == [WORD]
    # The view hands it from room to room; none is come back to.
    stations = [room for room, _ in groupby(room for room in entered if room != "formapp.web.tickets")]
    assert stations == ["formapp.web.body", "formapp.forms", "formapp.tickets", "formapp.notifications"]


def room_of(module: str) -> str:
    """The room that a module belongs to, within the web the package; empty for what lies underneath."""
    parts = module.split(".")
    if parts[0] != "formapp":
        return ""
    room = ".".join(parts[: 3 if parts[1:2] == ["web"] else 2])
    return "" if room in UNDERNEATH else room


def arguments_of(frame: FrameType) -> tuple[str, ...]:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    # What a value says of itself is no way into its room.
    return tuple(name for name in names if name != "self")


def carries(value: Any, depth: int = 0) -> bool:
    """Whether a value holds the description: itself, in a mapping or a sequence, or in a field of a dataclass."""
    if isinstance(value, str):
        return WORD in value
    if isinstance(value, bytes | bytearray):
        return WORD.encode() in value or WORD.replace(" ", "+").encode() in value
    if depth > 3:
        return False
    if isinstance(value, Mapping):
        return any(carries(one, depth + 1) for one in list(value.values()))
    if isinstance(value, list | tuple):
        return any(carries(one, depth + 1) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return any(carries(getattr(value, one.name, None), depth + 1) for one in fields(value))
    data = getattr(value, "data", None)
    return isinstance(data, str | dict) and carries(data, depth + 1)
