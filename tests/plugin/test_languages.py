"""A page's language chooses its widgets', in sites of one language and of several."""

from __future__ import annotations

import re
from typing import Any

import pytest

from supportpolicy.languages import speak
from tests.builders import POLICY
from tests.plugin.conftest import Site
from tests.reading import Page

TABLE = "```support-table\n```\n"
FORM = "```support-form\n```\n"
THEMES: list[dict[str, Any]] = [
    {"name": "material", "language": "de", "font": False},
    {"name": "mkdocs", "locale": "de"},
    {"name": "readthedocs", "locale": "de"},
]


def table(page: str) -> tuple[str, str, str]:
    """The first table's language, its direction and its first column's title."""
    found = next(one for one in Page(page).all("table") if "support-table" in one.classes)
    heads = [one.text for one in Page(str(found)).all("th") if one.get("scope") == "col"]
    return found["lang"], found["dir"], heads[1]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme["name"])
def test_the_theme_s_language_chooses_the_widgets(site: Site, theme: dict[str, Any]) -> None:
    site.build({"index.md": TABLE}, theme=theme)
    assert table(site.page()) == ("de", "ltr", "Antwort")
    assert "Kritisch" in site.page()
    assert "innerhalb von 1 Stunde, rund um die Uhr" in site.page()


def test_a_page_can_say_its_own_language(site: Site) -> None:
    site.build({"index.md": TABLE, "de.md": f"---\nlanguage: de-AT\n---\n{TABLE}\n{FORM}"})
    assert table(site.page()) == ("en", "ltr", "Response")
    assert table(site.page("de.md")) == ("de", "ltr", "Antwort")
    assert Page(site.page("de.md")).one("input", name="language")["value"] == "de"


def test_names_lead_to_the_criteria_in_the_page_s_own_language(site: Site) -> None:
    criteria = "```support-table\nshow: criteria\n```\n"
    german = "---\nlanguage: de\n---\n"
    site.build({"a.md": german + criteria, "b.md": criteria, "index.md": TABLE, "de.md": german + TABLE})
    for page, target in (("index.md", "b"), ("de.md", "a")):
        links = [one["href"] for one in Page(site.page(page)).all("a") if "#priority-high" in one.get("href", "")]
        assert [link.strip("./").partition("#")[0].strip("/").removesuffix(".html") for link in links] == [target]
    site.build({"b.md": "# Nothing\n"})
    assert "#priority-high" not in site.page("index.md")
    assert "#priority-high" in site.page("de.md")


def test_what_a_search_finds_is_in_the_page_s_language(site: Site) -> None:
    site.build({"index.md": f"# Hilfe\n\n{TABLE}"}, theme={"name": "material", "language": "de", "font": False})
    index = (site.folder / "site" / "search" / "search_index.json").read_text("utf-8")
    assert "Kritisch: innerhalb von 1 Stunde, rund um die Uhr; L\\u00f6sung: 4 Stunden, rund um die Uhr." in index


def test_a_language_that_the_policy_lacks_stops_the_build_and_is_told_once(site: Site) -> None:
    french = {"name": "material", "language": "fr", "font": False}
    (problem, end) = site.problems({"index.md": f"# Aide\n\n{TABLE}", "form.md": FORM}, theme=french)
    assert re.match(
        r"docs/(index\.md:3|form\.md:1): This page is in French, but the policy has no texts in French\. ", problem
    )
    assert "support-policy.fr.yml" in problem
    assert '"language: fr"' in problem
    assert end == "The guide has 1 problem; see above."


def test_a_gap_in_the_policy_s_texts_stops_the_build(site: Site) -> None:
    site.write({"index.md": TABLE})
    file = site.folder / "support-policy.de.yml"
    file.write_text(file.read_text("utf-8").replace("    label: Hoch\n", ""), "utf-8")
    policy = POLICY.read_text("utf-8")
    found = site.problems({"index.md": TABLE}, policy)
    assert found[0] == 'support-policy.de.yml:13: "priorities.high.label" is missing; translate "High".'


def test_a_policy_can_be_in_another_language_itself(site: Site) -> None:
    policy = "language: de\n" + POLICY.read_text("utf-8").replace("label: Critical", "label: Sehr dringend")
    site.build({"index.md": TABLE}, policy, theme=THEMES[0])
    assert table(site.page()) == ("de", "ltr", "Antwort")
    assert "Sehr dringend" in site.page()


def test_in_a_language_that_we_do_not_speak_the_widgets_stay_in_the_policy_s(site: Site) -> None:
    site.build({"index.md": TABLE}, theme={"name": "material", "language": "nl", "font": False})
    assert table(site.page()) == ("en", "ltr", "Response")


PAGES = {
    "index": "# Home\n\n```support-table\ncriteria: criteria.md\n```\n\n```support-chooser\nform: form.md\n```\n",
    "criteria": "# Criteria\n\n```support-table\nshow: criteria\n```\n",
    "form": FORM,
}


@pytest.mark.parametrize("structure", ["folder", "suffix"])
def test_static_i18n_gives_each_language_its_texts_and_links(site: Site, structure: str) -> None:
    def name(page: str, language: str) -> str:
        if structure == "folder":
            return f"{language}/{page}.md"
        return f"{page}.md" if language == "en" else f"{page}.{language}.md"

    pages = {name(page, language): text for page, text in PAGES.items() for language in ("en", "de")}
    # A page that is there in one language alone; the other shows it too.
    pages[name("only", "en")] = f"# Only\n\n{TABLE}"
    languages = [
        {"locale": "en", "name": "English", "default": True, "build": True},
        {"locale": "de", "name": "Deutsch", "build": True},
    ]
    i18n = {"i18n": {"docs_structure": structure, "languages": languages}}
    site.build(pages, plugins=["search", "support", i18n])
    for language, folder, label in (("en", "", "Critical"), ("de", "de/", "Kritisch")):
        home = Page(site.page(f"{folder}index.md"))
        assert table(site.page(f"{folder}index.md"))[0] == language
        links = [one for one in home.all("a") if one.get("href", "").endswith("#priority-critical")]
        assert [one.text for one in links] == [label]
        tickets = {one["href"].partition("?")[0] for one in home.all("a") if "?priority=" in one.get("href", "")}
        targets = {links[0]["href"].partition("#")[0], *tickets}
        assert targets == ({"criteria/", "form/"} if site.directory_urls else {"criteria.html", "form.html"})
        form = Page(site.page(f"{folder}form.md"))
        assert form.one("form", id="ticket")["action"] == "/support/tickets"
        assert form.one("input", name="language")["value"] == language
        assert form.one("input", name="page")["value"].startswith(f"/help/{folder}form")
        assert table(site.page(f"{folder}only.md"))[0] == language
        assert label in site.page(f"{folder}only.md")


def test_a_writer_hears_of_problems_in_the_language_of_the_machine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    try:
        (problem, end) = site.problems({"index.md": "```suport-table\n```\n"})
        site.write({"index.md": TABLE})
        site.build({"index.md": TABLE})
    finally:
        speak("en")
    assert problem == 'docs/index.md:1: Es gibt keinen Block "suport-table"; meinten Sie "support-table"?'
    assert end == "Der Leitfaden hat 1 Problem; siehe oben."
    # What readers see is in their page's language all the same.
    assert table(site.page()) == ("en", "ltr", "Response")
