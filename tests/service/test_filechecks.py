"""What the worker does with new files: they are scanned before anybody gets them, pictures get a preview of pixels."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from PIL import ExifTags, Image

from formapp import worker
from formapp.attachments import jobs as attachment_jobs
from formapp.attachments import service as attachments
from formapp.attachments import virus_scan
from formapp.attachments.previews import WIDTH, NoPreview, make_preview
from formapp.attachments.virus_scan import Verdict
from formapp.errors import NotFound
from formapp.models import Account, Attachment
from formapp.retention_periods import KeepFor
from formapp.services import Services
from tests.attachments.clamd import clamd
from tests.attachments.odd_files import ODD_FILES, OddFile, jpeg_with_a_place, picture
from tests.builders import NOW, Clock, build_customer, file_ticket, keep_file, stored

PYTHON = sys.executable
PICTURES = [odd for odd in ODD_FILES if odd.preview != "none"]
FIND_WORM = (
    "import sys; found = b'worm' in sys.stdin.buffer.read(); print('Test.Worm' if found else ''); sys.exit(found)"
)


def command(script: str, *arguments: str) -> str:
    return " ".join(["command:" + PYTHON, "-c", f'"{script}"', *arguments])


def scanned_by(services: Services, setting: str) -> Services:
    return replace(services, settings=replace(services.settings, scan=setting))


def attach(services: Services, ada: Account, name: str, content: bytes) -> Attachment:
    """A file on a ticket of its own."""
    token = keep_file(services, name, content)
    file_ticket(services, ada, files=(token,), submission=token, subject=f"About {token}")
    return now_of(services)


def now_of(services: Services) -> Attachment:
    """The newest file, as it stands."""
    return stored(services, Attachment)[-1]


def check(services: Services, clock: Clock) -> int:
    return attachment_jobs.run_due(services, clock)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def on_its_side(size: tuple[int, int]) -> bytes:
    """A photo that was taken with the camera turned, as its metadata say."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("odd", PICTURES, ids=lambda odd: odd.label)
def test_each_picture_gets_a_preview_or_none_and_stays_as_it_was(
    sqlite_services: Services, clock: Clock, odd: OddFile
) -> None:
    file = attach(sqlite_services, build_customer(sqlite_services), odd.name, odd.content())
    assert (file.preview, attachments.preview(sqlite_services, file)) == ("pending", None)
    assert check(sqlite_services, clock) == 1
    file = now_of(sqlite_services)
    assert (file.preview, file.work_at) == (odd.preview, None)
    made = attachments.preview(sqlite_services, file)
    assert (made is not None) == (odd.preview == "made")
    if made is not None:
        assert opened(made).format == "WEBP"
    assert b"".join(attachments.content(sqlite_services, file)) == odd.content()
    assert check(sqlite_services, clock) == 0


def test_a_preview_holds_pixels_alone_and_stands_upright() -> None:
    original = jpeg_with_a_place()
    assert b"Camera of Ada" in original
    made = make_preview(io.BytesIO(original))
    assert b"Camera" not in made
    found = opened(made)
    assert (len(found.getexif()), found.info.get("exif"), found.info.get("icc_profile")) == (0, None, None)
    assert (opened(original).size, found.size) == ((60, 40), (40, 60))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_colour_profile_that_tells_of_a_camera_stays_behind(form: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, form, icc_profile=b"profile of Ada's screen")
    assert opened(out.getvalue()).info["icc_profile"] == b"profile of Ada's screen"
    out.seek(0)
    assert "icc_profile" not in opened(make_preview(out)).info


def test_a_preview_is_as_wide_as_a_page_and_transparent_where_the_picture_is() -> None:
    assert opened(make_preview(io.BytesIO(picture("PNG", (2400, 1000))()))).size == (WIDTH, 500)
    assert opened(make_preview(io.BytesIO(picture("JPEG", (3000, 100))()))).size == (WIDTH, 40)
    assert opened(make_preview(io.BytesIO(picture("PNG", (300, 9000))()))).size == (300, 9000)
    assert opened(make_preview(io.BytesIO(on_its_side((900, 3000))))).size == (WIDTH, 360)
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    assert opened(make_preview(out)).mode == "RGBA"


def test_a_moving_picture_shows_its_first_frame() -> None:
    found = opened(make_preview(io.BytesIO(picture("GIF", frames=3)())))
    assert getattr(found, "n_frames", 1) == 1


def test_other_formats_are_never_decoded() -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "TIFF")
    with pytest.raises(NoPreview, match="UnidentifiedImageError"):
        make_preview(out)


