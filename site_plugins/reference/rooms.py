"""The rooms of the code, which of them imports which, and whether each import goes downward.

The order of the rooms is declared once, in the layers contract of ``pyproject.toml``. A room is a
package, or a single module, of ``formapp``; ``site_plugins`` and ``supportpolicy`` are one room each.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

DESK = "formapp"
# Above and below the desk, as the other contracts of pyproject.toml say.
ABOVE, BELOW = "site_plugins", "supportpolicy"


class OutOfOrder(Exception):
    """Rooms that aren't declared or aren't there, or imports that go upward; the message tells each."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Rooms that stand side by side; ``apart`` where they may not import one another."""

    rooms: tuple[str, ...]
    apart: bool


@dataclass(frozen=True, slots=True)
class House:
    """The floors, top first, what is inside each room, and which rooms it imports."""

    floors: tuple[Floor, ...]
    inside: Mapping[str, tuple[str, ...]]
    imports: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Import:
    """One room imports another, at this place ("formapp/models.py:12")."""

    source: str
    target: str
    place: str


def checked_house(root: Path) -> House:
    """The house as its files are. Raises OutOfOrder."""
    floors = declared_floors(root / "pyproject.toml")
    inside = rooms_inside(root)
    imports = list(imports_between(root, inside))
    problems = [*undeclared(floors, inside), *upward(floors, imports), *circles(imports)]
    if problems:
        raise OutOfOrder("\n".join(problems))
    return House(
        floors,
        inside,
        {room: frozenset(one.target for one in imports if one.source == room) for room in inside},
    )


def declared_floors(pyproject: Path) -> tuple[Floor, ...]:
    """The declared order of the rooms, top first. Raises OutOfOrder where no contract declares one."""
    contracts = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [one["layers"] for one in contracts if one["type"] == "layers" and one.get("containers") == [DESK]]
    if len(layers) != 1:
        raise OutOfOrder(f"{pyproject.name} needs one contract of layers for the container {DESK}, not {len(layers)}.")
    desk = (
        Floor(tuple(f"{DESK}.{name}" for name in re.split(r"\s*[|:]\s*", layer)), apart="|" in layer)
        for layer in layers[0]
    )
    return (Floor((ABOVE,), apart=True), *desk, Floor((BELOW,), apart=True))


def rooms_inside(root: Path) -> dict[str, tuple[str, ...]]:
    """Each room with the names of its modules and packages; a room of one module has none."""
    found = {f"{DESK}.{name}": path for name, path in _members(root / DESK)}
    found |= {name: root / name for name in (ABOVE, BELOW)}
    return {
        room: tuple(name for name, _ in _members(path) if name != "__main__") if path.is_dir() else ()
        for room, path in found.items()
    }


def _members(folder: Path) -> Iterator[tuple[str, Path]]:
    """The modules and packages that stand in a package, by name."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" and path.name != "__init__.py":
            yield path.stem, path
        elif path.is_dir() and any(path.rglob("*.py")):
            yield path.name, path


def imports_between(root: Path, rooms: Mapping[str, object]) -> Iterator[Import]:
    """Every import of one room by another, wherever in a file it stands."""
    for folder in (ABOVE, DESK, BELOW):
        for file in sorted((root / folder).rglob("*.py")):
            place = file.relative_to(root)
            source = _room_of(".".join(place.with_suffix("").parts), rooms)
            for name, line in _imported(ast.parse(file.read_text("utf-8")), place.parent.parts):
                target = _room_of(name, rooms)
                if source and target and source != target:
                    yield Import(source, target, f"{place.as_posix()}:{line}")


def _imported(module: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Each imported name in full, with its line; ``package`` is where the module stands."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join((*above, *([node.module] if node.module else [])))
            yield from ((f"{start}.{alias.name}", node.lineno) for alias in node.names)


def _room_of(name: str, rooms: Mapping[str, object]) -> str:
    """The room that a module, or a name within one, belongs to; empty where it is none of ours."""
    parts = name.split(".")
    room = ".".join(parts[:2]) if parts[0] == DESK else parts[0]
    return room if room in rooms else ""


def undeclared(floors: tuple[Floor, ...], rooms: Mapping[str, object]) -> Iterator[str]:
    """Rooms without a floor, and rooms on a floor that aren't there."""
    declared = {room for floor in floors for room in floor.rooms}
    for room in sorted(rooms.keys() - declared):
        yield f"{room} stands on no floor: add it to the layers in pyproject.toml."
    for room in sorted(declared - rooms.keys()):
        yield f"{room} stands on a floor, but there is no such room."


def upward(floors: tuple[Floor, ...], imports: list[Import]) -> Iterator[str]:
    """Imports of a room above, or of a neighbour that stands apart."""
    height = {room: number for number, floor in enumerate(floors) for room in floor.rooms}
    for one in imports:
        if one.source not in height or one.target not in height:
            continue
        if height[one.target] < height[one.source]:
            yield f"{one.place}: {one.source} imports {one.target}, which is above it."
        elif height[one.target] == height[one.source] and floors[height[one.source]].apart:
            yield f"{one.place}: {one.source} imports {one.target}, which stands apart on the same floor."


def circles(imports: list[Import]) -> Iterator[str]:
    """A circle of rooms that import one another, if there is one."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for one in imports:
        sorter.add(one.source, one.target)
    try:
        sorter.prepare()
    except CycleError as error:
        yield f"Rooms import one another in a circle: {', '.join(reversed(error.args[1]))}."
