"""The real policy, as every test of it sees it."""

from __future__ import annotations

import pytest

from supportpolicy import Policy, load
from tests.builders import POLICY


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load(POLICY)


@pytest.fixture(scope="session")
def policy_text() -> str:
    return POLICY.read_text("utf-8")
