"""Which pages and files are made from the code, and what each must say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from formapp.settings import SETTINGS
from site_plugins.reference.facts import facts_page
from site_plugins.reference.picture import rooms_section
from site_plugins.reference.policy import policy_page
from site_plugins.reference.rooms import checked_house
from site_plugins.reference.settings import settings_file, settings_page
from site_plugins.reference.works_with import read_rows, works_with_page
from supportpolicy import all_facts, load

REPOSITORY = Path(__file__).parents[2]
SETTINGS_PAGE = "docs/handbook/reference/settings.md"
POLICY_PAGE = "docs/handbook/reference/policy.md"
FACTS_PAGE = "docs/handbook/reference/facts.md"
WORKS_WITH_PAGE = "docs/handbook/works-with.md"
ARCHITECTURE_PAGE = "docs/handbook/architecture.md"
SETTINGS_FILE = "deploy/support-desk.env"
SCHEMA = "supportpolicy/support-policy.schema.json"

# The part of a page that is written, between two lines that stay.
BEGIN = "<!-- Written by make reference, from the imports. -->"
END = "<!-- The end of what is written. -->"


def settings() -> str:
    """The page of settings, as the table of settings says."""
    return settings_page(SETTINGS)


def environment_file() -> str:
    """The file of settings that operators copy, as the table of settings says."""
    return settings_file(SETTINGS)


def policy_file() -> str:
    """The page of the policy file, as its schema says."""
    return policy_page(json.loads((REPOSITORY / SCHEMA).read_text("utf-8")))


def facts() -> str:
    """The page of facts, as the policy of this guide has them."""
    return facts_page(all_facts(load(REPOSITORY / "support-policy.yml")))


def architecture() -> str:
    """The page of the architecture, its rooms as the imports say. Raises OutOfOrder where one goes upward."""
    return with_section((REPOSITORY / ARCHITECTURE_PAGE).read_text("utf-8"), rooms_section(checked_house(REPOSITORY)))


def works_with() -> str:
    """The page of what our plugin works with, as the results of the matrix say."""
    return works_with_page(read_rows())


PAGES: Mapping[str, Callable[[], str]] = {
    SETTINGS_PAGE: settings,
    SETTINGS_FILE: environment_file,
    POLICY_PAGE: policy_file,
    FACTS_PAGE: facts,
    WORKS_WITH_PAGE: works_with,
    ARCHITECTURE_PAGE: architecture,
}


def with_section(page: str, section: str) -> str:
    """The page with its written part made anew. Raises ValueError where the page has no such part."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f'The page has no part between "{BEGIN}" and "{END}".')
    return f"{before}{begin}\n\n{section}\n{end}{after}"
