"""A copy of all that the desk keeps, made while it runs, looked over by the doctor; and the way back.

A backup is a folder with the database and the files. It stands under its name only when it is whole.
The database is copied first: a row's file is durable before the row is, so the files copied after it
are all that its rows need.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from formapp.database import schema
from formapp.database.engine import LOCK_SECONDS, open_database, sqlite_driver
from formapp.errors import UseCaseError
from formapp.models import Ticket
from formapp.operations import doctor, running, shared_files
from formapp.operations.doctor import Report
from formapp.operations.doctor.database import is_sqlite, one_line, place_of
from formapp.services import Services
from formapp.settings import sqlite_url
from formapp.storage.local import LocalFileStore, sync
from formapp.storage.store import FileStore

DATABASE = "desk.sqlite3"
FILES = "files"
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: where it is now, how much, and what the doctor says of it.

    ``saved`` is where a database that was overwritten is kept; None where none was.
    """

    place: Path
    tickets: int
    files: int
    report: Report
    saved: Path | None = None


def make_backup(services: Services, target: Path, now: datetime) -> Copied:
    """Copy database and files to a new folder, while the desk runs; the doctor then looks at the copy.

    A copy that the doctor finds problems in is kept all the same. Raises UseCaseError where the records
    aren't in SQLite, where the target is there already, and where something can't be read or written.
    """
    source = _database_of(services, "pg_dump")
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UseCaseError(f"{target} is there already. Name a new folder")
    if not source.is_file():
        raise UseCaseError(f"There is no database {source}")
    with _troubles_told("The backup failed"), _unfinished(target.parent, target.name) as making:
        _copy_database(source, making / DATABASE)
        if isinstance(services.files, LocalFileStore):
            _copy_files(services.files.folder, making / FILES)
        copied = _looked_over(services, making, now)
        _settle(making / DATABASE)
        making.rename(target)
        sync(target.parent)
    return replace(copied, place=target)


def restore(services: Services, source: Path, now: datetime, *, force: bool = False) -> Copied:
    """Put a backup in the desk's place, in one transaction; an older schema is taken to this release's.

    Raises UseCaseError where that would overwrite tickets or where the doctor finds problems in the backup,
    both unless forced; where the desk runs; where the backup is of a newer release; where something can't be
    read or written.
    """
    path = _database_of(services, "pg_restore")
    if not (source / DATABASE).is_file():
        raise UseCaseError(f"{source} is no backup: it has no {DATABASE}")
    services.database.engine.dispose()
    with (
        running.stopped(services.settings),
        _troubles_told("Nothing was restored"),
        _unfinished(path.parent, path.name) as making,
    ):
        for name in (DATABASE, f"{DATABASE}-wal"):
            if (source / name).exists():
                shutil.copyfile(source / name, making / name)
        staged = _staged(services, making, source / FILES, now)
        if not staged.report.sound and not force:
            problem = staged.report.problems[0]
            raise UseCaseError(
                f"The backup isn't sound: {problem.where}: {problem.what} To restore it all the same: --force"
            )
        saved = _set_aside(path, now, force=force)
        if isinstance(services.files, LocalFileStore) and (source / FILES).is_dir():
            _copy_files(source / FILES, services.files.folder)
        _put_in_place(making / DATABASE, path)
        # The store that the files were copied to is now the one of this database.
        shared_files.adopt(services)
    return replace(_counted(services, doctor.examine_data(services, now)), place=path, saved=saved)


def _database_of(services: Services, tool: str) -> Path:
    """The desk's SQLite file. Raises UseCaseError where there is another make, which ``tool`` is for."""
    if is_sqlite(services):
        return Path(place_of(services))
    files = services.settings.files or str(services.settings.var / FILES)
    raise UseCaseError(f"The records lie in PostgreSQL. Use {tool} for the database, then copy the files: {files}")


def _staged(services: Services, making: Path, files: Path, now: datetime) -> Copied:
    """A backup's database, taken to this release's schema and looked over."""
    database = open_database(sqlite_url(making / DATABASE))
    try:
        current, newest = schema.current_revision(database), schema.newest_revision()
        if current is None or current > newest:
            what = "is empty" if current is None else f"is at revision {current}, newer than this release ({newest})"
            raise UseCaseError(f"The backup {what}. Nothing was restored")
        schema.upgrade(database)
    finally:
        database.engine.dispose()
    return _looked_over(services, making, now, files)


