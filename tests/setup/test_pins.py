"""Which versions are installed: constraints.txt names one for everything, and nothing names a registry.

The lowest versions that are allowed stand in constraints-lowest.txt; --update-golden writes them anew.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOWEST = ROOT / "constraints-lowest.txt"
LOWEST_HEADER = """\
# The lowest versions that pyproject.toml allows, for "make test-lowest"; all else comes from constraints.txt.
"""
OLDEST_PYTHON = "3.11.0"
# What makes packages rather than being needed by one.
BUILDERS = {"pip", "setuptools"}


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    assert all(len(pair) == 2 for pair in pairs), "each line pins one exact version"
    return {canonicalize_name(name): version for name, version in pairs}


def asked_by_users() -> list[Requirement]:
    """What the plugin and each extra ask for."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    return [Requirement(line) for group in [PROJECT["project"]["dependencies"], *extras] for line in group]


def asked_for() -> list[Requirement]:
    groups = PROJECT["dependency-groups"].values()
    return asked_by_users() + [Requirement(line) for group in groups for line in group if isinstance(line, str)]


def needed(requirements: Iterable[Requirement]) -> Iterator[Requirement]:
    """These requirements and all that they need here, each with its extras."""
    environment = {key: str(value) for key, value in default_environment().items()}
    waiting = list(requirements)
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        for extra in ["", *requirement.extras]:
            name = canonicalize_name(requirement.name)
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            yield requirement
            for line in metadata.requires(name) or ():
                further = Requirement(line)
                if further.marker is None or further.marker.evaluate({**environment, "extra": extra}):
                    waiting.append(further)


def test_everything_that_is_installed_has_one_pinned_version_that_fits() -> None:
    pinned = pins()
    asked = [requirement for requirement in asked_for() if requirement.marker is None or requirement.marker.evaluate()]
    for requirement in needed(asked):
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{requirement} has no line in constraints.txt"
        assert requirement.specifier.contains(pinned[name], prereleases=True), (
            f"{requirement}, but pinned to {pinned[name]}"
        )


def test_nothing_is_pinned_that_nothing_needs() -> None:
    used = {canonicalize_name(requirement.name) for requirement in needed(asked_for())}
    assert set(pins()) - used - BUILDERS == set()


def test_what_is_pinned_runs_on_the_oldest_python() -> None:
    for name in pins().keys() - BUILDERS:
        if found := next(iter(metadata.distributions(name=name)), None):
            pythons = SpecifierSet(found.metadata.get("Requires-Python") or "")
            assert pythons.contains(OLDEST_PYTHON), f"{name} {found.version} asks for Python {pythons}"


def test_the_lowest_versions_are_the_bounds(request: pytest.FixtureRequest) -> None:
    bounds = {}
    for requirement in asked_by_users():
        (version,) = [bound.version for bound in requirement.specifier if bound.operator == ">="]
        # psycopg[binary] is psycopg and psycopg-binary, of the same version.
        for name in [requirement.name, *(f"{requirement.name}-{extra}" for extra in requirement.extras)]:
            bounds[name] = version
    text = LOWEST_HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(bounds.items()))
    if request.config.getoption("--update-golden"):
        LOWEST.write_text(text, "utf-8")
    assert LOWEST.read_text("utf-8") == text


def test_no_file_names_a_registry() -> None:
    hosts = "|".join(re.escape(name) for name in ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org"))
    pattern = f"{hosts}|--(extra-)?index" + "-url|--find" + "-links"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    assert found.returncode == 1, found.stderr
