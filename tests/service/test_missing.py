"""What ``formapp serve`` says is missing: each thing while it is, and no longer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from formapp.operations.missing import missing
from formapp.services import Services
from tests.builders import build_policy, build_project, build_staff

WHOLE: dict[str, Any] = {
    "base_url": "https://docs.shop.net",
    "smtp_url": "smtp://localhost",
    "proxies": 1,
    "site_dir": Path("site"),
}


def said(services: Services, *, host: str = "127.0.0.1", worker: bool = True, **changes: Any) -> list[str]:
    settings = replace(services.settings, **{**WHOLE, **changes})
    policy = replace(build_policy(), contact_email="help@shop.net")
    return list(missing(replace(services, settings=settings, policy=policy), host, 8000, with_worker=worker))


@pytest.fixture
def whole(sqlite_services: Services) -> Services:
    build_staff(sqlite_services)
    build_project(sqlite_services)
    return sqlite_services


def test_where_nothing_is_missing_nothing_is_said(whole: Services) -> None:
    assert said(whole) == []


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        (
            {"smtp_url": "", "dev_inbox": False},
            "No mail server is set, so sign-in links go nowhere: set FORMAPP_SMTP_URL.",
        ),
        (
            {"smtp_url": "", "dev_inbox": True, "base_url": "http://127.0.0.1:8000"},
            "Mails go nowhere; read them at http://127.0.0.1:8000/support/inbox.",
        ),
        ({"worker": False}, "No worker runs here"),
        ({"site_dir": None}, "No guide is set"),
        ({"proxies": 0}, "A web server must stand before this desk"),
        (
            {"base_url": "http://127.0.0.1:9000"},
            "People are led to http://127.0.0.1:9000, but this listens on port 8000: set FORMAPP_BASE_URL=http://127",
        ),
        (
            {"base_url": "http://localhost:8000", "host": "192.0.2.1"},
            "People are led to http://localhost:8000, which only",
        ),
    ],
)
def test_each_thing_that_is_missing_is_one_sentence(whole: Services, changes: dict[str, Any], beginning: str) -> None:
    (sentence,) = said(whole, **changes)
    assert sentence.startswith(beginning)


def test_a_new_database_lacks_people_and_projects(sqlite_services: Services) -> None:
    staff, project = said(sqlite_services)
    assert "formapp account add" in staff
    assert "formapp project add" in project


def test_the_sample_s_address_is_nobody_s(whole: Services) -> None:
    found = list(missing(whole, "127.0.0.1", 8000, with_worker=True))
    assert any("support@platform.example" in sentence for sentence in found)
