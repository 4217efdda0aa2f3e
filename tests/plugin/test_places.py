"""Where script, style and widgets are put: found without parsing in most pages, by parsing in others."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from site_plugins.page_assets import closure_assets, with_assets, without_assets
from site_plugins.placeholders import placeholder, with_widgets

PLACE = str(placeholder(0, Markup("<p>Words</p>")))


@pytest.mark.parametrize("written", [PLACE, PLACE.replace('"', ""), PLACE.replace("support-block", "SUPPORT-BLOCK", 1)])
def test_a_widget_is_put_into_its_place_however_that_is_written(written: str) -> None:
    page = f"<main><!-- <support-block data-number='0'> -->{written}</main>"
    assert with_widgets(page, lambda number: Markup("[{}]").format(number)) == page.replace(written, "[0]")


@pytest.mark.parametrize("shown", [f"<!-- {PLACE} -->", f"<script>x = `{PLACE}`</script>"])
def test_what_looks_like_a_place_in_a_script_or_a_comment_stays(shown: str) -> None:
    page = f"<main>{shown}{PLACE}</main>"
    assert with_widgets(page, lambda _: Markup("[]")) == f"<main>{shown}[]</main>"


STYLE, SCRIPT = (f"/{asset.hashed_name}" for asset in closure_assets())


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<head></head><body><main>a</main></body>", "<head>^</head><body><main>a$</main></body>"),
        (
            "<head><link rel=stylesheet href=own.css></head><main></main>",
            "<head>^<link rel=stylesheet href=own.css></head><main>$</main>",
        ),
        (
            "<head><link rel=icon href=own.css></head><main></main>",
            "<head><link rel=icon href=own.css>^</head><main>$</main>",
        ),
        ("<head><!-- </head> --></head><main></main>", "<head><!-- </head> -->^</head><main>$</main>"),
        (
            "<head><script>'</head>'</script></head><main></main>",
            "<head><script>'</head>'</script>^</head><main>$</main>",
        ),
        ("<HEAD></HEAD><MAIN></MAIN>", "<HEAD>^</HEAD><MAIN>$</MAIN>"),
        (
            "<head></head><script>'</main>'</script><main></main>",
            "<head>^</head><script>'</main>'</script><main>$</main>",
        ),
        ("<head></head><div role=main>a<div></div></div>", "<head>^</head><div role=main>a<div></div>$</div>"),
        ("<body>a</body>", "^<body>a$</body>"),
    ],
)
def test_styles_stand_in_the_head_and_scripts_end_the_main_part(page: str, expected: str) -> None:
    made = with_assets(page, closure_assets(), "/", {"own.css"})
    style = f'<link rel="stylesheet" href="{STYLE}">\n'
    script = f'<script type="module" src="{SCRIPT}"></script>\n'
    assert made == expected.replace("^", style).replace("$", script)
    assert without_assets(made) == page
