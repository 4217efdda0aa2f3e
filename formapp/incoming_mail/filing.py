"""A mail that becomes a ticket at once: a new one where the policy says so, or one that follows a closed ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from formapp.accounts.projects import active_projects_of
from formapp.errors import TooManyTickets, UseCaseError
from formapp.incoming_mail import outcomes
from formapp.incoming_mail.files import stage_files
from formapp.incoming_mail.outcomes import MailOutcome
from formapp.incoming_mail.reading import ReadMail
from formapp.logs import log
from formapp.models import Account, IncomingMail, Project, Ticket
from formapp.services import Services
from formapp.text import is_blank
from formapp.tickets import create
from formapp.tickets.ticket_input import TicketInput
from formapp.translation import gettext as _
from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE, in_language

MOST_AN_HOUR = 5
"""So many tickets of one person are filed by mail within an hour, so that two programs never answer each other long."""


def file_new(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    known: MailOutcome,
    now: datetime,
    *,
    accepted: bool,
    project_key: str = "",
) -> MailOutcome:
    """Make of a mail that names no ticket what the policy says: a ticket, or a form to complete.

    A form, too, where the person has several projects, and none was chosen for the mail.
    """
    rules = services.policy.mail
    projects = [one.key for one in active_projects_of(services, person.id)]
    key = project_key if project_key in projects else projects[0] if len(projects) == 1 else ""
    # Where a program or a list stands behind it, nobody waits for a promise.
    if rules.new_tickets == "ask" or not key or not (accepted or content.parsed.answerable):
        return outcomes.ask_for_the_rest(services, mail, content, person, known, now, accepted=accepted)
    ticket = _input(services, mail, content, person, project=key, priority=rules.unstated_priority)
    return _file(services, mail, content, person, known, ticket, now)


def file_follow_up(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    closed: Ticket,
    known: MailOutcome,
    now: datetime,
) -> MailOutcome:
    """File the answer to a ticket that it no longer reopens as a new one, which names that ticket.

    Its priority is the closed ticket's, or where the policy has that no longer, the one for mail that states none;
    without either its sender is asked.
    """
    policy = services.policy
    offered = {one.id for one in policy.priorities}
    priority = closed.priority if closed.priority in offered else policy.mail.unstated_priority
    if not priority:
        return outcomes.ask_for_the_rest(services, mail, content, person, known, now, accepted=False, follows=closed)
    with services.read() as database:
        key = database.get_one(Project, closed.project_id).key
    ticket = _input(services, mail, content, person, project=key, priority=priority)
    follows = replace(ticket, subject=closed.subject, url=closed.url, follows=closed.reference)
    return _file(services, mail, content, person, known, follows, now)


def _input(
    services: Services, mail: IncomingMail, content: ReadMail, person: Account, *, project: str, priority: str
) -> TicketInput:
    limits, language = services.policy.form, person.language or ""
    with in_language(language if language in LANGUAGES else SOURCE_LANGUAGE):
        description = content.whole if not is_blank(content.whole) else _("(a mail without text)")
        if len(description) > limits.description_length:
            end = "\n\n" + outcomes.rest_is_elsewhere()
            description = description[: max(limits.description_length - len(end), 0)] + end
        first_line = next((line.strip() for line in description.split("\n") if not is_blank(line)), "")
        subject = content.parsed.subject if not is_blank(content.parsed.subject) else first_line
    return TicketInput(
        project=project,
        subject=subject[: limits.subject_length],
        url="",
        description=description[: limits.description_length],
        priority=priority,
        # The same mail processed twice, as after a crash, files one ticket.
        submission=f"mail-{mail.digest}",
        language=language,
        by_mail=True,
    )


def _file(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    known: MailOutcome,
    ticket: TicketInput,
    now: datetime,
) -> MailOutcome:
    """File the ticket; of a file that isn't taken its sender reads in a mail."""
    with in_language(person.language if person.language in LANGUAGES else SOURCE_LANGUAGE):
        staged = stage_files(services, content.parsed.files, now)
        refused = outcomes.refused_files(staged, content.parsed)
    sent = replace(ticket, files=staged.tokens)
    try:
        filed = create.create_ticket(services, person.id, sent, now, most_an_hour=MOST_AN_HOUR)
    except TooManyTickets:
        return replace(known, reason="too-many")
    except UseCaseError as no:
        log.info("mail refused as a ticket", mail=mail.id, refusal=type(no).__name__)
        return replace(known, reason="refused")
    with services.write.begin() as database:
        row = database.get_one(Ticket, filed.ticket.id)
        if refused:
            outcomes.tell_of_files(services, database, mail, person, row, refused, now)
    return replace(known, state="added", ticket_id=filed.ticket.id, answered=True)
