"""What the tests of the set-up share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guide import build_guide


@pytest.fixture(scope="session")
def built_guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_guide(tmp_path_factory.mktemp("guide"))
