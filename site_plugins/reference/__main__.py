"""``python -m site_plugins.reference``: write the handbook's pages that are made from the code."""

from __future__ import annotations

import sys

from site_plugins.reference.pages import PAGES, REPOSITORY
from site_plugins.reference.rooms import OutOfOrder


def main() -> int:
    """Write each page that isn't as the code says; 1 where the code's own order is broken."""
    failed = 0
    for name, page in PAGES.items():
        path = REPOSITORY / name
        try:
            text = page()
        except OutOfOrder as problem:
            print(problem, file=sys.stderr)
            failed = 1
            continue
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"Wrote {name}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
