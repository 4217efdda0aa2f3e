"""What makes the HTML of a block, and the words that stand for it until its page is finished.

Imported with the first block of a site, and what a kind of block needs with the first of its kind: a guide with tables
alone needs no forms, no chooser and no history.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from formapp.widgets.table import render_table
from site_plugins import readable
from site_plugins.fences import Fence
from site_plugins.translation import gettext as _
from supportpolicy import Policy, graph_svg
from supportpolicy.languages import current_language, direction, in_language

if TYPE_CHECKING:
    from formapp.widgets.form import PageHelp
    from site_plugins.policy_history import History

Widget = Callable[[str | None], Markup]
"""What makes a block's HTML, once it is known which page shows the criteria (None: no page)."""


class BlockWidgets:
    """The widgets of a policy, which this file holds, for a desk that answers at this address."""

    def __init__(self, policy: Policy, policy_file: Path, app_url: str) -> None:
        self._policy = policy
        self._policy_file = policy_file
        self._app_url = app_url
        self._dates_url = f"{app_url}dates.json"
        self._tables: dict[tuple[str, str, str | None], Markup] = {}
        self._words: dict[tuple[str, str], Markup] = {}
        self._history: History | None = None

    def made(
        self, fence: Fence, language: str, *, page: str, form_url: str, criteria_url: str, page_help: PageHelp | None
    ) -> Widget:
        """What makes a block's HTML in this language; the addresses are those that its options name, or empty."""
        widget = self._widget(fence, page, form_url, criteria_url, page_help)

        def in_its_language(criteria_url: str | None) -> Markup:
            with in_language(language):
                return widget(criteria_url)

        return in_its_language

    def words(self, fence: Fence, language: str) -> Markup:
        """What stands for the block while its page isn't finished."""
        with in_language(language):
            if fence.kind == "support-changes":
                # It is words already.
                return self._changes()
            if fence.kind != "support-table":
                return Markup()
            key = (language, fence.options.get("show", "promises"))
            if key not in self._words:
                self._words[key] = readable.words(self._policy, key[1])
            return self._words[key]

    def missing_changes(self) -> str:
        """What a writer can do so that more changes are listed; empty where all are."""
        from site_plugins.changes import what_is_missing

        return what_is_missing(self._changes_so_far())

    def _widget(self, fence: Fence, page: str, form_url: str, criteria_url: str, page_help: PageHelp | None) -> Widget:
        policy = self._policy
        if fence.kind == "support-chooser":
            from formapp.widgets.chooser import render_chooser

            form_url = form_url or f"{self._app_url}tickets/new"
            return lambda _criteria_url: render_chooser(policy, form_url=form_url, dates_url=self._dates_url)
        if fence.kind == "support-form":
            form = fence.options.get("form", "")
            return lambda _criteria_url: self._form(form, page, page_help)
        if fence.kind == "support-changes":
            return lambda _criteria_url: self._changes()
        if fence.kind == "support-feedback":
            from formapp.widgets.feedback import render_feedback

            return lambda _criteria_url: render_feedback(policy, action=f"{self._app_url}feedback", page=page)
        if fence.kind == "support-scoreboard":
            from formapp.widgets.scoreboard import render_scoreboard

            return lambda _criteria_url: render_scoreboard(policy)
        show = fence.options.get("show", "promises")
        if show == "graph":
            return lambda _criteria_url: _drawing(policy)
        return lambda found: self._table(show, criteria_url or found)

    def _form(self, form: str, page: str, page_help: PageHelp | None) -> Markup:
        from formapp.forms import ticket_form
        from formapp.widgets.form import render_form

        policy = self._policy
        return render_form(
            policy,
            ticket_form(policy.translated(current_language()), values={"form": form}),
            # An address of its own, so that the browser keeps what is typed into each form apart.
            action=f"{self._app_url}tickets?form={form}" if form else f"{self._app_url}tickets",
            ids=f"ticket-{form}" if form else "ticket",
            embedded=True,
            page=page,
            dates_url=self._dates_url,
            files_url=f"{self._app_url}files",
            similar_url=f"{self._app_url}similar.json",
            page_help=page_help,
        )

    def _table(self, show: str, criteria_url: str | None) -> Markup:
        """A table's HTML in the current language, which many pages have alike."""
        key = (current_language(), show, criteria_url)
        if key not in self._tables:
            self._tables[key] = render_table(
                self._policy,
                show=show,  # type: ignore[arg-type]
                criteria_url=criteria_url,
                dates_url=self._dates_url,
            )
        return self._tables[key]

    def _changes(self) -> Markup:
        from site_plugins.changes import render_changes

        return render_changes(self._policy, self._changes_so_far())

    def _changes_so_far(self) -> History:
        """The history of the policy file, looked up once for all pages."""
        if self._history is None:
            from site_plugins.policy_history import read_history

            self._history = read_history(self._policy_file, self._policy.calendar.zone)
        return self._history


def _drawing(policy: Policy) -> Markup:
    language = current_language()
    svg = Markup(graph_svg(policy.translated(language)))  # noqa: S704 - our own drawing, its words escaped
    return Markup(
        '<div class="support-graph" lang="{}" dir="{}" tabindex="0" role="group" aria-label="{}">{}</div>'
    ).format(language, direction(language), _("Decision graph"), svg)
