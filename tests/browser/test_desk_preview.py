"""A writer's loop in a browser: file a ticket on the page, read its mail, be somebody else, at another time, edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import serious_violations
from tests.plugin.conftest import new_site
from tests.plugin.preview import PATIENCE, running_preview

pytestmark = pytest.mark.browser

FORM = "# Help\n\n```support-form\n```\n"
