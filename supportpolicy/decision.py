"""From answers to facts, from facts to the one rule that decides.

*Answers* are what a person chose, *facts* what they count as (R5: a workaround nobody knows of
counts as none). An answer with several meanings forks the decision into variants; each is looked up on
its own and the most severe result wins (R7). Once a variant has decided the most severe priority
nothing else is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Protocol

from supportpolicy.model import Condition, Option, Priority, Question, Recommendation, Rule
from supportpolicy.problems import UnknownAnswer

Facts = Mapping[str, str]


class Table(Protocol):
    """What a decision needs of a policy."""

    @property
    def questions(self) -> tuple[Question, ...]: ...  # noqa: D102
    @property
    def rules(self) -> tuple[Rule, ...]: ...  # noqa: D102
    @property
    def priorities(self) -> tuple[Priority, ...]: ...  # noqa: D102


def holds(conditions: tuple[Condition, ...], facts: Facts) -> bool:
    """Whether any of the conditions holds on the facts; no condition at all always holds."""
    # Plain loops: half the time of any(...) and all(...), and this is asked most.
    for condition in conditions:
        for question, options in condition.items():
            if facts.get(question) not in options:
                break
        else:
            return True
    return not conditions


def facts_of(question: Question, option: Option) -> tuple[dict[str, str], ...]:
    """The facts that an answer adds: one set, or one a variant where it means several things."""
    if not option.means:
        return ({question.id: option.id},)
    names = list(option.means)
    return tuple(dict(zip(names, values, strict=True)) for values in product(*option.means.values()))


def rules_that_hold(table: Table, facts: Facts) -> tuple[Rule, ...]:
    """All rules that hold on these facts; of complete facts the validation at load leaves exactly one."""
    return tuple(rule for rule in table.rules if holds(rule.when, facts))


class RuleIndex:
    """The rules of a table by the answers that they ask for: ``rules_that_hold`` for whoever looks up thousands."""

    def __init__(self, table: Table) -> None:
        # A bit for each condition of each rule; no condition at all is one that asks for nothing.
        conditions: list[Condition] = []
        self._rules: list[tuple[Rule, int]] = []
        for rule in table.rules:
            own = rule.when or ({},)
            self._rules.append((rule, ((1 << len(own)) - 1) << len(conditions)))
            conditions += own
        # For each question, and each answer to it or none, the conditions that still fit.
        self._fitting = {
            question.id: {
                answer: sum(
                    1 << place
                    for place, condition in enumerate(conditions)
                    if question.id not in condition or answer in condition[question.id]
                )
                for answer in (None, *(option.id for option in question.options))
            }
            for question in table.questions
        }

    def rules_that_hold(self, facts: Facts) -> tuple[Rule, ...]:
        """All rules that hold on these facts."""
        fitting = -1
        for question, by_answer in self._fitting.items():
            fitting &= by_answer[facts.get(question)]
        return tuple(rule for rule, own in self._rules if own & fitting)


def _first_that_holds(table: Table, facts: Facts) -> tuple[Rule, ...]:
    return next(((rule,) for rule in table.rules if holds(rule.when, facts)), ())


def next_question(table: Table, facts: Facts) -> Question | None:
    """The first question that these facts leave open, or None where they are complete."""
    for question in table.questions:
        if question.id not in facts and holds(question.when, facts):
            return question
    return None


@dataclass(frozen=True, slots=True)
class _State:
    """How far a decision is: the variant at work, those still to look up, what was decided so far."""

    facts: Facts
    waiting: tuple[Facts, ...] = ()
    decided: tuple[Rule, ...] = ()
    asked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_START = _State({})


def _advance(table: Table, state: _State) -> tuple[Question | None, _State]:
    """The next question of this decision, or None once everything that matters is decided."""
    while (question := next_question(table, state.facts)) is None:
        decided = (*state.decided, *_first_that_holds(table, state.facts))
        most_severe = table.priorities[0].id
        if not state.waiting or any(rule.priority == most_severe for rule in decided):
            return None, replace(state, waiting=(), decided=decided)
        facts, *waiting = state.waiting
        state = replace(state, facts=facts, waiting=tuple(waiting), decided=decided)
    return question, state


def _answered(state: _State, question: Question, option: Option) -> _State:
    """The decision after an answer."""
    first, *others = ({**state.facts, **added} for added in facts_of(question, option))
    asked, notes = state.asked, state.notes
    if question.id not in asked:
        asked = (*asked, question.id)
        if option.says and option.says not in notes:
            notes = (*notes, option.says)
    return _State(first, (*others, *state.waiting), state.decided, asked, notes)


def _result(table: Table, state: _State) -> Recommendation:
    ranks = {priority.id: priority.rank for priority in table.priorities}
    rule = min(state.decided, key=lambda rule: ranks[rule.priority])
    return Recommendation(rule.priority, rule.id, rule.because, (), rule.criterion, state.notes, state.asked)


def recommend(table: Table, answers: Mapping[str, str]) -> Recommendation:
    """The recommendation for these answers; answers to questions never asked don't count.

    Raises UnknownAnswer for a question or an option that the table doesn't have.
    """
    known = {question.id: question for question in table.questions}
    chosen: dict[str, Option] = {}
    for question_id, option_id in answers.items():
        question = known.get(question_id)
        if question is None:
            raise UnknownAnswer(question_id)
        try:
            chosen[question_id] = question.option(option_id)
        except KeyError:
            raise UnknownAnswer(question_id, option_id) from None
    state = _START
    while True:
        open_question, state = _advance(table, state)
        if open_question is None:
            return _result(table, state)
        if open_question.id not in chosen:
            return Recommendation("", "", "", (open_question.id,), "", state.notes, state.asked)
        state = _answered(state, open_question, chosen[open_question.id])


def enumerate_answers(table: Table) -> Iterator[tuple[dict[str, str], Recommendation]]:
    """Every complete combination of answers, each with its recommendation."""

    def go(state: _State, answers: dict[str, str]) -> Iterator[tuple[dict[str, str], Recommendation]]:
        question, state = _advance(table, state)
        if question is None:
            yield dict(answers), _result(table, state)
        elif question.id in answers:
            yield from go(_answered(state, question, question.option(answers[question.id])), answers)
        else:
            for option in question.options:
                yield from go(_answered(state, question, option), {**answers, question.id: option.id})

    yield from go(_START, {})


def enumerate_facts(table: Table) -> Iterator[tuple[dict[str, str], tuple[tuple[str, str], ...]]]:
    """Every complete set of facts of a single variant, with the (question, option) answers on its path.

    This is what the validation looks at: a fork is the union of its variants.
    """

    def go(
        facts: dict[str, str], path: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[dict[str, str], tuple[tuple[str, str], ...]]]:
        question = next_question(table, facts)
        if question is None:
            yield facts, path
            return
        for option in question.options:
            if any(name == question.id for name, _ in path):
                return
            for added in facts_of(question, option):
                yield from go({**facts, **added}, (*path, (question.id, option.id)))

    yield from go({}, ())


class TooManyAnswers(Exception):
    """Two tables ask such different things that their combinations are more than anybody compares."""


def enumerate_both(
    old: Table, new: Table, most: int
) -> Iterator[tuple[dict[str, str], Recommendation | None, Recommendation | None]]:
    """Every complete combination of the answers that either of two tables asks for, with what each recommends.

    None stands where a table doesn't have one of the answers. Raises TooManyAnswers for more than ``most``.
    """
    left = most

    def go(
        states: tuple[_State | None, _State | None], answers: dict[str, str]
    ) -> Iterator[tuple[dict[str, str], Recommendation | None, Recommendation | None]]:
        nonlocal left
        (old_question, old_state), (new_question, new_state) = (
            _caught_up(table, state, answers) for table, state in zip((old, new), states, strict=True)
        )
        question = old_question or new_question
        if question is None:
            left -= 1
            if left < 0:
                raise TooManyAnswers
            yield (
                dict(answers),
                None if old_state is None else _result(old, old_state),
                None if new_state is None else _result(new, new_state),
            )
            return
        asked = [one for table in (old, new) for one in table.questions if one.id == question.id]
        for option in dict.fromkeys(option.id for one in asked for option in one.options):
            yield from go((old_state, new_state), {**answers, question.id: option})

    yield from go((_START, _START), {})


def _caught_up(table: Table, state: _State | None, answers: Mapping[str, str]) -> tuple[Question | None, _State | None]:
    """The decision as far as these answers lead, and its next question; None where it has no such answer."""
    while state is not None:
        question, state = _advance(table, state)
        if question is None or question.id not in answers:
            return question, state
        try:
            option = question.option(answers[question.id])
        except KeyError:
            return None, None
        state = _answered(state, question, option)
    return None, None
