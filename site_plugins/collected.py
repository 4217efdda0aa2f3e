"""Where the page stands that is rendered now, and what the pages of a site were found to have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from markupsafe import Markup

from site_plugins.sources import Source
from supportpolicy.languages import SOURCE_LANGUAGE


@dataclass(slots=True)
class PageContext:
    """Where the page stands. ``resolve`` turns "page.md#anchor" into a URL, or None where there is none.

    ``name`` is the page's among the site's, and ``source`` its file, by which a problem names the line that its
    writer edits; ``language`` the tag of the language that it is in ("de-AT").
    """

    name: str = ""
    path: str = ""
    source: Source | None = None
    resolve: Callable[[str], str | None] = field(default=lambda target: target)
    language: str = SOURCE_LANGUAGE


@dataclass(frozen=True, slots=True)
class CriteriaLink:
    """A page that a block names for the criteria, and where it does."""

    page: str
    target: str
    place: str


@dataclass(slots=True)
class Collected:
    """What the pages of a site were found to have while they were rendered."""

    problems: dict[str, None] = field(default_factory=dict)
    criteria_pages: dict[str, None] = field(default_factory=dict)
    criteria_links: list[CriteriaLink] = field(default_factory=list)
    widgets: list[Callable[[str | None], Markup]] = field(default_factory=list)
    languages: dict[str, str] = field(default_factory=dict)
    """The language of the widgets of each page."""
    form_pages: dict[str, str] = field(default_factory=dict)
    """The pages with the form that any policy has, each with its language."""
    # Languages of pages, each with the first block in it: those that the policy lacks, and those that we do.
    missing_texts: dict[str, str] = field(default_factory=dict)
    not_spoken: dict[str, str] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    """What a writer may like to know; none of it is wrong."""
