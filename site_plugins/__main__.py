"""``python -m site_plugins finish SITE``: finish a site of a tool in which MkDocs' plugins don't run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from site_plugins.finish import finish, read_config

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
    if not asked.site.is_dir():
        return _failed([f"{asked.site} is no folder; build the site first."])
    try:
        problems = finish(asked.site, read_config(config))
    except ValueError as error:
        problems = [str(error)]
    return _failed(problems) if problems else 0


def _failed(problems: Sequence[str]) -> int:
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
