"""What axe says of parts of a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# The theme's own page around our parts is not ours to judge.
GUIDE = (
    "support-chooser, support-form, support-feedback, support-scoreboard, .support-table, .support-criteria, "
    ".support-rules, .support-dates, .support-graph"
)
HAS_AXE = "() => 'axe' in window"
RUN = "([parts, options]) => axe.run(parts, options).then(({ violations }) => violations)"
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


def axe_faults(page: Page, parts: str = GUIDE) -> list[str]:
    """What axe finds wrong with these parts, each with what it looked at."""
    if not page.evaluate(HAS_AXE):
        # Half a megabyte of script: once a page is enough.
        page.evaluate(Axe().axe_script)
    violations = page.evaluate(RUN, [parts, OPTIONS])
    return [
        f"{violation['id']}: {node['html'][:200]} {[check['message'] for check in [*node['any'], *node['all']]]}"
        for violation in violations
        for node in violation["nodes"]
    ]
