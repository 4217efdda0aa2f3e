"""The scoreboard: how many promises were kept and missed in recent months, filled from a file by script."""

from __future__ import annotations

from markupsafe import Markup

from formapp.translation import gettext as _
from formapp.translation import ngettext
from formapp.widgets.rendering import plural_forms, render
from supportpolicy import Policy, Priority

MONTHS = 3
"""So many whole months are shown."""
TARGETS = ("response", "resolution")


def render_scoreboard(policy: Policy) -> Markup:
    """The table with a place for each figure, so that nothing moves when they come; a best effort is no promise."""
    titles = {"response": _("Answered in time"), "resolution": _("Solved in time")}
    groups = [(target, titles[target], _promised(policy, target)) for target in TARGETS]
    return render(
        "scoreboard.html",
        policy,
        groups=[group for group in groups if group[2]],
        months=MONTHS,
        kept=plural_forms(_kept),
        missed=plural_forms(_missed),
    )


def _promised(policy: Policy, target: str) -> list[str]:
    return [one.id for one in policy.priorities if _promise_kind(one, target) != "best effort"]


def _promise_kind(priority: Priority, target: str) -> str:
    return priority.response.kind if target == "response" else priority.resolution.kind


def _kept(count: int) -> str:
    return ngettext("%(count)s kept", "%(count)s kept", count, count="{count}")


def _missed(count: int) -> str:
    return ngettext("%(count)s missed", "%(count)s missed", count, count="{count}")
