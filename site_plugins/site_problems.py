"""What is wrong with a site as a whole, once all its pages are rendered: each a sentence with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files

from site_plugins.collected import Collected
from site_plugins.fences import without_criteria
from site_plugins.page_urls import file_of, site_path
from site_plugins.translation import gettext as _
from supportpolicy.languages import LANGUAGES, locale


def dead_criteria_links(collected: Collected, files: Files) -> Iterator[str]:
    """Tables whose links lead to a page without criteria."""
    for link in collected.criteria_links:
        file = file_of(files, files.src_uris[link.page], link.target)
        if file is not None and file.src_uri not in collected.criteria_pages:
            yield f"{link.place}: {without_criteria(link.target)}"


def missing_languages(collected: Collected, policy_file: Path) -> Iterator[str]:
    """Pages in a language that the policy has no texts in."""
    for language, place in collected.missing_texts.items():
        translated = policy_file.with_suffix(f".{language}{policy_file.suffix}").name
        name = Locale.parse(language).get_display_name(locale())
        sentence = _(
            "This page is in %(name)s, but the policy has no texts in %(name)s. Write them into "
            '%(translated)s beside it; "python -m supportpolicy texts" begins it. If the policy is in %(name)s '
            'itself, say "language: %(language)s" in it.',
            name=name,
            translated=translated,
            language=language,
        )
        yield f"{place}: {sentence}"


def languages_not_spoken(collected: Collected) -> Iterator[str]:
    """Pages in a language that the blocks don't speak: no problem, but worth knowing."""
    for tag, place in collected.not_spoken.items():
        sentence = _(
            'The blocks have no words in the language "%(tag)s" (they have %(languages)s), so they stay in the '
            "policy's.",
            tag=tag,
            languages=", ".join(LANGUAGES),
        )
        yield f"{place}: {sentence}"


def pages_at_the_desk(files: Files, config: MkDocsConfig, desk: str) -> Iterator[str]:
    """Pages with an address at which the help desk answers (empty: nowhere), so that nobody could ever read them."""
    if desk in {"", "/"}:
        return
    for file in files.documentation_pages():
        address = f"{site_path(config)}{file.url.removeprefix('./')}"
        if address.startswith(desk):
            name = Path(config.docs_dir).name
            sentence = _(
                'Its address is "%(address)s", where the help desk answers; give the file another name.',
                address=address,
            )
            yield f"{name}/{file.src_uri}:1: {sentence}"
