"""The file store, on a disk and in a bucket: nothing shows before it is whole, and what is kept is durable."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formapp.setting_values import BadSetting
from formapp.storage import open_file_store
from formapp.storage.local import LocalFileStore
from formapp.storage.store import CHUNK, FileStore
from tests.attachments.bucket import Bucket, bucket_server, new_bucket
from tests.builders import REPOSITORY

FACTS = {"name": "größer.log", "size": 8, "received_at": "2026-11-24T14:00:00+00:00"}
ODD_KEYS = (
    "",
    ".",
    "..",
    "../secret-key",
    "a" * 42,
    "a" * 44,
    "a" * 42 + "/",
    "a" * 43 + "\n",
    "ü" * 43,
    "a" * 42 + "\0",
)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with bucket_server() as address:
        yield address


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = new_bucket(server)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture(params=["disk", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """Both makers."""
    setting = request.getfixturevalue("bucket").address if request.param == "bucket" else ""
    return open_file_store(setting, tmp_path)


def keep(files: FileStore, content: bytes = b"one line", facts: dict[str, Any] | None = None) -> str:
    writing = files.create()
    writing.write(content)
    return writing.commit(FACTS if facts is None else facts)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_was_kept_comes_back_with_its_facts(files: FileStore) -> None:
    content = bytes(range(256)) * 40_000
    writing = files.create()
    for start in range(0, len(content), 1_000_000):
        writing.write(content[start : start + 1_000_000])
    key = writing.commit(FACTS)
    assert files.metadata(key) == FACTS
    chunks = list(files.read(key))
    assert b"".join(chunks) == content
    assert max(map(len, chunks)) <= CHUNK


def test_keys_are_secrets_of_their_own(files: FileStore) -> None:
    keys = {keep(files) for _ in range(5)}
    assert len(keys) == 5
    assert {len(key) for key in keys} == {43}
    assert {key for key, _ in files.listing()} == keys


def test_nothing_shows_before_it_is_kept_nor_after_it_is_discarded(files: FileStore) -> None:
    writing = files.create()
    writing.write(b"half")
    assert all(files.metadata(key) is None for key, _ in files.listing())
    writing.discard()
    writing.discard()
    assert list(files.listing()) == []
    with pytest.raises(ValueError, match="stored or discarded"):
        writing.write(b"more")
    with pytest.raises(ValueError, match="stored or discarded"):
        writing.commit(FACTS)


def test_a_kept_file_is_not_discarded(files: FileStore) -> None:
    writing = files.create()
    writing.write(b"whole")
    key = writing.commit(FACTS)
    writing.discard()
    assert b"".join(files.read(key)) == b"whole"


def test_a_removed_file_is_gone_with_all_beside_it(files: FileStore) -> None:
    key, other = keep(files), keep(files)
    files.put_derived(key, "webp", b"picture")
    files.remove(key)
    files.remove(key)
    assert files.metadata(key) is None
    assert files.read_derived(key, "webp") is None
    with pytest.raises(FileNotFoundError):
        files.read(key)
    assert [found for found, _ in files.listing()] == [other]


def test_what_lies_beside_is_put_anew_and_read(files: FileStore) -> None:
    key = keep(files)
    assert files.read_derived(key, "webp") is None
    files.put_derived(key, "webp", b"first")
    files.put_derived(key, "webp", b"second")
    assert files.read_derived(key, "webp") == b"second"
    assert [found for found, _ in files.listing()] == [key]
    for suffix in ("json", "part", "content", "../x", "", "a.b"):
        with pytest.raises(ValueError, match="no suffix"):
            files.put_derived(key, suffix, b"")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_that_no_store_made_is_unknown_and_reaches_nothing(files: FileStore, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret-key").write_text("secret", "utf-8")
    assert files.metadata(key) is None
    assert files.read_derived(key, "webp") is None
    files.remove(key)
    with pytest.raises(FileNotFoundError):
        files.read(key)
    with pytest.raises(FileNotFoundError):
        files.put_derived(key, "webp", b"")
    assert (tmp_path / "secret-key").read_text("utf-8") == "secret"


def test_the_listing_says_when_each_was_written(files: FileStore) -> None:
    assert list(files.listing()) == []
    keep(files)
    (_, written), *_ = files.listing()
    assert abs(datetime.now(UTC) - written) < timedelta(seconds=60)


def test_a_check_leaves_nothing(files: FileStore) -> None:
    files.check()
    assert list(files.listing()) == []


def test_facts_that_were_spoilt_are_none(tmp_path: Path) -> None:
    files = LocalFileStore(tmp_path)
    key = keep(files)
    for spoilt in (b"", b"{", b"[1]", b"\xff"):
        (tmp_path / key[:2] / f"{key}.json").write_bytes(spoilt)
        assert files.metadata(key) is None


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    files = LocalFileStore(tmp_path / "files")
    key = keep(files)
    files.put_derived(key, "webp", b"picture")
    found = [tmp_path / "files", *(tmp_path / "files").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}


class Disk:
    """Watches what is made durable in which order, and fails at the n-th step where it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int = 0) -> None:
        self.steps: list[str] = []
        self.fails_at = fails_at
        for name in ("fsync", "rename", "replace"):
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, real: Callable[..., None]) -> Callable[..., None]:
        def step(*arguments: Any) -> None:
            what = Path(f"/proc/self/fd/{arguments[0]}").readlink() if name == "fsync" else Path(arguments[-1])
            ending = what.suffix.lstrip(".") or ("key" if len(what.name) == 43 else "folder")
            self.steps.append(f"{name} {ending}")
            if len(self.steps) == self.fails_at:
                raise OSError(28, "No space left on device")
            real(*arguments)

        return step


