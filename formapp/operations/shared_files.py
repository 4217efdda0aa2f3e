"""Whether the file store is the one that the database's tickets have their files in.

Two machines on one database, each with a folder of its own, lose each other's files. So the desk on
PostgreSQL starts only where somebody has said that the folder is shared, and an id in the database is compared with
one in the file store.
"""

from __future__ import annotations

from sqlalchemy import select

from formapp.database.upsert import insert_for
from formapp.models import Installation
from formapp.services import Services
from formapp.setting_names import PREFIX
from formapp.tokens import new_token

_ONLY_ROW = 1
HOW_TO_SHARE = (
    f"Put them into a bucket ({PREFIX}FILES=s3://...), or mount one folder as {PREFIX}VAR/files on all machines and "
    f"say so: {PREFIX}FILES_SHARED=1, also where there is one machine."
)


class NotShared(Exception):
    """This machine may not take files for this database; the message says why, and what to do."""


def why_not_shared(services: Services) -> str:
    """Why this file store may be one that other machines on the same database don't see; "" where it may not."""
    if _is_on_one_machine(services) or services.settings.files or services.settings.files_shared:
        return ""
    return "The database is PostgreSQL, and nobody has said that all its machines see the same files."


def why_another(services: Services) -> str:
    """Why this file store isn't the one of the database; "" where it is, or where neither has begun. Raises OSError."""
    known, found = _id_in_database(services), services.files.identity()
    if not known or known == found:
        return ""
    if not found:
        return "The file store has no id, although the database knows one: its files lie in another store."
    return "The file store belongs to another database: its id isn't the one that the database knows."


def begin(services: Services) -> None:
    """Let database and file store know each other, when a desk starts. Raises NotShared, or OSError."""
    if trouble := why_not_shared(services):
        raise NotShared(f"{trouble} {HOW_TO_SHARE}")
    if not _id_in_database(services):
        # Of machines that start together the first counts, and the others are told that their files lie elsewhere.
        _know(services, replacing=False)
    if (trouble := why_another(services)) and not _is_on_one_machine(services):
        raise NotShared(f"{trouble} Use the right store, or say that this is it: formapp doctor --adopt-files.")


def adopt(services: Services) -> None:
    """Say that this file store is the database's; the id of the store counts, if it has one. Raises OSError."""
    _know(services, replacing=True)


def _know(services: Services, *, replacing: bool) -> None:
    """Write the id of this file store into the database; where it knows one, only if it is to be replaced."""
    found = services.files.identity() or services.files.identify(new_token())
    with services.write.begin() as database:
        statement = insert_for(database, Installation).values(id=_ONLY_ROW, files_id=found)
        key = [Installation.id]
        database.execute(
            statement.on_conflict_do_update(index_elements=key, set_={"files_id": found})
            if replacing
            else statement.on_conflict_do_nothing(index_elements=key)
        )


def _is_on_one_machine(services: Services) -> bool:
    return services.database.engine.dialect.name == "sqlite"


def _id_in_database(services: Services) -> str:
    with services.read() as database:
        return database.scalar(select(Installation.files_id)) or ""
