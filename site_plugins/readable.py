"""The words of a widget for whatever reads pages before they are finished: search indexes and exports of text.

A row of a table is words without their columns there, and the chooser with all its results would be found for every
question. So until a page is finished, sentences stand in the place of its widgets.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from formapp.widgets.table import hours_sentence
from site_plugins.translation import gettext as _
from supportpolicy import Policy, Priority
from supportpolicy.languages import current_language


def words(policy: Policy, show: str) -> Markup:
    """What a table says in the current language, as paragraphs and lists; nothing for a drawing and for examples."""
    policy = policy.translated(current_language())
    if show == "promises":
        hours = Markup("<p>{}</p>").format(hours_sentence(policy.calendar))
        return Markup("{}{}").format(_list([_promise(priority) for priority in policy.priorities]), hours)
    if show == "criteria":
        return Markup().join(_criteria(priority) for priority in policy.priorities)
    if show == "house-rules":
        return _list([rule.text for rule in policy.house_rules])
    return Markup()


def _promise(priority: Priority) -> str:
    return _(
        "%(priority)s: %(response)s; resolution: %(resolution)s.",
        priority=priority.label,
        response=priority.response.words,
        resolution=priority.resolution.words,
    )


def _criteria(priority: Priority) -> Markup:
    return Markup().join(
        Markup("<p>{}</p>{}").format(
            _("%(priority)s. %(heading)s:", priority=priority.label, heading=group.heading),
            _list([criterion.text for criterion in group.criteria]),
        )
        for group in priority.criteria
    )


def _list(sentences: Sequence[str]) -> Markup:
    rows = Markup().join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    return Markup("<ul>{}</ul>").format(rows)
