"""Which answers lead to another priority than before, in sentences that a reviewer can read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from babel.lists import format_list

from supportpolicy.decision import TooManyAnswers, enumerate_both
from supportpolicy.description import Description, describe
from supportpolicy.languages import locale, number
from supportpolicy.model import Option, Question
from supportpolicy.policy import Policy
from supportpolicy.translation import gettext as _
from supportpolicy.translation import ngettext

MOST_COMBINATIONS = 100_000
MOST_DESCRIPTIONS = 12


def recommendation_changes(old: Policy, new: Policy) -> Iterator[tuple[str, list[str]]]:
    """For each pair of priorities a sentence, and which answers it is true of."""
    try:
        every = list(enumerate_both(old, new, MOST_COMBINATIONS))
    except TooManyAnswers:
        sentence = _(
            "The questions are so different that more than %(most)s combinations of answers would have to be compared. "
            'Compare the drawings: "python -m supportpolicy graph".',
            most=number(MOST_COMBINATIONS),
        )
        yield sentence, []
        return
    groups: dict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
    other_reasons = 0
    for answers, before, after in every:
        if after is None:
            # The answer is gone, which the questions tell.
            continue
        groups[(before.priority if before else "", after.priority)].append(answers)
        if before is not None and before.priority == after.priority and before.because != after.because:
            other_reasons += 1
    both = sum(map(len, groups.values()))
    for (was, becomes), wanted in groups.items():
        if was == becomes:
            continue
        chosen = set(map(id, wanted))
        others = [answers for answers, _before, _after in every if id(answers) not in chosen]
        descriptions = [_in_words(one, old, new) for one in describe(wanted, others)]
        if len(descriptions) > MOST_DESCRIPTIONS:
            more = len(descriptions) - MOST_DESCRIPTIONS + 1
            descriptions[MOST_DESCRIPTIONS - 1 :] = [_("and %(count)s cases more", count=number(more))]
        yield _sentence(old, new, was, becomes, len(wanted), both), descriptions
    if other_reasons:
        yield (
            ngettext(
                "%(count)s combination of answers keeps its priority and gets another reason.",
                "%(count)s combinations of answers keep their priority and get another reason.",
                other_reasons,
            ),
            [],
        )


def _sentence(old: Policy, new: Policy, was: str, becomes: str, count: int, every: int) -> str:
    label = new.priority(becomes).label
    amount = {"count": number(count), "every": number(every)}
    if not was:
        return _("New answers lead to %(new)s, in %(count)s of %(every)s combinations of answers:", new=label, **amount)
    return _(
        "%(old)s becomes %(new)s in %(count)s of %(every)s combinations of answers:",
        old=old.priority(was).label,
        new=label,
        **amount,
    )


def _in_words(description: Description, old: Policy, new: Policy) -> str:
    """A description as its questions and answers: 'Where does it happen? "In production"'."""
    if not description:
        return _("whatever is answered")
    order = {question.id: place for place, question in enumerate((*new.questions, *old.questions))}
    return "; ".join(_answer(one, description[one], old, new) for one in sorted(description, key=order.__getitem__))


def _answer(question_id: str, options: frozenset[str], old: Policy, new: Policy) -> str:
    known: dict[str, Option] = {}
    title = ""
    for policy in (old, new):
        for question in _asked(policy, question_id):
            title = question.title
            known |= {option.id: option for option in question.options}
    left = [one for one in known if one not in options]
    if len(options) > 2 and len(left) == 1:
        return _('%(question)s anything but "%(answer)s"', question=title, answer=known[left[0]].label)
    labels = [f'"{known[one].label}"' for one in known if one in options]
    return f"{title} {format_list(labels, style='or', locale=locale())}"


def _asked(policy: Policy, question_id: str) -> Iterator[Question]:
    return (question for question in policy.questions if question.id == question_id)
