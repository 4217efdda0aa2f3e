"""A full disk: nothing typed is lost, and a ticket can go without its files where only those find no room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.faults.conftest import with_failing_writes
from tests.web.conftest import filled


def told(library: Path, folder: Path, what: str) -> dict[str, Any]:
    with_failing_writes(library, "tests.faults.full_disk", str(folder), what)
    result: dict[str, Any] = json.loads((folder / "told").read_text("utf-8"))
    return result


def typed(answer: dict[str, Any]) -> dict[str, str]:
    return {name: answer["fields"].get(name) for name in filled()}


def test_where_the_records_find_no_room_the_form_comes_back_with_its_files(
    failing_writes: Path, tmp_path: Path
) -> None:
    desk = told(failing_writes, tmp_path, "records")
    for answer in (desk["first"], desk["second"]):
        assert answer["status"] == 503
        assert "Not sent yet: we can't reach our records right now" in answer["text"]
        assert (typed(answer), answer["kept"]) == (filled(), 2)
    # A file needs no database, so it can be sent ahead.
    assert desk["upload"][0] == 201
    assert desk["third"]["heading"] == "Your ticket is sent"
    assert desk["tickets"] == [[filled()["subject"], filled()["description"]]]
    assert desk["files"] == ["error.log", "notes.txt"]
    assert "folders" in desk["doctor while full"]
    assert desk["doctor"] == []


def test_where_only_the_files_find_no_room_the_ticket_can_go_without_them(failing_writes: Path, tmp_path: Path) -> None:
    desk = told(failing_writes, tmp_path, "files")
    first = desk["first"]
    assert 400 <= first["status"] < 600
    assert (typed(first), first["kept"]) == (filled(), 0)
    for name in ("error.log", "notes.txt"):
        assert f"“{name}”" in first["text"]
    assert "Send without it, or attach it again in a few minutes" in first["text"]
    status, answer = desk["upload"]
    assert status == 507
    assert "we can't store files just now" in answer["error"]
    # The second press sends the ticket without its files, although the disk is still full.
    assert desk["second"]["heading"] == "Your ticket is sent"
    assert desk["tickets"] == [[filled()["subject"], filled()["description"]]]
    assert desk["files"] == []
    assert {"folders", "file store"} <= set(desk["doctor while full"])
    assert desk["doctor"] == []
