"""What every use case needs, put together once: settings, database, policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from formapp.database.engine import Database, ReadSessions, WriteSessions, open_database
from formapp.setting_names import PREFIX
from formapp.setting_values import BadSetting, not_writable
from formapp.settings import Settings
from formapp.storage import open_file_store
from formapp.storage.store import FileStore
from supportpolicy import Policy, load


@dataclass(frozen=True, slots=True)
class Services:
    """The desk. ``policy`` is loaded at start; an edited file counts from the next start on.

    ``files`` is where the bytes of attachments lie.
    """

    settings: Settings
    database: Database
    policy: Policy
    files: FileStore

    @property
    def read(self) -> ReadSessions:
        """Sessions that only read."""
        return self.database.read

    @property
    def write(self) -> WriteSessions:
        """Sessions that write."""
        return self.database.write


def make_services(settings: Settings) -> Services:
    """The desk of these settings. Raises PolicyError for a policy that can't be used, BadSetting for such a folder, or
    where a package for the database is missing."""
    try:
        if settings.database_url.startswith("sqlite:///"):
            settings.var.mkdir(parents=True, exist_ok=True)
        files = open_file_store(settings.files, settings.var)
    except OSError as error:
        raise not_writable(settings.var, error) from None
    try:
        database = open_database(settings.database_url)
    except ModuleNotFoundError as missing:
        raise BadSetting(
            f'{PREFIX}DATABASE_URL names PostgreSQL; install the desk with its extra "postgresql" for it.'
        ) from missing
    return Services(settings, database, load(settings.policy), files)


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)
