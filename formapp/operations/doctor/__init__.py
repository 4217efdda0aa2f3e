"""The doctor: is the desk sound? It looks at the database, the records, the files, and what the desk stands on.

It changes nothing. Each check by itself yields what it found; ``examine`` makes them all, the later
ones only where the earlier leave something to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from formapp.operations.doctor import database, file_store, records, search, surroundings, through
from formapp.operations.doctor.findings import Check, Finding, Report
from formapp.services import Services

__all__ = ["Finding", "Report", "examine", "examine_data", "unusable"]

SURROUNDINGS: Mapping[str, Check] = {
    "folders": surroundings.folders_writable,
    "secret": surroundings.secret_set,
    "private": surroundings.kept_private,
    "mail server": surroundings.mail_server_answers,
    "mailbox": surroundings.mailbox_answers,
    "closures file": surroundings.closures_told,
    "policy": surroundings.policy_taken_up,
    "holidays": surroundings.holidays_known,
    "file store": file_store.store_writable,
}
OPENING: Mapping[str, Check] = {"database": database.reachable, "schema": database.at_newest_revision}
DATA: Mapping[str, Check] = {
    "integrity": database.whole,
    "foreign keys": database.referring,
    "tickets": records.tickets_whole,
    "events": records.events_in_order,
    "messages": records.messages_recorded,
    "policies": records.policies_kept,
    "search index": search.tickets_indexed,
    "attachments": file_store.rows_have_files,
    "attached messages": file_store.messages_of_their_ticket,
}
READING_ALL: Mapping[str, Check] = {
    "contents": file_store.contents_are_those_sent,
    "search words": search.words_as_written,
}
RUNNING: Mapping[str, Check] = {
    "journal": database.durable,
    "database writable": database.writable,
    "closures": surroundings.closures_leave_time,
    "leases": records.leases_run_out,
    "worker": records.worker_works,
    "given up": records.nothing_given_up,
    "unused files": file_store.files_have_rows,
    "shared files": file_store.shared_by_all,
    "file work": file_store.work_done,
}
FROM_OUTSIDE: Mapping[str, Check] = {"public address": through.lets_through}


def examine(services: Services, now: datetime, *, contents: bool = False, from_outside: bool = False) -> Report:
    """Make every check. ``now`` is the present instant (aware), from which leases and ages are counted.

    With ``contents`` each attached file is read and compared with what was sent, and the words that search has with
    the texts; ``from_outside`` also asks the public address for what the web server lets through.
    """
    around = {**SURROUNDINGS, **(FROM_OUTSIDE if from_outside else {})}
    of_database = {**RUNNING, **DATA, **(READING_ALL if contents else {})}
    return _joined(_made(around, services, now), _of_database(of_database, services, now))


def unusable(error: Exception) -> Report:
    """The report on a desk that can't even be put together, because of a setting, the policy or a folder."""
    finding = Finding(
        "settings", "settings", f"The desk can't be opened: {error}", "Correct what it says, then look again."
    )
    return Report(("settings",), (finding,))


def examine_data(services: Services, now: datetime) -> Report:
    """Check only what is stored, with the files' contents, as of a copy that no desk runs on."""
    return _of_database({**DATA, **READING_ALL}, services, now)


def _of_database(checks: Mapping[str, Check], services: Services, now: datetime) -> Report:
    """Checks of an open database; where it can't be opened or isn't this release's, only that is told."""
    opened = Report((), ())
    for name, check in OPENING.items():
        opened = _joined(opened, _made({name: check}, services, now))
        if not opened.sound:
            return opened
    return _joined(opened, _made(checks, services, now))


def _made(checks: Mapping[str, Check], services: Services, now: datetime) -> Report:
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += check(services, now)
        except (SQLAlchemyError, OSError) as error:
            what = f"The check couldn't be finished: {database.one_line(getattr(error, 'orig', None) or error)}."
            findings.append(Finding(name, database.place_of(services), what, "Mend what it says, then look again."))
    return Report(tuple(checks), tuple(findings))


def _joined(one: Report, other: Report) -> Report:
    return Report(one.checks + other.checks, one.findings + other.findings)
