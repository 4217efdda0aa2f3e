"""Received mail as staff see it, and what they decide of what was held: accept it, or mark it as spam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts import accounts, projects
from formapp.actors import acting_account, require_staff
from formapp.errors import NotFound, UseCaseError
from formapp.incoming_mail.outcomes import MailOutcome
from formapp.incoming_mail.parsing import Unreadable
from formapp.incoming_mail.processing import process
from formapp.incoming_mail.reading import ReadMail, read_mail
from formapp.models import LARGEST_ID, Account, IncomingMail, Membership, Project, Ticket
from formapp.services import Services
from formapp.translation import gettext as _

UNREACHED_FOR = timedelta(days=30)
"""How long a report that mail didn't arrive is shown at its person, where none of theirs came since."""


@dataclass(frozen=True, slots=True)
class MailFacts:
    """A received mail as staff see it. ``project_key`` is that of its ticket; "" where there is none."""

    mail: IncomingMail
    reference: str
    project_key: str
    project_name: str
    person: str
    """The name of the account that has the sender's address, or that mail doesn't reach."""
    is_member: bool
    decided_by: str


def mails(
    services: Services, actor: int, *, held: bool, before: int | None = None, most: int = 50
) -> tuple[MailFacts, ...]:
    """Received mails, the newest first: those that wait for a decision, or all. Raises NotPermitted."""
    wanted = select(IncomingMail.id).order_by(IncomingMail.id.desc()).limit(most)
    if held:
        wanted = wanted.where(IncomingMail.state == "held")
    if before is not None:
        wanted = wanted.where(IncomingMail.id < before)
    with services.read() as database:
        require_staff(database, actor)
        return tuple(_facts(database, number) for number in database.scalars(wanted).all())


def mail_numbered(services: Services, actor: int, number: int) -> MailFacts:
    """One received mail. Raises NotFound, NotPermitted."""
    with services.read() as database:
        require_staff(database, actor)
        return _facts(database, number)


def content_of(mail: IncomingMail) -> ReadMail | None:
    """What a mail says; None where that can't be read, or is gone."""
    try:
        return read_mail(mail.raw) if mail.raw is not None else None
    except Unreadable:
        return None


def mail_that_filed(services: Services, ticket_id: int) -> tuple[int, bool] | None:
    """The number of the mail that became this ticket, and whether its sender was proved; None where none did."""
    of_ticket = (
        IncomingMail.ticket_id == ticket_id,
        IncomingMail.message_id.is_(None),
        IncomingMail.state == "added",
        IncomingMail.door != "form",
    )
    with services.read() as database:
        row = database.execute(
            select(IncomingMail.id, IncomingMail.confirmed).where(*of_ticket).order_by(IncomingMail.id).limit(1)
        ).one_or_none()
    return (row.id, row.confirmed) if row is not None else None


def held_count(services: Services) -> int:
    """How many mails wait for a decision."""
    with services.read() as database:
        return database.scalar(select(func.count()).where(IncomingMail.state == "held")) or 0


def accept(services: Services, actor: int, number: int, now: datetime, *, project_key: str = "") -> MailOutcome:
    """Take a held mail as its sender's. Raises NotPermitted, NotFound, and UseCaseError where that can't be.

    Who isn't known gets an account, and whoever isn't in its ticket's project joins that; without a ticket the
    project is ``project_key``. The rest is as if the rules had taken it.
    """
    facts = mail_numbered(services, actor, number)
    content = content_of(facts.mail)
    if facts.mail.state != "held":
        raise UseCaseError(_("Somebody has decided about this mail already"))
    if content is None or not content.parsed.sender or facts.mail.reason == "too-large":
        raise UseCaseError(_("Nobody can be told from this mail. Write to its sender yourself"))
    key = facts.project_key or project_key
    by = audit.Origin(actor, "mail")
    account = accounts.find_account_by_email(services, content.parsed.sender)
    if account is not None and account.disabled_at is not None:
        raise UseCaseError(_("The account of %(email)s is disabled", email=account.email))
    if account is None or not (account.is_staff or facts.is_member):
        if not key:
            raise UseCaseError(_("Choose the sender's project"), "project")
        with services.write.begin() as database:
            # Of staff without the right to manage people, too: the sender of this mail and nobody else.
            if account is None:
                parsed = content.parsed
                account = accounts.add_account_in(database, parsed.sender, parsed.sender_name, by, now)
            projects.add_member_in(database, account, key, by, now)
    outcome = process(services, number, now, accepted_by=actor, project_key=key)
    if outcome.state == "held":
        raise UseCaseError(_("The ticket can't take this mail as it is"))
    return outcome


