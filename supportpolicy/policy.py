"""The loaded policy: what the page, the chooser, the form and the clock all ask."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256

from supportpolicy import canonical, decision, promises, texts
from supportpolicy.deadlines import Deadlines, Pause, deadlines, due_at, open_between
from supportpolicy.graph import ChooserGraph, make_graph
from supportpolicy.languages import PSEUDO_LANGUAGE, SOURCE_LANGUAGE, in_language, pseudo
from supportpolicy.model import (
    Calendar,
    Criterion,
    FormDefinition,
    FormLimits,
    HouseRule,
    MailRules,
    Priority,
    Promise,
    Question,
    Recommendation,
    Rule,
)
from supportpolicy.opentime import Closure, OpenTime, as_utc, merge

# Far more than people give; whoever tries all that there are fills no memory.
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether support is open, and until when it stays so: aware UTC, None if it never changes again."""

    open: bool
    until: datetime | None


@dataclass(frozen=True)
class Policy:
    """One version of the support policy. ``version`` is the SHA-256 (hex) of ``canonical``.

    Its texts are in ``language``; ``translations`` are those in others, which make no other version.
    """

    contact_email: str
    calendar: Calendar
    priorities: tuple[Priority, ...]
    house_rules: tuple[HouseRule, ...]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    form: FormLimits
    mail: MailRules
    canonical: str = field(repr=False)
    version: str
    open_time: OpenTime = field(repr=False, compare=False)
    language: str = SOURCE_LANGUAGE
    forms: tuple[FormDefinition, ...] = ()
    translations: Mapping[str, Mapping[texts.Place, str]] = field(default_factory=dict, repr=False, compare=False)
    _original: Policy | None = field(default=None, repr=False, compare=False)
    _translated: dict[str, Policy] = field(default_factory=dict, init=False, repr=False, compare=False)
    _recommended: dict[frozenset[tuple[str, str]], Recommendation] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __hash__(self) -> int:
        return hash(self.version)

    @staticmethod
    def from_canonical(text: str) -> Policy:
        """The policy that a stored canonical form holds; it was validated when it was first loaded."""
        content = json.loads(text)
        return build(*canonical.read(content), language=content.get("language", SOURCE_LANGUAGE))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that its texts are in, its own first."""
        return (self.language, *self.translations)

    def translated(self, language: str) -> Policy:
        """The same policy with its texts in a language that is spoken; a text that this lacks stays as it is.

        What it promises is always said in that language: those words follow from the promise.
        """
        if self._original is not None:
            return self._original.translated(language)
        if language not in self._translated:
            found = self.translations.get(language, {})

            def say(place: texts.Place, text: str) -> str:
                return pseudo(text) if language == PSEUDO_LANGUAGE else found.get(place, text)

            parts = texts.said(self, say)
            with in_language(language):
                priorities = tuple(
                    replace(
                        one, response=promises.translated(one.response), resolution=promises.translated(one.resolution)
                    )
                    for one in parts.priorities
                )
            self._translated[language] = replace(self, **{**parts._asdict(), "priorities": priorities}, _original=self)
        return self._translated[language]

    def with_translations_of(self, other: Policy) -> Policy:
        """This version with the translations of another one, as far as both say the same in their own language."""
        own, theirs = texts.texts_of(self), texts.texts_of(other)
        same = {place for place, text in own.items() if theirs.get(place) == text}
        if self.language != other.language:
            return self
        return replace(
            self,
            translations={
                language: {place: text for place, text in found.items() if place in same}
                for language, found in other.translations.items()
            },
        )

    @cached_property
    def _priorities_by_id(self) -> Mapping[str, Priority]:
        return {priority.id: priority for priority in self.priorities}

    @cached_property
    def _criteria_by_id(self) -> Mapping[str, Criterion]:
        groups = (group for priority in self.priorities for group in priority.criteria)
        return {criterion.id: criterion for group in groups for criterion in group.criteria}

    @cached_property
    def _options_by_question(self) -> Mapping[str, frozenset[str]]:
        return {question.id: frozenset(option.id for option in question.options) for question in self.questions}

    @cached_property
    def _graph(self) -> ChooserGraph:
        return make_graph(self)

    def priority(self, priority_id: str) -> Priority:
        """The priority of that id. Raises KeyError."""
        return self._priorities_by_id[priority_id]

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion of that id. Raises KeyError."""
        return self._criteria_by_id[criterion_id]

    def house_rule(self, rule_id: str) -> HouseRule:
        """The house rule of that id. Raises KeyError."""
        return {rule.id: rule for rule in self.house_rules}[rule_id]

    def form_named(self, form_id: str) -> FormDefinition | None:
        """The form of that id; None for an empty one, which is the form for any ticket, and for one it doesn't have."""
        return next((one for one in self.forms if one.id == form_id), None)

    def question(self, question_id: str) -> Question:
        """The question of that id. Raises KeyError."""
        return {question.id: question for question in self.questions}[question_id]

    def recommend(self, answers: Mapping[str, str]) -> Recommendation:
        """The priority for these answers, or the question that is missing. Raises UnknownAnswer."""
        known = frozenset(answers.items())
        if known in self._recommended:
            return self._recommended[known]
        found = decision.recommend(self, answers)
        if len(self._recommended) < _MOST_REMEMBERED:
            self._recommended[known] = found
        return found

    def has_answer(self, question_id: str, option_id: str) -> bool:
        """Whether the chooser has this question, and this option of it."""
        return option_id in self._options_by_question.get(question_id, ())

    def graph(self) -> ChooserGraph:
        """Every state of the chooser once, as the static page shows it."""
        return self._graph

    def deadlines(
        self,
        priority: str,
        opened_at: datetime,
        pauses: Sequence[Pause] = (),
        closures: Sequence[Closure] = (),
        response_pauses: Sequence[Pause] = (),
    ) -> Deadlines:
        """When a ticket of this priority, received at an aware instant, is due: aware UTC, None for best effort.

        ``pauses`` are the resolution clock's. Raises KeyError for an unknown priority, ValueError for an
        instant without a zone, NeverOpen where closures leave no open time within ten years.
        """
        return deadlines(self.open_time, self.priority(priority), opened_at, pauses, closures, response_pauses)

    def open_between(self, start: datetime, end: datetime, closures: Sequence[Closure] = ()) -> timedelta:
        """The open time between two aware instants; negative where ``end`` comes first."""
        return open_between(self.open_time, start, end, closures)

    def reopens_until(self, closed_at: datetime, closures: Sequence[Closure] = ()) -> datetime | None:
        """Until when an answer reopens a ticket that was closed at an aware instant: aware UTC; None: always.

        Raises NeverOpen as ``deadlines`` does.
        """
        period = self.mail.reopen_within
        if period is None:
            return None
        if not period.business:
            return as_utc(closed_at) + timedelta(days=period.days)
        days = Promise("", "business days", period.days)
        return due_at(self.open_time, days, closed_at, closures)

    def opening(self, now: datetime, closures: Sequence[Closure] = ()) -> Opening:
        """Whether support is open at an aware instant, and until when that stays so."""
        instant = as_utc(now)
        closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in closures)
        until: datetime | None = None
        for start, end in self.open_time.following(instant, closed):
            if start > instant and until is None:
                return Opening(open=False, until=start)
            if until is not None and start > until:
                break
            # Windows that touch, as at midnight, are one opening.
            until = end
            if until - instant > timedelta(days=8):
                return Opening(open=True, until=None)
        return Opening(open=True, until=until)


def build(
    contact_email: str,
    calendar: Calendar,
    priorities: tuple[Priority, ...],
    house_rules: tuple[HouseRule, ...],
    questions: tuple[Question, ...],
    rules: tuple[Rule, ...],
    form: FormLimits,
    mail: MailRules,
    forms: tuple[FormDefinition, ...] = (),
    language: str = SOURCE_LANGUAGE,
) -> Policy:
    """A policy of these parts, with its canonical form and version. Proves nothing."""
    text = canonical.write(
        contact_email, calendar, priorities, house_rules, questions, rules, form, mail, forms, language
    )
    version = sha256(text.encode()).hexdigest()
    return Policy(
        contact_email,
        calendar,
        priorities,
        house_rules,
        questions,
        rules,
        form,
        mail,
        text,
        version,
        OpenTime(calendar),
        language,
        forms,
    )
