"""The priority chooser: the whole tree of questions as disclosures, each leaf the card of its result.

The script shows the same tree one question at a time. It holds no rule: it follows what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from formapp.translation import gettext as _
from formapp.widgets.rendering import in_list, in_this_language, render
from supportpolicy import Policy, QuestionNode, ResultNode
from supportpolicy.languages import current_language


@dataclass(frozen=True, slots=True)
class Card:
    """What a result shows. ``quote`` is the criterion, or the house rule, that decided."""

    priority: Any
    because: str
    quote: str
    changes: tuple[str, ...]
    answers: str
    link: str


def render_chooser(
    policy: Policy, *, form_url: str = "", ids: str = "chooser", nested: bool = False, dates_url: str = ""
) -> Markup:
    """The chooser's HTML.

    ``form_url`` is where a result's link opens the form, with priority and answers as its query;
    ``ids`` begins every id, so that a page can hold two. ``nested`` is the chooser inside the form:
    its cards carry a submit button, which works without script and loses nothing that was typed.
    ``dates_url`` is where the desk tells the dates if one files now (empty: nowhere).
    """
    language = current_language()
    return _rendered(policy.translated(language), language, form_url, ids, nested, in_this_language(dates_url))


@lru_cache(maxsize=32)
def _rendered(policy: Policy, _language: str, form_url: str, ids: str, nested: bool, dates_url: str) -> Markup:
    graph = policy.graph()
    numbers = {name: f"{ids}-{number}" for number, name in enumerate(graph.nodes)}
    cards = {node.id: _card(policy, node, form_url) for node in graph.results}
    return render(
        "chooser.html",
        policy,
        graph=graph,
        ids=ids,
        nested=nested,
        numbers=numbers,
        cards=cards,
        titles=_titles(graph),
        dates_url=dates_url,
    )


def _titles(graph: Any) -> dict[str, str]:  # noqa: ANN401 - a ChooserGraph
    """What a link to each state says."""
    return {
        name: node.question.title if isinstance(node, QuestionNode) else _("the result")
        for name, node in graph.nodes.items()
    }


def _card(policy: Policy, node: ResultNode, form_url: str) -> Card:
    found = node.recommendation
    rule = next(rule for rule in policy.rules if rule.id == found.rule)
    quote = policy.criterion(rule.criterion).text if rule.criterion else policy.house_rule(rule.house_rules[0]).text
    labels = {priority.id: priority.label for priority in policy.priorities}
    changes = tuple(
        _(
            "%(condition)s this is %(priorities)s.",
            condition=phrase[0].upper() + phrase[1:],
            priorities=in_list(tuple(labels[one] for one in reachable)),
        )
        for phrase, reachable in policy.graph().alternatives(node)
    )
    answers = urlencode(list(node.facts.items()))
    joint = "&" if "?" in form_url else "?"
    link = f"{form_url}{joint}priority={found.priority}&{answers}"
    return Card(policy.priority(found.priority), found.because, quote, changes, answers, link)
