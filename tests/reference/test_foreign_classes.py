"""Of a library we use what it promises: no class of ours overrides what another package keeps to itself."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.builders import REPOSITORY

GOLDEN = Path(__file__).with_name("foreign_classes.txt")
OURS = ("formapp", "site_plugins", "supportpolicy", "tests")
# Importing these runs them.
SCRIPTS = ("__main__.py", "migrations")


def sources() -> Iterator[Path]:
    for package in ("formapp", "site_plugins"):
        yield from sorted((REPOSITORY / package).rglob("*.py"))


def classes_in(tree: ast.Module) -> Iterator[tuple[str, ast.ClassDef]]:
    """The classes of a module by their qualified names, also those within classes and functions."""

    def within(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield f"{prefix}{child.name}", child
                yield from within(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from within(child, f"{prefix}{child.name}.<locals>.")
            else:
                yield from within(child, prefix)

    return within(tree, "")


def names_of(body: ast.ClassDef) -> set[str]:
    """What a class defines: its methods, its attributes, and what its methods set on ``self``."""
    names: set[str] = set()
    for node in body.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        for target in targets_of(node):
            names |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
    for node in ast.walk(body):
        for target in targets_of(node):
            names |= {part.attr for part in ast.walk(target) if isinstance(part, ast.Attribute) and is_self(part.value)}
    return {name for name in names if not (name.startswith("__") and name.endswith("__"))}


def targets_of(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    # An annotation without a value sets nothing.
    return [node.target] if isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value) else []


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def is_foreign(one: type) -> bool:
    package = one.__module__.partition(".")[0]
    return package not in sys.stdlib_module_names and package not in OURS


@cache
def names_of_foreign(one: type) -> frozenset[str]:
    """What a class of a library has, and what its methods set where their source can be read."""
    names = set(vars(one))
    try:
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return frozenset(names)
    return frozenset(names | names_of(body)) if isinstance(body, ast.ClassDef) else frozenset(names)


def overridden(one: type, body: ast.ClassDef) -> list[str]:
    """The names of foreign classes that a class defines anew."""
    foreign = set().union(*(names_of_foreign(base) for base in one.__mro__ if is_foreign(base)))
    return sorted(names_of(body) & foreign)


def found_in(path: Path) -> Iterator[tuple[str, type, list[str]]]:
    """The subclasses of foreign classes in a file of ours, each with the names that it overrides."""
    bodies = dict(classes_in(ast.parse(path.read_text("utf-8"))))
    if any(script in path.parts for script in SCRIPTS):
        assert not bodies, f"{path} can't be imported to look at its classes"
        return
    name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    for qualified, body in bodies.items():
        assert "<locals>" not in qualified or not body.bases, f"{name}.{qualified}: put it where it can be imported"
        if "<locals>" in qualified:
            continue
        one: type = module
        for part in qualified.split("."):
            one = getattr(one, part)
        yield f"{name}.{qualified}", one, overridden(one, body)


@pytest.fixture(scope="module")
def found() -> list[tuple[str, type, list[str]]]:
    return [line for path in sources() for line in found_in(path)]


def test_nothing_that_a_library_keeps_to_itself_is_overridden(found: list[tuple[str, type, list[str]]]) -> None:
    private = {name: inside for name, _, names in found if (inside := [one for one in names if one.startswith("_")])}
    assert private == {}


def test_the_subclasses_of_foreign_classes_are_those_of_the_list(
    found: list[tuple[str, type, list[str]]], request: pytest.FixtureRequest
) -> None:
    """A new one must be meant: the list is changed with it (--update-golden), and a reviewer sees it there."""
    lines = [
        f"{name}({', '.join(bases)}): {' '.join(names) or '-'}"
        for name, one, names in found
        if (bases := [f"{base.__module__}.{base.__qualname__}" for base in one.__bases__ if is_foreign(base)]) or names
    ]
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text("\n".join(lines) + "\n")
    assert lines == GOLDEN.read_text().splitlines()


class Library:
    """Stands for a class of another package."""

    def __init__(self) -> None:
        self._set_inside = 1

    def promised(self) -> None:
        """What may be overridden."""

    def _kept(self) -> None:
        """What may not."""


def test_whatever_way_it_is_overridden_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "is_foreign", lambda one: one is Library)

    class Ours(Library):
        _kept = None  # type: ignore[assignment]
        _own = 1

        def promised(self) -> None:
            self._set_inside = 2

    (body,) = ast.parse(textwrap.dedent(inspect.getsource(Ours))).body
    assert isinstance(body, ast.ClassDef)
    assert overridden(Ours, body) == ["_kept", "_set_inside", "promised"]
