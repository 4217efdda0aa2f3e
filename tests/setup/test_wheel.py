"""The package as others get it: built, installed into an empty environment, and put to use there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TWO_PAGES = {
    "mkdocs.yml": """\
site_name: Another Company
site_url: https://docs.another.example/help/
theme: {name: material, font: false}
plugins:
  - search
  - support: {policy: support-policy.yml}
""",
    "docs/index.md": "# Support\n\n```support-table\n```\n\n```support-form\n```\n",
    "docs/priority.md": "# Which priority?\n\n```support-chooser\n```\n\n```support-table\nshow: criteria\n```\n",
}
ASK_THE_DESK = """
from formapp.app import create_app
client = create_app().test_client()
page = client.get("/support/sign-in")
assert page.status_code == 200, page.status
assert b"Another Company" in page.data, "the desk wears the guide's clothes"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the tracked files alone: what isn't committed is not in a clone either."""
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", target, source, folder=source)
    (made,) = target.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment in which nothing but the wheel was asked for."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    constraints = ROOT / "constraints.txt"
    run(programs / "python", "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel, folder=folder)
    return programs


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FORMAPP_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**environment, "NO_MKDOCS_2_WARNING": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_builds_another_companys_site_and_runs_its_desk(environment: Path, tmp_path: Path) -> None:
    for name, text in TWO_PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    shutil.copy(ROOT / "support-policy.yml", tmp_path)

    run(environment / "python", "-m", "supportpolicy", "check", "support-policy.yml", folder=tmp_path)
    run(environment / "mkdocs", "build", "--strict", folder=tmp_path)
    index = (tmp_path / "site" / "index.html").read_text("utf-8")
    priority = (tmp_path / "site" / "priority" / "index.html").read_text("utf-8")
    assert "within 1 hour, 24/7" in index
    assert "<form" in index
    assert "Is there a way around it for now?" in priority

    desk = {"FORMAPP_SITE_DIR": "site", "FORMAPP_BASE_URL": "https://docs.another.example"}
    run(environment / "formapp", "db", "upgrade", folder=tmp_path, **desk)
    run(environment / "formapp", "project", "add", "shop", "--name", "Riverside Shop", folder=tmp_path, **desk)
    run(environment / "formapp", "account", "add", "ada@shop.example", folder=tmp_path, **desk)
    run(environment / "formapp", "member", "add", "ada@shop.example", "shop", folder=tmp_path, **desk)
    link = run(environment / "formapp", "signin-link", "ada@shop.example", folder=tmp_path, **desk)
    assert link.startswith("https://docs.another.example/support/sign-in/")
    run(environment / "python", "-c", ASK_THE_DESK, folder=tmp_path, **desk)
