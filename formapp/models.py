"""What the desk stores. Each column says what it holds; what must never be broken is a named constraint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from formapp.db import Base, UtcDateTime

FIRST_REFERENCE = 1000
REFERENCE_PREFIX = "SUP-"

TICKET_STATES = ("open", "waiting", "closed")
MESSAGE_KINDS = ("reply", "note")
# Where a ticket without a deadline stands in the queue: behind every date.
NO_DEADLINE = datetime(9999, 12, 31, tzinfo=UTC)
OUTBOX_STATES = ("due", "sent", "dead", "kept")
# Beyond it PostgreSQL has no numbers for rows.
LARGEST_ID = 2**31 - 1
SCAN_STATES = ("none", "pending", "clean", "infected", "failed")
PREVIEW_STATES = ("none", "pending", "made", "failed")


def reference_of(ticket_id: int) -> str:
    """The reference that people see: "SUP-1042" for id 42."""
    return f"{REFERENCE_PREFIX}{FIRST_REFERENCE + ticket_id}"


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Account(Base):
    """A person who can sign in."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("email"), CheckConstraint("email = lower(email)", name="email_lower"))

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the account")
    email: Mapped[str] = mapped_column(String(254), comment="E-mail address, in small letters; links go there")
    name: Mapped[str] = mapped_column(String(200), comment="Name as others see it")
    is_staff: Mapped[bool] = mapped_column(default=False, comment="Whether the person works at the desk")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the account was made")
    disabled_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Since when it can't sign in; empty: it can"
    )


class Project(Base):
    """What tickets are about: a customer's project with its support plan."""

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the project")
    key: Mapped[str] = mapped_column(String(64), comment="Short name in addresses and forms")
    name: Mapped[str] = mapped_column(String(200), comment="Name as people see it")
    plan: Mapped[str] = mapped_column(String(200), comment="Name of the support plan")
    is_active: Mapped[bool] = mapped_column(default=True, comment="Whether tickets can be opened for it")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the project was made")


class Membership(Base):
    """Who belongs to a project, and so sees and files its tickets."""

    __tablename__ = "memberships"
    __table_args__ = (Index(None, "project_id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, comment="The person")
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True, comment="The project")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Since when")


class StoredPolicy(Base):
    """Each version of the policy under which something was promised, whole."""

    __tablename__ = "policies"

    version: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of the canonical form, hex")
    canonical: Mapped[str] = mapped_column(Text, comment="The canonical form; the policy can be rebuilt from it")
    first_used_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the desk first loaded it")


class Ticket(Base):
    """One ticket: what was sent, what was promised for it, where it stands."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("account_id", "submission"),
        CheckConstraint(_one_of("state", TICKET_STATES), name="state_known"),
        CheckConstraint("length(subject) > 0", name="subject_not_empty"),
        CheckConstraint("length(description) > 0", name="description_not_empty"),
        CheckConstraint("response_due_at IS NULL OR response_due_at >= opened_at", name="response_after_opening"),
        CheckConstraint("merged_into_id IS NULL OR state = 'closed'", name="merged_is_closed"),
        CheckConstraint("(closed_at IS NULL) = (state <> 'closed')", name="closed_at_when_closed"),
        Index(None, "project_id", "opened_at"),
        # The queue's order, and its pages by key: the last row's place is where the next page begins.
        Index("ix_tickets_queue", "state", "queue_at", "id"),
        Index("ix_tickets_project_queue", "project_id", "state", "queue_at", "id"),
        Index("ix_tickets_assignee_queue", "assignee_id", "state", "queue_at", "id"),
        Index("ix_tickets_priority_queue", "priority", "state", "queue_at", "id"),
        Index(None, "notice_at"),
        # What a person sent within the hour, and whether one of them is the same.
        Index("ix_tickets_sender", "account_id", "opened_at", "digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the reference is SUP-(1000 + id)")
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), comment="The project it is about")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who sent it")
    subject: Mapped[str] = mapped_column(String(1000), comment="Subject as sent, normalised")
    url: Mapped[str] = mapped_column(Text, comment="Address where the problem shows; empty if none was given")
    description: Mapped[str] = mapped_column(Text, comment="Description as sent, normalised")
    priority: Mapped[str] = mapped_column(String(64), comment="Priority now, an id of the policy version")
    recommended: Mapped[str] = mapped_column(String(64), comment="What the answers recommended; empty without answers")
    answers: Mapped[dict[str, str]] = mapped_column(JSON, comment="Evidence: the chooser's answers by question")
    rule: Mapped[str] = mapped_column(
        String(64), comment="Rule of the decision table that decided; empty without answers"
    )
    policy_version: Mapped[str] = mapped_column(ForeignKey("policies.version"), comment="Policy it was promised under")
    page: Mapped[str] = mapped_column(Text, comment="Path of the guide's page that it came from; empty: the desk's own")
    state: Mapped[str] = mapped_column(
        String(16), default="open", comment="open: we answer next; waiting: the customer; closed"
    )
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was received")
    response_due_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="By when we answer; empty: best effort"
    )
    resolution_due_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="By when it is solved; empty: best effort"
    )
    submission: Mapped[str] = mapped_column(
        String(100), comment="Id of the form that filed it; one per account files once"
    )
    digest: Mapped[str] = mapped_column(
        String(64), comment="SHA-256 of what was typed, to tell a resend from another text"
    )

    answered_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="First staff reply; it stops the response clock"
    )
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When it was closed; empty while it is not")
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("tickets.id"), comment="The ticket it is a duplicate of"
    )
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), comment="The staff member who has it")
    queue_at: Mapped[datetime] = mapped_column(
        UtcDateTime, comment="Place in the queue: the next deadline, or the far end"
    )
    notice_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the clock next has something to notice; empty while it has not"
    )

    project: Mapped[Project] = relationship(lazy="raise")
    reporter: Mapped[Account] = relationship(lazy="raise", foreign_keys=[account_id])
    assignee: Mapped[Account | None] = relationship(lazy="raise", foreign_keys=[assignee_id])

    @property
    def reference(self) -> str:
        """The reference that people see."""
        return reference_of(self.id)


class Event(Base):
    """Every act on a ticket: who, when, what was before and after."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("ticket_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the event")
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), comment="The ticket")
    sequence: Mapped[int] = mapped_column(comment="Order within the ticket, from 1")
    kind: Mapped[str] = mapped_column(String(32), comment="What happened: opened, ...")
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), comment="Who did it; empty: the desk itself"
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, comment="What was before and after, by field")


