"""The texts of a policy apart from what it decides, each by its place, so that another language can say it.

A place is a path of keys as a file of translations has them: ``("questions", "need", "title")``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

from supportpolicy.model import (
    Choice,
    CriteriaGroup,
    FormDefinition,
    FormField,
    HouseRule,
    Option,
    Priority,
    Question,
    Rule,
)

Place = tuple[str, ...]
Say = Callable[[Place, str], str]
"""What is said at a place instead of this text."""


class Worded(Protocol):
    """What has texts."""

    @property
    def priorities(self) -> tuple[Priority, ...]: ...  # noqa: D102
    @property
    def house_rules(self) -> tuple[HouseRule, ...]: ...  # noqa: D102
    @property
    def questions(self) -> tuple[Question, ...]: ...  # noqa: D102
    @property
    def rules(self) -> tuple[Rule, ...]: ...  # noqa: D102
    @property
    def forms(self) -> tuple[FormDefinition, ...]: ...  # noqa: D102


class Parts(NamedTuple):
    """The parts of a policy that have texts."""

    priorities: tuple[Priority, ...]
    house_rules: tuple[HouseRule, ...]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    forms: tuple[FormDefinition, ...]


def texts_of(worded: Worded) -> dict[Place, str]:
    """All texts, in the order of the policy's file; where it leaves one out, there is none. Promises aren't texts."""
    found: dict[Place, str] = {}

    def note(place: Place, text: str) -> str:
        found[place] = text
        return text

    said(worded, note)
    return found


def said(worded: Worded, say: Say) -> Parts:
    """The parts with what is said instead of each text."""

    def text(*place: str, words: str) -> str:
        return say(place, words) if words else ""

    def priority(one: Priority) -> Priority:
        label = text("priorities", one.id, "label", words=one.label)
        groups = tuple(
            CriteriaGroup(
                text("priorities", one.id, "headings", str(number), words=group.heading),
                tuple(
                    replace(criterion, text=text("criteria", criterion.id, words=criterion.text))
                    for criterion in group.criteria
                ),
            )
            for number, group in enumerate(one.criteria, start=1)
        )
        return replace(one, label=label, criteria=groups)

    def option(question: Question, one: Option) -> Option:
        here = ("questions", question.id, "options", one.id)
        return replace(
            one,
            label=text(*here, "label", words=one.label),
            hint=text(*here, "hint", words=one.hint),
            says=text(*here, "says", words=one.says),
            phrase=text(*here, "phrase", words=one.phrase),
        )

    def question(one: Question) -> Question:
        return replace(
            one,
            title=text("questions", one.id, "title", words=one.title),
            hint=text("questions", one.id, "hint", words=one.hint),
            options=tuple(option(one, each) for each in one.options),
        )

    return Parts(
        tuple(priority(one) for one in worded.priorities),
        tuple(replace(one, text=text("house_rules", one.id, words=one.text)) for one in worded.house_rules),
        tuple(question(one) for one in worded.questions),
        tuple(replace(one, because=text("because", one.id, words=one.because)) for one in worded.rules),
        tuple(_said_of_form(one, say) for one in worded.forms),
    )


def _said_of_form(form: FormDefinition, say: Say) -> FormDefinition:
    def text(*place: str, words: str) -> str:
        return say(("forms", form.id, *place), words) if words else ""

    def choice(field: FormField, one: Choice) -> Choice:
        here = ("fields", field.id, "choices", one.id)
        return replace(one, label=text(*here, "label", words=one.label), hint=text(*here, "hint", words=one.hint))

    return replace(
        form,
        title=text("title", words=form.title),
        subject=text("subject", words=form.subject),
        fields=tuple(
            replace(
                one,
                label=text("fields", one.id, "label", words=one.label),
                hint=text("fields", one.id, "hint", words=one.hint),
                choices=tuple(choice(one, each) for each in one.choices),
            )
            for one in form.fields
        ),
    )
