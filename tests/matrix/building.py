"""Building the site of a row, with our plugin and without, by the tool that the row is about."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.builders import NOW, POLICY, REPOSITORY
from tests.matrix.guests import EXTENSIONS, FORM, OURS, TABLE, Guest

VENV = REPOSITORY / ".venv-matrix"
SITE_PATH = "/help/"
HOST = "docs.shop.example"
PAGES = {
    "index.md": "# Home\n\nWelcome[^1]. [Which priority?](support/priorities.md)\n\n[^1]: A note.\n"
    "\n```python\nprint(1)\n```\n",
    "plain/more.md": '# More\n\n!!! note\n    Text.\n\n=== "A"\n\n    a\n\n=== "B"\n\n    b\n'
    "\n| a | b |\n| - | - |\n| 1 | 2 |\n",
    "support/priorities.md": TABLE,
    "support/ticket.md": FORM,
}
VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Built:
    """A built site: the folder that a web server hands out, its address's path, and what its tool said."""

    folder: Path
    path: str
    said: str
    is_strict: bool

    def pages(self) -> dict[str, bytes]:
        """The pages by their names."""
        found = sorted(self.folder.rglob("*.html"))
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}


def build(guest: Guest, folder: Path, *, with_us: bool) -> Built:
    """Write the site into a folder of its own, and build it strictly."""
    folder.mkdir()
    _write(guest, folder, with_us=with_us)
    _commit(folder)
    commands = {
        "mkdocs": [["mkdocs", "build", "--strict"]],
        "properdocs": [["properdocs", "build", "--strict", "--config-file", "mkdocs.yml"]],
        "mike": [["mike", "deploy", VERSION, "latest"]],
        "zensical": [["zensical", "build", "--strict"]],
    }[guest.tool]
    if guest.tool == "zensical" and with_us:
        commands.append(["python", "-m", "site_plugins", "finish", "site"])
    said = ""
    is_strict = True
    for command in commands:
        done = run([str(VENV / "bin" / command[0]), *command[1:]], folder)
        said += done.stdout + done.stderr
        is_strict = is_strict and done.returncode == 0 and "WARNING" not in done.stdout + done.stderr
    if guest.tool == "mike":
        (folder / "site").mkdir(exist_ok=True)
        shutil.rmtree(folder / "site")
        run(["git", "worktree", "add", "site", "gh-pages"], folder)
        return Built(folder / "site" / VERSION, f"{SITE_PATH}{VERSION}/", said, is_strict)
    return Built(folder / "site", SITE_PATH, said, is_strict)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the matrix's environment, or git, in this folder."""
    environment = {
        **os.environ,
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NO_MKDOCS_2_WARNING": "1",
        "DISABLE_MKDOCS_2_WARNING": "true",
        "SOURCE_DATE_EPOCH": f"{NOW.timestamp():.0f}",
        # What git asks for, and whatever it finds on this machine.
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _AUTHOR.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


_AUTHOR = {"NAME": "A Writer", "EMAIL": "writer@shop.example", "DATE": NOW.isoformat()}


def _write(guest: Guest, folder: Path, *, with_us: bool) -> None:
    docs = folder / "docs"
    for name, text in {**PAGES, **guest.pages}.items():
        path = docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if with_us or not name.startswith(OURS) else _without_blocks(text), "utf-8")
    # With its translations: a page in a language of which the policy has no texts is refused.
    for file in POLICY.parent.glob(f"{POLICY.stem}*{POLICY.suffix}"):
        shutil.copy(file, folder)
    ours: list[Any] = ["support"] if with_us else []
    extension = [{"support": {"policy": "support-policy.yml"}}] if with_us and guest.tool == "zensical" else []
    settings = {
        "site_name": "Shop",
        "site_url": f"https://{HOST}{SITE_PATH}",
        "theme": dict(guest.theme),
        "plugins": ["search", *guest.before, *ours, *guest.after],
        "markdown_extensions": [*EXTENSIONS, *guest.extensions, *extension],
        "strict": True,
        **guest.settings,
    }
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings), "utf-8")


def _without_blocks(text: str) -> str:
    """The page's text up to its first block; its head and its title stay."""
    return text.partition("```support")[0]


def _commit(folder: Path) -> None:
    (folder / ".gitignore").write_text("site\n")
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Write"]):
        run(["git", *words], folder)