def mark_as_spam(services: Services, actor: int, number: int, now: datetime) -> None:
    """Set a held mail aside; it stays in the list of all. Raises NotPermitted, NotFound, UseCaseError."""
    with services.write.begin() as database:
        person = acting_account(database, actor)
        require_staff(database, person.id)
        mail = database.get(IncomingMail, number) if 0 < number <= LARGEST_ID else None
        if mail is None:
            raise NotFound
        if mail.state != "held":
            raise UseCaseError(_("Somebody has decided about this mail already"))
        # The reason stays: by it the mail can be held again.
        mail.state, mail.processed_at, mail.decided_by_id = "spam", now, person.id


def hold_again(services: Services, actor: int, number: int, now: datetime) -> None:
    """Take a mail out of spam: it waits for a decision as before. Raises NotPermitted, NotFound, UseCaseError."""
    with services.write.begin() as database:
        require_staff(database, actor)
        mail = database.get(IncomingMail, number) if 0 < number <= LARGEST_ID else None
        if mail is None:
            raise NotFound
        if mail.state != "spam":
            raise UseCaseError(_("This mail isn't marked as spam"))
        mail.state, mail.processed_at, mail.decided_by_id = "held", now, None


def mails_of(services: Services, ticket_id: int) -> Mapping[int, tuple[int, bool]]:
    """Of the ticket's messages that came by mail: the mail's number, and whether its sender was confirmed."""
    came = select(IncomingMail.message_id, IncomingMail.id, IncomingMail.confirmed).where(
        IncomingMail.ticket_id == ticket_id, IncomingMail.message_id.is_not(None)
    )
    with services.read() as database:
        return {row.message_id: (row.id, row.confirmed) for row in database.execute(came)}


def unreached_since(services: Services, account_id: int, now: datetime) -> datetime | None:
    """When mail to this person last came back; None where none did lately, or the person has written since."""
    newest = func.max(IncomingMail.received_at)
    with services.read() as database:
        returned = database.scalar(
            select(newest).where(IncomingMail.account_id == account_id, IncomingMail.state == "bounce")
        )
        wrote = database.scalar(
            select(newest).where(IncomingMail.account_id == account_id, IncomingMail.state.in_(("added", "asked")))
        )
    if returned is None or returned < now - UNREACHED_FOR or (wrote is not None and wrote > returned):
        return None
    return returned


def _facts(database: Session, number: int) -> MailFacts:
    mail = database.get(IncomingMail, number) if 0 < number <= LARGEST_ID else None
    if mail is None:
        raise NotFound
    ticket = database.get(Ticket, mail.ticket_id) if mail.ticket_id else None
    project = database.get(Project, ticket.project_id) if ticket else None
    person = database.get(Account, mail.account_id) if mail.account_id else None
    decider = database.get(Account, mail.decided_by_id) if mail.decided_by_id else None
    return MailFacts(
        mail=mail,
        reference=ticket.reference if ticket else "",
        project_key=project.key if project else "",
        project_name=project.name if project else "",
        person=person.name if person else "",
        is_member=bool(person and (person.is_staff or _in_a_project(database, person.id, project))),
        decided_by=decider.name if decider else "",
    )


def _in_a_project(database: Session, account_id: int, project: Project | None) -> bool:
    """Whether somebody is in this project; without one, in any."""
    memberships = select(func.count()).where(Membership.account_id == account_id)
    if project is not None:
        memberships = memberships.where(Membership.project_id == project.id)
    return bool(database.scalar(memberships))