def test_bytes_are_durable_before_facts_and_both_names_before_the_key_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalFileStore(tmp_path)
    writing = files.create()
    writing.write(b"x" * 100_000)
    disk = Disk(monkeypatch)
    writing.commit(FACTS)
    assert disk.steps == ["fsync part", "rename key", "fsync part", "replace json", "fsync folder"]


def test_a_disk_that_fails_at_any_step_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = 0
    for step in range(1, 20):
        files = LocalFileStore(tmp_path / str(step))
        with monkeypatch.context() as patched:
            Disk(patched, fails_at=step)
            writing = None
            try:
                writing = files.create()
                writing.write(b"x" * 100_000)
                key = writing.commit(FACTS)
            except OSError:
                failed += 1
                if writing is not None:
                    writing.discard()
                assert names_in(files.folder) == [], step
                continue
        assert b"".join(files.read(key)) == b"x" * 100_000
        break
    assert failed == 7, "two folders' names, and each step of the file"


def test_a_full_disk_is_an_os_error_and_leaves_nothing(tmp_path: Path) -> None:
    """A write that the disk doesn't take: here by the process's own limit for the size of a file."""
    script = (
        "import resource, signal, sys, pathlib\n"
        "from formapp.storage.local import LocalFileStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "writing = LocalFileStore(pathlib.Path(sys.argv[1])).create()\n"
        "try:\n"
        "    for _ in range(10):\n"
        "        writing.write(b'x' * 65_536)\n"
        "    writing.commit({})\n"
        "except OSError as error:\n"
        "    writing.discard()\n"
        "    print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], cwd=REPOSITORY, capture_output=True, check=True)
    assert done.stdout.strip() == b"27"
    assert names_in(tmp_path) == []


def test_a_process_that_is_killed_leaves_a_half_that_is_listed_and_can_be_removed(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib, signal\n"
        "from formapp.storage.local import LocalFileStore\n"
        "writing = LocalFileStore(pathlib.Path(sys.argv[1])).create()\n"
        "for _ in range(10):\n"
        "    writing.write(b'x' * 65_536)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], cwd=REPOSITORY, check=False)
    assert done.returncode == -9
    files = LocalFileStore(tmp_path)
    ((key, _),) = files.listing()
    assert files.metadata(key) is None
    with pytest.raises(FileNotFoundError):
        files.read(key)
    files.remove(key)
    assert names_in(tmp_path) == []


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way", "utf-8")
    with pytest.raises(OSError, match="files"):
        LocalFileStore(tmp_path / "files").check()
    with pytest.raises(OSError, match="files"):
        LocalFileStore(tmp_path / "files").create()


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_told_from_a_file_that_is_not_there(tmp_path: Path) -> None:
    files = open_file_store("s3://no-such-bucket-here/attachments", tmp_path)
    writing = files.create()
    writing.write(b"x")
    attempts = (
        files.check,
        lambda: writing.commit(FACTS),
        lambda: files.metadata("a" * 43),
        lambda: files.read("a" * 43),
    )
    for attempt in attempts:
        with pytest.raises(OSError, match="the bucket for files isn't there") as away:
            attempt()
        assert not isinstance(away.value, FileNotFoundError)


def test_a_bucket_that_is_away_is_an_os_error_soon(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    files = open_file_store(bucket.address, tmp_path)
    with pytest.raises(OSError, match="the bucket for files can't be used"):
        files.check()
    with pytest.raises(OSError, match="the bucket for files can't be used"):
        files.metadata("a" * 43)


def test_a_bucket_without_the_package_for_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "formapp.storage.s3", None)
    with pytest.raises(BadSetting, match='FORMAPP_FILES names a bucket; install the desk with its extra "s3"'):
        open_file_store("s3://desk-files", tmp_path)


def test_two_prefixes_of_a_bucket_are_two_stores(bucket: Bucket, tmp_path: Path) -> None:
    one, other = open_file_store(bucket.address, tmp_path), open_file_store(f"{bucket.address}-of-tests", tmp_path)
    key = keep(one)
    assert other.metadata(key) is None
    assert list(other.listing()) == []


@pytest.mark.nightly
@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_25_megabytes_stream_through_little_memory(request: pytest.FixtureRequest, tmp_path: Path, where: str) -> None:
    address = request.getfixturevalue("bucket").address if where == "bucket" else ""
    command = [sys.executable, "-m", "tests.attachments.memory", str(tmp_path), address]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert int(done.stdout) < 30_000_000


def test_files_leave_the_last_of_the_disk_to_the_tickets(tmp_path: Path) -> None:
    roomy, full = LocalFileStore(tmp_path / "files"), LocalFileStore(tmp_path / "files", reserve=2**62)
    writing = roomy.create()
    writing.write(b"kept before")
    key = writing.commit(FACTS)
    for act in (full.create, full.check):
        with pytest.raises(OSError, match="MB are free") as refused:
            act()
        assert refused.value.errno == errno.ENOSPC
    assert b"".join(full.read(key)) == b"kept before"
    assert [key for key, _ in full.listing()] == [key]
