"""The list of what has changed for whoever reads the guide, made from the history of the policy file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from babel.dates import format_date
from markupsafe import Markup

from site_plugins.policy_history import History
from site_plugins.translation import gettext as _
from supportpolicy import Policy
from supportpolicy.comparison import changes_for_readers
from supportpolicy.languages import current_language, direction, locale


def render_changes(present: Policy, history: History) -> Markup:
    """The changes up to the present policy in the current language, the newest first, and how far back they go."""
    rows = Markup().join(
        Markup("<dt>{}</dt><dd><ul>{}</ul></dd>").format(
            heading, Markup().join(Markup("<li>{}</li>").format(one) for one in sentences)
        )
        for heading, sentences in _entries(present, history)
    )
    listed = Markup("<dl>{}</dl>").format(rows) if rows else rows
    language = current_language()
    return Markup('<div class="support-changes" lang="{}" dir="{}">{}<p>{}</p></div>').format(
        language, direction(language), listed, _how_far(history, has_changes=bool(rows))
    )


def what_is_missing(history: History) -> str:
    """What a writer can do so that more is listed; empty where all is."""
    if not history.versions:
        return _(
            "The block lists no changes, because git knows no version of the policy file here. Commit it, and build "
            "in the clone."
        )
    if history.is_shallow:
        return _(
            "The block may lack changes, because this clone has the newest commits only. Get the others with "
            '"git fetch --unshallow", or have them fetched before each build ("fetch-depth: 0").'
        )
    return ""


def _entries(present: Policy, history: History) -> Iterator[tuple[Markup, Sequence[str]]]:
    """When something changed, and what, the newest first; a policy that isn't committed yet is the newest."""
    if history.versions:
        sentences = _sentences(history.versions[-1].policy, present, present)
        if sentences:
            yield Markup("{}").format(_("From now on")), sentences
    for newer, older in pairwise(reversed(history.versions)):
        if sentences := _sentences(older.policy, newer.policy, present):
            day = Markup('<time datetime="{}">{}</time>').format(newer.since.isoformat(), _date(newer.since))
            yield Markup(_("From %(date)s")) % {"date": day}, sentences  # noqa: S704 - a sentence of ours


def _sentences(old: Policy, new: Policy, present: Policy) -> list[str]:
    """What differs, in the current language, of whose texts old versions have those that still hold."""
    language = current_language()
    said = [policy.with_translations_of(present).translated(language) for policy in (old, new)]
    sentences = [change.sentence for change in changes_for_readers(*said)]
    return [sentence[:1].upper() + sentence[1:] for sentence in sentences]


def _how_far(history: History, *, has_changes: bool) -> str:
    if not history.versions:
        return _("Earlier versions are not known here.")
    since = _date(history.versions[0].since)
    if not has_changes:
        return _("Nothing has changed since %(date)s.", date=since)
    if history.is_cut or history.is_shallow:
        return _("What changed before %(date)s is not listed.", date=since)
    return _("The first version is of %(date)s.", date=since)


def _date(day: date) -> str:
    return str(format_date(day, "long", locale=locale()))
