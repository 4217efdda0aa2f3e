"""The shapes of a loaded policy: frozen values without behaviour beyond look-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

Condition = Mapping[str, frozenset[str]]
"""What one line of the table asks for: for each named question the options that fit. All must hold."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promised time, as the guide words it and as the clock counts it.

    ``kind`` is ``"elapsed"`` (``amount`` hours, 24/7), ``"business hours"`` or ``"business days"``
    (``amount`` of them, counted while support is open; of a range the later end), or
    ``"best effort"`` (``amount`` is 0 and there is no deadline). ``within`` are the words that
    complete "Answer ..." ("within 4 hours, 24/7"), which a translated policy has.
    """

    words: str
    kind: Literal["elapsed", "business hours", "business days", "best effort"]
    amount: int
    within: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition of a priority, quoted word for word by the page and the chooser's result."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class CriteriaGroup:
    """Criteria that stand under one heading ("In production, when no workaround is possible")."""

    heading: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority and what it promises. ``rank`` 0 is the most severe."""

    id: str
    label: str
    rank: int
    response: Promise
    resolution: Promise
    criteria: tuple[CriteriaGroup, ...]


@dataclass(frozen=True, slots=True)
class HouseRule:
    """A published rule for what the criteria leave open."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question.

    ``means`` maps a question to the options this answer counts as: several are each looked up and
    the higher result wins. ``says`` is a sentence for the result. ``phrase`` completes
    "... this is High" where another answer would change the result; empty where it can't be said.
    """

    id: str
    label: str
    hint: str = ""
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    says: str = ""
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the chooser; asked when any of ``when`` holds (empty: always)."""

    id: str
    title: str
    hint: str
    when: tuple[Condition, ...]
    options: tuple[Option, ...]

    def option(self, option_id: str) -> Option:
        """The option of that id. Raises KeyError."""
        for option in self.options:
            if option.id == option_id:
                return option
        raise KeyError(option_id)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the decision table; it decides when any of ``when`` holds."""

    id: str
    when: tuple[Condition, ...]
    priority: str
    criterion: str
    house_rules: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Attachments:
    """What may be attached. Sizes in bytes; ``kinds`` are last extensions without the dot."""

    count: int
    size: int
    total: int
    kinds: tuple[str, ...]


Guests = Literal["confirm", "refuse"]


@dataclass(frozen=True, slots=True)
class FormLimits:
    """What the ticket form takes; lengths in characters (code points after NFC).

    ``guests`` says what becomes of a ticket from an address that nobody knows: it is held for staff once the address
    is confirmed, or its sender is told to write.
    """

    subject_length: int
    url_length: int
    description_length: int
    attachments: Attachments
    guests: Guests = "confirm"


FieldKind = Literal["text", "long-text", "choice", "date", "number"]
FormPart = Literal["url", "description", "attachments"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a choice field."""

    id: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form's own.

    ``least`` and ``most`` bound it as the file says it: a text's most characters, a number, a date ("2026-12-24", or
    "today"); empty where nothing does. It is asked when all of ``shown_when`` hold (empty: always): of another field
    of the form, or of a question of the chooser, one of these answers is given.
    """

    id: str
    kind: FieldKind
    label: str
    hint: str = ""
    required: bool = True
    least: str = ""
    most: str = ""
    choices: tuple[Choice, ...] = ()
    shown_when: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Registration:
    """What a form registers: the planned date in its field ``date``.

    The chooser's answer ``option`` to ``question`` counts on such a date from ``days`` calendar days before it on.
    """

    date: str
    question: str
    option: str
    days: int


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """A form for a purpose of its own, beside the one for any ticket.

    ``subject`` is what its first line is called instead of "Subject", where it is not empty. A form with a
    ``priority`` doesn't ask for one. ``without`` are the parts of the ticket form that it leaves out.
    """

    id: str
    title: str
    subject: str = ""
    priority: str = ""
    without: tuple[FormPart, ...] = ()
    fields: tuple[FormField, ...] = ()
    registers: Registration | None = None

    def field(self, field_id: str) -> FormField:
        """The field of that id. Raises KeyError."""
        for one in self.fields:
            if one.id == field_id:
                return one
        raise KeyError(field_id)


NewTickets = Literal["ask", "file"]


@dataclass(frozen=True, slots=True)
class Period:
    """A number of days: of 24 hours each or, with ``business``, of open time as a promise counts them."""

    days: int
    business: bool = False


@dataclass(frozen=True, slots=True)
class MailRules:
    """What mail from people becomes.

    ``new_tickets`` says whether one that names no ticket is filed at once, with ``unstated_priority``, or its sender
    is asked for the rest. An answer reopens a closed ticket for the time of ``reopen_within`` (None: always); after
    that it opens a new one.
    """

    new_tickets: NewTickets = "ask"
    unstated_priority: str = ""
    reopen_within: Period | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When support is open.

    ``hours[weekday]`` (0 is Monday) holds the day's windows as (start, end) in minutes after local
    midnight, sorted and apart; 1440 is the midnight that ends the day. ``day_minutes`` is the open
    time of an ordinary working day (the commonest of the week; of several, the longest).
    """

    zone: ZoneInfo
    hours: tuple[tuple[tuple[int, int], ...], ...]
    holidays: frozenset[date]
    day_minutes: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the answers so far lead to.

    While a question is open ``priority``, ``rule`` and ``because`` are empty strings and ``missing``
    holds the id of the question to ask next. Once decided, ``missing`` is empty. ``criterion`` is
    the deciding criterion's id (may be empty where a house rule decides), ``notes`` the sentences
    that the given answers add ("You don't know of a workaround, so none is counted."),
    ``asked`` the questions in the order they were asked, the open one not included.
    """

    priority: str
    rule: str
    because: str
    missing: tuple[str, ...]
    criterion: str = ""
    notes: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
