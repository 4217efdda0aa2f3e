"""The rows of the matrix: what each site has, beside our blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MATERIAL: Mapping[str, Any] = {"name": "material", "font": False}
EXTENSIONS: Sequence[str | dict[str, Any]] = (
    *["abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "pymdownx.details"],
    *["pymdownx.superfences", {"pymdownx.tabbed": {"alternate_style": True}}, {"toc": {"permalink": True}}],
)
TABLE = "# Priorities\n\n```support-table\n```\n\n```support-table\nshow: criteria\n```\n\n```support-chooser\n```\n"
FORM = "# Open a ticket\n\n```support-form\n```\n"
# The pages with our blocks stand in this folder; every other is to be what it is without us.
OURS = "support/"


@dataclass(frozen=True, slots=True)
class Guest:
    """A plugin, theme or tool of somebody else in a site that uses it.

    ``before`` and ``after`` are the plugins around ours in mkdocs.yml; ``uses`` is what its pages are looked
    through for, as a proof that it ran. ``daily`` rows run with every change.
    """

    name: str
    package: str = "mkdocs-material"
    tool: str = "mkdocs"
    theme: Mapping[str, Any] = field(default_factory=lambda: MATERIAL)
    before: Sequence[Any] = ()
    after: Sequence[Any] = ()
    pages: Mapping[str, str] = field(default_factory=dict)
    extensions: Sequence[Any] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    uses: Mapping[str, str] = field(default_factory=dict)
    daily: bool = False


MINIFY = {"minify": {"minify_html": True, "htmlmin_opts": {"remove_comments": True}}}
I18N = {
    "i18n": {
        "docs_structure": "suffix",
        "languages": [
            {"locale": "en", "name": "English", "build": True, "default": True},
            {"locale": "de", "name": "Deutsch", "build": True},
        ],
    }
}
GUESTS = (
    Guest("Material for MkDocs", uses={"index.html": "md-header"}),
    Guest("The theme mkdocs", "mkdocs", theme={"name": "mkdocs", "color_mode": "dark"}, uses={"index.html": "navbar"}),
    Guest("The theme readthedocs", "mkdocs", theme={"name": "readthedocs"}, uses={"index.html": "wy-nav"}),
    Guest("ProperDocs", "properdocs", tool="properdocs", daily=True, uses={"index.html": "ProperDocs"}),
    Guest("Zensical", "zensical", tool="zensical", daily=True, uses={"index.html": "zensical-"}),
    Guest(
        "mkdocs-static-i18n",
        "mkdocs-static-i18n",
        after=[I18N],
        pages={"index.de.md": "# Startseite\n", "support/priorities.de.md": TABLE.replace("Priorities", "Stufen")},
        uses={"de/index.html": "Startseite", "de/support/priorities/index.html": "Stufen"},
        # Not daily: it fails since facts in prose came in, and the cause isn't found yet. "make matrix" shows it.
    ),
    Guest("mike", "mike", tool="mike", settings={"extra": {"version": {"provider": "mike"}}}),
    Guest("minify, before ours", "mkdocs-minify-plugin", before=[MINIFY], uses={"index.html": "<meta charset=utf-8>"}),
    Guest("minify, after ours", "mkdocs-minify-plugin", after=[MINIFY], uses={"index.html": "<meta charset=utf-8>"}),
    Guest(
        "glightbox",
        "mkdocs-glightbox",
        after=["glightbox"],
        pages={
            "plain/pictures.md": "# Pictures\n\n![A dot](dot.svg)\n",
            "plain/dot.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        },
        uses={"plain/pictures/index.html": 'class="glightbox"'},
    ),
    Guest(
        "snippets",
        "pymdown-extensions",
        extensions=[{"pymdownx.snippets": {"base_path": ["parts"], "check_paths": True}}],
        pages={
            "../parts/words.md": "Words of a snippet.\n",
            "../parts/table.md": "```support-table\n```\n",
            "plain/snippets.md": '# Snippets\n\n--8<-- "words.md"\n',
            "support/snippet.md": '# Snippet\n\n--8<-- "table.md"\n',
        },
        uses={"plain/snippets/index.html": "Words of a snippet", "support/snippet/index.html": "within 1 hour"},
    ),
    Guest(
        "include-markdown",
        "mkdocs-include-markdown-plugin",
        before=["include-markdown"],
        pages={
            "plain/included.md": "# Included\n\nWords of another page.\n",
            "plain/includes.md": '# Includes\n\n{% include-markdown "./included.md" heading-offset=1 %}\n',
            "../parts/table.md": "```support-table\n```\n",
            "support/included.md": '# Included\n\n{% include-markdown "../../parts/table.md" %}\n',
        },
        uses={"plain/includes/index.html": "Words of another page", "support/included/index.html": "within 1 hour"},
    ),
    Guest(
        "awesome-nav",
        "mkdocs-awesome-nav",
        after=["awesome-nav"],
        pages={".nav.yml": "nav:\n  - index.md\n  - Help: support\n  - '*'\n"},
        uses={"index.html": "Help"},
    ),
    Guest(
        "section-index",
        "mkdocs-section-index",
        after=["section-index"],
        pages={"support/index.md": "# All of support\n\n```support-table\n```\n"},
        settings={
            "nav": [
                {"Home": "index.md"},
                {"Plain": ["plain/more.md"]},
                {"Help": ["support/index.md", "support/priorities.md", "support/ticket.md"]},
            ]
        },
        uses={"support/index.html": "within 1 hour"},
    ),
    Guest(
        "literate-nav",
        "mkdocs-literate-nav",
        before=[{"literate-nav": {"nav_file": "SUMMARY.md"}}],
        pages={"SUMMARY.md": "* [Home](index.md)\n* [More](plain/)\n* [Help](support/)\n"},
        uses={"index.html": "Help"},
    ),
    Guest(
        "redirects",
        "mkdocs-redirects",
        after=[{"redirects": {"redirect_maps": {"old.md": "support/priorities.md"}}}],
        uses={"old/index.html": "support/priorities/"},
    ),
    Guest(
        "git-revision-date-localized",
        "mkdocs-git-revision-date-localized-plugin",
        after=[{"git-revision-date-localized": {"type": "iso_date"}}],
        uses={"index.html": "2026-11-24"},
    ),
    Guest(
        "mkdocstrings",
        "mkdocstrings",
        after=[{"mkdocstrings": {"handlers": {"python": {"paths": ["."]}}}}],
        pages={
            "../shop.py": '"""The shop."""\n\n\ndef pay(cents: int) -> bool:\n'
            '    """Pay so many cents."""\n    return cents > 0\n',
            "plain/code.md": "# Code\n\n::: shop\n",
        },
        uses={"plain/code/index.html": "Pay so many cents"},
    ),
    Guest(
        "tags",
        after=["tags"],
        pages={
            "plain/tagged.md": "---\ntags: [billing]\n---\n\n# Tagged\n",
            "tags.md": "# Tags\n\n<!-- material/tags -->\n",
            "support/tagged.md": f"---\ntags: [billing]\n---\n\n{FORM}",
        },
        uses={"tags/index.html": "Tagged"},
    ),
    Guest(
        "blog",
        before=["blog"],
        pages={
            "blog/index.md": "# News\n",
            "blog/posts/first.md": "---\ndate: 2026-11-20\n---\n\n# First\n\nThe beginning.\n\n"
            "<!-- more -->\n\nThe rest.\n",
        },
        uses={"blog/index.html": "The beginning", "blog/2026/11/20/first/index.html": "The rest"},
    ),
    Guest(
        "offline",
        after=["offline"],
        settings={"use_directory_urls": False},
        uses={"search/search_index.js": "Priorities"},
    ),
    Guest(
        "Instant navigation, with prefetch",
        theme={
            **MATERIAL,
            "features": ["navigation.instant", "navigation.instant.prefetch", "navigation.instant.progress"],
        },
        uses={"index.html": "navigation.instant.prefetch"},
    ),
    Guest(
        "swagger-ui-tag",
        "mkdocs-swagger-ui-tag",
        after=["swagger-ui-tag"],
        pages={
            "plain/api.md": '# API\n\n<swagger-ui src="./api.json"/>\n',
            "plain/api.json": '{"openapi": "3.0.0", "info": {"title": "Shop", "version": "1"}, "paths": {}}',
        },
        uses={"plain/api/index.html": "<iframe"},
    ),
)
