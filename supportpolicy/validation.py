"""What must be true of a policy before anybody may rely on it; what isn't, is a problem with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from supportpolicy.decision import RuleIndex, enumerate_facts, facts_of
from supportpolicy.languages import number
from supportpolicy.policy import Policy
from supportpolicy.promises import may_be_slower
from supportpolicy.reading import Node, Reader, did_you_mean
from supportpolicy.translation import gettext as _
from supportpolicy.translation import ngettext

MOST_COMBINATIONS = 100_000
_SHOWN = 5


@dataclass(slots=True)
class SourceMap:
    """Where in the file each thing stands, for the problems about it."""

    priorities: dict[str, Node] = field(default_factory=dict)
    promises: dict[str, tuple[Node, Node]] = field(default_factory=dict)
    criteria: dict[str, Node] = field(default_factory=dict)
    house_rules: dict[str, Node] = field(default_factory=dict)
    questions: dict[str, Node] = field(default_factory=dict)
    options: dict[tuple[str, str], Node] = field(default_factory=dict)
    rules: dict[str, Node] = field(default_factory=dict)
    rule_fields: dict[str, Mapping[str, Node]] = field(default_factory=dict)
    mentions: list[tuple[str, str, Node]] = field(default_factory=list)


def validate(policy: Policy, source_map: SourceMap, reader: Reader) -> None:
    """Note every problem of the whole policy; none means that it is valid."""
    before = len(reader.problems)
    _promises_in_order(policy, source_map)
    _criteria_apart(policy, source_map)
    known = _names_exist(policy, source_map)
    _rules_cite(policy, source_map)
    if known:
        _answers_settle(policy, source_map)
    if known and len(reader.problems) == before:
        _table_decides(policy, source_map)


def _promises_in_order(policy: Policy, source_map: SourceMap) -> None:
    """A more severe priority is never slower than a milder one."""
    day = policy.calendar.day_minutes
    for severe, milder in zip(policy.priorities, policy.priorities[1:], strict=False):
        for index, target in enumerate(("response", "resolution")):
            one = severe.response if index == 0 else severe.resolution
            other = milder.response if index == 0 else milder.resolution
            if may_be_slower(one, other, day):
                source_map.promises[severe.id][index].problem(
                    _(
                        '%(severe)s could be slower than %(milder)s: its %(target)s is "%(words)s", but that of '
                        '%(milder)s is "%(other_words)s".',
                        severe=severe.label,
                        milder=milder.label,
                        target=target,
                        words=one.words,
                        other_words=other.words,
                    )
                )


def _criteria_apart(policy: Policy, source_map: SourceMap) -> None:
    """No criterion stands under two priorities word for word: it couldn't tell them apart."""
    first: dict[str, tuple[str, str]] = {}
    for priority in policy.priorities:
        for group in priority.criteria:
            for criterion in group.criteria:
                words = " ".join(criterion.text.casefold().split())
                other, label = first.setdefault(words, (priority.id, priority.label))
                if other != priority.id:
                    source_map.criteria[criterion.id].problem(
                        _(
                            "This criterion stands word for word under %(one)s too, so it can't tell %(one)s "
                            "from %(other)s.",
                            one=label,
                            other=priority.label,
                        )
                    )


def _names_exist(policy: Policy, source_map: SourceMap) -> bool:
    """Each question and option that a "when" or "means" names exists."""
    options = {question.id: [option.id for option in question.options] for question in policy.questions}
    known = True
    for question, option, node in source_map.mentions:
        if question not in options:
            node.problem(did_you_mean(_('There is no question "%(question)s"', question=question), question, options))
        elif option not in options[question]:
            node.problem(
                did_you_mean(
                    _('The question "%(question)s" has no option "%(option)s"', question=question, option=option),
                    option,
                    options[question],
                )
            )
        else:
            continue
        known = False
    return known


def _rules_cite(policy: Policy, source_map: SourceMap) -> None:
    """Each rule decides for a priority that exists and cites what the guide publishes for it."""
    labels = {priority.id: priority.label for priority in policy.priorities}
    owner = {
        criterion.id: priority.id
        for priority in policy.priorities
        for group in priority.criteria
        for criterion in group.criteria
    }
    published = [rule.id for rule in policy.house_rules]
    for rule in policy.rules:
        fields = source_map.rule_fields[rule.id]
        if "priority" in fields and rule.priority not in labels:
            fields["priority"].problem(
                did_you_mean(_('There is no priority "%(priority)s"', priority=rule.priority), rule.priority, labels)
            )
        if not rule.criterion and not rule.house_rules:
            source_map.rules[rule.id].problem(
                _('The rule "%(rule)s" cites neither a criterion nor a house rule.', rule=rule.id)
            )
        if rule.criterion and rule.criterion not in owner:
            fields["criterion"].problem(
                did_you_mean(
                    _('There is no criterion "%(criterion)s"', criterion=rule.criterion), rule.criterion, owner
                )
            )
        elif rule.criterion and rule.priority in labels and owner[rule.criterion] != rule.priority:
            fields["criterion"].problem(
                _(
                    'The criterion "%(criterion)s" stands under %(one)s, but the rule decides for %(other)s.',
                    criterion=rule.criterion,
                    one=labels[owner[rule.criterion]],
                    other=labels[rule.priority],
                )
            )
        for cited in rule.house_rules:
            if cited not in published:
                fields["house_rules"].problem(
                    did_you_mean(_('There is no house rule "%(cited)s"', cited=cited), cited, published)
                )


