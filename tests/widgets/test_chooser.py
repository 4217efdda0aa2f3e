"""The static chooser: complete without script, and the same table as the policy's."""

from __future__ import annotations

import gzip
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from formapp.widgets import assets, help_assets
from formapp.widgets.chooser import render_chooser
from supportpolicy import Policy
from tests.builders import Combinations

VOID = frozenset({"br", "input", "hr", "img", "meta", "link"})


class Node:
    def __init__(self, tag: str, attributes: dict[str, str], parent: Node | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Node] = []
        self.text = ""

    def all(self) -> list[Node]:
        return [self, *(found for child in self.children for found in child.all())]


class Tree(HTMLParser):
    """A small reader that minds its tags: what is opened must be closed, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = self.here = Node("root", {}, None)
        self.feed(html)
        assert self.here is self.root, f"<{self.here.tag}> is never closed"
        self.ids = {node.attributes["id"]: node for node in self.root.all() if "id" in node.attributes}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(node)
        if tag not in VOID:
            self.here = node

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.text += data


@pytest.fixture(scope="module")
def tree(policy: Policy) -> Tree:
    return Tree(render_chooser(policy, form_url="/support/tickets/new"))


def walk(tree: Tree, answers: dict[str, str]) -> Node:
    """Open the disclosures that a reader with these answers opens; of several results the higher counts."""
    waiting = ["chooser-0"]
    results: list[Node] = []
    while waiting:
        node = tree.ids[waiting.pop(0)]
        while "data-question" in node.attributes:
            options = [
                child
                for item in node.children
                if item.tag == "ul"
                for row in item.children
                for child in row.children
                if child.attributes.get("data-option") == answers[node.attributes["data-question"]]
            ]
            (option,) = options
            links = [
                found.attributes["href"][1:] for child in option.children for found in child.all() if found.tag == "a"
            ]
            nested = [child for child in option.children if "id" in child.attributes]
            if nested:
                node = nested[0]
                assert option.attributes["data-to"] == node.attributes["id"]
            else:
                # A reader follows the link, or the links in their order.
                assert links == option.attributes["data-to"].split()
                node = tree.ids[links[0]]
                waiting = links[1:] + waiting
        results.append(node)
        if node.attributes["data-rank"] == "0":
            break
    return min(results, key=lambda found: int(found.attributes["data-rank"]))


def test_every_combination_of_answers_leads_to_the_policy_s_priority(
    tree: Tree, policy: Policy, combinations: Combinations
) -> None:
    for answers, result in combinations:
        card = walk(tree, answers)
        assert card.attributes["data-result"] == result.priority, answers
        words = " ".join(node.text for node in card.all())
        assert f"because {result.because}." in words
        if result.criterion:
            assert policy.criterion(result.criterion).text in words
        assert policy.priority(result.priority).response.words in words


def test_each_card_opens_the_form_with_its_priority_and_its_answers(tree: Tree, policy: Policy) -> None:
    cards = [node for node in tree.root.all() if "data-result" in node.attributes]
    assert len(cards) == len(policy.graph().results)
    for card in cards:
        (link,) = [node.attributes["href"] for node in card.all() if node.tag == "a"]
        query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        priority = query.pop("priority")
        assert (urlsplit(link).path, priority) == ("/support/tickets/new", card.attributes["data-result"])
        assert policy.recommend(query).priority == priority


def test_inside_the_form_each_card_has_a_button_that_works_without_script(policy: Policy) -> None:
    nested = Tree(render_chooser(policy, ids="ticket-chooser", nested=True))
    for card in (node for node in nested.root.all() if "data-result" in node.attributes):
        (button,) = [node for node in card.all() if node.tag == "button"]
        assert (button.attributes["type"], button.attributes["name"]) == ("submit", "use_answers")
        answers = {name: values[0] for name, values in parse_qs(button.attributes["value"]).items()}
        assert policy.recommend(answers).priority == card.attributes["data-result"]


def test_the_markup_is_lean_and_kind_to_the_search(tree: Tree, policy: Policy) -> None:
    ids = [node.attributes["id"] for node in tree.root.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    # The theme's search takes headings for pages of their own; the root keeps the widget out of it.
    assert not {"h1", "h2", "h3", "h4", "h5", "h6"} & {node.tag for node in tree.root.all()}
    assert "data-search-exclude" in tree.ids["chooser"].attributes
    html = render_chooser(policy, form_url="/support/tickets/new")
    assert len(gzip.compress(html.encode())) < 7_500


def test_script_and_style_stay_small() -> None:
    sizes = {asset.name: len(gzip.compress(asset.content, 9)) for asset in assets()}
    chooser = sizes["support-chooser.js"] + sizes["support-chooser.css"]
    form = sizes["support-form.js"] + sizes["support-common.css"]
    assert chooser <= 2_500
    # With the colours of three themes in light and dark, and what tells the desk from whatever else answers.
    assert form < 7_000
    # Help where one reads: what takes a link's words to the form, and what suggests pages once a subject is typed.
    help_sizes = {asset.name: len(gzip.compress(asset.content, 9)) for asset in help_assets()}
    assert help_sizes["support-suggest.js"] + help_sizes["support-help.js"] <= 2_000
    assert help_sizes["support-help.css"] <= 700
    # With the fields that a policy adds, all script of a form is below 6 kB.
    assert sizes["support-form.js"] + sizes["support-fields.js"] <= 6_000
