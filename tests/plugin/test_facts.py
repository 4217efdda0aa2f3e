"""Facts in sentences: never typed twice, and one that isn't there is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import POLICY
from tests.plugin.conftest import Site
from tests.plugin.test_extension import convert
from tests.reading import Page

FACT = "[[support: high.response]]"


def test_a_fact_is_its_words_wherever_words_stand(site: Site) -> None:
    site.build(
        {
            "index.md": f"---\ndescription: 'Answers within {FACT}.'\n---\n\n"
            "# High is [[support:high.response.within]]\n\n"
            f"Words *{FACT}*.\n\n- item\n\n    in it {FACT}\n\n!!! note\n    boxed {FACT}\n\n"
            f"<p title='{FACT}'>raw {FACT}</p>\n\nA <b title=\"{FACT}\">tag</b>.\n\n"
            "[Write](mailto:[[support: contact.email]]) or [so][mail].\n\n[mail]: mailto:[[support:contact.email]]\n"
        }
    )
    html = site.page()
    assert "[[" not in html
    assert '<meta name="description" content="Answers within 1 business day.">' in html
    assert 'id="high-is-within-1-business-day"' in html
    for words in ("<em>1 business day</em>", "in it 1 business day", "boxed 1 business day", "raw 1 business day"):
        assert words in html
    assert html.count("title='1 business day'") == 1
    assert html.count('title="1 business day"') == 1
    assert [link.attributes["href"] for link in Page(html).all("a") if "mailto" in link.attributes.get("href", "")] == [
        "mailto:support@platform.example"
    ] * 2
    assert "High is within 1 business day" in (site.folder / "site" / "search" / "search_index.json").read_text("utf-8")


CODE = [
    f"`{FACT}`",
    f"``{FACT} ` ``",
    f"```text\n{FACT}\n```",
    f"~~~~\n{FACT}\n~~~~",
    f"Words.\n\n    {FACT}",
    f"- item\n\n        {FACT}",
    f"<pre>{FACT}</pre>",
    f"<p><code>{FACT}</code></p>",
]


@pytest.mark.parametrize("code", CODE)
def test_code_shows_a_fact_as_it_is_written(site: Site, code: str) -> None:
    wrong = code.replace("high.response", "hgh.response")
    site.build({"index.md": f"# Code\n\n{code}\n", "wrong.md": f"# Code\n\n{wrong}\n"})
    for page, words in (("index.md", FACT), ("wrong.md", "[[support: hgh.response]]")):
        assert words in Page(site.page(page)).one("article").text


WRONG = [
    ("[[support: hgh.response]]", 1, 'There is no fact "hgh.response"; did you mean "high.response"?'),
    ("[[support: high.reponse]]", 1, 'There is no fact "high.reponse"; did you mean "high.response"?'),
    ("[[support: xyz]]", 1, 'There is no fact "xyz"; "python -m supportpolicy facts" lists them.'),
    ("[[support: ]]", 1, 'There is no fact ""'),
    ("words\n\n- item\n\n    [[support:form.limits.subjct]]", 5, 'There is no fact "form.limits.subjct"; did you'),
    ("<p>[[support: hgh.response]]</p>", 1, 'There is no fact "hgh.response"'),
    ("[[suport: high.response]]", 1, 'Write "[[support: high.response]]" instead of "[[suport: high.response]]".'),
    ("[[Support: high.response]]", 1, 'Write "[[support: high.response]]" instead of'),
    ("[[support high.response]]", 1, 'Write "[[support: high.response]]" instead of'),
    ("[support: high.response]", 1, 'Write "[[support: high.response]]" instead of'),
    ("[[support: High.Response]]", 1, 'did you mean "high.response"?'),
]


@pytest.mark.parametrize(("text", "line", "sentence"), WRONG)
def test_a_fact_that_is_not_there_is_told_with_its_line(site: Site, text: str, line: int, sentence: str) -> None:
    problem, last = site.problems({"index.md": f"---\ntitle: Help\n---\n# Help\n\n{text}\n"})
    assert problem.startswith(f"docs/index.md:{line + 5}: ")
    assert sentence in problem
    assert last == "The guide has 1 problem; see above."


def test_a_wrong_fact_in_front_matter_is_told_with_its_line(site: Site) -> None:
    problem, _ = site.problems({"index.md": "---\ntitle: Help\ndescription: 'In [[support: hgh.name]]'\n---\n# Help\n"})
    assert problem.startswith('docs/index.md:3: There is no fact "hgh.name"; did you mean "high.name"?')


def test_the_links_of_others_are_let_be(site: Site) -> None:
    text = "[[a page]] [[wiki:Page]] [[ns: some.page]] [1][[2]] [support: us](index.md) [[report: last.year]]\n"
    site.build({"index.md": f"# Wiki\n\n{text}"}, plugins=["search"])
    without = site.content()
    site.build({"index.md": f"# Wiki\n\n{text}"})
    assert site.content() == without


def test_a_fact_counts_after_snippets_and_variables_and_is_told_where_it_is_from(site: Site, tmp_path: Path) -> None:
    (site.folder / "parts").mkdir()
    (site.folder / "parts" / "promise.md").write_text(f"We answer in {FACT}.\n\nOr in [[support: lw.response]].\n")
    hook = tmp_path / "variables.py"
    hook.write_text("def on_page_markdown(markdown, **_):\n    return markdown.replace('{{ one }}', 'high.response')\n")
    extensions = [{"pymdownx.snippets": {"base_path": [str(site.folder / "parts")]}}]
    page = {"index.md": '# Help\n\n--8<-- "promise.md"\n\nA [[support: {{ one }}]].\n'}
    problem, _ = site.problems(page, markdown_extensions=extensions, hooks=[str(hook)])
    assert problem.startswith('parts/promise.md:3: There is no fact "lw.response"; did you mean "low.response"?')
    (site.folder / "parts" / "promise.md").write_text(f"We answer in {FACT}.\n")
    site.build(page, markdown_extensions=extensions, hooks=[str(hook)])
    assert "We answer in 1 business day." in site.content()
    assert "A 1 business day." in site.content()


def test_facts_speak_the_language_of_their_page(site: Site) -> None:
    site.build({"index.md": f"---\nlanguage: de\n---\n# Hilfe\n\n{FACT}, [[support: high.name]]\n"})
    assert "1 Arbeitstag, Hoch" in site.content()


def test_a_page_with_facts_in_a_language_that_the_policy_lacks_is_told(site: Site) -> None:
    problem, _ = site.problems({"index.md": f"---\nlanguage: fr\n---\n# Aide\n\n{FACT}\n"})
    assert problem.startswith("docs/index.md:6: This page is in French, but the policy has no texts in French.")


def test_in_a_preview_the_page_says_what_is_wrong_where_the_fact_stands(site: Site) -> None:
    site.build({"index.md": "# Help\n\nWithin [[support: hgh.response]] & more.\n"}, serving=True)
    (sentence,) = site.said()
    assert Page(site.content()).one("mark").text == sentence


def test_a_fact_alone_brings_no_script_and_no_style(site: Site) -> None:
    site.build({"index.md": f"# Help\n\n{FACT}\n"})
    assert "support-" not in site.page()


def test_words_of_a_fact_are_never_markdown_or_html(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY.read_text("utf-8").replace("label: High", 'label: "*H*_i_ <b> & `h`"', 1), "utf-8")
    html = convert("[[support: high.name]] and <p title='[[support: high.name]]'>raw</p>", policy=str(policy))
    assert "*H*_i_ &lt;b&gt; &amp; `h`" in html
    assert "title='*H*_i_ &lt;b&gt; &amp; `h`'" in html


def test_the_extension_alone_tells_facts_and_what_is_wrong() -> None:
    html = convert(f"In {FACT}.\n\nIn [[support: hgh.response]].\n")
    assert "In 1 business day." in html
    assert '<mark class="support-problem">Line 3: There is no fact "hgh.response"; did you mean "high.resp' in html
