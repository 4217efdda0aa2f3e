"""What readers get: the blocks where they were written, links that lead somewhere, and the rest of the site."""

from __future__ import annotations

import json
from urllib.parse import urljoin, urlsplit

import pytest

from formapp.widgets import CLOSURES_FILE, NO_SCOREBOARD, SCOREBOARD_FILE
from formapp.widgets.built_site import guide_pages
from formapp.widgets.page_frame import CONTENT, TITLE
from site_plugins.page_assets import block_assets
from supportpolicy import Policy
from tests.plugin.conftest import SITE_URL, Site, built_site
from tests.reading import Element, Page

TABLE = "```support-table\n```\n"
CHOOSER = "```support-chooser\n```\n"
FORM = "```support-form\n```\n"
CRITERIA = "```support-table\nshow: criteria\n```\n"


def indented(text: str) -> str:
    return "".join(f"    {line}" for line in text.splitlines(keepends=True))


def leads_to(site: Site, page: str, address: str) -> tuple[str, str]:
    """The file of the built site that a browser finds at this address of this page, and the anchor."""
    built = site.path(page).relative_to(site.folder / "site").as_posix()
    here = built.removesuffix("index.html") if site.directory_urls else built
    target = urlsplit(urljoin(f"{SITE_URL}{here}", address))
    assert target.path.startswith("/help/"), f"{address} leaves the site"
    path = target.path.removeprefix("/help/")
    if not path or path.endswith("/"):
        path += "index.html"
    assert (site.folder / "site" / path).is_file(), f"{address} leads nowhere"
    return path, target.fragment


# Blocks


# How a block may stand, with what is then around it.
PLACES = [
    ("- An item\n\n", {"li", "ul"}),
    ("1. A step\n\n", {"li", "ol"}),
    ("!!! note\n\n", {"admonition"}),
    ('??? info "Open me"\n\n', {"details"}),
    ('=== "Tab"\n\n', {"tabbed-block"}),
]
EXAMPLES = [
    f"````markdown\n{CHOOSER}````",
    f"~~~~~\n{CHOOSER}~~~~~",
    f"- An item\n\n    ````text\n{indented(CHOOSER)}    ````",
]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory, directory_urls: bool) -> Site:
    """A site with a page for each way in which blocks may stand."""
    pages = {
        "index.md": f"{TABLE}\n{CHOOSER}\n{FORM}",
        "steps.md": f"1. One\n\n{indented(TABLE)}\n2. Two\n\n{indented(CHOOSER)}\n3. Three\n",
        "words.md": f"Before.\n{TABLE}After.\n",
        "several.md": f"{TABLE}\n{CHOOSER}\n{FORM}\n{CRITERIA}",
    }
    for number, (before, _) in enumerate(PLACES):
        pages[f"place{number}.md"] = f"{before}{indented(TABLE)}\n    And words after it.\n"
    for number, example in enumerate(EXAMPLES):
        pages[f"example{number}.md"] = f"{example}\n\n{TABLE}"
    return built_site(tmp_path_factory.mktemp("site"), directory_urls, pages)


@pytest.mark.parametrize(("number", "around"), [(number, around) for number, (_, around) in enumerate(PLACES)])
def test_a_block_stands_where_it_was_written(blocks: Site, number: int, around: set[str]) -> None:
    page = Page(blocks.page(f"place{number}.md"))
    table = page.one("table", class_="support-table")
    assert around <= names_around(table)
    (words,) = (found for found in page.all("p") if found.text == "And words after it.")
    assert around <= names_around(words)


def names_around(element: Element) -> set[str]:
    """The tags and classes of what it stands in."""
    around = [parent for parent in element.parents if isinstance(parent, Element)]
    return {name for parent in around for name in (parent.tag, *parent.classes)}


def test_steps_with_blocks_between_them_stay_one_list(blocks: Site) -> None:
    page = Page(blocks.content("steps.md"))
    (steps,) = page.all("ol")
    assert len([item for item in page.all("li") if item.parent is steps]) == 3


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_in_a_longer_fence_stays_an_example(blocks: Site, number: int) -> None:
    page = Page(blocks.page(f"example{number}.md"))
    assert not list(page.all("support-chooser"))
    assert "support-chooser" in blocks.content(f"example{number}.md")
    page.one("table", class_="support-table")


def test_words_right_before_and_after_a_block_are_paragraphs_of_their_own(blocks: Site) -> None:
    assert "<p>Before.</p>" in blocks.content("words.md")
    assert "<p>After.</p>" in blocks.content("words.md")


