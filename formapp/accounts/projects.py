"""Projects, their plans, and who belongs to them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts.accounts import LONGEST_NAME
from formapp.errors import AlreadyExists, NotFound, UseCaseError
from formapp.mail_address import address_to_find
from formapp.models import Account, Membership, Project
from formapp.services import Services
from formapp.text import is_blank, normalise_line

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def add_project(services: Services, key: str, name: str, plan: str, now: datetime) -> Project:
    """Make an active project. Raises AlreadyThere, or Refused for a key that can't stand in an address."""
    if not _KEY.fullmatch(key):
        raise UseCaseError(f'"{key}" can\'t be a key: use small letters, digits and hyphens', "key")
    shown = normalise_line(name, LONGEST_NAME, "The project's name")
    plan_name = normalise_line(plan, LONGEST_NAME, "The project's plan")
    for field, text in (("name", shown), ("plan", plan_name)):
        if is_blank(text):
            raise UseCaseError(f"The project's {field} can't be empty", field)
    project = Project(key=key, name=shown, plan=plan_name, is_active=True, created_at=now)
    try:
        with services.write.begin() as database:
            database.add(project)
    except IntegrityError:
        raise AlreadyExists(f"There is a project {key} already", "key") from None
    return project


def close_project(services: Services, key: str) -> None:
    """End a project: its tickets stay, new ones can't be opened. Raises NotFound."""
    with services.write.begin() as database:
        project = database.scalar(select(Project).where(Project.key == key))
        if project is None:
            raise NotFound(f"There is no project {key}")
        project.is_active = False


def add_member(services: Services, email: str, key: str, now: datetime, *, by: audit.Origin | None = None) -> None:
    """Let a person see and file a project's tickets; once more changes nothing. Raises NotFound.

    Without ``by`` an operator does.
    """
    with services.write.begin() as database:
        account, project = _person_and_project(database, email, key)
        if database.get(Membership, (account.id, project.id)) is None:
            database.add(Membership(account_id=account.id, project_id=project.id, created_at=now))
            _record_member(database, "member-added", account, project, by, now)


def remove_member(services: Services, email: str, key: str, now: datetime, *, by: audit.Origin | None = None) -> None:
    """Let a person no longer see a project's tickets; once more changes nothing. Raises NotFound.

    Without ``by`` an operator does.
    """
    with services.write.begin() as database:
        account, project = _person_and_project(database, email, key)
        membership = database.get(Membership, (account.id, project.id))
        if membership is not None:
            database.delete(membership)
            _record_member(database, "member-removed", account, project, by, now)


def _person_and_project(database: Session, email: str, key: str) -> tuple[Account, Project]:
    account = database.scalar(select(Account).where(Account.email == address_to_find(email)))
    project = database.scalar(select(Project).where(Project.key == key))
    if account is None or project is None:
        raise NotFound(f"There is no account for {email}" if account is None else f"There is no project {key}")
    return account, project


def _record_member(
    database: Session, kind: str, account: Account, project: Project, by: audit.Origin | None, now: datetime
) -> None:
    origin, details = by or audit.command_line(), {"project": project.key}
    audit.record(database, kind, origin, now, subject_id=account.id, details=details)


def every_project(services: Services) -> tuple[Project, ...]:
    """All projects, closed ones too, by name."""
    with services.read() as database:
        return tuple(database.scalars(select(Project).order_by(Project.name, Project.id)))


def active_projects_of(services: Services, account_id: int) -> tuple[Project, ...]:
    """The active projects that a person is in, by name."""
    with services.read() as database:
        found = database.scalars(
            select(Project)
            .join(Membership, Membership.project_id == Project.id)
            .join(Account, Account.id == Membership.account_id)
            .where(Account.id == account_id, Account.disabled_at.is_(None), Project.is_active)
            .order_by(Project.name, Project.id)
        )
        return tuple(found)