def test_without_a_scanner_files_are_there_at_once_and_texts_give_no_work(services: Services, clock: Clock) -> None:
    file = attach(services, build_customer(services), "app.log", b"a line with a worm")
    assert (file.scan, file.preview, file.work_at, file.may_be_opened) == ("none", "none", None, True)
    assert check(services, clock) == 0


def test_nobody_gets_a_file_before_it_was_found_clean(services: Services, clock: Clock) -> None:
    services = scanned_by(services, command(FIND_WORM))
    ada = build_customer(services)
    waiting = attach(services, ada, "app.log", b"fine")
    assert (waiting.scan, waiting.may_be_opened) == ("pending", False)
    with pytest.raises(NotFound):
        attachments.content(services, waiting)
    assert check(services, clock) == 1
    assert b"".join(attachments.content(services, now_of(services))) == b"fine"
    assert now_of(services).scan == "clean"


def test_an_infected_file_is_shut_for_good_with_what_was_found(services: Services, clock: Clock) -> None:
    services = scanned_by(services, command(FIND_WORM))
    ada = build_customer(services)
    attach(services, ada, "shot.png", picture("PNG")() + b"worm")
    check(services, clock)
    file = now_of(services)
    assert (file.scan, file.scan_detail, file.preview, file.work_at) == ("infected", "Test.Worm", "none", None)
    assert attachments.preview(services, file) is None
    with pytest.raises(NotFound):
        attachments.content(services, file)


def test_a_picture_is_scanned_first_and_only_then_decoded(services: Services, clock: Clock) -> None:
    services = scanned_by(services, command(FIND_WORM))
    attach(services, build_customer(services), "shot.png", picture("PNG")())
    assert attachment_jobs.run_due(services, clock, most=1) == 1
    assert (now_of(services).scan, now_of(services).preview) == ("clean", "pending")
    assert attachment_jobs.run_due(services, clock, most=1) == 1
    assert now_of(services).preview == "made"


def test_a_scan_that_failed_is_seen_and_tried_again_with_growing_pauses(services: Services, clock: Clock) -> None:
    broken = scanned_by(services, command("import sys; print('no signatures', file=sys.stderr); sys.exit(2)"))
    attach(broken, build_customer(services), "shot.png", picture("PNG")())
    pauses = []
    for _ in range(6):
        assert check(broken, clock) == 1
        file = now_of(services)
        assert (file.scan, file.may_be_opened) == ("failed", False)
        assert file.scan_detail == "The scanner ended with 2: no signatures"
        assert file.work_at is not None
        pauses.append(file.work_at - clock.now)
        assert check(broken, clock) == 0
        clock.now = file.work_at
    assert timedelta(seconds=20) < pauses[0] < timedelta(seconds=40)
    assert pauses[-1] > 8 * pauses[0]
    mended = scanned_by(services, command(FIND_WORM))
    assert check(mended, clock) == 2
    assert (now_of(services).scan, now_of(services).preview) == ("clean", "made")


def test_files_that_wait_are_let_go_when_the_scanner_is_switched_off(services: Services, clock: Clock) -> None:
    attach(scanned_by(services, command(FIND_WORM)), build_customer(services), "shot.png", picture("PNG")())
    assert check(services, clock) == 2
    assert (now_of(services).scan, now_of(services).preview) == ("none", "made")


def test_a_file_that_is_missing_is_seen(services: Services, clock: Clock) -> None:
    services = scanned_by(services, command(FIND_WORM))
    file = attach(services, build_customer(services), "app.log", b"fine")
    services.files.remove(file.key)
    check(services, clock)
    assert now_of(services).scan_detail == "The file can't be read: FileNotFoundError"


def test_a_worker_that_died_over_a_file_leaves_it_to_another_and_not_for_ever(services: Services, clock: Clock) -> None:
    attach(services, build_customer(services), "shot.png", picture("PNG")())
    for _ in range(attachment_jobs.MOST_TRIES):
        assert attachment_jobs._lease(services, clock()) is not None
        assert check(services, clock) == 0, "one worker holds it"
        clock.now += attachment_jobs.LEASE
    assert check(services, clock) == 1
    assert (now_of(services).preview, now_of(services).work_at) == ("failed", None)


def test_a_lease_that_ran_out_changes_nothing(services: Services, clock: Clock) -> None:
    attach(services, build_customer(services), "shot.png", picture("PNG")())
    slow = attachment_jobs._lease(services, clock())
    assert slow is not None
    clock.now += attachment_jobs.LEASE
    assert check(services, clock) == 1
    attachment_jobs._store(services, slow, {"preview": "failed", "work_at": None}, clock())
    assert now_of(services).preview == "made"


def test_two_workers_take_each_file_once(services: Services, clock: Clock) -> None:
    ada = build_customer(services)
    for _ in range(3):
        attach(services, ada, "shot.png", picture("PNG")())
    leased = [attachment_jobs._lease(services, clock()) for _ in range(4)]
    assert len({one.id for one in leased if one is not None}) == 3
    assert leased[3] is None


