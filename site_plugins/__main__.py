"""``python -m site_plugins finish SITE``: finish a site of a tool in which MkDocs' plugins don't run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from site_plugins.finish import finish, read_config
from site_plugins.translation import gettext as _
from supportpolicy.languages import in_language, language_of_environment

CONFIGS = ("mkdocs.yml", "zensical.toml")


def main(words: Sequence[str] | None = None) -> int:
    """Finish the site that these words name; 1 where something is wrong with it."""
    parser = argparse.ArgumentParser(prog="python -m site_plugins", description="The support blocks of a built site.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("finish", help="bring a built site what its support blocks and the help desk need")
    command.add_argument("site", type=Path, help="the folder of the built site")
    command.add_argument("--config", type=Path, help="its settings (mkdocs.yml, else zensical.toml)")
    asked = parser.parse_args(words)
    config = asked.config or next((Path(name) for name in CONFIGS if Path(name).is_file()), Path(CONFIGS[0]))
    problems = _problems(asked.site, config)
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return 1 if problems else 0


def _problems(site: Path, config: Path) -> Sequence[str]:
    if not site.is_dir():
        return [_("%(folder)s is no folder; build the site first.", folder=site)]
    try:
        return finish(site, read_config(config))
    except ValueError as error:
        return [str(error)]


if __name__ == "__main__":
    with in_language(language_of_environment()):
        sys.exit(main())
