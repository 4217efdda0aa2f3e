"""What staff keep for their own work: tags on tickets, saved views and replies, actions on several tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from formapp.database.engine import Base, UtcDateTime
from formapp.models.accounts import Account
from formapp.models.constraints import one_of

BULK_KINDS = ("assign", "tag", "close")


class TicketTag(Base):
    """A word that staff have put on a ticket; customers never see it."""

    __tablename__ = "ticket_tags"
    __table_args__ = (
        CheckConstraint("length(tag) > 0", name="tag_not_empty"),
        # A tag's tickets, and from one tag to the next.
        Index("ix_ticket_tags_tag", "tag", "ticket_id"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    tag: Mapped[str] = mapped_column(String(40), primary_key=True, comment="In small letters, without spaces")


class SavedView(Base):
    """A search of the queue with a name: one's own, or shared with everybody at the desk."""

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        Index(None, "account_id"),
        # The address of a view that was deleted must never open another one.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the view; none is given twice")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Whose it is")
    name: Mapped[str] = mapped_column(Text, comment="What it is called")
    search: Mapped[str] = mapped_column(Text, comment="The search, as people type it")
    is_shared: Mapped[bool] = mapped_column(comment="Whether everybody at the desk sees it")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was saved")

    owner: Mapped[Account] = relationship(lazy="raise")


class SavedReply(Base):
    """A text with fields that staff insert into what they write: one's own, or shared with everybody at the desk."""

    __tablename__ = "saved_replies"
    __table_args__ = (
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("length(body) > 0", name="body_not_empty"),
        Index(None, "account_id"),
        # A page that was open since must not find another one under the number of one that is deleted.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the saved reply")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Whose it is")
    name: Mapped[str] = mapped_column(Text, comment="What it is called")
    body: Mapped[str] = mapped_column(Text, comment="The text, its fields not filled")
    is_shared: Mapped[bool] = mapped_column(comment="Whether everybody at the desk sees it")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was saved first")

    owner: Mapped[Account] = relationship(lazy="raise")


class BulkAction(Base):
    """One action on several tickets at once, remembered for a day so that it can be undone."""

    __tablename__ = "bulk_actions"
    __table_args__ = (
        CheckConstraint(one_of("kind", BULK_KINDS), name="kind_known"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; events of its tickets carry it")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who did it, and may undo it")
    kind: Mapped[str] = mapped_column(String(16), comment="assign, tag or close")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, comment="The assignee's account, or the tag")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was done")
    outcomes: Mapped[dict[str, str]] = mapped_column(JSON, comment="What became of each ticket, by its number")
    undone: Mapped[dict[str, str] | None] = mapped_column(
        JSON(none_as_null=True), comment="What undoing did with each ticket, by its number; empty: not undone"
    )