def _table_decides(policy: Policy, source_map: SourceMap) -> None:
    """Each combination of answers decides exactly one rule, and nothing in the table is idle."""
    used_rules: set[str] = set()
    used_options: set[tuple[str, str]] = set()
    undecided: list[tuple[tuple[str, str], ...]] = []
    clashes: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    combinations = list(islice(enumerate_facts(policy), MOST_COMBINATIONS + 1))
    if len(combinations) > MOST_COMBINATIONS:
        source_map.questions[policy.questions[0].id].problem(
            _(
                'The questions have more than %(most)s combinations of answers; narrow their "when".',
                most=number(MOST_COMBINATIONS),
            )
        )
        return
    index = RuleIndex(policy)
    for facts, path in combinations:
        rules = index.rules_that_hold(facts)
        used_options.update(path)
        used_rules.update(rule.id for rule in rules)
        if not rules:
            undecided.append(path)
        for rule in rules[1:]:
            clashes.setdefault((rules[0].id, rule.id), path)
    _report_undecided(policy, source_map, undecided)
    for (one, other), path in clashes.items():
        source_map.rules[other].problem(
            _(
                'The rules "%(one)s" and "%(other)s" both decide for %(answers)s; exactly one may.',
                one=one,
                other=other,
                answers=_in_words(policy, path),
            )
        )
    _report_idle(policy, source_map, used_rules, used_options, complete=not undecided)


def _report_undecided(policy: Policy, source_map: SourceMap, undecided: list[tuple[tuple[str, str], ...]]) -> None:
    for path in undecided[:_SHOWN]:
        source_map.questions[path[-1][0]].problem(
            _("No rule decides for %(answers)s.", answers=_in_words(policy, path))
        )
    if len(undecided) > _SHOWN:
        source_map.questions[undecided[_SHOWN][-1][0]].problem(
            ngettext(
                "No rule decides for %(count)s more combination of answers.",
                "No rule decides for %(count)s more combinations of answers.",
                len(undecided) - _SHOWN,
            )
        )


def _report_idle(
    policy: Policy, source_map: SourceMap, rules: set[str], options: set[tuple[str, str]], *, complete: bool
) -> None:
    """Questions, options, rules and priorities that no combination of answers comes to."""
    asked = {question for question, _option in options}
    for question in policy.questions:
        if question.id not in asked:
            source_map.questions[question.id].problem(
                _('The question "%(question)s" is never asked.', question=question.id)
            )
            continue
        for option in question.options:
            if (question.id, option.id) not in options:
                source_map.options[question.id, option.id].problem(
                    _(
                        'The option "%(option)s" of "%(question)s" can never be chosen.',
                        option=option.id,
                        question=question.id,
                    )
                )
    for rule in policy.rules:
        if rule.id not in rules:
            source_map.rules[rule.id].problem(
                _('The rule "%(rule)s" never decides; no combination of answers comes to it.', rule=rule.id)
            )
    reached = {rule.priority for rule in policy.rules if rule.id in rules}
    for priority in policy.priorities:
        if priority.id not in reached and complete:
            source_map.priorities[priority.id].problem(_("No answers lead to %(priority)s.", priority=priority.label))


def _answers_settle(policy: Policy, source_map: SourceMap) -> None:
    """An answer settles its own question, or an earlier one so that its own isn't asked again."""
    order = {question.id: index for index, question in enumerate(policy.questions)}
    for question in policy.questions:
        for option in question.options:
            node = source_map.options[question.id, option.id]
            for name in option.means:
                if order[name] > order[question.id]:
                    node.problem(
                        _(
                            '"means" may settle "%(question)s" or an earlier question, not the later "%(later)s".',
                            question=question.id,
                            later=name,
                        )
                    )
            if len(option.means) > 1 and len(facts_of(question, option)) > 1:
                node.problem(_('An option may mean several answers to one question only; split this "means".'))
            settles_itself = not option.means or question.id in option.means
            asked_for = {name for condition in question.when for name in condition}
            if not settles_itself and not asked_for & set(option.means):
                node.problem(
                    _(
                        'After this answer "%(question)s" would be asked again; "means" must settle its "when".',
                        question=question.id,
                    )
                )


def _in_words(policy: Policy, path: tuple[tuple[str, str], ...]) -> str:
    questions = {question.id: question for question in policy.questions}
    return ", ".join(f'"{questions[name].title}" {questions[name].option(option).label}' for name, option in path)
