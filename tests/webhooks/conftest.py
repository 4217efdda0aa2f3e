"""A desk that may post to the loopback, and a receiver there."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from formapp.services import Services
from tests.builders import build_services
from tests.webhooks.receiver import Receiver

LOOPBACK = (ip_network("127.0.0.1/32"),)


@pytest.fixture
def desk(tmp_path: Path, migrated_url: str) -> Iterator[Services]:
    """A desk on a new database, of both makes, whose webhooks may go to the loopback."""
    services = build_services(tmp_path, migrated_url, webhook_private=LOOPBACK)
    yield services
    services.database.engine.dispose()


@pytest.fixture
def sqlite_desk(tmp_path: Path) -> Iterator[Services]:
    """The same on a new SQLite file, where the make of the database makes no difference."""
    services = build_services(tmp_path, webhook_private=LOOPBACK)
    yield services
    services.database.engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()
