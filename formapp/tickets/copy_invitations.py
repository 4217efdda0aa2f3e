"""People in copy by an address: whoever has it is asked once by mail, and gets mails only after saying yes.

Looking at the link changes nothing, because mail scanners open links. Who says yes gets an account, as everybody has
who writes on a ticket; it is in no project, so it sees no page of the ticket.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts.accounts import add_account_in
from formapp.database.retry import tried_again
from formapp.errors import LinkGone, UseCaseError
from formapp.mail_address import normalise_address
from formapp.models import (
    Account,
    CopyInvitation,
    CopyRefusal,
    IncomingMail,
    Membership,
    OutboxMessage,
    Ticket,
    Watcher,
)
from formapp.notifications import outbox
from formapp.services import Services
from formapp.settings import Settings
from formapp.tickets import events
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.tickets.watching import put_in_copy, ticket_read_on
from formapp.tokens import hash_token, new_token
from formapp.translation import gettext_noop
from supportpolicy.languages import current_language

LIFETIME = timedelta(days=7)
"""How long the link in the mail works."""
MOST_OF_A_TICKET = 10
"""So many addresses at the most are in copy of a ticket or asked, beside its colleagues."""
UNREACHED_FOR = timedelta(days=30)
"""How long nobody is asked at an address from which a mail came back."""
MAIL = "copy-asked"
_PURPOSE = "in copy"


class NotAsked(UseCaseError):
    """An address that isn't asked whether it wants to be in copy."""

    field = "address"


class TooManyInCopy(NotAsked):
    """The ticket has as many people in copy by their address as one may."""

    message = gettext_noop("So many addresses are in copy already. Take one out first")


class AddressUnreached(NotAsked):
    """Mail to the address came back lately."""

    message = gettext_noop(
        "We can't reach this address by mail: a mail to it came back. Check it, or enter another one"
    )


class AddressRefuses(NotAsked):
    """Whoever has the address doesn't want to be asked."""

    message = gettext_noop("Whoever has this address doesn't want to be asked by us")


@dataclass(frozen=True, slots=True)
class AskedAddress:
    """An address that was asked and hasn't answered; ``unreached`` says that the mail came back."""

    email: str
    unreached: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a link asks, for its page. ``waits`` says whether it can still be answered, ``has_name`` whether the desk
    knows the person's name, ``is_refused`` whether the person doesn't want to be asked again."""

    email: str
    by_name: str
    reference: str
    subject: str
    waits: bool
    has_name: bool
    is_refused: bool


@tried_again
def ask(services: Services, account_id: int, ticket_id: int, typed: str, now: datetime) -> bool:
    """Ask an address by mail whether it wants to be in copy, for members and staff; whether it had to be asked.

    A member of the project is put in copy at once, as by name. Asked once more while a question waits, or of somebody
    who is in copy, nothing happens. Raises NotPermitted, NotFound, AddressRefused, TooManyInCopy, AddressUnreached and
    AddressRefuses.
    """
    email = normalise_address(typed)
    with ticket_action(services, account_id, ticket_id, now, group="staff and members") as action:
        database = action.database
        account = database.scalar(select(Account).where(Account.email == email))
        if account is not None and database.get(Membership, (account.id, action.ticket.project_id)) is not None:
            if account.disabled_at is not None:
                raise AddressUnreached
            put_in_copy(action, account)
            return False
        watcher = database.get(Watcher, (ticket_id, account.id)) if account is not None else None
        if watcher is not None and watcher.left_at is None and watcher.by_address:
            return False
        waiting = database.get(CopyInvitation, (ticket_id, email))
        if waiting is not None and waiting.expires_at > now and waiting.unreached_at is None:
            return True
        _may_be_asked(action, email, account)
        if waiting is not None:
            database.delete(waiting)
            database.flush()
        _ask(action, email, account)
        return True


@tried_again
def withdraw(services: Services, account_id: int, ticket_id: int, email: str, now: datetime) -> None:
    """Ask an address no longer, for members and staff: its link then does nothing. Raises NotPermitted, NotFound."""
    with ticket_action(services, account_id, ticket_id, now, group="staff and members") as action:
        waiting = action.database.get(CopyInvitation, (ticket_id, email))
        if waiting is not None:
            action.database.delete(waiting)
            action.database.execute(
                delete(OutboxMessage).where(
                    OutboxMessage.ticket_id == ticket_id,
                    OutboxMessage.recipient == email,
                    OutboxMessage.kind == MAIL,
                    OutboxMessage.state == "due",
                    OutboxMessage.lease.is_(None),
                )
            )
            action.record("copy-withdrawn", {})


def addresses_asked(services: Services, ticket_id: int, now: datetime) -> tuple[AskedAddress, ...]:
    """The addresses whose answer a ticket waits for, in the order in which they were asked."""
    waiting = select(CopyInvitation).where(CopyInvitation.ticket_id == ticket_id, CopyInvitation.expires_at > now)
    with services.read() as database:
        found = database.scalars(waiting.order_by(CopyInvitation.created_at, CopyInvitation.email)).all()
        return tuple(AskedAddress(one.email, _came_back(database, one)) for one in found)


def question_of(services: Services, link_token: str, now: datetime) -> Question:
    """What a link asks; changes nothing. Raises LinkGone for one that we didn't make."""
    token, email = _signed(services.settings, link_token)
    with services.read() as database:
        waiting = _waiting(database, token, now)
        account = database.scalar(select(Account).where(Account.email == email))
        refused = database.get(CopyRefusal, _address_hash(services.settings, email)) is not None
        if waiting is None:
            return Question(email, "", "", "", waits=False, has_name=True, is_refused=refused)
        ticket = database.get_one(Ticket, waiting.ticket_id)
        inviter = database.get_one(Account, waiting.invited_by_id)
        return Question(
            email,
            inviter.name,
            ticket.reference,
            ticket.subject,
            waits=account is None or account.disabled_at is None,
            has_name=account is not None,
            is_refused=refused,
        )


