"""``python -m benchmarks.build``: the guide of 1,000 pages with the plugin and without, in turn.

Ends with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

REPOSITORY = Path(__file__).parents[2]
PAGES = 1_000
# What a page of a guide holds beside a block: headings, lists, code, a table, links.
SECTION = """
## Step {number}

Open the *settings*, choose **Billing**, and look at the [overview](page-{next}.md#step-1).
It shows what was paid, when, and by whom.

1. Press `Export`.
2. Choose a month:

    !!! note
        Months that are still open are left out.

3. Save the file.

```python
def total(rows: list[int]) -> int:
    return sum(rows)
```

| Column | Meaning |
| --- | --- |
| `paid` | what was paid, in cents |
| `open` | what is still to be paid |

- one thing
- another, with a [link](https://example.com/)
"""
TARGETS = {"no widget": 1.01, "one table a page": 1.05}
MOST_MEMORY = 5.0


@dataclass(frozen=True, slots=True)
class Build:
    """What one build took: seconds of CPU in user mode, and MiB at most."""

    seconds: float
    memory: float


def main(words: Sequence[str] | None = None) -> int:
    """Build each site with the plugin and without, in turn, and tell what that took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=PAGES)
    asked = parser.parse_args(words)
    missed = False
    print(f"{asked.pages:,} pages, {asked.rounds} rounds, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    with TemporaryDirectory() as folder:
        for name, target in TARGETS.items():
            sides = [_site(Path(folder), name, asked.pages, with_plugin=one) for one in (False, True)]
            # Compiles what isn't yet, as installing a package does; it isn't counted.
            for side in sides:
                _build(side)
            pairs = []
            for number in range(asked.rounds):
                # Another begins each time, so that whatever else the machine does slows both alike.
                order = sides if number % 2 else sides[::-1]
                taken = {side: _build(side) for side in order}
                pairs.append((taken[sides[0]], taken[sides[1]]))
            ratio = statistics.median(with_us.seconds / without.seconds for without, with_us in pairs)
            more = statistics.median(with_us.memory - without.memory for without, with_us in pairs)
            seconds = [statistics.median(pair[side].seconds for pair in pairs) for side in (0, 1)]
            is_missed = ratio > target or more > MOST_MEMORY
            missed |= is_missed
            print(
                f"{name}: {seconds[0]:.2f} s without, {seconds[1]:.2f} s with; ratio {ratio:.3f} (at most {target}), "
                f"{more:+.1f} MiB (at most {MOST_MEMORY:.0f}){' MISSED' if is_missed else ''}"
            )
            print(f"  ratios of the rounds: {', '.join(f'{b.seconds / a.seconds:.3f}' for a, b in pairs)}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    return int(missed)


def _site(folder: Path, name: str, pages: int, *, with_plugin: bool) -> Path:
    """A site's folder; the pages are the same on both sides, but for the block."""
    made = folder / f"{name}-{'with' if with_plugin else 'without'}".replace(" ", "-")
    (made / "docs").mkdir(parents=True)
    block = "\n```support-table\n```\n" if with_plugin and name != "no widget" else ""
    for number in range(pages):
        sections = "".join(SECTION.format(number=step, next=(number + step) % pages) for step in range(1, 5))
        (made / "docs" / f"page-{number}.md").write_text(f"# Page {number}\n{block}{sections}", "utf-8")
    shutil.copy(REPOSITORY / "support-policy.yml", made)
    config = {
        "site_name": "Guide",
        "site_url": "https://docs.example.com/",
        "theme": {"name": "material", "font": False, "features": ["navigation.prune"]},
        "plugins": ["search", *(["support"] if with_plugin else [])],
        "markdown_extensions": [
            "admonition",
            "attr_list",
            "tables",
            "pymdownx.superfences",
            {"toc": {"permalink": True}},
        ],
    }
    (made / "mkdocs.yml").write_text(yaml.safe_dump(config), "utf-8")
    return made


def _build(site: Path) -> Build:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(site / "mkdocs.yml")]
    # Whatever is set here, modules are compiled once and not at each build, which is so for all who install them.
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = os.posix_spawn(sys.executable, command, {**around, "NO_MKDOCS_2_WARNING": "1"})
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"The build of {site.name} failed.")
    return Build(used.ru_utime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