class Message(Base):
    """What was written on a ticket after it was sent: a reply, or a note that only staff see."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("account_id", "submission"),
        CheckConstraint(_one_of("kind", MESSAGE_KINDS), name="kind_known"),
        CheckConstraint("length(body) > 0", name="body_not_empty"),
        Index(None, "ticket_id", "id"),
        Index(
            "ix_messages_unrendered",
            "id",
            sqlite_where=text("html IS NULL"),
            postgresql_where=text("html IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order within the ticket")
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), comment="The ticket")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who wrote it")
    by_staff: Mapped[bool] = mapped_column(comment="Whether the writer worked at the desk then")
    kind: Mapped[str] = mapped_column(String(8), comment="reply, or note (never shown to customers)")
    body: Mapped[str] = mapped_column(Text, comment="Markdown as typed, normalised")
    html: Mapped[str | None] = mapped_column(Text, comment="Safe HTML, rendered once by the worker; empty until then")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was written")
    submission: Mapped[str] = mapped_column(String(100), comment="Id of the form that sent it; once per account")

    author: Mapped[Account] = relationship(lazy="raise")


class Attachment(Base):
    """A file that came with a ticket or a message. Its bytes lie in the file store; the row and they go together."""

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("size > 0", name="size_counted"),
        CheckConstraint("length(digest) = 64", name="digest_whole"),
        CheckConstraint(_one_of("scan", SCAN_STATES), name="scan_known"),
        CheckConstraint(_one_of("preview", PREVIEW_STATES), name="preview_known"),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        Index(None, "ticket_id", "id"),
        Index(None, "message_id"),
        Index(
            "ix_attachments_work",
            "work_at",
            sqlite_where=text("work_at IS NOT NULL"),
            postgresql_where=text("work_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order within the ticket")
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), comment="The ticket")
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id"), comment="The message it came with; empty: it came with the ticket"
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who sent it")
    key: Mapped[str] = mapped_column(String(64), comment="Its key in the file store; a file is attached once")
    name: Mapped[str] = mapped_column(String(255), comment="Name as sent, cleaned")
    kind: Mapped[str] = mapped_column(String(32), comment="Kind of the policy's list, by the last extension")
    media_type: Mapped[str] = mapped_column(String(100), comment="Media type that follows from the kind")
    size: Mapped[int] = mapped_column(comment="Size in bytes")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of its bytes, hex")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was attached")
    scan: Mapped[str] = mapped_column(
        String(8), comment="none (no scanner is set), pending, clean, infected, or failed: to be tried again"
    )
    scan_detail: Mapped[str] = mapped_column(Text, default="", comment="What the scanner found, or why it failed")
    preview: Mapped[str] = mapped_column(String(8), comment="none (no picture), pending, made, or failed")
    attempts: Mapped[int] = mapped_column(default=0, comment="How often the worker has begun with it in a row")
    work_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the worker looks at it next; empty: nothing is to be done"
    )

    @property
    def may_be_opened(self) -> bool:
        """Whether people get the file: it was found clean, or no scanner is set."""
        return self.scan in {"none", "clean"}


class ClockNotice(Base):
    """A warning of the clock; the row makes it happen once for each target of a ticket."""

    __tablename__ = "clock_notices"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    target: Mapped[str] = mapped_column(String(16), primary_key=True, comment="response or resolution")
    kind: Mapped[str] = mapped_column(String(16), primary_key=True, comment="due-soon or missed")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was noticed")


class StoredClosure(Base):
    """Time in which support is closed beyond its usual hours; it counts for promises given from then on."""

    __tablename__ = "closures"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_start"), Index(None, "ends_at"))

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the closure")
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="From when")
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Until when")
    note: Mapped[str] = mapped_column(String(200), comment="Why, as the guide's banner says it")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was announced")
    cancelled_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When it was taken back; promises given before still count it"
    )


class OutboxMessage(Base):
    """One message to one recipient, written in the transaction of what it tells about."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("message_id"),
        CheckConstraint(_one_of("state", OUTBOX_STATES), name="state_known"),
        Index(
            "ix_outbox_due",
            "next_attempt_at",
            postgresql_where=text("state = 'due'"),
            sqlite_where=text("state = 'due'"),
        ),
        # Partial, so that the many that were sent cost nothing when staff look for the few that weren't.
        Index("ix_outbox_dead", "id", postgresql_where=text("state = 'dead'"), sqlite_where=text("state = 'dead'")),
        Index(None, "ticket_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order of sending within a ticket")
    channel: Mapped[str] = mapped_column(String(16), comment="mail, webhook, or announcement: to be spread")
    kind: Mapped[str] = mapped_column(String(32), comment="What it tells: received, link, ...")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), comment="The ticket it is about, if one")
    recipient: Mapped[str] = mapped_column(Text, comment="The one address it goes to")
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, comment="The facts it is written from when it is sent")
    message_id: Mapped[str] = mapped_column(String(200), comment="Stable id; a repeat carries the same")
    state: Mapped[str] = mapped_column(
        String(8), default="due", comment="due, sent, dead, or kept: shown because no server is set"
    )
    attempts: Mapped[int] = mapped_column(default=0, comment="How often it was tried")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was written")
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Not tried before")
    lease: Mapped[str | None] = mapped_column(String(64), comment="Which worker holds it; empty: none")
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="Until when; then another may take it")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When it was sent or given up")
    last_error: Mapped[str] = mapped_column(Text, default="", comment="Why the last try failed")