def agree(services: Services, link_token: str, name: str, now: datetime) -> str:
    """Put whoever has the address in copy; the ticket's reference. The link then works no more.

    ``name`` is what the person is called on the ticket, where the desk doesn't know it; else the address is.
    Raises LinkGone, and UseCaseError for a name that can't be stored.
    """
    token, email = _signed(services.settings, link_token)
    with services.write.begin() as database:
        waiting, ticket = _locked(database, token, now)
        account = database.scalar(select(Account).where(Account.email == email))
        if account is not None and account.disabled_at is not None:
            raise LinkGone
        if account is None:
            account = add_account_in(database, email, name, audit.Origin(None, "in copy"), now)
            account.language = current_language()
        by = waiting.invited_by_id
        database.delete(waiting)
        watcher = database.get(Watcher, (ticket.id, account.id))
        if watcher is None:
            watcher = Watcher(ticket_id=ticket.id, account_id=account.id, added_by_id=by, at=now)
            database.add(watcher)
        watcher.by_address, watcher.left_at, watcher.at, watcher.added_by_id = True, None, now, by
        events.record(database, ticket.id, "copy-confirmed", account.id, now, {"watcher": account.id})
        return ticket.reference


def decline(services: Services, link_token: str, now: datetime, *, never: bool) -> None:
    """Let the link do nothing more; with ``never`` the address isn't asked again, whoever wants to. Raises LinkGone."""
    token, email = _signed(services.settings, link_token)
    with services.write.begin() as database:
        try:
            waiting, ticket = _locked(database, token, now)
        except LinkGone:
            if not never:
                raise
        else:
            database.delete(waiting)
            events.record(database, ticket.id, "copy-declined", None, now, {})
        if not never:
            return
        database.execute(delete(CopyInvitation).where(CopyInvitation.email == email))
        key = _address_hash(services.settings, email)
        if database.get(CopyRefusal, key) is None:
            database.add(CopyRefusal(address_hash=key, at=now))


def allow_again(services: Services, link_token: str) -> None:
    """Let the address be asked again, for whoever has a link that was sent to it, however old. Raises LinkGone."""
    _token, email = _signed(services.settings, link_token)
    with services.write.begin() as database:
        key = _address_hash(services.settings, email)
        database.execute(delete(CopyRefusal).where(CopyRefusal.address_hash == key))


def note_unreached(database: Session, addresses: tuple[str, ...], now: datetime) -> None:
    """Remember that mails to these addresses came back, inside the caller's transaction."""
    database.execute(update(CopyInvitation).where(CopyInvitation.email.in_(addresses)).values(unreached_at=now))


