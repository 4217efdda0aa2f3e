"""Which packages of others each side imports: the plugin's side nothing that only the desk's extra brings."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OURS = ("supportpolicy", "site_plugins", "formapp")
# What of each side may import what; of several that hold a module, the longest name counts.
ALLOWED = {
    "supportpolicy": {"babel", "yaml"},
    "site_plugins": {"jinja2", "markdown", "markupsafe"},
    "site_plugins.plugin": {"babel", "jinja2", "mkdocs"},
    "site_plugins.changes": {"babel", "markupsafe"},
    "site_plugins.finish": {"yaml"},
    # Pillow tells a picture's size where it is installed; without it the lint says less.
    "site_plugins.lint.pictures": {"PIL"},
    "site_plugins.desk_frame": {"jinja2", "mkdocs"},
    "site_plugins.helped_pages": {"mkdocs"},
    "site_plugins.page_urls": {"mkdocs"},
    "site_plugins.site_problems": {"babel", "mkdocs"},
    # A program for pages of the desk and of others, never imported.
    "site_plugins.screens": {"PIL", "playwright", "werkzeug", "yaml"},
    "formapp.widgets": {"babel", "jinja2", "markupsafe", "rcssmin", "rjsmin"},
    "formapp.forms": {"email_validator", "jinja2", "markupsafe", "wtforms"},
}
PLUGIN = ("supportpolicy.__main__", "site_plugins.plugin", "formapp.__main__")
# Imported when it is used, which the plugin never does: these come with the desk.
ONLY_WHEN_USED = {
    ("formapp.forms", "formapp.mail_address"),
    ("formapp.__main__", "formapp.cli.main"),
    # A preview that asks for a desk says so where there is none.
    ("site_plugins.desk_preview", "formapp.preview"),
    ("site_plugins.lint.pictures", "PIL"),
}
# What Flask is made of is asked for by asking for Flask.
FLASK = {"itsdangerous", "werkzeug"}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*OURS, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None)


def ours(modules: Iterable[str]) -> set[str]:
    return {module for module in modules if module.partition(".")[0] in OURS}


def imports(module: str) -> set[str]:
    """What a module imports, our own modules and others' packages."""
    return graph().find_modules_directly_imported_by(module) - sys.stdlib_module_names


def foreign(module: str) -> set[str]:
    found = imports(module)
    return found - ours(found)


def rule_for(module: str) -> str | None:
    names = [name for name in ALLOWED if f"{module}.".startswith(f"{name}.")]
    return max(names, key=len, default=None)


@pytest.mark.parametrize("name", ALLOWED)
def test_each_room_imports_only_what_it_may(name: str) -> None:
    rooms = [module for module in ours(graph().modules) if rule_for(module) == name]
    assert rooms
    for module in rooms:
        assert foreign(module) <= ALLOWED[name], module


def test_whatever_the_plugin_reaches_comes_with_it() -> None:
    """Also over what it imports in turn, so that no module of the desk is behind a widget."""
    base = packages(PROJECT["dependencies"])
    waiting, reached = list(PLUGIN), set[str]()
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        needed = {other for other in imports(module) if (module, other) not in ONLY_WHEN_USED}
        assert needed - ours(needed) <= base, module
        waiting += ours(needed)
        waiting += [parent for parent in parents(module) if parent in graph().modules]
    assert {"formapp.forms", "formapp.widgets.table", "site_plugins.extension"} <= reached


def test_the_plugin_starts_without_what_only_the_desk_brings() -> None:
    """Also what is imported only when it is used must not be imported before."""
    missing = packages(PROJECT["optional-dependencies"]["desk"]) - packages(PROJECT["dependencies"]) - {"click"}
    assert {"email_validator", "flask", "sqlalchemy"} <= missing
    words = f"import sys; sys.modules.update(dict.fromkeys({sorted(missing)})); import {', '.join(PLUGIN)}"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_whatever_is_imported_is_asked_for() -> None:
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    asked_for = packages(lines) | FLASK
    for module in ours(graph().modules):
        also = {"playwright"} if rule_for(module) == "site_plugins.screens" else set()
        assert foreign(module) <= asked_for | also, module


def parents(module: str) -> list[str]:
    """The packages that Python imports before it."""
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


@cache
def providers() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def packages(lines: Iterable[str]) -> set[str]:
    """The names by which what these lines ask for is imported."""
    asked = {canonicalize_name(Requirement(line).name) for line in lines}
    return {name for name, by in providers().items() if asked & {canonicalize_name(each) for each in by}}


def test_what_the_tests_and_measurements_import_is_asked_for_too() -> None:
    """By the group that they are installed with; what only comes along with something else may stay away one day."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    lines = [line for group in groups.values() for line in group if isinstance(line, str)]
    extras = (line for extra in PROJECT["optional-dependencies"].values() for line in extra)
    asked_for = packages([*lines, *PROJECT["dependencies"], *extras]) | FLASK | {"_pytest", "_typeshed"}
    # The two that are compared with: they have environments of their own.
    own = {*OURS, "tests", "benchmarks", "django", "helpdesk"}
    for folder in ("tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            missing = imported_by(path) - sys.stdlib_module_names - own - asked_for
            assert not missing, f"{path.relative_to(ROOT)} imports {', '.join(missing)}"


def imported_by(path: Path) -> set[str]:
    """The packages that a file names in its imports."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