class SignedInSession(Base):
    """A signed-in browser; the row decides at each request, so ending it acts at once."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "account_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of the cookie's token, hex")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who is signed in")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was opened")
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was last used, to the hour")


class Draft(Base):
    """A filled form kept while its sender signs in."""

    __tablename__ = "drafts"
    __table_args__ = (Index(None, "expires_at"),)

    token_hash: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="SHA-256 of the token that opens it, hex"
    )
    fields: Mapped[dict[str, str]] = mapped_column(JSON, comment="The form's fields as typed")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the fields, to know a repeat")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was kept")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it is forgotten")


class SignInLink(Base):
    """A one-time link, sent by mail, that signs in."""

    __tablename__ = "signin_links"
    __table_args__ = (Index(None, "expires_at"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of the link's token, hex")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Whom it signs in")
    draft_token: Mapped[str] = mapped_column(String(64), comment="Opens the draft kept with it; empty: none")
    next_path: Mapped[str] = mapped_column(Text, comment="Path to go on to after signing in; empty: the list")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was made")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Until when it works")
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When it was used; it works once")


class RateCounter(Base):
    """How often something was done in a window, shared by all workers."""

    __tablename__ = "rate_counters"
    __table_args__ = (Index(None, "expires_at"),)

    key: Mapped[str] = mapped_column(String(255), primary_key=True, comment="What is counted")
    amount: Mapped[int] = mapped_column(comment="How often in this window")
    expires_at: Mapped[int] = mapped_column(comment="When the window ends, seconds since 1970")
