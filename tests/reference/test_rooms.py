"""The rooms of the code, told of a small house: what is in it, what imports what, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from site_plugins.reference.picture import drawn_imports, rooms_section, rooms_svg
from site_plugins.reference.rooms import House, OutOfOrder, checked_house

LAYERS = ["server", "web", "tickets | hours", "models : text"]
FILES = {
    "supportpolicy/__init__.py": "import json\n",
    "supportpolicy/loading.py": "from supportpolicy import __doc__\n",
    "site_plugins/__init__.py": "",
    "site_plugins/plugin.py": "from formapp.text import plain\nfrom supportpolicy.loading import load\n",
    "formapp/__init__.py": "",
    "formapp/server.py": "from formapp.web import app\n",
    "formapp/web/__init__.py": "",
    "formapp/web/app.py": "from formapp import hours, tickets\nfrom . import views\n",
    "formapp/web/views.py": "def view():\n    import formapp.text\n",
    "formapp/web/static/app.js": "",
    "formapp/tickets/__init__.py": "",
    "formapp/tickets/create.py": "from ..models import Ticket\nimport formapp.tickets.close\nimport supportpolicy\n",
    "formapp/tickets/close.py": "",
    "formapp/tickets/mails/new.py": "from formapp.text import plain\n",
    "formapp/hours.py": "from formapp.models import Closure\n",
    "formapp/models.py": "from formapp.text import plain\n",
    "formapp/text.py": "",
}
Built = Callable[..., Path]


@pytest.fixture
def built(tmp_path: Path) -> Built:
    """A house of these files, with some of them changed, under these layers."""

    def build(changes: dict[str, str] | None = None, layers: list[str] = LAYERS) -> Path:
        for name, text in {**FILES, **(changes or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        (tmp_path / "pyproject.toml").write_text(
            '[[tool.importlinter.contracts]]\ntype = "forbidden"\n\n'
            f'[[tool.importlinter.contracts]]\ntype = "layers"\ncontainers = ["formapp"]\nlayers = {layers!r}\n',
            "utf-8",
        )
        return tmp_path

    return build


def refused(root: Path) -> list[str]:
    with pytest.raises(OutOfOrder) as told:
        checked_house(root)
    return str(told.value).splitlines()


def test_a_house_has_its_floors_what_is_inside_and_who_imports_whom(built: Built) -> None:
    house = checked_house(built())
    assert [floor.rooms for floor in house.floors] == [
        ("site_plugins",),
        ("formapp.server",),
        ("formapp.web",),
        ("formapp.tickets", "formapp.hours"),
        ("formapp.models", "formapp.text"),
        ("supportpolicy",),
    ]
    assert house.inside["formapp.tickets"] == ("close", "create", "mails")
    assert house.inside["formapp.web"] == ("app", "views")
    assert house.inside["formapp.hours"] == ()
    assert house.imports == {
        "site_plugins": {"formapp.text", "supportpolicy"},
        "formapp.server": {"formapp.web"},
        "formapp.web": {"formapp.tickets", "formapp.hours", "formapp.text"},
        "formapp.tickets": {"formapp.models", "formapp.text", "supportpolicy"},
        "formapp.hours": {"formapp.models"},
        "formapp.models": {"formapp.text"},
        "formapp.text": set(),
        "supportpolicy": set(),
    }


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (
            "formapp/models.py",
            "\nfrom formapp.web import app\n",
            "formapp/models.py:2: formapp.models imports formapp.web, which is above it.",
        ),
        (
            "formapp/tickets/mails/new.py",
            "def send():\n    from ...web.app import app\n",
            "formapp/tickets/mails/new.py:2: formapp.tickets imports formapp.web, which is above it.",
        ),
        (
            "formapp/text.py",
            "import site_plugins.plugin\n",
            "formapp/text.py:1: formapp.text imports site_plugins, which is above it.",
        ),
        (
            "supportpolicy/loading.py",
            "from formapp import text\n",
            "supportpolicy/loading.py:1: supportpolicy imports formapp.text, which is above it.",
        ),
        (
            "formapp/hours.py",
            "from formapp.tickets import close\n",
            "formapp/hours.py:1: formapp.hours imports formapp.tickets, which stands apart on the same floor.",
        ),
    ],
)
def test_an_import_that_goes_upward_is_told_with_its_line(built: Built, file: str, text: str, sentence: str) -> None:
    assert sentence in refused(built({file: text}))


def test_a_circle_of_neighbours_is_told(built: Built) -> None:
    assert refused(built({"formapp/text.py": "from formapp import models\n"})) == [
        "Rooms import one another in a circle: formapp.text, formapp.models, formapp.text."
    ]


def test_a_room_without_a_floor_and_a_floor_without_its_room_are_told(built: Built) -> None:
    assert refused(built({"formapp/cellar.py": ""}, [*LAYERS, "attic"])) == [
        "formapp.cellar stands on no floor: add it to the layers in pyproject.toml.",
        "formapp.attic stands on a floor, but there is no such room.",
    ]


def test_without_one_declared_order_nothing_is_drawn(built: Built) -> None:
    root = built()
    (root / "pyproject.toml").write_text('[[tool.importlinter.contracts]]\ntype = "layers"\nlayers = []\n', "utf-8")
    assert "needs one contract of layers" in refused(root)[0]


# The picture


@pytest.fixture
def house(built: Built) -> House:
    return checked_house(built())


def test_a_line_is_drawn_only_where_no_other_way_leads_down(house: House) -> None:
    assert list(drawn_imports(house)) == [
        ("site_plugins", "formapp.text"),
        ("site_plugins", "supportpolicy"),
        ("formapp.server", "formapp.web"),
        ("formapp.web", "formapp.tickets"),
        ("formapp.web", "formapp.hours"),
        ("formapp.tickets", "formapp.models"),
        ("formapp.tickets", "supportpolicy"),
        ("formapp.hours", "formapp.models"),
        ("formapp.models", "formapp.text"),
    ]


def test_the_picture_has_every_room_as_text_on_its_floor_and_says_what_it_shows(house: House) -> None:
    svg = fromstring(rooms_svg(house))  # noqa: S314 - our own
    heights: dict[str, float] = {text.text or "": float(text.attrib["y"]) for text in svg.iter("text")}
    floors = [["site_plugins"], ["server"], ["web"], ["tickets", "hours"], ["models", "text"], ["supportpolicy"]]
    assert sorted(heights) == sorted(room for floor in floors for room in floor)
    assert [len({heights[room] for room in floor}) for floor in floors] == [1] * 6
    levels = [heights[floor[0]] for floor in floors]
    assert levels == sorted(set(levels))
    assert "rooms" in (svg.findtext("title") or "")
    assert len(list(svg.iter("path"))) == 9
    # Colours are the page's own.
    assert "#" not in rooms_svg(house)


def test_many_rooms_on_a_floor_stay_within_the_picture(built: Built) -> None:
    rooms = [f"quite_a_long_name_{number}" for number in range(5)]
    house = checked_house(built({f"formapp/{room}.py": "" for room in rooms}, [" | ".join(rooms), *LAYERS]))
    svg = fromstring(rooms_svg(house))  # noqa: S314 - our own
    width = float(svg.attrib["viewBox"].split()[2])
    boxes = [(float(one.attrib["x"]), float(one.attrib["width"])) for one in svg.iter("rect")]
    assert all(x >= 0 and x + wide <= width for x, wide in boxes)
    assert len(boxes) == len(house.inside)


def test_the_list_names_every_import(house: House) -> None:
    section = rooms_section(house)
    assert "- `tickets`<br>Inside: close, create, mails.<br>Imports: models, text, supportpolicy.\n" in section
    assert "- `text`\n" in section
