"""The decision graph as a picture: every question, every answer, every result, drawn from the policy.

Answers that lead to the same thing stand together, so that the drawing shows the decision and not
its repetitions. Plain SVG: text in the page's own colour, each priority with its name.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

from supportpolicy.graph import START, ChooserGraph, Edge, QuestionNode
from supportpolicy.model import Priority
from supportpolicy.policy import Policy
from supportpolicy.translation import gettext as _

LINE = 18
GAP = 14
QUESTION_WIDTH = 176
ANSWER_WIDTH = 236
JOINT = 28
# Wraps of 14 px text that fit the widths above.
_QUESTION_CHARACTERS = 23
_ANSWER_CHARACTERS = 33
_COLOURS = ("#b3261e", "#b45309", "#1d6fb8", "#5f6b7a")


@dataclass(slots=True)
class _Answers:
    """Answers of one question that lead to the same: their lines, and what follows."""

    lines: list[str]
    child: _Box


@dataclass(slots=True)
class _Box:
    """A question with its answers, a result, or a reference in words."""

    lines: list[str]
    priority: Priority | None = None
    answers: tuple[_Answers, ...] = ()

    @property
    def height(self) -> int:
        own = len(self.lines) * LINE
        below = sum(_height(one) for one in self.answers) + GAP * (len(self.answers) - 1)
        return max(own, below)


def _height(answers: _Answers) -> int:
    return max(len(answers.lines) * LINE, answers.child.height)


def graph_svg(policy: Policy) -> str:
    """The decision graph as one self-contained SVG element, 14 px text, no script."""
    graph = policy.graph()
    root = _box(policy, graph, START)
    parts: list[str] = []
    width = _draw(root, 8, 12, parts) + 8
    height = root.height + 24
    title = _("How the priority is decided")
    description = _("Every question of the priority chooser with its answers, and the priority that each leads to.")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" direction="ltr" font-family="system-ui, sans-serif" font-size="14" fill="currentColor">'
        f"<title>{escape(title)}</title>"
        f"<desc>{escape(description)}</desc>"
        f"{''.join(parts)}</svg>\n"
    )


def _box(policy: Policy, graph: ChooserGraph, name: str) -> _Box:
    node = graph.nodes[name]
    if not isinstance(node, QuestionNode):
        priority = policy.priority(node.recommendation.priority)
        return _Box([priority.label], priority)
    groups: dict[object, list[Edge]] = {}
    for edge in node.edges:
        groups.setdefault(_signature(graph, node, edge), []).append(edge)
    answers = tuple(_answers(policy, graph, node, edges) for edges in groups.values())
    return _Box(textwrap.wrap(node.question.title, _QUESTION_CHARACTERS), None, answers)


def _answers(policy: Policy, graph: ChooserGraph, node: QuestionNode, edges: list[Edge]) -> _Answers:
    lines = [
        line
        for edge in edges
        for line in textwrap.wrap(
            f"\N{BULLET} {edge.option.label}", _ANSWER_CHARACTERS, subsequent_indent="\N{FIGURE SPACE}\N{FIGURE SPACE}"
        )
    ]
    own = next((edge for edge in edges if _siblings(node, edge)), None)
    child = _box(policy, graph, own.targets[0]) if own else _Box(_reference(graph, edges[0]))
    return _Answers(lines, child)


def _siblings(node: QuestionNode, edge: Edge) -> bool:
    """Whether an edge leads to a state that one of this question's own answers leads to."""
    own = {target for one in node.edges if one.own for target in one.targets}
    return len(edge.targets) == 1 and edge.targets[0] in own


def _reference(graph: ChooserGraph, edge: Edge) -> list[str]:
    """In words, where an answer goes on that leads to another branch."""
    places = []
    for target in edge.targets:
        owner = next(
            (
                one
                for node in graph.nodes.values()
                if isinstance(node, QuestionNode)
                for one in node.edges
                if one.own and one.targets == (target,)
            ),
            None,
        )
        places.append(_('"%(answer)s"', answer=owner.option.label) if owner else _("above"))
    if len(places) == 1:
        return textwrap.wrap(_("goes on as %(answer)s", answer=places[0]), _QUESTION_CHARACTERS)
    answers = places[0]
    for place in places[1:]:
        answers = _("%(answers)s and as %(answer)s", answers=answers, answer=place)
    sentence = _("goes on as %(answers)s; the higher priority counts", answers=answers)
    return textwrap.wrap(sentence, _QUESTION_CHARACTERS + 6)


def _signature(graph: ChooserGraph, node: QuestionNode, edge: Edge) -> object:
    """Equal for answers after which everything looks the same."""
    if not _siblings(node, edge):
        return edge.targets
    return _shape(graph, edge.targets[0])


def _shape(graph: ChooserGraph, name: str) -> object:
    node = graph.nodes[name]
    if not isinstance(node, QuestionNode):
        return node.recommendation.priority
    return node.question.id, tuple(
        (edge.option.id, _shape(graph, edge.targets[0]) if _siblings(node, edge) else edge.targets)
        for edge in node.edges
    )


def _draw(box: _Box, x: int, y: int, parts: list[str]) -> int:
    """Draw a box and all that follows; returns the right edge."""
    if box.priority is not None:
        return _draw_result(box.priority, x, y + (box.height - LINE) // 2, parts)
    weight = "700" if box.answers else "400"
    _text(box.lines, x, y + (box.height - len(box.lines) * LINE) // 2, weight, parts)
    if not box.answers:
        return x + ANSWER_WIDTH
    right, top, middle = 0, y, y + box.height // 2
    left = x + QUESTION_WIDTH
    for one in box.answers:
        height = _height(one)
        centre = top + height // 2
        parts.append(
            f'<path d="M{left} {middle}C{left + 16} {middle} {left + 12} {centre} {left + JOINT} {centre}" '
            'fill="none" stroke="currentColor" stroke-opacity=".4"/>'
        )
        _text(one.lines, left + JOINT + 4, centre - len(one.lines) * LINE // 2, "400", parts)
        after = left + JOINT + ANSWER_WIDTH
        parts.append(f'<path d="M{after} {centre}H{after + JOINT - 6}" stroke="currentColor" stroke-opacity=".4"/>')
        right = max(right, _draw(one.child, after + JOINT, centre - one.child.height // 2, parts))
        top += height + GAP
    return right


def _draw_result(priority: Priority, x: int, y: int, parts: list[str]) -> int:
    fallback = _COLOURS[min(priority.rank, len(_COLOURS) - 1)]
    parts.append(
        f'<rect x="{x}" y="{y}" width="4" height="{LINE}" fill="var(--support-{min(priority.rank, 3)}, {fallback})"/>'
    )
    _text([priority.label], x + 12, y, "700", parts)
    return x + 90


def _text(lines: list[str], x: int, y: int, weight: str, parts: list[str]) -> None:
    for number, line in enumerate(lines):
        parts.append(f'<text x="{x}" y="{y + number * LINE + 14}" font-weight="{weight}">{escape(line)}</text>')
