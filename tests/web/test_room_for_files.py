"""Files of people who are signed out share one limit: the oldest make room, and nobody is refused for others' sake."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.attachments import service as attachments
from formapp.models import AnonymousFile, Attachment
from formapp.web.body.file_field import GONE
from tests.builders import stored
from tests.web.attaching import LOG, form_with, kept_names, upload, waiting
from tests.web.conftest import Desk, locked, ticket_form_of
from tests.web.page import Browser


def uploaded(desk: Desk, browser: Browser, name: str, content: bytes = LOG) -> str:
    """Upload a file, a minute after the one before; its token."""
    desk.clock.now += timedelta(minutes=1)
    status, facts = upload(browser, name, content)
    assert status == 201
    return str(facts["token"])


def test_the_oldest_files_of_people_signed_out_make_room(
    desk: Desk, visitor: Browser, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_ANONYMOUS", 3)
    signed_in = uploaded(desk, ada, "of-ada.log")
    tokens = [uploaded(desk, visitor, f"{number}.log") for number in range(5)]
    left = [file.name for file in attachments.staged_files(desk.services, [signed_in, *tokens])]
    assert left == ["of-ada.log", "2.log", "3.log", "4.log"]
    assert [row.key for row in stored(desk.services, AnonymousFile)] == sorted(tokens[2:])
    assert waiting(desk) == 4


def test_large_ones_count_by_their_bytes(desk: Desk, visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_ANONYMOUS_BYTES", 5 * len(LOG))
    tokens = [uploaded(desk, visitor, f"{number}.log", LOG * 2) for number in range(3)]
    assert [file.name for file in attachments.staged_files(desk.services, tokens)] == ["1.log", "2.log"]


def test_a_file_that_a_ticket_has_counts_no_more_and_stays(
    desk: Desk, visitor: Browser, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_ANONYMOUS", 1)
    form = ticket_form_of(ada)
    form.kept.append(uploaded(desk, visitor, "first.log"))
    assert ada.send(form).heading == "Your ticket is sent"
    assert stored(desk.services, AnonymousFile) == []
    for number in range(3):
        uploaded(desk, visitor, f"{number}.log")
    (row,) = stored(desk.services, Attachment)
    assert b"".join(attachments.content(desk.services, row)) == LOG


def test_who_comes_back_to_a_file_that_made_room_is_told(
    desk: Desk, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_ANONYMOUS", 1)
    first = form_with(visitor, subject="")
    first.fields |= {"project": "", "email": "ada@shop.example"}
    first.kept.append(uploaded(desk, visitor, "first.log"))
    uploaded(desk, desk.visitor(), "other.log")
    page = visitor.send(first)
    assert page.status == 422
    assert GONE in page.text
    assert kept_names(page) == []


def test_where_it_cant_be_counted_the_file_is_taken_all_the_same(desk: Desk, visitor: Browser) -> None:
    with locked(desk):
        token = uploaded(desk, visitor, "error.log")
    assert len(attachments.staged_files(desk.services, [token])) == 1


def test_files_whose_day_is_over_are_counted_no_more(desk: Desk, visitor: Browser) -> None:
    uploaded(desk, visitor, "error.log")
    assert attachments.remove_expired(desk.services, desk.clock() + timedelta(days=3)) == 1
    assert stored(desk.services, AnonymousFile) == []
