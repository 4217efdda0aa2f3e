"""The package as others get it: built, installed into an empty environment, and put to use there.

One environment grows as a team's does: the plugin alone, then a theme, then the desk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE
from tests.wheel import build_wheel

ROOT = Path(__file__).parents[2]
SETTINGS = """\
site_name: Another Company
site_url: https://docs.another.example/help/
plugins:
  - search
  - support: {policy: support-policy.yml}
"""
MATERIAL = "theme: {name: material, font: false}\n"
PAGES = {
    "index.md": "# Support\n\n```support-table\n```\n\n```support-form\n```\n",
    "priority.md": "# Which priority?\n\n```support-chooser\n```\n\n```support-table\nshow: criteria\n```\n",
}
INSTALL_THE_DESK = "pip install 'support-guide[desk]'"
ASK_THE_DESK = """
from formapp.app import create_app
client = create_app().test_client()
page = client.get("/support/sign-in", base_url="https://docs.another.example")
assert page.status_code == 200, page.status
assert b"Another Company" in page.data, "the desk wears the guide's clothes"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder / "bin"


def install(environment: Path, asked: str) -> set[str]:
    """Install what somebody asks for; the names of all that is there then."""
    python, constraints = environment / "python", ROOT / "constraints.txt"
    run(python, "-m", "pip", "install", "--quiet", "--constraint", constraints, asked, folder=environment)
    listed = json.loads(run(python, "-m", "pip", "list", "--format", "json", folder=environment))
    return {canonicalize_name(package["name"]) for package in listed}


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    done = attempt(*command, folder=folder, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attempt(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FORMAPP_", "PYTHON"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**environment, "NO_MKDOCS_2_WARNING": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_brings_what_is_said_in_other_languages(wheel: Path) -> None:
    brought = set(ZipFile(wheel).namelist())
    for room in ("supportpolicy", "site_plugins", "formapp"):
        for language in set(LANGUAGES) - {SOURCE_LANGUAGE}:
            assert f"{room}/locale/{language}/LC_MESSAGES/messages.mo" in brought


def test_the_wheel_brings_the_guide_and_with_its_extra_the_desk(wheel: Path, environment: Path, tmp_path: Path) -> None:
    write_site(tmp_path)

    installed = install(environment, str(wheel))
    assert installed & packages_of_the_desk_alone() == set()
    run(environment / "python", "-m", "supportpolicy", "check", "support-policy.yml", folder=tmp_path)
    builds_the_three_fences(environment, tmp_path, SETTINGS)
    says_what_to_install(environment, tmp_path)

    install(environment, "mkdocs-material")
    builds_the_three_fences(environment, tmp_path, SETTINGS + MATERIAL)

    # What the sentence says; what is installed already isn't asked for again.
    install(environment, "support-guide[desk]")
    runs_the_desk(environment, tmp_path)


def packages_of_the_desk_alone() -> set[str]:
    """What the extra asks for and MkDocs doesn't need, and the servers under it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {canonicalize_name(Requirement(line).name) for line in project["optional-dependencies"]["desk"]}
    assert {"flask", "sqlalchemy", "pillow", "waitress"} <= asked
    return asked - {"click"} | {"werkzeug", "mkdocs-material"}


def write_site(folder: Path) -> None:
    (folder / "docs").mkdir()
    for name, text in PAGES.items():
        (folder / "docs" / name).write_text(text, "utf-8")
    shutil.copy(ROOT / "support-policy.yml", folder)


def builds_the_three_fences(environment: Path, folder: Path, settings: str) -> None:
    (folder / "mkdocs.yml").write_text(settings, "utf-8")
    run(environment / "mkdocs", "build", "--strict", folder=folder)
    index = (folder / "site" / "index.html").read_text("utf-8")
    priority = (folder / "site" / "priority" / "index.html").read_text("utf-8")
    assert "within 1 hour, 24/7" in index
    assert "<form" in index
    assert "Is there a way around it for now?" in priority


def says_what_to_install(environment: Path, folder: Path) -> None:
    """Instead of a traceback, by each program that needs the desk."""
    for command in (["formapp", "serve"], ["python", "-m", "formapp"], ["python", "-m", "site_plugins.screens"]):
        done = attempt(environment / command[0], *command[1:], folder=folder)
        assert done.returncode == 1
        assert done.stdout == ""
        assert INSTALL_THE_DESK in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


def runs_the_desk(environment: Path, folder: Path) -> None:
    desk = {"FORMAPP_SITE_DIR": "site", "FORMAPP_BASE_URL": "https://docs.another.example"}
    run(environment / "formapp", "db", "upgrade", folder=folder, **desk)
    run(environment / "formapp", "project", "add", "shop", "--name", "Riverside Shop", folder=folder, **desk)
    run(environment / "formapp", "account", "add", "ada@shop.example", folder=folder, **desk)
    run(environment / "formapp", "member", "add", "ada@shop.example", "shop", folder=folder, **desk)
    link = run(environment / "formapp", "signin-link", "ada@shop.example", folder=folder, **desk)
    assert link.startswith("https://docs.another.example/support/sign-in/")
    run(environment / "python", "-c", ASK_THE_DESK, folder=folder, **desk)
