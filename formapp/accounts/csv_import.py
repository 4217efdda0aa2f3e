"""Many people at once, from a table: all of its lines, or none.

A line has an address, a name and a project's key. Who has no account gets one; who has one keeps its name, and
joins the project. Every bad line is named, and while there is one nothing is changed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts import magic_links
from formapp.accounts.accounts import account_in, checked_address, checked_name
from formapp.actors import OPERATOR, Actor, require_manager
from formapp.errors import UseCaseError
from formapp.models import Account, Membership, Project
from formapp.services import Services
from formapp.translation import gettext as _
from formapp.translation import ngettext, number_words

COLUMNS = ("email", "name", "project")
MOST_LINES = 20_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that can't be taken, and why; ``number`` is that of its first line in the file, the heading's is 1."""

    number: int
    sentence: str


class BadTable(UseCaseError):
    """A table with lines that can't be taken; nothing of it was."""

    field = "table"

    def __init__(self, lines: Sequence[BadLine]) -> None:
        super().__init__(
            ngettext(
                "%(count)s line can't be taken, so nothing was changed",
                "%(count)s lines can't be taken, so nothing was changed",
                len(lines),
            )
        )
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done, or would be: people without an account before, and those who joined a project."""

    lines: int
    accounts: int
    members: int


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    email: str
    name: str
    project: str


def import_people(
    services: Services,
    table: str,
    now: datetime,
    *,
    invite: bool = False,
    dry_run: bool = False,
    actor: Actor = OPERATOR,
    place: str = "",
) -> Imported:
    """Add the people of a table (CSV with a heading) to its projects, in one transaction.

    With ``invite`` each new one is sent a link. With ``dry_run`` all is judged and nothing changed. Raises
    BadTable, NotPermitted, and UseCaseError where it is no table at all.
    """
    lines, bad = _read(table)
    try:
        with services.write.begin() as database:
            require_manager(database, actor)
            return _import(services, database, lines, bad, audit.origin_of(actor, place), now, invite, dry_run)
    except IntegrityError:
        raise UseCaseError(_("Somebody else has added one of these people meanwhile. Try again"), "table") from None


def _import(
    services: Services,
    database: Session,
    lines: list[_Line],
    bad: list[BadLine],
    by: audit.Origin,
    now: datetime,
    invite: bool,
    dry_run: bool,
) -> Imported:
    accounts = _accounts(database, lines)
    projects = {project.key: project for project in database.scalars(select(Project))}
    bad += [BadLine(line.number, why) for line in lines if (why := _refusal(line, accounts, projects))]
    if bad:
        raise BadTable(sorted(bad, key=lambda one: one.number))
    new = _names_of_new(lines, accounts)
    wanted = _memberships(database, lines, accounts, projects)
    done = Imported(len(lines), len(new), len(wanted))
    if dry_run:
        return done
    made = _add_accounts(database, new, by, now)
    numbers = made | {email: account.id for email, account in accounts.items()}
    _add_members(database, [(numbers[email], projects[key]) for email, key in wanted], by, now)
    if invite:
        for email in made:
            magic_links.invite_in(services, database, account_in(database, email), by, now)
    details = {"lines": done.lines, "accounts": done.accounts, "members": done.members}
    audit.record(database, "members-imported", by, now, details=details)
    return done


def _read(table: str) -> tuple[list[_Line], list[BadLine]]:
    """The lines that are well formed, and the others. Raises UseCaseError for what has no heading."""
    table = table.removeprefix("\ufeff")
    heading = table.split("\n", 1)[0]
    delimiter = ";" if ";" in heading and "," not in heading else "\t" if "\t" in heading else ","
    rows = _rows(table, delimiter)
    names = [word.strip().lower() for word in next(rows, (0, [], ""))[1]]
    if not {"email", "project"} <= set(names) or not set(names) <= set(COLUMNS) or len(set(names)) < len(names):
        raise UseCaseError(
            _("The first line must name the columns: email,name,project (name may be left out)"), "table"
        )
    lines: list[_Line] = []
    bad: list[BadLine] = []
    seen: dict[tuple[str, str], int] = {}
    called: dict[str, _Line] = {}
    for number, row, broken in rows:
        try:
            if broken:
                raise UseCaseError(broken)
            if len(row) != len(names):
                raise UseCaseError(
                    _("There are %(found)s columns instead of %(wanted)s", found=len(row), wanted=len(names))
                )
            line = _checked(number, dict(zip(names, row, strict=True)))
            if (before := seen.setdefault((line.email, line.project), number)) != number:
                raise UseCaseError(
                    _(
                        "%(email)s in %(key)s is on line %(number)s too",
                        email=line.email,
                        key=line.project,
                        number=before,
                    )
                )
            first = called.setdefault(line.email, line)
            if line.name and first.name and line.name != first.name:
                raise UseCaseError(
                    _("%(email)s has another name on line %(number)s", email=line.email, number=first.number)
                )
            called[line.email] = first if first.name else line
            lines.append(line)
        except UseCaseError as refused:
            bad.append(BadLine(number, refused.message))
    if not lines and not bad:
        raise UseCaseError(_("The table has no line below its heading"), "table")
    return lines, bad


def _rows(table: str, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Each row that isn't empty with the number of its first line; what can't be read ends them, with why."""
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=delimiter, strict=True)
    count = 0
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, [], _("The line and those below can't be read: %(reason)s", reason=error)
            return
        if any(cell.strip() for cell in row):
            count += 1
            if count > MOST_LINES + 1:
                yield (
                    number,
                    [],
                    _("There are more than %(most)s lines. Import them in parts", most=number_words(MOST_LINES)),
                )
                return
            yield number, row, ""