def _may_be_asked(action: TicketAction, email: str, account: Account | None) -> None:
    """Raises NotAsked where this ticket or this address has had enough."""
    database, now = action.database, action.now
    if database.get(CopyRefusal, _address_hash(action.services.settings, email)) is not None:
        raise AddressRefuses
    if _is_unreached(database, email, account, now):
        raise AddressUnreached
    waiting = select(func.count()).where(
        CopyInvitation.ticket_id == action.ticket.id, CopyInvitation.email != email, CopyInvitation.expires_at > now
    )
    confirmed = select(func.count()).where(
        Watcher.ticket_id == action.ticket.id, Watcher.by_address.is_(True), Watcher.left_at.is_(None)
    )
    if (database.scalar(waiting) or 0) + (database.scalar(confirmed) or 0) >= MOST_OF_A_TICKET:
        raise TooManyInCopy


def _is_unreached(database: Session, email: str, account: Account | None, now: datetime) -> bool:
    """Whether mail to an address came back lately, or its account is disabled, which gets none."""
    since = now - UNREACHED_FOR
    if account is not None:
        bounced = select(IncomingMail.id).where(
            IncomingMail.account_id == account.id, IncomingMail.state == "bounce", IncomingMail.received_at > since
        )
        if account.disabled_at is not None or database.scalar(bounced.limit(1)) is not None:
            return True
    returned = select(CopyInvitation.email).where(CopyInvitation.email == email, CopyInvitation.unreached_at > since)
    refused = select(OutboxMessage.id).where(
        OutboxMessage.channel == "mail",
        OutboxMessage.recipient == email,
        OutboxMessage.state == "dead",
        OutboxMessage.finished_at > since,
    )
    return any(database.scalar(found.limit(1)) is not None for found in (returned, refused))


def _came_back(database: Session, waiting: CopyInvitation) -> bool:
    """Whether the mail with the question came back, or no server took it."""
    dead = select(OutboxMessage.id).where(
        OutboxMessage.ticket_id == waiting.ticket_id,
        OutboxMessage.recipient == waiting.email,
        OutboxMessage.kind == MAIL,
        OutboxMessage.state == "dead",
        OutboxMessage.created_at >= waiting.created_at,
    )
    return waiting.unreached_at is not None or database.scalar(dead.limit(1)) is not None


def _ask(action: TicketAction, email: str, account: Account | None) -> None:
    settings, token = action.services.settings, new_token()
    expires = action.now + LIFETIME
    action.database.add(
        CopyInvitation(
            ticket_id=action.ticket.id,
            email=email,
            token_hash=hash_token(token),
            invited_by_id=action.actor.id,
            created_at=action.now,
            expires_at=expires,
        )
    )
    # Not whom: who is asked stands on the page until the answer, and nowhere afterwards.
    sequence = action.record("copy-asked", {})
    signed = _serializer(settings).dumps([token, email])
    facts = {
        "reference": action.ticket.reference,
        "subject": action.ticket.subject,
        "by_name": action.actor.name,
        "link": f"{settings.base_url}/support/in-copy/{signed!s}",
        "until": expires.isoformat(),
        **outbox.in_language_of((account.language if account else None) or current_language()),
    }
    host = outbox.mail_host(settings.base_url)
    message_id = f"<{action.ticket.reference}.{sequence}.{MAIL}@{host}>"
    outbox.enqueue_mail(action.database, MAIL, email, facts, message_id, action.now, action.ticket.id)


def _waiting(database: Session, token: str, now: datetime, *, lock: bool = False) -> CopyInvitation | None:
    wanted = select(CopyInvitation).where(
        CopyInvitation.token_hash == hash_token(token), CopyInvitation.expires_at > now
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return database.scalar(wanted)


def _locked(database: Session, token: str, now: datetime) -> tuple[CopyInvitation, Ticket]:
    """The question that a link can answer and its ticket, which is locked first as in every action. Raises LinkGone."""
    found = _waiting(database, token, now)
    if found is None:
        raise LinkGone
    ticket = ticket_read_on(database, found.ticket_id)
    waiting = _waiting(database, token, now, lock=True)
    if waiting is None:
        raise LinkGone
    return waiting, ticket


def _signed(settings: Settings, link_token: str) -> tuple[str, str]:
    try:
        token, email = _serializer(settings).loads(link_token)
    except (BadSignature, ValueError, TypeError):
        raise LinkGone from None
    return str(token), str(email)


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt=_PURPOSE)


def _address_hash(settings: Settings, email: str) -> str:
    """What is stored of an address that refuses: only who has both it and the desk's key can tell."""
    return hmac.new(settings.secret_key.encode(), f"in copy\0{email}".encode(), sha256).hexdigest()