def test_a_worker_checks_files_and_sweeps_beside_its_mails(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.02)
    attach(services, build_customer(services), "shot.png", picture("PNG")())
    keep_file(services, "old.log", now=NOW - KeepFor().staged_files - timedelta(seconds=1))
    stop = Event()

    def now_and_stop_when_done() -> object:
        if now_of(services).preview == "made" and len(list(services.files.listing())) == 1:
            stop.set()
        return NOW

    worker.run(services, now_and_stop_when_done, stop)  # type: ignore[arg-type]
    assert now_of(services).preview == "made"
    assert [key for key, _ in services.files.listing()] == [now_of(services).key]


def test_a_store_that_is_away_does_not_end_the_worker(sqlite_services: Services) -> None:
    (sqlite_services.settings.var / "files").write_text("in the way", "utf-8")
    assert worker.sweep_files(sqlite_services, NOW) == 0


def test_what_a_command_says_by_its_exit_code() -> None:
    exits = "import sys; sys.stdout.write('one\\nTest.Worm\\n\\n'); sys.exit({})"
    assert virus_scan.scan(command(exits.format(0)), [b"x"]) == Verdict("clean")
    assert virus_scan.scan(command(exits.format(1)), [b"x"]) == Verdict("infected", "Test.Worm")
    assert virus_scan.scan(command(exits.format(40)), [b"x"]) == Verdict(
        "failed", "The scanner ended with 40: Test.Worm"
    )
    assert virus_scan.scan(command("import sys; sys.exit(1)"), []) == Verdict("infected", "The scanner found something")


def test_a_command_gets_the_file_by_its_path_or_as_its_input() -> None:
    by_path = command("import sys; sys.exit(open(sys.argv[1], 'rb').read() == b'a worm')", "{path}")
    by_input = command("import sys; sys.exit(sys.stdin.buffer.read() == b'a worm')")
    for setting in (by_path, by_input):
        assert virus_scan.scan(setting, [b"a ", b"worm"]).state == "infected"
        assert virus_scan.scan(setting, [b"a ", b"bird"]).state == "clean"


def test_a_command_that_hangs_or_is_not_there_has_failed() -> None:
    hanging = virus_scan.scan(command("import time; time.sleep(60)"), [b"x"], seconds=0.2)
    assert hanging == Verdict("failed", "The scanner took more than 0.2 seconds")
    assert virus_scan.scan("command:/no/such/scanner", [b"x"]).detail.startswith("The scanner can't be started: ")


def test_a_scanner_learns_no_secret_of_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMAPP_SECRET_KEY", "the desk's")
    told = "import os, sys; print(os.environ.get('FORMAPP_SECRET_KEY')); sys.exit(1)"
    assert virus_scan.scan(command(told), [b"x"]) == Verdict("infected", "None")


def test_clamd_is_asked_over_its_socket() -> None:
    with clamd() as twin:
        assert virus_scan.scan(twin.setting, [b"a ", b"bird"]) == Verdict("clean")
        assert virus_scan.scan(twin.setting, [b"a ", b"worm"]) == Verdict("infected", "Test.Worm")
        assert twin.got == [b"a bird", b"a worm"]
        assert virus_scan.scan(twin.setting, [b"silence"]) == Verdict("failed", "The scanner gave no answer")


def test_a_file_beyond_the_scanner_s_limit_has_no_verdict() -> None:
    with clamd() as twin:
        found = virus_scan.scan(twin.setting, [b"x" * 65_536] * 100)
    assert found.state == "failed"
    assert "size limit exceeded" in found.detail or "Broken pipe" in found.detail


def test_clamd_that_is_away_has_failed() -> None:
    found = virus_scan.scan("clamd:/no/such/socket", [b"x"])
    assert found.detail.startswith("The scanner at /no/such/socket can't be reached: ")


@pytest.mark.parametrize("says", ["raise SystemExit(0)", "print(seen); raise SystemExit(1)", "raise SystemExit(seen)"])
def test_no_log_quotes_a_file_or_names_it(
    services: Services, clock: Clock, capsys: pytest.CaptureFixture[str], says: str
) -> None:
    """What a scanner and the pictures' library say may hold both."""
    scanner = command(f"import sys; seen = sys.stdin.buffer.read().decode('latin-1') + ' CANARY.png'; {says}")
    desk = scanned_by(services, scanner)
    damaged = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDRCANARY CANARY CANARY"
    attach(desk, build_customer(services), "CANARY.png", damaged)
    check(desk, clock)
    said = capsys.readouterr().out
    assert "CANARY" not in said
    assert "attachment" in said