def _checked(number: int, cells: dict[str, str]) -> _Line:
    key = cells["project"].strip()
    if not key:
        raise UseCaseError(_("No project is named"))
    return _Line(number, checked_address(cells["email"]), checked_name(cells.get("name", "")), key)


def _accounts(database: Session, lines: Sequence[_Line]) -> dict[str, Account]:
    """The accounts that the addresses of these lines have."""
    emails = list({line.email for line in lines})
    found: dict[str, Account] = {}
    for start in range(0, len(emails), _AT_ONCE):
        wanted = select(Account).where(Account.email.in_(emails[start : start + _AT_ONCE]))
        found |= {account.email: account for account in database.scalars(wanted)}
    return found


def _refusal(line: _Line, accounts: dict[str, Account], projects: dict[str, Project]) -> str:
    """Why a line that is well formed can't be taken all the same; "" for nothing."""
    account, project = accounts.get(line.email), projects.get(line.project)
    if project is None:
        return _("There is no project %(key)s", key=line.project)
    if not project.is_active:
        return _("The project %(key)s is closed", key=line.project)
    if account is not None and account.disabled_at is not None:
        return _("The account of %(email)s is disabled", email=line.email)
    return ""


def _memberships(
    database: Session, lines: Sequence[_Line], accounts: dict[str, Account], projects: dict[str, Project]
) -> list[tuple[str, str]]:
    """Address and project of each line whose person isn't in the project yet."""
    numbers = [account.id for account in accounts.values()]
    there: set[tuple[int, int]] = set()
    for start in range(0, len(numbers), _AT_ONCE):
        wanted = select(Membership.account_id, Membership.project_id).where(
            Membership.account_id.in_(numbers[start : start + _AT_ONCE])
        )
        there |= {(row.account_id, row.project_id) for row in database.execute(wanted)}
    return [
        (line.email, line.project)
        for line in lines
        if line.email not in accounts or (accounts[line.email].id, projects[line.project].id) not in there
    ]


def _names_of_new(lines: Sequence[_Line], accounts: dict[str, Account]) -> dict[str, str]:
    """The addresses without an account, each with the name that one of its lines has."""
    names: dict[str, str] = {}
    for line in lines:
        if line.email not in accounts:
            names[line.email] = names.get(line.email) or line.name
    return names


def _add_accounts(database: Session, names: dict[str, str], by: audit.Origin, now: datetime) -> dict[str, int]:
    """Make an account for each address; the numbers that they get."""
    rows = [
        {"email": email, "name": name or email, "is_staff": False, "created_at": now} for email, name in names.items()
    ]
    numbers: dict[str, int] = {}
    if rows:
        added = insert(Account).returning(Account.email, Account.id)
        numbers = {row.email: row.id for row in database.connection().execute(added, rows)}
    audit.record_each(database, "account-added", by, now, ((number, {"staff": False}) for number in numbers.values()))
    return numbers


def _add_members(database: Session, members: Sequence[tuple[int, Project]], by: audit.Origin, now: datetime) -> None:
    rows = [{"account_id": number, "project_id": project.id, "created_at": now} for number, project in members]
    if rows:
        database.connection().execute(insert(Membership), rows)
    audit.record_each(
        database, "member-added", by, now, ((number, {"project": project.key}) for number, project in members)
    )
