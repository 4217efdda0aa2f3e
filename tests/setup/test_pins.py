"""Which versions are installed: constraints.txt names one for everything, and nothing names a registry."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# What makes packages rather than being needed by one.
BUILDERS = {"pip", "setuptools"}


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    assert all(len(pair) == 2 for pair in pairs), "each line pins one exact version"
    return {canonicalize_name(name): version for name, version in pairs}


def asked_for() -> list[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    groups = [PROJECT["project"]["dependencies"], *extras, PROJECT["dependency-groups"]["test"]]
    return [Requirement(line) for group in groups for line in group]


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


def test_no_file_names_a_registry() -> None:
    hosts = "|".join(re.escape(name) for name in ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org"))
    pattern = f"{hosts}|--(extra-)?index" + "-url|--find" + "-links"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    assert found.returncode == 1, found.stderr