def _looked_over(services: Services, folder: Path, now: datetime, files: Path | None = None) -> Copied:
    """What the doctor says of a copy."""
    database = open_database(sqlite_url(folder / DATABASE))
    store: FileStore = (
        LocalFileStore(files or folder / FILES) if isinstance(services.files, LocalFileStore) else services.files
    )
    settings = replace(services.settings, database_url=sqlite_url(folder / DATABASE), var=folder)
    copy = replace(services, settings=settings, database=database, files=store)
    try:
        return _counted(copy, doctor.examine_data(copy, now))
    finally:
        database.engine.dispose()


def _counted(services: Services, report: Report) -> Copied:
    tickets = 0
    try:
        with services.read() as database:
            tickets = database.scalar(select(func.count()).select_from(Ticket)) or 0
    except DBAPIError:
        # The report says why; a damaged database has no count.
        pass
    files = sum(1 for _ in services.files.listing()) if isinstance(services.files, LocalFileStore) else 0
    return Copied(services.settings.var, tickets, files, report)


def _set_aside(path: Path, now: datetime, *, force: bool) -> Path | None:
    """Copy the present database beside itself, if there is one. Raises UseCaseError where it must stay."""
    if not path.exists() or not path.stat().st_size:
        return None
    tickets = _tickets_in(path)
    if tickets == 0:
        return None
    if not force:
        holds = "can't be read" if tickets is None else f"holds {tickets} {'ticket' if tickets == 1 else 'tickets'}"
        raise UseCaseError(f"The database {path} {holds}. Nothing was restored. To overwrite it: --force")
    saved = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}")
    if tickets is None:
        shutil.copyfile(path, saved)
    else:
        _copy_database(path, saved)
    return saved


def _tickets_in(path: Path) -> int | None:
    """How many tickets a database holds; None where it can't be read."""
    try:
        with closing(_bare(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tickets'").fetchone():
                return 0
            return int(connection.execute("SELECT count(*) FROM tickets").fetchone()[0])
    except sqlite_driver().DatabaseError:
        return None


def _put_in_place(staged: Path, path: Path) -> None:
    """Overwrite a database by another in one transaction, so that a desk that runs sees the old or the new."""
    try:
        with closing(_bare(staged)) as source, closing(_bare(path)) as target:
            # Copying would wait for ever for its turn; this waits ten seconds.
            target.execute("BEGIN IMMEDIATE")
            target.execute("ROLLBACK")
            target.execute("PRAGMA synchronous=FULL")
            source.backup(target)
    except sqlite_driver().DatabaseError as error:
        if "not a database" not in str(error) and "malformed" not in str(error):
            raise
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        _settle(staged)
        staged.rename(path)
    sync(path)
    sync(path.parent)


def _copy_database(source: Path, target: Path) -> None:
    """One consistent copy, whatever is written meanwhile."""
    # Bare: within a transaction, as the engine's connections begin one, SQLite refuses to do it.
    with closing(_bare(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)
    sync(target)


def _copy_files(source: Path, target: Path) -> None:
    """Copy a file store's files that aren't there yet, durably; nothing under a key ever changes."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for shelf in sorted(source.iterdir()) if source.is_dir() else ():
        if not shelf.is_dir():
            continue
        (target / shelf.name).mkdir(mode=0o700, exist_ok=True)
        for file in shelf.iterdir():
            there = target / shelf.name / file.name
            if file.name.endswith(_UNFINISHED) or there.exists():
                continue
            whole = there.with_name(f"{there.name}.{secrets.token_hex(4)}{_UNFINISHED}")
            try:
                shutil.copyfile(file, whole)
            except FileNotFoundError:
                # Swept or dropped meanwhile, so no row of the copied database has it.
                continue
            whole.chmod(0o600)
            sync(whole)
            whole.rename(there)
        sync(target / shelf.name)
    sync(target)


def _settle(path: Path) -> None:
    """Leave all of a database in its one file, readable where nothing can be written."""
    with closing(_bare(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    sync(path)


def _bare(path: Path) -> Any:  # noqa: ANN401 - the driver's connection
    return sqlite_driver().connect(str(path), isolation_level=None, timeout=LOCK_SECONDS)


@contextmanager
def _unfinished(folder: Path, name: str) -> Iterator[Path]:
    """A folder of another name to work in; what is left of it is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    making = folder / f".{name}.{secrets.token_hex(4)}{_UNFINISHED}"
    making.mkdir(mode=0o700)
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextmanager
def _troubles_told(what: str) -> Iterator[None]:
    """What the disk or the database can't do, as a sentence."""
    try:
        yield
    except OSError as error:
        at = f" ({error.filename})" if error.filename else ""
        raise UseCaseError(f"{what}: {one_line(error.strerror or error)}{at}") from error
    except sqlite_driver().Error as error:
        raise UseCaseError(f"{what}: {one_line(error)}") from error
