"""``python -m site_plugins.lint [DOCS]``: what is wrong with the pages of a guide, each with its line and what to do.

Exit code 0 where nothing is found, 1 where something is, 2 where it can't be looked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from site_plugins.finish import SiteConfig, read_config
from site_plugins.lint.lint import fix, lint
from site_plugins.translation import gettext as _
from site_plugins.translation import ngettext
from supportpolicy import Policy, PolicyError, Problem, load
from supportpolicy.languages import in_language, language_of_environment

CONFIGS = ("mkdocs.yml", "zensical.toml")


def main(words: Sequence[str] | None = None) -> int:
    """Look at the pages that these words name."""
    options = _parser().parse_args(words)
    try:
        config = _config(options.config)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    docs = options.docs or (config.docs if config else Path("docs"))
    if not docs.exists():
        print(_('There is no folder "%(docs)s".', docs=docs), file=sys.stderr)
        return 2
    problems: tuple[Problem, ...] = ()
    policy: Policy | None = None
    try:
        policy = load(_beside(options.policy or _policy_file(config)))
    except PolicyError as error:
        problems = error.problems
    if options.fix and (count := fix(docs, policy)):
        print(ngettext("Mended %(count)s thing.", "Mended %(count)s things.", count), file=sys.stderr)
    found = [
        *((problem.file, problem.line, problem.sentence) for problem in problems),
        *((_beside(path), finding.line, finding.sentence) for path, finding in lint(docs, policy)),
    ]
    for line in _told(found, options.format):
        print(line)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m site_plugins.lint",
        description="Say what is wrong with the pages of a guide. Exit code 1 where something is.",
    )
    parser.add_argument(
        "docs", nargs="?", type=Path, help="the folder of the pages, or one page (default: as mkdocs.yml)"
    )
    parser.add_argument("--policy", type=Path, help="the policy file (default: as mkdocs.yml, or support-policy.yml)")
    parser.add_argument("--config", type=Path, help="the site's settings (default: mkdocs.yml, else zensical.toml)")
    parser.add_argument("--fix", action="store_true", help="mend what is certain, then say what is left")
    parser.add_argument(
        "--format", choices=("text", "github"), default="text", help="lines for people, or annotations for GitHub"
    )
    return parser


def _config(named: Path | None) -> SiteConfig | None:
    file = named or next((Path(name) for name in CONFIGS if Path(name).is_file()), None)
    return read_config(file) if file else None


def _policy_file(config: SiteConfig | None) -> Path:
    name = config.plugin.get("policy", "support-policy.yml") if config else "support-policy.yml"
    return config.file.parent / name if config else Path(name)


def _beside(path: Path) -> str:
    """A path as its writer knows it: from the folder in which the command runs."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _told(found: Sequence[tuple[str, int, str]], style: str) -> Iterator[str]:
    for file, line, sentence in found:
        if style == "github":
            # As workflow commands need it: https://docs.github.com/actions/reference/workflow-commands
            name = _escaped(file).replace(":", "%3A").replace(",", "%2C")
            yield f"::error file={name},line={line}::{_escaped(sentence)}"
        else:
            yield f"{file}:{line}: {sentence}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


if __name__ == "__main__":
    with in_language(language_of_environment()):
        sys.exit(main())