def test_several_blocks_of_a_page_share_no_id(blocks: Site) -> None:
    ids = [found.attributes["id"] for found in Page(blocks.page("several.md")).elements if "id" in found.attributes]
    ours = [name for name in ids if name.startswith(("chooser", "ticket", "priority"))]
    assert ours
    assert len(ours) == len(set(ours))


# Links


@pytest.mark.parametrize("page", ["index.md", "deep/below/table.md", "deep/criteria.md"])
def test_a_priority_s_name_leads_to_its_criteria_from_everywhere(site: Site, policy: Policy, page: str) -> None:
    pages = {"index.md": "# Help\n", "deep/criteria.md": CRITERIA}
    site.build({**pages, page: pages.get(page, "") + f"\n{TABLE}"})
    criteria = Page(site.page("deep/criteria.md"))
    links = [
        found.attributes["href"] for found in Page(site.page(page)).all("a") if "support-priority" in found.classes
    ]
    assert len(links) == len(policy.priorities)
    for link, priority in zip(links, policy.priorities, strict=True):
        path, anchor = leads_to(site, page, link)
        assert (path, anchor) == (
            site.path("deep/criteria.md").relative_to(site.folder / "site").as_posix(),
            f"priority-{priority.id}",
        )
        criteria.one("h3", id=anchor)


def test_a_writer_s_own_links_are_those_of_markdown(site: Site) -> None:
    pages = {
        "index.md": CRITERIA,
        "more/other.md": CRITERIA,
        "more/here.md": "```support-table\ncriteria: other.md\n```\n\n"
        "```support-chooser\nform: ../index.md#form\n```\n",
    }
    site.build(pages)
    page = Page(site.page("more/here.md"))
    name = next(found for found in page.all("a") if "support-priority" in found.classes)
    expected = site.path("more/other.md").relative_to(site.folder / "site").as_posix()
    assert leads_to(site, "more/here.md", name.attributes["href"])[0] == expected
    button = next(found for found in page.all("a") if "support-button" in found.classes)
    assert leads_to(site, "more/here.md", button.attributes["href"])[0] == "index.html"


def test_the_form_is_posted_to_the_desk_and_names_its_page(site: Site) -> None:
    site.build({"index.md": "# Help\n", "deep/file.md": FORM})
    page = Page(site.page("deep/file.md"))
    assert page.one("form", id="ticket").attributes["action"] == "/support/tickets"
    expected = "/help/deep/file/" if site.directory_urls else "/help/deep/file.html"
    assert page.one("input", name="page").attributes["value"] == expected


def test_a_desk_of_another_address_gets_form_links_and_leave(site: Site) -> None:
    plugins = [{"support": {"app_url": "https://desk.shop.example/support", "csp": "enforce"}}]
    site.build({"index.md": f"{FORM}\n{CHOOSER}"}, plugins=plugins)
    page = Page(site.page())
    assert page.one("form", id="ticket").attributes["action"] == "https://desk.shop.example/support/tickets"
    cards = [found for found in page.elements if "support-card" in found.classes]
    links = [found.attributes["href"] for card in cards for found in card.find_all("a")]
    assert links
    assert all(address.startswith("https://desk.shop.example/support/tickets/new?") for address in links)
    rules = (site.folder / "site" / "support-csp.txt").read_text("utf-8")
    assert "form-action 'self' https://desk.shop.example;" in rules
    assert "connect-src 'self' https://desk.shop.example;" in rules


# Search


def test_the_search_finds_the_table_and_not_the_widgets(site: Site) -> None:
    words = "Words that stand below."
    site.build({"index.md": f"# Help\n\n{TABLE}\n{CRITERIA}\n{CHOOSER}\n{FORM}\n{words}\n"})
    index = json.loads((site.folder / "site" / "search" / "search_index.json").read_text("utf-8"))
    found = " ".join(entry["text"] for entry in index["docs"])
    assert "within 1 hour, 24/7" in found
    assert "Production data is lost." in found
    assert words in found
    assert "What do you need?" not in found
    assert "Send ticket" not in found
    assert not [entry for entry in index["docs"] if "shell" in entry["location"]]


# Assets


def test_script_and_style_are_found_under_names_that_change_with_them(site: Site) -> None:
    site.build({"index.md": "# Help\n", "deep/below/more.md": TABLE}, extra_css=["own.css"])
    page = Page(site.page("deep/below/more.md"))
    styles = [found.attributes["href"] for found in page.all("link") if found.attributes.get("rel") == "stylesheet"]
    scripts = {
        found.attributes["src"]: found.attributes.get("type")
        for found in page.all("script")
        if "src" in found.attributes
    }
    for asset in block_assets(""):
        (address,) = [one for one in (*styles, *scripts) if f"/{asset.hashed_name}" in one]
        path, _ = leads_to(site, "deep/below/more.md", address)
        assert (site.folder / "site" / path).read_bytes() == asset.content
        # A module waits for the page and runs once, however often instant navigation comes by.
        assert address in styles or scripts[address] == "module"
    # The site's own style comes last, so that it wins.
    assert styles[-1].endswith("own.css")


