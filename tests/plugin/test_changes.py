"""The list of changes, told of small repositories: what was promised when, as git remembers it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from site_plugins import policy_history
from tests.builders import POLICY
from tests.plugin.conftest import Site

PAGE = "# What has changed\n\n```support-changes\n```\n"
GOLDEN = Path(__file__).parent / "golden" / "changes.txt"
FASTER = ("response: within 1 hour, 24/7", "response: 1 business hour")
SATURDAY = ("    fri: ", '    sat: ["10:00-12:00"]\n    fri: ')


@pytest.fixture(scope="module", params=[True], ids=["directories"])
def directory_urls() -> bool:
    """How pages are named makes no difference to what has changed."""
    return True


class Repository:
    """The site's folder under git, with a clock of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.write({"index.md": PAGE})
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, at: str = "2026-10-01T12:00:00+02:00") -> None:
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Mia"), ("EMAIL", "mia@shop.example"), ("DATE", at))
        }
        nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *words], cwd=self.site.folder, env={**os.environ, **who, **nobody}, check=True)

    def commit(self, at: str, *edits: tuple[str, str]) -> None:
        if edits:
            self.edit(*edits)
        self.git("add", "-A", at=at)
        self.git("commit", "-q", "--allow-empty", "-m", "Change", at=at)

    def edit(self, *edits: tuple[str, str]) -> None:
        path = self.site.folder / "support-policy.yml"
        text = path.read_text("utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        path.write_text(text, "utf-8")


@pytest.fixture
def repository(site: Site) -> Repository:
    return Repository(site)


def rows(site: Site) -> list[str]:
    found = re.search(r'<div class="support-changes".*?</div>', site.page(), re.DOTALL)
    assert found is not None, site.content()
    found_rows = re.findall(r"<(?:dt|li|p)>(.*?)</(?:dt|li|p)>", found[0], re.DOTALL)
    return [Markup(row).striptags() for row in found_rows]  # noqa: S704 - the page that was built here


def built(repository: Repository, page: str = PAGE) -> list[str]:
    policy = (repository.site.folder / "support-policy.yml").read_text("utf-8")
    repository.site.build({"index.md": page}, policy)
    return rows(repository.site)


def test_the_page_lists_what_changed_and_when(repository: Repository, request: pytest.FixtureRequest) -> None:
    repository.commit("2026-03-02T09:00:00+01:00")
    repository.commit("2026-06-01T09:00:00+02:00", SATURDAY)
    # A slip and its mending on one day are no news, and what readers don't see is none either.
    repository.commit("2026-07-01T09:00:00+02:00", FASTER)
    repository.commit("2026-07-01T09:30:00+02:00", FASTER[::-1])
    repository.commit("2026-08-01T09:00:00+02:00", ("# ", "# A remark. "))
    # Half past eleven in the evening in New York is the next morning in Paris, where support sits.
    repository.commit("2026-09-30T23:30:00-04:00", FASTER)
    said = "\n".join(built(repository)) + "\n"
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(said, "utf-8")
    assert said == GOLDEN.read_text("utf-8")
    assert '<time datetime="2026-10-01">1 October 2026</time>' in repository.site.page()
    # Another build says the same.
    page = repository.site.page()
    built(repository)
    assert repository.site.page() == page


def test_it_speaks_the_language_of_its_page(repository: Repository) -> None:
    repository.commit("2026-03-02T09:00:00+01:00")
    repository.commit("2026-10-01T09:00:00+02:00", FASTER)
    for path in POLICY.parent.glob("support-policy.*.yml"):
        shutil.copy(path, repository.site.folder)
    said = built(repository, f"---\nlanguage: de\n---\n\n{PAGE}")
    assert "1. Oktober 2026" in said[0]
    assert said[1].startswith("Kritisch: ")
    assert "1 Stunde, rund um die Uhr" in said[1]
    assert 'class="support-changes" lang="de" dir="ltr"' in repository.site.page()


def test_what_is_not_committed_yet_counts_from_now_on(repository: Repository) -> None:
    repository.commit("2026-03-02T09:00:00+01:00")
    assert built(repository) == ["Nothing has changed since 2 March 2026."]
    repository.edit(FASTER)
    assert built(repository)[0] == "From now on"


def test_without_git_the_page_says_calmly_what_it_knows(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "mkdocs"):
        site.build({"index.md": PAGE})
    assert rows(site) == ["Earlier versions are not known here."]
    assert "docs/index.md:3: The block lists no changes, because git knows no version of the policy file" in caplog.text


def test_a_shallow_clone_says_how_far_back_it_knows(
    repository: Repository, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    repository.commit("2026-03-02T09:00:00+01:00")
    repository.commit("2026-06-01T09:00:00+02:00", SATURDAY)
    repository.commit("2026-10-01T09:00:00+02:00", FASTER)
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth=2", repository.site.folder.as_uri(), str(clone))
    there = Site(clone, True)
    with caplog.at_level("INFO", "mkdocs"):
        there.build({"index.md": PAGE}, (clone / "support-policy.yml").read_text("utf-8"))
    assert rows(there)[0] == "From 1 October 2026"
    assert rows(there)[-1] == "What changed before 1 June 2026 is not listed."
    assert "git fetch --unshallow" in caplog.text


def test_a_long_history_is_read_to_a_bound(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_history, "MOST_VERSIONS", 2)
    repository.commit("2026-03-02T09:00:00+01:00")
    repository.commit("2026-06-01T09:00:00+02:00", SATURDAY)
    repository.commit("2026-10-01T09:00:00+02:00", FASTER)
    said = built(repository)
    assert said[0] == "From 1 October 2026"
    assert said[-1] == "What changed before 1 June 2026 is not listed."


def test_versions_that_were_no_policy_or_not_there_are_passed_over(repository: Repository) -> None:
    path = repository.site.folder / "support-policy.yml"
    text = path.read_text("utf-8")
    repository.commit("2026-03-02T09:00:00+01:00")
    path.write_text("calendar: []\n", "utf-8")
    repository.commit("2026-04-01T09:00:00+02:00")
    path.unlink()
    repository.commit("2026-05-01T09:00:00+02:00")
    path.write_text(text, "utf-8")
    repository.commit("2026-10-01T09:00:00+02:00", FASTER)
    said = built(repository)
    assert said[0] == "From 1 October 2026"
    assert said[-1] == "The first version is of 2 March 2026."


@pytest.mark.parametrize("name", ["--output=ran.yml", ":(glob)*.yml"])
def test_a_name_like_an_option_or_a_pattern_is_a_name(repository: Repository, name: str) -> None:
    repository.commit("2026-03-02T09:00:00+01:00")
    path = repository.site.folder / "support-policy.yml"
    shutil.copy(path, path.with_name("another.yml"))
    odd = path.rename(path.with_name(name))
    repository.commit("2026-06-01T09:00:00+02:00")
    odd.with_name("another.yml").unlink()
    repository.commit("2026-07-01T09:00:00+02:00")
    history = policy_history.read_history(odd, ZoneInfo("Europe/Paris"))
    assert [f"{version.since}" for version in history.versions] == ["2026-06-01"]
    assert not odd.with_name("ran.yml").exists()


def test_where_git_takes_too_long_nothing_is_known(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("2026-03-02T09:00:00+01:00")
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(policy_history, "PATIENCE_SECONDS", 0.2)
    assert built(repository) == ["Earlier versions are not known here."]
