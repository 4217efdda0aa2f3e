"""Only a page of ours is trusted: this origin, or one on the exact list."""

from __future__ import annotations

import pytest

from formapp.web.csrf import check_origin

OURS = frozenset({"https://guide.example", "http://localhost:8000"})


@pytest.mark.parametrize(
    ("fetch_site", "origin"),
    [
        ("same-origin", "https://desk.example"),
        ("same-origin", "null"),
        ("same-origin", None),
        ("cross-site", "https://guide.example"),
        ("same-site", "https://guide.example"),
        (None, "https://guide.example"),
        (None, "http://localhost:8000"),
    ],
)
def test_a_page_of_ours_is_known(fetch_site: str | None, origin: str | None) -> None:
    assert check_origin(fetch_site, origin, OURS)


@pytest.mark.parametrize(
    ("fetch_site", "origin"),
    [
        ("cross-site", "https://evil.example"),
        ("same-site", "https://sibling.guide.example"),
        ("same-site", None),
        ("none", None),
        ("cross-site", "null"),
        (None, None),
        (None, ""),
        (None, "null"),
        ("SAME-ORIGIN ", None),
        (None, "http://guide.example"),
        (None, "https://guide.example:8443"),
        (None, "https://guide.example/"),
        (None, "https://guide.example.evil.example"),
        (None, "https://evil.example?https://guide.example"),
        (None, "https://guide.example https://evil.example"),
    ],
)
def test_any_other_page_is_not(fetch_site: str | None, origin: str | None) -> None:
    assert not check_origin(fetch_site, origin, OURS)


def test_null_is_no_origin_even_when_an_operator_lists_it() -> None:
    assert not check_origin(None, "null", {"null"})
