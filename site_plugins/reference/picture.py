"""The picture of the rooms: floors with their rooms, lines for the imports, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from site_plugins.reference.rooms import DESK, House

WIDTH = 360
BOX, ACROSS, DOWN = 30, 10, 26
# Of 13 px text in the theme's fixed-width font.
CHARACTER = 8
TITLE = "The rooms of the code on their floors. Each imports from rooms below it. The list says the same in words."


def rooms_section(house: House) -> str:
    """The picture and the same in words, for the Markdown of a page."""
    # Within a figure, Markdown leaves the names as they are.
    return f"<figure>\n{rooms_svg(house)}\n</figure>\n\n" + "".join(_row(house, room) for room in _in_order(house))


def _row(house: House, room: str) -> str:
    imports = ", ".join(_label(one) for one in _in_order(house) if one in house.imports[room])
    inside = f"<br>Inside: {', '.join(house.inside[room])}." if house.inside[room] else ""
    return f"- `{_label(room)}`{inside}{f'<br>Imports: {imports}.' if imports else ''}\n"


def rooms_svg(house: House) -> str:
    """The floors as one SVG element in the page's own colours; the text is text."""
    places: dict[str, tuple[float, float, float]] = {}
    top = 8.0
    for line in _lines(house):
        width = sum(map(_width, line)) + ACROSS * (len(line) - 1)
        left = (WIDTH - width) / 2
        for room in line:
            places[room] = (left, top, _width(room))
            left += _width(room) + ACROSS
        top += BOX + DOWN
    height = top - DOWN + 8
    parts = [
        f'<svg class="handbook-rooms" viewBox="0 0 {WIDTH} {height:g}" role="img" aria-labelledby="rooms-title">',
        f'<title id="rooms-title">{TITLE}</title>',
        *(_line(places[source], places[target]) for source, target in drawn_imports(house)),
        *(_box(_label(room), *place) for room, place in places.items()),
        "</svg>",
    ]
    return "\n".join(parts)


def drawn_imports(house: House) -> Iterator[tuple[str, str]]:
    """The imports that need a line: none where another way leads down to the same room."""
    below = {room: _reached(house, room) for room in house.inside}
    for source in _in_order(house):
        for target in _in_order(house):
            direct = house.imports[source]
            if target in direct and not any(target in below[other] for other in direct):
                yield source, target


def _reached(house: House, room: str) -> set[str]:
    """All rooms that a room imports, over others too."""
    found: set[str] = set()
    waiting = [*house.imports[room]]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += house.imports[one]
    return found


def _in_order(house: House) -> list[str]:
    return [room for floor in house.floors for room in floor.rooms]


def _lines(house: House) -> Iterator[list[str]]:
    """The rooms of each floor, on as many lines as they need."""
    for floor in house.floors:
        line: list[str] = []
        for room in floor.rooms:
            if line and sum(map(_width, [*line, room])) + ACROSS * len(line) > WIDTH:
                yield line
                line = []
            line.append(room)
        yield line


def _label(room: str) -> str:
    return room.removeprefix(f"{DESK}.")


def _width(room: str) -> float:
    return len(_label(room)) * CHARACTER + 16


def _line(source: tuple[float, float, float], target: tuple[float, float, float]) -> str:
    """From the foot of one box to the head of another."""
    return (
        f'<path d="M{source[0] + source[2] / 2:g} {source[1] + BOX:g}L{target[0] + target[2] / 2:g} {target[1]:g}" '
        'stroke="currentColor"/>'
    )


def _box(label: str, left: float, top: float, width: float) -> str:
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{BOX}" rx="4" stroke="currentColor"/>'
        f'<text x="{left + width / 2:g}" y="{top + 20:g}">{escape(label)}</text>'
    )
