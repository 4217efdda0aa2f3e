"""Every state of the chooser once: the skeleton of the static page, of its script and of the picture.

A state is the facts so far. An answer that stands for another ("I don't know" counts as "No") does
not repeat what follows: it refers to the state it leads to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supportpolicy.decision import Facts, Table, facts_of, next_question, rules_that_hold
from supportpolicy.model import Option, Question, Recommendation

START = "start"
_MOST_ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Edge:
    """An answer and where it leads.

    ``targets`` are node ids, several where the answer means several things, to be gone through in this
    order. ``own`` says whether the target stands below this answer; otherwise the answer refers to
    a node that stands elsewhere.
    """

    option: Option
    targets: tuple[str, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class QuestionNode:
    """A state with an open question."""

    id: str
    question: Question
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class ResultNode:
    """A state that decides. ``facts`` are in the order of the questions."""

    id: str
    recommendation: Recommendation
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChooserGraph:
    """All states by id; ``start`` is the first."""

    nodes: Mapping[str, QuestionNode | ResultNode]
    _table: Table

    @property
    def results(self) -> tuple[ResultNode, ...]:
        """The states that decide, in the order of the tree."""
        return tuple(node for node in self.nodes.values() if isinstance(node, ResultNode))

    def alternatives(self, result: ResultNode) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What would change a result: (phrase, the priorities it could then be), the last answer's first.

        At the most three; priorities are in order of severity.
        """
        found: list[tuple[str, tuple[str, ...]]] = []
        for question_id, chosen in reversed(list(result.facts.items())):
            for option in self._question(question_id).options:
                if not option.phrase or option.means or option.id == chosen:
                    continue
                reachable = _reachable(self._table, {**result.facts, question_id: option.id}, {})
                if reachable != {result.recommendation.priority}:
                    ordered = tuple(one.id for one in self._table.priorities if one.id in reachable)
                    found.append((option.phrase, ordered))
        return tuple(found[:_MOST_ALTERNATIVES])

    def _question(self, question_id: str) -> Question:
        return next(question for question in self._table.questions if question.id == question_id)


def make_graph(table: Table) -> ChooserGraph:
    """The graph of a validated table."""
    nodes: dict[str, QuestionNode | ResultNode] = {}
    _visit(table, {}, nodes)
    return ChooserGraph(_with_owners(nodes), table)


def node_id(table: Table, facts: Facts) -> str:
    """The id of the state with these facts: letters, digits, ".", "-" and "_" only."""
    parts = [f"{question.id}.{facts[question.id]}" for question in table.questions if question.id in facts]
    return "_".join(parts) or START


def _visit(table: Table, facts: Facts, nodes: dict[str, QuestionNode | ResultNode]) -> str:
    name = node_id(table, facts)
    if name in nodes:
        return name
    question = next_question(table, facts)
    if question is None:
        (rule,) = rules_that_hold(table, facts)
        ordered = {one.id: facts[one.id] for one in table.questions if one.id in facts}
        found = Recommendation(rule.priority, rule.id, rule.because, (), rule.criterion, (), tuple(ordered))
        nodes[name] = ResultNode(name, found, ordered)
        return name
    nodes[name] = QuestionNode(name, question, ())
    edges = []
    # Own answers first, so that a state stands where its plain answer leads and the rest refer to it.
    for option in sorted(question.options, key=lambda option: bool(option.means)):
        targets = tuple(_visit(table, {**facts, **added}, nodes) for added in facts_of(question, option))
        edges.append(Edge(option, targets, own=not option.means))
    order = [option.id for option in question.options]
    edges.sort(key=lambda edge: order.index(edge.option.id))
    nodes[name] = QuestionNode(name, question, tuple(edges))
    return name


def _with_owners(nodes: dict[str, QuestionNode | ResultNode]) -> dict[str, QuestionNode | ResultNode]:
    """Give a state that answers only refer to its place below the first of them."""
    owned = {START} | {
        target
        for node in nodes.values()
        if isinstance(node, QuestionNode)
        for edge in node.edges
        if edge.own
        for target in edge.targets
    }
    for name, node in list(nodes.items()):
        if not isinstance(node, QuestionNode):
            continue
        edges = []
        for edge in node.edges:
            adopt = not edge.own and len(edge.targets) == 1 and edge.targets[0] not in owned
            if adopt:
                owned.add(edge.targets[0])
            edges.append(Edge(edge.option, edge.targets, own=edge.own or adopt))
        nodes[name] = QuestionNode(name, node.question, tuple(edges))
    return nodes


def _reachable(table: Table, wanted: Facts, facts: dict[str, str]) -> set[str]:
    """The priorities that remain possible with the wanted facts, the other questions answered in any way."""
    question = next_question(table, facts)
    if question is None:
        return {rule.priority for rule in rules_that_hold(table, facts)}
    if question.id in wanted:
        return _reachable(table, wanted, {**facts, question.id: wanted[question.id]})
    found: set[str] = set()
    for option in question.options:
        if not option.means:
            found |= _reachable(table, wanted, {**facts, question.id: option.id})
    return found
