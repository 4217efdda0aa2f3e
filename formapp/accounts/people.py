"""People and projects as whoever manages them sees them: lists to search, and one of each with its members."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from formapp.actors import OPERATOR, Actor, require_manager
from formapp.errors import NotFound
from formapp.mail_address import address_to_find
from formapp.models import LARGEST_ID, Account, AddressChange, Membership, Project
from formapp.services import Services

Show = Literal["all", "staff", "disabled"]
_MOST_IN_A_QUESTION = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A project that somebody is in, since when."""

    key: str
    name: str
    is_active: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One person. ``new_email`` is the address that waits for its link until ``confirm_until``; "" for none."""

    number: int
    email: str
    name: str
    is_staff: bool
    manages_people: bool
    created_at: datetime
    disabled_at: datetime | None
    projects: tuple[Place, ...]
    new_email: str = ""
    confirm_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """One project, with the number of those who are in it."""

    key: str
    name: str
    plan: str
    is_active: bool
    created_at: datetime
    members: int


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """Somebody in a project, since when."""

    number: int
    email: str
    name: str
    is_disabled: bool
    project: str
    since: datetime


def list_people(
    services: Services,
    actor: Actor = OPERATOR,
    *,
    search: str = "",
    show: Show = "all",
    start: int = 0,
    most: int | None = None,
) -> tuple[PersonFacts, ...]:
    """People by name, of whose name and address every word of the search is a part. Raises NotPermitted.

    Case and accents don't count, in any script; that no database compares alike, so it is done here.
    """
    wanted = select(Account.id, Account.name, Account.email).where(Account.erased_at.is_(None))
    if show == "staff":
        wanted = wanted.where(Account.is_staff)
    elif show == "disabled":
        wanted = wanted.where(Account.disabled_at.is_not(None))
    wanted = wanted.order_by(Account.name, Account.id)
    words = folded(search).split()
    with services.read() as database:
        require_manager(database, actor)
        if words:
            found = [row.id for row in database.execute(wanted) if has_all(folded(f"{row.name} {row.email}"), words)]
            numbers = found[start : None if most is None else start + most]
        else:
            numbers = [row.id for row in database.execute(wanted.offset(start).limit(most))]
        return tuple(_people(database, numbers))


def person_facts(services: Services, email: str, actor: Actor = OPERATOR) -> PersonFacts:
    """The person of this address. Raises NotFound, NotPermitted."""
    return _one_person(services, actor, Account.email == address_to_find(email), f"There is no account for {email}")


def person_numbered(services: Services, number: int, actor: Actor = OPERATOR) -> PersonFacts:
    """The person whose account has this number. Raises NotFound, NotPermitted."""
    return _one_person(services, actor, Account.id == min(number, LARGEST_ID), "There is no such account")


def _one_person(services: Services, actor: Actor, which: object, missing: str) -> PersonFacts:
    with services.read() as database:
        require_manager(database, actor)
        number = database.scalar(select(Account.id).where(which, Account.erased_at.is_(None)))  # type: ignore[arg-type]
        if number is None:
            raise NotFound(missing)
        return _people(database, [number])[0]


def list_projects(
    services: Services, actor: Actor = OPERATOR, *, search: str = "", start: int = 0, most: int | None = None
) -> tuple[ProjectFacts, ...]:
    """Projects by name, closed ones too. Raises NotPermitted."""
    words = folded(search).split()
    with services.read() as database:
        require_manager(database, actor)
        found = [
            facts
            for facts in _projects(database, _PROJECTS.order_by(Project.name, Project.id))
            if has_all(folded(f"{facts.name} {facts.key} {facts.plan}"), words)
        ]
    return tuple(found[start : None if most is None else start + most])


def project_facts(services: Services, key: str, actor: Actor = OPERATOR) -> ProjectFacts:
    """One project. Raises NotFound, NotPermitted."""
    with services.read() as database:
        require_manager(database, actor)
        for facts in _projects(database, _PROJECTS.where(Project.key == key)):
            return facts
    raise NotFound(f"There is no project {key}")


def list_members(
    services: Services,
    actor: Actor = OPERATOR,
    *,
    project: str = "",
    email: str = "",
    start: int = 0,
    most: int | None = None,
) -> tuple[MemberFacts, ...]:
    """Who is in which project, by name; of one project or of one person where that is asked for.

    Raises NotFound for a project or a person that isn't there, and NotPermitted.
    """
    with services.read() as database:
        require_manager(database, actor)
        wanted = (
            select(Account, Project.key, Membership.created_at)
            .join(Membership, Membership.account_id == Account.id)
            .join(Project, Project.id == Membership.project_id)
            .order_by(Account.name, Account.id, Project.key)
        )
        if project:
            number = database.scalar(select(Project.id).where(Project.key == project))
            if number is None:
                raise NotFound(f"There is no project {project}")
            wanted = wanted.where(Project.id == number)
        if email:
            account = database.scalar(select(Account.id).where(Account.email == address_to_find(email)))
            if account is None:
                raise NotFound(f"There is no account for {email}")
            wanted = wanted.where(Account.id == account)
        return tuple(
            MemberFacts(
                row.Account.id,
                row.Account.email,
                row.Account.name,
                row.Account.disabled_at is not None,
                row.key,
                row.created_at,
            )
            for row in database.execute(wanted.offset(start).limit(most))
        )


_PROJECTS = (
    select(Project, func.count(Membership.account_id).label("members"))
    .outerjoin(Membership, Membership.project_id == Project.id)
    .group_by(Project.id)
)


def _projects(database: Session, wanted: Select[Project, int]) -> Iterable[ProjectFacts]:
    for row in database.execute(wanted):
        project = row.Project
        yield ProjectFacts(project.key, project.name, project.plan, project.is_active, project.created_at, row.members)


def _people(database: Session, numbers: list[int]) -> list[PersonFacts]:
    """The facts of these accounts, in this order."""
    found: dict[int, PersonFacts] = {}
    for start in range(0, len(numbers), _MOST_IN_A_QUESTION):
        some = numbers[start : start + _MOST_IN_A_QUESTION]
        places: dict[int, list[Place]] = {}
        for row in database.execute(
            select(Membership.account_id, Membership.created_at, Project)
            .join(Project, Project.id == Membership.project_id)
            .where(Membership.account_id.in_(some))
            .order_by(Project.name, Project.id)
        ):
            place = Place(row.Project.key, row.Project.name, row.Project.is_active, row.created_at)
            places.setdefault(row.account_id, []).append(place)
        changes = {
            change.account_id: change
            for change in database.scalars(select(AddressChange).where(AddressChange.account_id.in_(some)))
        }
        for account in database.scalars(select(Account).where(Account.id.in_(some))):
            change = changes.get(account.id)
            found[account.id] = PersonFacts(
                account.id,
                account.email,
                account.name,
                account.is_staff,
                account.manages_people,
                account.created_at,
                account.disabled_at,
                tuple(places.get(account.id, ())),
                change.email if change else "",
                change.expires_at if change else None,
            )
    return [found[number] for number in numbers]


def folded(text: str) -> str:
    """A text as it is searched: without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


def has_all(text: str, words: list[str]) -> bool:
    """Whether each of these words is a part of the text; both are folded."""
    return all(word in text for word in words)
