"""Tickets, what was promised for them, and everything that happened to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from formapp.database.engine import Base, UtcDateTime
from formapp.models.accounts import Account, Project
from formapp.models.constraints import one_of

FIRST_REFERENCE = 1000
REFERENCE_PREFIX = "SUP-"

TICKET_STATES = ("open", "waiting", "closed")
MESSAGE_KINDS = ("reply", "note")
# Where a ticket without a deadline stands in the queue: behind every date.
NO_DEADLINE = datetime(9999, 12, 31, tzinfo=UTC)


def reference_of(ticket_id: int) -> str:
    """The reference that people see: "SUP-1042" for id 42."""
    return f"{REFERENCE_PREFIX}{FIRST_REFERENCE + ticket_id}"


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
        CheckConstraint(one_of("state", TICKET_STATES), name="state_known"),
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
        Index(None, "follows_id"),
        # A report of some months.
        Index(None, "opened_at"),
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
    written_from: Mapped[dict[str, str]] = mapped_column(
        JSON,
        default=dict,
        server_default="{}",
        comment="What the link for help said of its page: path, title, section, version, missing address",
    )
    pages_shown: Mapped[dict[str, str]] = mapped_column(
        JSON,
        default=dict,
        server_default="{}",
        comment="Pages suggested while the subject was typed, titles by path",
    )
    language: Mapped[str] = mapped_column(
        String(16),
        default="",
        server_default="",
        comment="Language of the form that it was written on; empty: not known",
    )
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
    follows_id: Mapped[int | None] = mapped_column(
        ForeignKey("tickets.id", ondelete="SET NULL"), comment="The closed ticket that it goes on from"
    )
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), comment="The staff member who has it")
    queue_at: Mapped[datetime] = mapped_column(
        UtcDateTime, comment="Place in the queue: the next deadline, or the far end"
    )
    notice_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the clock next has something to notice; empty while it has not"
    )
    objected_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the customer said that a change isn't right; empty once staff have answered"
    )
    form: Mapped[str] = mapped_column(
        String(64),
        default="",
        server_default="",
        comment="The policy's form that filed it; empty: the one for any ticket",
    )
    form_answers: Mapped[list[dict[str, str]]] = mapped_column(
        JSON,
        default=list,
        server_default="[]",
        comment="Evidence: the answers to that form's own fields, with labels and words as they were asked",
    )
    registrations: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True),
        comment="Evidence: the planned dates that the desk knew of, where an answer counts on one; else empty",
    )
    events_pruned: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="How many of its events were pruned after it was closed"
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
        CheckConstraint(one_of("kind", MESSAGE_KINDS), name="kind_known"),
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
    from_copy: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="Whether somebody in copy wrote it who is not in the project"
    )
    kind: Mapped[str] = mapped_column(String(8), comment="reply, or note (never shown to customers)")
    body: Mapped[str] = mapped_column(Text, comment="Markdown as typed, normalised")
    html: Mapped[str | None] = mapped_column(Text, comment="Safe HTML, rendered once by the worker; empty until then")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was written")
    submission: Mapped[str] = mapped_column(String(100), comment="Id of the form that sent it; once per account")

    author: Mapped[Account] = relationship(lazy="raise")


class ClockNotice(Base):
    """A warning of the clock; the row makes it happen once for each target of a ticket."""

    __tablename__ = "clock_notices"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    target: Mapped[str] = mapped_column(String(16), primary_key=True, comment="response or resolution")
    kind: Mapped[str] = mapped_column(String(16), primary_key=True, comment="due-soon or missed")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was noticed")


class Draft(Base):
    """A filled form kept while its sender signs in."""

    __tablename__ = "drafts"
    __table_args__ = (Index(None, "expires_at"), Index(None, "account_id"))

    token_hash: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="SHA-256 of the token that opens it, hex"
    )
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), comment="For whom alone it opens; empty: for nobody, the address has no account"
    )
    fields: Mapped[dict[str, str]] = mapped_column(JSON, comment="The form's fields as typed")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the fields, to know a repeat")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was kept")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it is forgotten")
