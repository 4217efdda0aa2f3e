"""What both sides read of a page: where its elements stand, and which of its inline code a browser runs."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as some

from formapp.widgets.page_frame import InlineCode, edited, elements_of


def hash_of(code: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(code.encode()).digest()).decode()}'"


def inline(page: str) -> tuple[list[str], list[str], list[str]]:
    found = InlineCode()
    found.collect(page)
    return list(found.scripts), list(found.styles), list(found.style_attributes)


@pytest.mark.parametrize(
    "script",
    [
        "<script>run()</script>",
        "<SCRIPT>run()</SCRIPT >",
        '<script type="module">run()</script>',
        "<script type=text/javascript>run()</script>",
        '<script type=" Application/JavaScript ">run()</script>',
        '<script type="">run()</script>',
        '<script type="importmap">run()</script>',
        '<script data-src="x.js" title="a > b">run()</script>',
    ],
)
def test_a_script_that_a_browser_runs_is_counted(script: str) -> None:
    assert inline(f"<p>{script}</p>") == ([hash_of("run()")], [], [])


@pytest.mark.parametrize(
    "script",
    [
        '<script src="x.js"></script>',
        "<script SRC=x.js>run()</script>",
        '<script type="application/json">{"a": 1}</script>',
        '<script type="application/ld+json">{"a": 1}</script>',
        '<script type="text/template"><b>run()</b></script>',
        "<!-- <script>run()</script> -->",
        "&lt;script&gt;run()&lt;/script&gt;",
    ],
)
def test_data_and_what_comes_from_elsewhere_is_not(script: str) -> None:
    assert inline(f"<p>{script}</p>") == ([], [], [])


def test_code_is_counted_as_it_is_written_but_for_its_line_ends() -> None:
    assert inline("<script>if (a < b && '<p>') {\r\n}\r</script>")[0] == [hash_of("if (a < b && '<p>') {\n}\n")]
    assert inline("<style>p > b::before { content: '&amp;' }</style>")[1] == [
        hash_of("p > b::before { content: '&amp;' }")
    ]


def test_an_attribute_is_what_its_references_stand_for() -> None:
    page = (
        """<p style="font-family: &quot;Serif&quot;">x</p><b class=a STYLE='a: "b"'>y</b><i title=" style='no'">z</i>"""
    )
    assert inline(page)[2] == [hash_of('font-family: "Serif"'), hash_of('a: "b"')]


def test_code_that_comes_twice_is_allowed_once() -> None:
    assert inline("<script>a()</script><script>b()</script><script>a()</script>")[0] == [
        hash_of("a()"),
        hash_of("b()"),
    ]


def test_elements_stand_where_they_are_found() -> None:
    page = '<ul>\n<li>one<li class="b">two <br/></LI >\n</ul><p>'
    found = {
        (one.tag, page[one.start : one.inside], one.content, page[one.end : one.after]) for one in elements_of(page)
    }
    assert found == {
        ("ul", "<ul>", '\n<li>one<li class="b">two <br/></LI >\n', "</ul>"),
        ("li", "<li>", "", ""),
        ("li", '<li class="b">', "two <br/>", "</LI >"),
        ("br", "<br/>", "", ""),
        ("p", "<p>", "", ""),
    }


@given(some.text(alphabet="<>/=\"' \r\n\tabé-!&;x", max_size=60))
def test_whatever_a_page_holds_its_elements_lie_within_it(page: str) -> None:
    for element in elements_of(page):
        assert 0 <= element.start < element.inside <= element.end <= element.after <= len(page)
        assert page[element.start] == "<"


def test_an_edit_within_what_is_gone_is_left_out() -> None:
    assert edited("abcdef", [(4, 5, "E"), (1, 4, "-"), (2, 3, "C"), (0, 0, ">")]) == ">a-Ef"
