"""What a stranger's text or picture can cost: bounded, in a process of its own, and at nobody else's expense."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from formapp import limited_process
from formapp.attachments import jobs as attachment_jobs
from formapp.attachments import previews
from formapp.attachments import service as attachments
from formapp.attachments.previews import NoPreview, make_limited_preview
from formapp.backoff import FIRST_PAUSE
from formapp.limited_process import OverLimit, WorkRefused, run_limited
from formapp.models import Attachment
from formapp.services import Services
from formapp.tickets import message_html, replies
from tests.attachments.odd_files import picture
from tests.builders import NOW, Clock, build_customer, file_ticket, keep_file, stored, written

HOSTILE = {
    "links": "://" * 6_600,
    "brackets and links": "(]://+www." * 2_000,
    "brackets": "[" * 20_000,
    "addresses and brackets": "http://a/[" * 2_000,
    "quotes in quotes": "> " * 10_000,
}
WEBP_OF_34_BYTES = bytes.fromhex("524946461a000000574542505650384c0e0000002f9e9be706071011fd0f4444ff03")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that a process can be made of; what is written into it is done."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    return tmp_path / "work_for_a_test.py"


def run(module: Path, script: str, work: bytes = b"", seconds: float = 60) -> bytes:
    module.write_text(f"import os, sys\nfrom formapp.limited_process import *\n{script}\n", "utf-8")
    with tempfile.TemporaryFile() as file:
        file.write(work)
        file.seek(0)
        return run_limited(module.stem, file, seconds)


def test_work_comes_back_and_a_refusal_in_its_words(module: Path) -> None:
    assert run(module, "sys.stdout.write(sys.stdin.read().upper())", b"done") == b"DONE"
    with pytest.raises(WorkRefused, match=r"^it is no picture$"):
        run(module, "sys.stderr.write('it is no picture'); sys.exit(REFUSED)")


@pytest.mark.parametrize(
    "name",
    ["tickets.message_html", "attachments.previews", "attachments.photo_details", "incoming_mail.parsing_process"],
)
def test_such_a_process_starts_with_no_more_than_its_work_needs(name: str) -> None:
    """Each message, mail and picture starts one; with what the desk imports it took four times as long."""
    script = f"import formapp.{name}, json, sys; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    packages = {module.partition(".")[0] for module in json.loads(done.stdout)}
    assert not packages & {"babel", "email_validator", "flask", "sqlalchemy", "supportpolicy", "yaml"}


@pytest.mark.parametrize(
    "script",
    [
        "limit_this_process(10**9, 0.1)\nwhile True: pass",
        "limit_this_process(10**9, 0.1)\n(1 << 10**9) // 3**10**7",
        "limit_this_process(2 * 10**8, 5)\nbytearray(10**9)",
        "os.kill(os.getpid(), 11)",
    ],
    ids=["a loop", "a loop in C", "memory", "a crash"],
)
def test_work_that_is_over_its_limits_ends(module: Path, script: str) -> None:
    with pytest.raises(OverLimit):
        run(module, script)


def test_work_that_is_killed_from_outside_may_be_tried_again(module: Path) -> None:
    with pytest.raises(ChildProcessError):
        run(module, "os.kill(os.getpid(), 9)")


def test_work_that_stands_still_ends_by_the_clock(module: Path) -> None:
    with pytest.raises(OverLimit, match="seconds"):
        run(module, "import time; time.sleep(600)", seconds=0.5)


def test_work_learns_no_secret_of_the_desk(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMAPP_SECRET_KEY", "a secret")
    assert b"a secret" not in run(module, "print(os.environ)")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_message_is_shown_once_and_holds_no_other_back(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    ada = build_customer(sqlite_services)
    file_ticket(sqlite_services, ada)
    for number, body in enumerate((text, "It is **down**")):
        replies.reply_as_customer(sqlite_services, ada.id, 1, written(body, f"form-{number}"), NOW)
    asked: list[float] = []

    def noted(*arguments: object) -> bytes:
        before = os.times()
        try:
            return run_limited(*arguments)  # type: ignore[arg-type]
        finally:
            after = os.times()
            asked.append(after.children_user + after.children_system - before.children_user - before.children_system)

    monkeypatch.setattr(message_html, "run_limited", noted)
    assert replies.render_new(sqlite_services, Clock()) == 2
    assert replies.render_new(sqlite_services, Clock()) == 0
    # Beside the limit on its work a process takes a moment to begin.
    assert max(asked) < message_html.MOST_SECONDS + 2
    hostile, other = replies.messages_of(sqlite_services, 1, with_notes=False)
    assert hostile.html
    assert other.html == '<p dir="auto">It is **down**</p>\n'


def test_rendering_ends_after_two_seconds_of_work() -> None:
    """A minute and more without the limit, of a text that is longer than any reply."""
    before = os.times()
    with pytest.raises(OverLimit):
        message_html.render("http://a/[" * 12_000)
    after = os.times()
    assert after.children_user - before.children_user < message_html.MOST_SECONDS + 2


def test_what_takes_too_much_is_shown_as_it_was_typed(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over(*_: object) -> bytes:
        raise OverLimit("it took too long")

    ada = build_customer(sqlite_services)
    file_ticket(sqlite_services, ada)
    typed = 'One <b>line</b>\nand *another*\n\nA "paragraph" & more'
    replies.reply_as_customer(sqlite_services, ada.id, 1, written(typed), NOW)
    monkeypatch.setattr(message_html, "run_limited", over)
    assert replies.render_new(sqlite_services, Clock()) == 1
    assert replies.render_new(sqlite_services, Clock()) == 0
    (message,) = replies.messages_of(sqlite_services, 1, with_notes=False)
    assert message.html == (
        '<p dir="auto">One &lt;b&gt;line&lt;/b&gt;\nand *another*\n\nA &#34;paragraph&#34; &amp; more</p>\n'
    )


def test_a_process_that_cannot_be_started_leaves_the_message_to_a_later_round(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    ada = build_customer(sqlite_services)
    file_ticket(sqlite_services, ada)
    replies.reply_as_customer(sqlite_services, ada.id, 1, written("It is **down**"), NOW)
    with monkeypatch.context() as patch:
        patch.setattr(limited_process.sys, "executable", "/nowhere/python")
        assert replies.render_new(sqlite_services, clock) == 1
    assert replies.render_new(sqlite_services, clock) == 0, "it is put off"
    clock.now += 2 * FIRST_PAUSE
    assert replies.render_new(sqlite_services, clock) == 1
    assert replies.messages_of(sqlite_services, 1, with_notes=False)[0].html == '<p dir="auto">It is **down**</p>\n'


@pytest.mark.parametrize(
    "text", ["It is **down**: https://shop.example", "", "é 語 🙂\r\n", "| a | b |\n|---|---|\n| 1 | 2 |"]
)
def test_a_message_is_rendered_the_same_in_a_process_of_its_own(text: str) -> None:
    assert message_html.render(text) == message_html.to_html(text)


def test_a_picture_that_unfolds_is_refused_and_its_file_stays(sqlite_services: Services, clock: Clock) -> None:
    """34 bytes that are 7,071 pixels square: 926 MB where they were made a preview of in the worker itself."""
    token = keep_file(sqlite_services, "shot.webp", WEBP_OF_34_BYTES)
    file_ticket(sqlite_services, build_customer(sqlite_services), files=(token,))
    assert attachment_jobs.run_due(sqlite_services, clock) == 1
    (file,) = stored(sqlite_services, Attachment)
    assert (file.preview, file.work_at) == ("failed", None)
    assert b"".join(attachments.content(sqlite_services, file)) == WEBP_OF_34_BYTES
    assert attachment_jobs.run_due(sqlite_services, clock) == 0


def test_a_preview_is_the_same_in_a_process_of_its_own() -> None:
    original = picture("PNG", (2400, 1000))()
    with tempfile.TemporaryFile() as file:
        file.write(original)
        file.seek(0)
        assert make_limited_preview(file) == previews.make_preview(io.BytesIO(original))
        file.seek(0)
        file.truncate(5)
        with pytest.raises(NoPreview, match="UnidentifiedImageError"):
            make_limited_preview(file)
