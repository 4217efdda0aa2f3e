"""Tiny sites, built by MkDocs in this process: a test names its pages and says what it is about.

A warning that no test asked for fails it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from mkdocs.theme import Theme

from supportpolicy import translation_files
from tests.builders import NOW, POLICY
from tests.compiled_templates import CompiledTemplates

SITE_URL = "https://docs.shop.example/help/"
EXTENSIONS: list[str | dict[str, Any]] = [
    "admonition",
    "attr_list",
    "pymdownx.details",
    "pymdownx.superfences",
    {"pymdownx.tabbed": {"alternate_style": True}},
]


@dataclass
class Site:
    """A site in a folder of its own; ``messages`` are the warnings and errors of its builds."""

    folder: Path
    directory_urls: bool
    messages: list[str] = field(default_factory=list)

    def write(self, pages: Mapping[str, str], policy: str = "", **settings: Any) -> None:
        """Write pages, policy (empty: the project's own with its texts) and mkdocs.yml, with these settings changed."""
        (self.folder / "docs").mkdir(exist_ok=True)
        for name, text in pages.items():
            path = self.folder / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        if policy:
            (self.folder / "support-policy.yml").write_text(policy, "utf-8")
        else:
            for path in (POLICY, *(path for _code, path in translation_files(POLICY))):
                shutil.copy(path, self.folder)
        options = {
            "site_name": "Shop",
            "site_url": SITE_URL,
            "use_directory_urls": self.directory_urls,
            "theme": {"name": "material", "font": False},
            "plugins": ["search", {"support": {"policy": "support-policy.yml"}}],
            "markdown_extensions": EXTENSIONS,
        }
        (self.folder / "mkdocs.yml").write_text(yaml.safe_dump({**options, **settings}), "utf-8")

    def build(self, pages: Mapping[str, str], policy: str = "", *, serving: bool = False, **settings: Any) -> None:
        """Build it, as ``mkdocs build`` does or as ``mkdocs serve`` before it listens."""
        self.write(pages, policy, **settings)
        config = load_config(str(self.folder / "mkdocs.yml"))
        config.plugins.on_startup(command="serve" if serving else "build", dirty=False)
        build(config, serve_url=SITE_URL if serving else None)

    def problems(self, pages: Mapping[str, str], policy: str = "", **settings: Any) -> list[str]:
        """What is wrong, as a build says that stops for it."""
        with pytest.raises(Abort):
            self.build(pages, policy, **settings)
        return self.said()

    def said(self) -> list[str]:
        """The messages, which are then no surprise any more; without the name of the plugin."""
        said = [message.removeprefix("support: ") for message in self.messages]
        self.messages.clear()
        return said

    def path(self, page: str) -> Path:
        """Where the page of this source stands in the built site."""
        source = Path(page).with_suffix("")
        as_file = source.name == "index" or not self.directory_urls
        return self.folder / "site" / (source.with_suffix(".html") if as_file else source / "index.html")

    def page(self, page: str = "index.md") -> str:
        """The built page of this source."""
        return self.path(page).read_text("utf-8")

    def content(self, page: str = "index.md") -> str:
        """What the theme puts into the page's frame."""
        return self.page(page).partition("<article")[2].partition("</article>")[0]


class _Listener(logging.Handler):
    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard(record.getMessage())


@pytest.fixture(scope="session", autouse=True)
def compiled_themes() -> Iterator[None]:
    """A theme's templates are compiled once: that would take longer than all else in building a tiny site."""
    compiled, get_env = CompiledTemplates(), Theme.get_env

    def get_env_with_cache(theme: Theme) -> Environment:
        env = get_env(theme)
        env.bytecode_cache = compiled
        return env

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Theme, "get_env", get_env_with_cache)
        yield


@pytest.fixture(scope="module", params=[True, False], ids=["directories", "files"])
def directory_urls(request: pytest.FixtureRequest) -> bool:
    """Both ways to name a page's address: every story about a site is told for each."""
    return bool(request.param)


@contextmanager
def new_site(folder: Path, directory_urls: bool) -> Iterator[Site]:
    """A site that is listened to while it is built."""
    made = Site(folder, directory_urls)
    listener = _Listener(lambda message: made.messages.append(message))
    logger = logging.getLogger("mkdocs")
    logger.addHandler(listener)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NO_MKDOCS_2_WARNING", "1")
            # The date of a build, which tells how soon the holidays end.
            patch.setenv("SOURCE_DATE_EPOCH", f"{NOW.timestamp():.0f}")
            yield made
    finally:
        logger.removeHandler(listener)
    assert made.messages == [], "a warning that nobody asked for"


def built_site(folder: Path, directory_urls: bool, pages: Mapping[str, str], **settings: Any) -> Site:
    """A site of these pages, to be looked at by several stories and not built anew."""
    with new_site(folder, directory_urls) as made:
        made.build(pages, **settings)
    return made


@pytest.fixture
def site(tmp_path: Path, directory_urls: bool) -> Iterator[Site]:
    with new_site(tmp_path, directory_urls) as made:
        yield made
