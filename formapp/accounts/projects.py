"""Projects, their plans, and who belongs to them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts import magic_links
from formapp.accounts.accounts import LONGEST_NAME, account_in, add_account_in, is_there_already
from formapp.actors import OPERATOR, Actor, require_manager
from formapp.errors import AlreadyExists, NotFound, TextRefused, UseCaseError
from formapp.mail_address import normalise_address
from formapp.models import Account, Membership, Project, Ticket, Watcher
from formapp.services import Services
from formapp.text import is_blank, normalise_line
from formapp.translation import gettext as _

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def add_project(
    services: Services, key: str, name: str, plan: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> Project:
    """Make an active project. Raises AlreadyExists, NotPermitted, UseCaseError for what can't be a key."""
    if not _KEY.fullmatch(key):
        raise UseCaseError(_('"%(key)s" can\'t be a key: use small letters, digits and hyphens', key=key), "key")
    shown, plan_name = _checked(name, plan)
    project = Project(key=key, name=shown, plan=plan_name, is_active=True, created_at=now)
    try:
        with services.write.begin() as database:
            require_manager(database, actor)
            database.add(project)
            database.flush()
            _record(database, "project-added", project, actor, place, now)
    except IntegrityError:
        raise AlreadyExists(_("There is a project %(key)s already", key=key), "key") from None
    return project


def _checked(name: str, plan: str) -> tuple[str, str]:
    """Name and plan as they are stored. Raises UseCaseError with its field."""
    found = []
    for field, typed, called, empty in (
        ("name", name, _("The project's name"), _("The project's name can't be empty")),
        ("plan", plan, _("The project's plan"), _("The project's plan can't be empty")),
    ):
        try:
            text = normalise_line(typed, LONGEST_NAME, called)
        except TextRefused as refused:
            raise TextRefused(refused.message, field) from None
        if is_blank(text):
            raise UseCaseError(empty, field)
        found.append(text)
    return found[0], found[1]


def change_project(
    services: Services,
    key: str,
    now: datetime,
    *,
    name: str | None = None,
    plan: str | None = None,
    actor: Actor = OPERATOR,
    place: str = "",
) -> None:
    """Give a project another name or plan, which people see at once; promises already given stay.

    Raises NotFound, NotPermitted, UseCaseError.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        project = _project(database, key)
        shown, plan_name = _checked(project.name if name is None else name, project.plan if plan is None else plan)
        changed = [
            word for word, old, new in (("name", project.name, shown), ("plan", project.plan, plan_name)) if old != new
        ]
        project.name, project.plan = shown, plan_name
        if changed:
            _record(database, "project-changed", project, actor, place, now, changed=" and ".join(changed))


def close_project(services: Services, key: str, now: datetime, *, actor: Actor = OPERATOR, place: str = "") -> None:
    """End a project: its tickets stay, new ones can't be opened. Once more changes nothing.

    Raises NotFound, NotPermitted.
    """
    _set_active(services, key, False, now, actor, place)


def reopen_project(services: Services, key: str, now: datetime, *, actor: Actor = OPERATOR, place: str = "") -> None:
    """Let tickets be opened for a closed project again, by the members it had. Raises NotFound, NotPermitted."""
    _set_active(services, key, True, now, actor, place)


def _set_active(services: Services, key: str, is_active: bool, now: datetime, actor: Actor, place: str) -> None:
    with services.write.begin() as database:
        require_manager(database, actor)
        project = _project(database, key)
        if project.is_active != is_active:
            project.is_active = is_active
            _record(database, "project-reopened" if is_active else "project-closed", project, actor, place, now)


def add_person(
    services: Services,
    email: str,
    name: str,
    now: datetime,
    *,
    key: str = "",
    is_staff: bool = False,
    invite: bool = False,
    actor: Actor = OPERATOR,
    place: str = "",
) -> Account:
    """Make an account that is in a project from the start, where one is named, and invite the person where wanted.

    Raises what ``add_account`` does, and NotFound.
    """
    try:
        with services.write.begin() as database:
            require_manager(database, actor)
            by = audit.origin_of(actor, place)
            account = add_account_in(database, email, name, by, now, is_staff=is_staff)
            if key:
                add_member_in(database, account, key, by, now)
            if invite:
                magic_links.invite_in(services, database, account, by, now)
            return account
    except IntegrityError:
        raise is_there_already(normalise_address(email)) from None


def add_member(
    services: Services, email: str, key: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> None:
    """Let a person see and file a project's tickets; once more changes nothing. Raises NotFound, NotPermitted."""
    with services.write.begin() as database:
        require_manager(database, actor)
        add_member_in(database, account_in(database, email), key, audit.origin_of(actor, place), now)


def add_member_in(database: Session, account: Account, key: str, by: audit.Origin, now: datetime) -> None:
    """Let a person into a project, inside the caller's transaction, who has asked who may. Raises NotFound."""
    project = _project(database, key)
    if database.get(Membership, (account.id, project.id)) is None:
        database.add(Membership(account_id=account.id, project_id=project.id, created_at=now))
        audit.record(database, "member-added", by, now, subject_id=account.id, details={"project": project.key})


def remove_member(
    services: Services, email: str, key: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> None:
    """Let a person no longer see a project's tickets; what the person sent stays. Once more changes nothing.

    Raises NotFound, NotPermitted.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        account, project = account_in(database, email), _project(database, key)
        membership = database.get(Membership, (account.id, project.id))
        if membership is not None:
            database.delete(membership)
            # In copy by being a colleague: that ends with it, and doesn't come back with a new membership.
            of_project = select(Ticket.id).where(Ticket.project_id == project.id)
            database.execute(delete(Watcher).where(Watcher.account_id == account.id, Watcher.ticket_id.in_(of_project)))
            by, details = audit.origin_of(actor, place), {"project": project.key}
            audit.record(database, "member-removed", by, now, subject_id=account.id, details=details)


def _project(database: Session, key: str) -> Project:
    project = database.scalar(select(Project).where(Project.key == key).with_for_update(key_share=True))
    if project is None:
        raise NotFound(_("There is no project %(key)s", key=key))
    return project


def _record(
    database: Session, kind: str, project: Project, actor: Actor, place: str, now: datetime, **more: str
) -> None:
    audit.record(database, kind, audit.origin_of(actor, place), now, details={"project": project.key, **more})


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
