"""Help where one reads: links at a page's end, at its headings and on the page for missing addresses."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from formapp.widgets import help_assets
from site_plugins.finish import finish, read_config
from tests.plugin.conftest import SITE_URL, Site
from tests.reading import Element, Page

GUIDE = """# Billing & tax

Something.

## Late *invoices*

More.

### Paid twice

And more.

#### A detail

```html
<h2 id="late-invoices">no heading</h2>
```
"""
FORM = "# Open a ticket\n\n## Before you write\n\n```support-form\n```\n"
PAGES = {"index.md": "# Shop\n", "billing.md": GUIDE, "ticket.md": FORM}
PLUGINS = ["search", {"support": {"policy": "support-policy.yml", "page_help": True}}]


def links(site: Site, page: str) -> list[Element]:
    """The links for help of a built page."""
    found = Page(site.page(page)).all("a", href=True)
    return [link for link in found if any("support-ask" in str(one.get("class")) for one in link.parents)]


def told(link: Element) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(link["href"])).query))


def address(site: Site, page: str) -> str:
    """Where the page of this source lies on the server."""
    return "/help/" + site.path(page).relative_to(site.folder / "site").as_posix().removesuffix("index.html")


def test_a_page_and_its_headings_lead_to_the_form_and_say_where_their_reader_was(site: Site) -> None:
    site.build(PAGES, plugins=PLUGINS)
    sections, page = links(site, "billing.md")[:-1], links(site, "billing.md")[-1]
    here = address(site, "billing.md")
    for link in (*sections, page):
        assert urlsplit(urljoin(f"{SITE_URL}{here.removeprefix('/help/')}", str(link["href"]))).path == address(
            site, "ticket.md"
        )
    assert told(page) == {"help-page": here, "help-title": "Billing & tax"}
    assert page.text == "Open a ticket"
    assert [told(link) for link in sections] == [
        {"help-page": f"{here}#late-invoices", "help-title": "Billing & tax", "help-section": "Late invoices"},
        {"help-page": f"{here}#paid-twice", "help-title": "Billing & tax", "help-section": "Paid twice"},
    ]
    assert [link.text for link in sections] == [
        "Need help with this section? Late invoices",
        "Need help with this section? Paid twice",
    ]
    # Right after its heading, not in it: a list of headings names none of them.
    heading = Page(site.page("billing.md")).one("h2", id="late-invoices")
    assert heading.find_next_sibling()["class"] == "support-ask support-ask--section"
    assert "help" not in heading.text


def test_the_missing_page_leads_there_from_any_address_and_lets_script_say_which_it_was(site: Site) -> None:
    site.build(PAGES, plugins=PLUGINS)
    page = Page((site.folder / "site" / "404.html").read_text("utf-8"))
    link = page.one("support-missing").find("a")
    assert urlsplit(link["href"]).path == address(site, "ticket.md")
    assert [script["src"] for script in page.all("script", type="module")] == [f"/help/assets/{names()[1]}"]


def names() -> list[str]:
    return [asset.hashed_name for asset in help_assets()]


def test_each_page_gets_what_it_needs_and_nothing_else(site: Site) -> None:
    site.build(PAGES, plugins=PLUGINS)
    style, script, suggesting = names()
    assert style in site.page("billing.md")
    assert script not in site.page("billing.md")
    assert style in site.page("ticket.md")
    assert script in site.page("ticket.md")
    assert {path.name for path in (site.folder / "site" / "assets").iterdir()} >= {style, script, suggesting}
    # The form's page leads to no form; its form takes what the others say, and suggests pages.
    assert links(site, "ticket.md") == []
    form = Page(site.page("ticket.md"))
    assert form.one("support-suggest")["data-script"] == suggesting
    assert form.one("input", name="written_from")["value"] == ""
    # What is searched stays as it was.
    index = (site.folder / "site" / "search" / "search_index.json").read_text("utf-8")
    assert "Need help" not in index


def test_without_the_option_every_file_stays_as_it_was(site: Site) -> None:
    site.build(PAGES)
    before = site_files(site.folder / "site")
    assert not [name for name in before if name.startswith("assets/support-help")]
    site.build(PAGES, plugins=PLUGINS)
    site.build(PAGES, plugins=["search", {"support": {"policy": "support-policy.yml", "page_help": False}}])
    after = site_files(site.folder / "site")
    assert {name: text for name, text in after.items() if name.endswith(".html")} == {
        name: text for name, text in before.items() if name.endswith(".html")
    }
    assert "support-ask" not in site.page("billing.md")


def site_files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_page_may_go_without_and_a_site_without_a_form_leads_to_the_desks(site: Site) -> None:
    quiet = "---\npage_help: false\n---\n# Quiet\n\n## More\n"
    site.build({"index.md": "# Shop\n", "quiet.md": quiet}, plugins=PLUGINS)
    (link,) = links(site, "index.md")
    assert urlsplit(str(link["href"])).path == "/support/tickets/new"
    assert links(site, "quiet.md") == []


def test_a_site_without_a_search_suggests_nothing(site: Site) -> None:
    site.build(PAGES, plugins=PLUGINS[1:])
    assert site.content("ticket.md").count("<support-suggest>") == 1


def test_mikes_version_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIKE_DOCS_VERSION", "2.1")
    site.build(PAGES, plugins=PLUGINS)
    assert {told(link)["help-version"] for link in links(site, "billing.md")} == {"2.1"}


def test_a_page_leads_to_the_first_form_in_its_language_in_that_language(site: Site) -> None:
    german = f"---\nlanguage: de\n---\n{FORM}"
    pages = {**PAGES, "a-formular.md": german, "hilfe.md": "---\nlanguage: de\n---\n# Hilfe\n", "z-form.md": FORM}
    nav = ["hilfe.md", "a-formular.md", "index.md", "z-form.md", "ticket.md", "billing.md"]
    site.build(pages, plugins=PLUGINS, nav=nav)
    here = {page: f"{SITE_URL}{address(site, page).removeprefix('/help/')}" for page in ("hilfe.md", "billing.md")}
    leads = {page: urlsplit(urljoin(here[page], str(links(site, page)[-1]["href"]))).path for page in here}
    assert leads == {"hilfe.md": address(site, "a-formular.md"), "billing.md": address(site, "z-form.md")}
    assert Page(site.page("hilfe.md")).one("p", class_="support-ask")["lang"] == "de"


def test_where_pages_are_finished_without_mkdocs_the_option_is_named_as_a_mistake(site: Site) -> None:
    site.build(PAGES)
    settings = site.folder / "mkdocs.yml"
    site.write(PAGES, plugins=PLUGINS, markdown_extensions=["support"])
    problems = finish(site.folder / "site", read_config(settings))
    assert problems == ['mkdocs.yml: "page_help" is for MkDocs. Take it away.']


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_the_other_themes_have_them_too(site: Site, theme: str) -> None:
    site.build(PAGES, plugins=PLUGINS, theme={"name": theme})
    assert [link.text for link in links(site, "billing.md")] == [
        "Need help with this section? Late invoices",
        "Need help with this section? Paid twice",
        "Open a ticket",
    ]
    missing = (site.folder / "site" / "404.html").read_text("utf-8")
    assert missing.index("404") < missing.index("<support-missing>") < missing.index("<footer")
