"""Mails wear the guide's name and colour, where a guide tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from formapp.widgets.guide_look import PRIMARY_COLOURS, GuideLook, look_of_guide
from formapp.widgets.page_frame import FRAME_FILE, TITLE


def frame(folder: Path, body: str, title: str = f"{TITLE} - Help &amp; Advice") -> Path:
    (folder / FRAME_FILE).write_text(f"<html><head><title>{title}</title></head>{body}</html>", "utf-8")
    return folder


def test_the_logo_and_the_palette_tell_them(tmp_path: Path) -> None:
    page = '<body data-md-color-primary="teal"><a class="md-header__button md-logo" title="Shop &amp; Co">x</a></body>'
    assert look_of_guide(frame(tmp_path, page)) == GuideLook("Shop & Co", "#009485")


def test_any_theme_tells_its_name_in_the_title_and_has_the_default_colour(tmp_path: Path) -> None:
    assert look_of_guide(frame(tmp_path, "<body></body>")) == GuideLook("Help & Advice")
    assert look_of_guide(frame(tmp_path, '<body data-md-color-primary="custom"></body>', TITLE)) == GuideLook()


def test_a_guide_that_is_built_anew_is_read_anew(tmp_path: Path) -> None:
    first = look_of_guide(frame(tmp_path, '<body data-md-color-primary="red"></body>'))
    second = look_of_guide(frame(tmp_path, '<body data-md-color-primary="orange"></body>'))
    assert (first.colour, second.colour) == (PRIMARY_COLOURS["red"], PRIMARY_COLOURS["orange"])


def test_a_desk_without_a_guide_has_the_default(tmp_path: Path) -> None:
    assert look_of_guide(None) == look_of_guide(tmp_path) == GuideLook()


@pytest.mark.parametrize("colour", PRIMARY_COLOURS.values())
def test_words_on_the_colour_and_links_on_white_can_be_read(colour: str) -> None:
    look = GuideLook("", colour)
    assert look.on_colour in {"#ffffff", "#1f2328"}
    assert look.link in {colour, "#1f2328"}


def test_light_colours_get_dark_words() -> None:
    assert (GuideLook("", "#ffec3d").on_colour, GuideLook("", "#ffec3d").link) == ("#1f2328", "#1f2328")
    assert (GuideLook("", "#4051b5").on_colour, GuideLook("", "#4051b5").link) == ("#ffffff", "#4051b5")
