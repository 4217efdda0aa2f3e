"""On PostgreSQL the desk starts only where all machines see the same files; nobody restores under a running desk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from formapp.errors import UseCaseError
from formapp.models import Installation
from formapp.operations import backup, doctor, running, shared_files
from formapp.operations.shared_files import NotShared
from formapp.services import Services
from formapp.storage import open_file_store
from tests.builders import NOW, build_customer, build_services, file_ticket
from tests.service.test_cli import Operator
from tests.service.working import comes_true


def machine(services: Services, folder: Path, *, shared: bool = True) -> Services:
    """Another machine on the same database, with a folder of its own."""
    settings = replace(services.settings, var=folder, files_shared=shared)
    return replace(services, settings=settings, files=open_file_store("", folder))


def findings(services: Services) -> list[str]:
    return [one.what for one in doctor.examine(services, NOW).problems if one.check == "shared files"]


def test_a_desk_on_postgresql_says_what_to_set(postgresql_services: Services, tmp_path: Path) -> None:
    alone = machine(postgresql_services, tmp_path, shared=False)
    with pytest.raises(NotShared, match="nobody has said that all its machines see the same files") as told:
        shared_files.begin(alone)
    assert "FORMAPP_FILES_SHARED=1" in str(told.value)
    assert "FORMAPP_FILES=s3://" in str(told.value)
    (what,) = findings(alone)
    assert "PostgreSQL" in what


def test_a_second_machine_with_a_folder_of_its_own_is_refused(postgresql_services: Services, tmp_path: Path) -> None:
    one, other = (machine(postgresql_services, tmp_path / name) for name in ("one", "other"))
    shared_files.begin(one)
    shared_files.begin(one)
    assert findings(one) == []
    with pytest.raises(NotShared, match=r"its files lie in another store.*formapp doctor --adopt-files"):
        shared_files.begin(other)
    assert findings(other) == [
        "The file store has no id, although the database knows one: its files lie in another store."
    ]
    other.files.identify("of another desk")
    with pytest.raises(NotShared, match="belongs to another database"):
        shared_files.begin(other)
    # Moved on purpose, as to a larger disk.
    shared_files.adopt(other)
    shared_files.begin(other)
    assert (findings(other), len(findings(one))) == ([], 1)


def test_of_two_machines_that_start_at_once_the_first_counts(postgresql_services: Services, tmp_path: Path) -> None:
    other = machine(postgresql_services, tmp_path / "other")
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with postgresql_services.write.begin() as first:
            first.add(Installation(id=1, files_id="of the first"))
            first.flush()
            second = pool.submit(shared_files.begin, other)
            assert comes_true(lambda: bool(first.scalar(waits)))
        with pytest.raises(NotShared, match="belongs to another database"):
            second.result(60)
    with postgresql_services.read() as database:
        assert database.scalars(select(Installation.files_id)).all() == ["of the first"]


def test_two_machines_with_one_folder_start_together(postgresql_services: Services, tmp_path: Path) -> None:
    for _ in range(3):
        shared_files.begin(machine(postgresql_services, tmp_path / "mounted"))
    assert findings(machine(postgresql_services, tmp_path / "mounted")) == []


def test_sqlite_needs_no_setting_and_the_doctor_knows_another_folder(sqlite_services: Services, tmp_path: Path) -> None:
    shared_files.begin(sqlite_services)
    assert findings(sqlite_services) == []
    moved = machine(sqlite_services, tmp_path / "moved", shared=False)
    shared_files.begin(moved)
    assert len(findings(moved)) == 1


def test_the_id_of_a_store_is_no_file_of_it(sqlite_services: Services) -> None:
    shared_files.begin(sqlite_services)
    first = sqlite_services.files.identity()
    assert first
    assert sqlite_services.files.identify("another") == first
    assert list(sqlite_services.files.listing()) == []


def test_the_commands_refuse_with_a_sentence(postgresql_services: Services, tmp_path: Path) -> None:
    url = postgresql_services.settings.database_url
    operator = Operator(tmp_path, url, FILES_SHARED="")
    for command in (("serve", "--port", "1"), ("worker",)):
        assert "FORMAPP_FILES_SHARED=1" in operator.is_refused(*command)
    told = Operator(tmp_path, url, FILES_SHARED="1").types("doctor", "--adopt-files").output
    assert "shared files" not in told
    assert findings(machine(postgresql_services, tmp_path)) == []


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that serves the desk in the folder ``var``."""
    script = (
        "import sys, pathlib, types; from formapp.operations import running;"
        "running.hold(types.SimpleNamespace(var=pathlib.Path(sys.argv[1]))); print('holds', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "var")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_nothing_is_restored_while_the_desk_runs(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    services = build_services(tmp_path / "var")
    file_ticket(services, build_customer(services))
    copied = backup.make_backup(services, tmp_path / "copy", NOW)
    with pytest.raises(UseCaseError, match=r"The desk is running\. Nothing was restored\. End formapp serve"):
        backup.restore(services, copied.place, NOW, force=True)
    # However it ends, also by force, it lets go.
    holder.kill()
    holder.wait()
    assert backup.restore(services, copied.place, NOW, force=True).report.sound
    services.database.engine.dispose()


def test_no_desk_starts_while_a_backup_is_restored(sqlite_services: Services) -> None:
    with (
        running.stopped(sqlite_services.settings),
        pytest.raises(UseCaseError, match=r"A backup is being restored\. Start the desk when that has ended"),
    ):
        running.hold(sqlite_services.settings)
