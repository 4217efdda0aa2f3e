"""Who can sign in, what tickets are about, and who belongs to what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, true
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, validates

from formapp.database.engine import Base, UtcDateTime
from formapp.models.constraints import one_of
from formapp.search_words import index_words

CUSTOMER_MAILS = ("projects", "own", "none")
"""Which tickets' mails a customer gets: all of the own projects, the own alone, none."""


def search_words(*texts: str) -> str:
    """Words that search compares, each with a space before and after it."""
    return f" {index_words(' '.join(texts))} "


def _of_inserted(*columns: str) -> Callable[[DefaultExecutionContext], str]:
    """The words of a row that is inserted without an object, many at once."""

    def words(context: DefaultExecutionContext) -> str:
        values = context.get_current_parameters()  # type: ignore[no-untyped-call]
        return search_words(*(values[column] for column in columns))

    return words


class Account(Base):
    """A person who can sign in."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("is_staff OR NOT manages_people", name="who_manages_is_staff"),
        CheckConstraint(one_of("customer_mails", CUSTOMER_MAILS), name="customer_mails_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the account")
    email: Mapped[str] = mapped_column(String(254), comment="E-mail address, in small letters; links go there")
    name: Mapped[str] = mapped_column(String(200), comment="Name as others see it")
    is_staff: Mapped[bool] = mapped_column(default=False, comment="Whether the person works at the desk")
    manages_people: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="Whether the person may change people and projects"
    )
    language: Mapped[str | None] = mapped_column(
        String(16), comment="Language of pages and mails, as in de; empty: not known yet"
    )
    customer_mails: Mapped[str] = mapped_column(
        String(16), default="own", server_default="own", comment="Which tickets' mails a customer gets"
    )
    mails_new: Mapped[bool] = mapped_column(
        default=True, server_default=true(), comment="Whether staff get mails of new and unassigned tickets"
    )
    mails_assigned: Mapped[bool] = mapped_column(
        default=True, server_default=true(), comment="Whether staff get mails of tickets assigned to them"
    )
    mails_mentioned: Mapped[bool] = mapped_column(
        default=True, server_default=true(), comment="Whether staff get a mail when a colleague mentions them"
    )
    mails_due: Mapped[bool] = mapped_column(
        default=True, server_default=true(), comment="Whether staff get mails of dates due soon and missed"
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the account was made")
    disabled_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Since when it can't sign in; empty: it can"
    )
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When the person was erased; empty: never")
    name_words: Mapped[str] = mapped_column(
        Text, default=_of_inserted("name"), server_default="", comment="The name's words in the one form of search"
    )
    address_words: Mapped[str] = mapped_column(
        Text, default=_of_inserted("email"), server_default="", comment="The address's words in the one form of search"
    )

    @validates("name", "email")
    def _keep_words(self, column: str, text: str) -> str:
        """Search finds the new name at once, whoever changes it."""
        if column == "name":
            self.name_words = search_words(text)
        else:
            self.address_words = search_words(text)
        return text

    def keep_all_words(self) -> None:
        """Make the words anew."""
        self.name_words, self.address_words = search_words(self.name), search_words(self.email)


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
    name_words: Mapped[str] = mapped_column(
        Text, default=_of_inserted("name"), server_default="", comment="The name's words in the one form of search"
    )

    @validates("name")
    def _keep_words(self, _column: str, text: str) -> str:
        """Search finds the new name at once, whoever changes it."""
        self.name_words = search_words(text)
        return text

    def keep_all_words(self) -> None:
        """Make the words anew."""
        self.name_words = search_words(self.name)


class Membership(Base):
    """Who belongs to a project, and so sees and files its tickets."""

    __tablename__ = "memberships"
    __table_args__ = (Index(None, "project_id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, comment="The person")
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True, comment="The project")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Since when")


class SignedInSession(Base):
    """A signed-in browser; the row decides at each request, so ending it acts at once."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "account_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of the cookie's token, hex")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who is signed in")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was opened")
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was last used, to the hour")
    browser: Mapped[str] = mapped_column(
        String(100), default="", server_default="", comment="Browser and system in words; empty: not known"
    )
    address: Mapped[str] = mapped_column(
        String(64), default="", server_default="", comment="Network address that it was opened from; empty: not known"
    )


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


class AddressChange(Base):
    """A new address that waits for its link to be pressed: one at a time for each person."""

    __tablename__ = "address_changes"
    __table_args__ = (UniqueConstraint("token_hash"),)

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id"), primary_key=True, autoincrement=False, comment="Whose address changes"
    )
    token_hash: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the link's token, hex")
    email: Mapped[str] = mapped_column(String(254), comment="The new address, in small letters; the link went there")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was asked for")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Until when the link works")


class FormerDetails(Base):
    """A name and an address that a person had, so that whoever is erased is found under these too."""

    __tablename__ = "former_details"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order of the changes")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Whose they were")
    name: Mapped[str] = mapped_column(String(200), comment="Name before the change")
    email: Mapped[str] = mapped_column(String(254), comment="Address before the change")
    until: Mapped[datetime] = mapped_column(UtcDateTime, comment="When one of them was changed")
