"""``python -m site_plugins.screens docs/screens.yml``: takes a guide's pictures from a running app, or checks them.

Exit code 0 where all is well, 1 where something is wrong, 2 where nothing can be looked at.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from formapp.installation import DESK, what_to_install

try:
    from playwright.sync_api import sync_playwright

    from site_plugins.screens.app import App, RunningApp
    from site_plugins.screens.taking import LOOKS, compare, is_same_browser, take_pictures, write_pictures
    from site_plugins.screens.walk import Walk
except ModuleNotFoundError as missing:
    sys.exit(what_to_install(missing, "The pictures need", f"{DESK} playwright"))

from site_plugins.chromium import NoChromium, find_chromium, flags
from site_plugins.pictures import LIGHT, PHONE
from site_plugins.screens.agreement import find_file_problems, find_steps
from site_plugins.screens.model import ScreenList
from site_plugins.screens.reading import ListError, load_list
from supportpolicy.languages import in_language, language_of_environment
from supportpolicy.problems import Problem


def main(words: Sequence[str] | None = None) -> int:
    """Take the pictures that a list names, or check them."""
    options = _parser().parse_args(words)
    try:
        screens = load_list(options.list)
        path = find_chromium()
    except (ListError, NoChromium) as error:
        print(error, file=sys.stderr)
        return 2
    with ExitStack() as stack:
        app = RunningApp(screens) if screens.base_url else _demo(screens, options, stack)
        playwright = stack.enter_context(sync_playwright())
        browser = stack.enter_context(playwright.chromium.launch(executable_path=path, args=flags()))
        walk = Walk(screens, find_steps(screens)[0], app, browser, patience=round(options.wait * 1000))
        problems = list(check(walk, options.output) if options.check else take(walk))
    for problem in dict.fromkeys(sorted(problems)):
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def take(walk: Walk) -> Iterator[Problem]:
    """Take the pictures and write what has changed; nothing is written where one can't be taken."""
    taken, problems = take_pictures(walk)
    if problems:
        yield from problems
        return
    for path in write_pictures(walk.screens, taken, walk.browser):
        print(f"{path.as_posix()}  {path.stat().st_size / 1000:.0f} kB")
    yield from find_steps(walk.screens)[1]
    yield from find_file_problems(walk.screens)


def check(walk: Walk, output: Path) -> Iterator[Problem]:
    """Walk the list, wide and on a phone; pixels are compared where the browser is the one of the manifest."""
    yield from find_steps(walk.screens)[1]
    yield from find_file_problems(walk.screens)
    if is_same_browser(walk.screens, walk.browser):
        taken, problems = take_pictures(walk)
        yield from problems
        yield from compare(walk.screens, taken, output)
        return
    for variant in (LIGHT, PHONE):
        yield from replace(walk, look=LOOKS[variant]).problems()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m site_plugins.screens",
        description="Take a guide's pictures from a running app. Exit code 1 where something is wrong.",
    )
    parser.add_argument(
        "list", nargs="?", type=Path, default=Path("docs/screens.yml"), help="default: docs/screens.yml"
    )
    parser.add_argument("--check", action="store_true", help="take none; say what is no longer as the list says")
    parser.add_argument("--policy", type=Path, default=Path("support-policy.yml"), help="the demo's policy file")
    parser.add_argument("--site", type=Path, help="the built guide around the demo's pages (default: build it now)")
    parser.add_argument(
        "--output", type=Path, default=Path("build/screens"), help="where pictures that differ are laid side by side"
    )
    parser.add_argument("--wait", type=float, default=10, help="for how many seconds a step waits for what it presses")
    return parser


def _demo(screens: ScreenList, options: argparse.Namespace, stack: ExitStack) -> App:
    # An app of a writer's own needs no desk.
    try:
        from site_plugins.screens.desk import INSTANT, DemoDesk
    except ModuleNotFoundError as missing:
        sys.exit(what_to_install(missing, "The pictures need", f"{DESK} playwright"))
    site = options.site
    if site is None:
        site = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site)]
        done = subprocess.run(build, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})  # noqa: S603 - our own words
        if done.returncode:
            # MkDocs has said why.
            sys.exit(2)
    return DemoDesk(options.policy, site, screens.clock or INSTANT)


if __name__ == "__main__":
    with in_language(language_of_environment()):
        sys.exit(main())
