"""Which rows are about a person: of each table a condition, the same for handing over and for erasing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from formapp.accounts.address_changes import mail_id_start
from formapp.database.engine import Base
from formapp.mail_address import address_to_find
from formapp.models import (
    Account,
    AddressChange,
    Attachment,
    AuditEntry,
    BulkAction,
    ClockNotice,
    CopyInvitation,
    Draft,
    Event,
    FormerDetails,
    IncomingMail,
    Membership,
    Message,
    NamedPage,
    OutboxMessage,
    SavedReply,
    SavedView,
    SearchText,
    SignedInSession,
    SignInLink,
    SolvedAnswer,
    Ticket,
    TicketRead,
    TicketTag,
    Watcher,
    WebhookAttempt,
)
from formapp.tokens import hash_token


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: an address, and the account that it has, if it has one."""

    email: str
    account: Account | None
    former: tuple[FormerDetails, ...] = ()
    """The names and addresses that the account had before."""

    @property
    def number(self) -> int:
        """The account's number; 0 where there is none."""
        return self.account.id if self.account else 0


def person_of(database: Session, email: str) -> Person:
    """Whoever has this address. One without an account may have asked for a link, or typed it into a form."""
    address = address_to_find(email)
    account = database.scalar(select(Account).where(Account.email == address))
    had = select(FormerDetails).where(FormerDetails.account_id == account.id) if account else None
    former = database.scalars(had.order_by(FormerDetails.id)) if had is not None else ()
    return Person(address, account, tuple(former))


def rows_about(database: Session, person: Person) -> Mapping[type[Base], ColumnElement[bool]]:
    """Of each table with something about the person, which rows that are."""
    number = person.number
    own = select(Ticket.id).where(Ticket.account_id == number)
    messages = or_(
        OutboxMessage.recipient == person.email,
        OutboxMessage.ticket_id.in_(own),
        OutboxMessage.message_id.startswith(mail_id_start(number), autoescape=True),
        # Somebody else may have the address since.
        *(
            and_(OutboxMessage.recipient == before.email, OutboxMessage.created_at <= before.until)
            for before in person.former
        ),
    )
    senders = [
        and_(IncomingMail.sender == before.email, IncomingMail.received_at <= before.until) for before in person.former
    ]
    return {
        Account: Account.id == number,
        AddressChange: AddressChange.account_id == number,
        FormerDetails: FormerDetails.account_id == number,
        Membership: Membership.account_id == number,
        SignedInSession: SignedInSession.account_id == number,
        SignInLink: SignInLink.account_id == number,
        Draft: Draft.token_hash.in_(_drafts(database, person)) if person.email else false(),
        Ticket: Ticket.account_id == number,
        Event: or_(Event.account_id == number, Event.ticket_id.in_(own)),
        Message: or_(Message.account_id == number, Message.ticket_id.in_(own)),
        TicketRead: TicketRead.account_id == number,
        CopyInvitation: or_(
            and_(CopyInvitation.email == person.email, CopyInvitation.email != ""),
            CopyInvitation.invited_by_id == number,
        ),
        Watcher: or_(Watcher.account_id == number, Watcher.added_by_id == number),
        SolvedAnswer: or_(SolvedAnswer.account_id == number, SolvedAnswer.ticket_id.in_(own)),
        NamedPage: or_(NamedPage.account_id == number, NamedPage.ticket_id.in_(own)),
        ClockNotice: ClockNotice.ticket_id.in_(own),
        Attachment: or_(Attachment.account_id == number, Attachment.ticket_id.in_(own)),
        OutboxMessage: messages,
        WebhookAttempt: WebhookAttempt.outbox_id.in_(select(OutboxMessage.id).where(messages)),
        IncomingMail: or_(
            IncomingMail.account_id == number,
            and_(IncomingMail.sender != "", IncomingMail.sender == person.email),
            *senders,
        ),
        SearchText: SearchText.ticket_id.in_(own),
        TicketTag: TicketTag.ticket_id.in_(own),
        SavedView: SavedView.account_id == number,
        SavedReply: SavedReply.account_id == number,
        BulkAction: BulkAction.account_id == number,
        AuditEntry: or_(AuditEntry.account_id == number, AuditEntry.subject_id == number),
    }


def _drafts(database: Session, person: Person) -> list[str]:
    """The forms that wait behind the person's links, and those that the address was typed into."""
    tokens = database.scalars(select(SignInLink.draft_token).where(SignInLink.account_id == person.number))
    behind_links = {hash_token(token) for token in tokens if token}
    found = database.scalars(select(Draft)).all()
    return [
        draft.token_hash
        for draft in found
        if draft.account_id == person.number
        or draft.token_hash in behind_links
        or any(person.email in str(value).casefold() for value in draft.fields.values())
    ]