def test_nothing_is_asked_of_another_host(blocks: Site) -> None:
    for path in (blocks.folder / "site").rglob("*.html"):
        page = Page(path.read_text("utf-8"))
        for found in page.elements:
            for name in ("src", "href", "action", "poster", "srcset", "data"):
                host = urlsplit(found.attributes.get(name, "")).netloc
                # A link is followed only when it is pressed.
                assert found.tag == "a" or host in {"", "docs.shop.example"}, f"{path.name}: {found.tag} {name}: {host}"


FEEDBACK, SCOREBOARD = "```support-feedback\n```\n", "```support-scoreboard\n```\n"


def test_a_page_asks_whether_it_helped_and_says_which_page_it_is(site: Site) -> None:
    site.build({"index.md": "# Help\n", "deep/more.md": f"# More\n\n{FEEDBACK}"})
    page = Page(site.page("deep/more.md"))
    form = page.one("form", action="/support/feedback")
    fields = {one["name"]: one.get("value") for one in page.all("input") if one.inside(form)}
    path = "/help/deep/more/" if site.directory_urls else "/help/deep/more.html"
    assert fields == {"page": path, "language": "en"}


def test_the_scoreboard_brings_its_script_and_only_with_it(site: Site) -> None:
    site.build({"index.md": f"# Help\n\n{SCOREBOARD}", "table.md": TABLE})
    page = Page(site.page())
    (board,) = page.all("support-scoreboard")
    assert "No figures yet. The help desk writes here" in board.text
    assert [cell.text for cell in page.all("th") if "data-month" in cell.attributes] == ["–"] * 3
    assert ["support-scoreboard" in site.page(name) for name in ("index.md", "table.md")] == [True, False]
    assert (site.folder / "site" / SCOREBOARD_FILE).read_text("utf-8") == NO_SCOREBOARD


def test_the_desk_gets_a_list_of_the_pages_with_the_line_to_edit(site: Site) -> None:
    head = "---\ntitle: Paying\n---\n\n"
    site.build({"index.md": "# Help\n", "deep/pay.md": f"{head}# How to pay\n", "bare.md": "\n\nNo heading.\n"})
    end = "/" if site.directory_urls else ".html"
    assert {(one.path, one.title, one.file, one.line) for one in guide_pages(site.folder / "site")} == {
        (f"/help/bare{end}", "Bare", "docs/bare.md", 3),
        (f"/help/deep/pay{end}", "Paying", "docs/deep/pay.md", 5),
        ("/help/" if site.directory_urls else "/help/index.html", "Help", "docs/index.md", 1),
    }


def test_there_is_a_file_of_closures_from_the_first_day(site: Site) -> None:
    site.build({"index.md": "# Help\n"})
    assert json.loads((site.folder / "site" / CLOSURES_FILE).read_text("utf-8")) == {"closures": []}


# The page that the desk fills


def test_the_shell_has_the_theme_s_frame_and_works_at_any_address(site: Site) -> None:
    site.build({"index.md": "# Help\n", "deep/more.md": "# More\n"})
    shell = (site.folder / "site" / "support-shell.txt").read_text("utf-8")
    assert shell.count(TITLE) >= 1
    assert shell.count(CONTENT) == 1
    page = Page(shell)
    assert not list(page.all("h1"))
    for found in page.elements:
        for name in ("href", "src"):
            address = found.attributes.get(name, "")
            if address and not address.startswith("#"):
                assert address.startswith(("/help/", "https://")), f"{found.tag} {name}={address}"
    assert json.loads(page.one("script", id="__config").text)["base"] == "/help/"
    # The theme stores the choice of light or dark under this path, which is that of the guide's pages.
    assert 'new URL("/help/.",location)' in shell


def test_the_shell_is_no_page_to_visit(site: Site) -> None:
    site.build({"index.md": "# Help\n"})
    built = {path.relative_to(site.folder / "site").as_posix() for path in (site.folder / "site").rglob("*.html")}
    assert built == {"index.html", "404.html"}
    assert "shell" not in (site.folder / "site" / "sitemap.xml").read_text("utf-8")
    assert "support-shell" not in site.page()
