"""A person's data: all of it handed over, by a command, and nothing that lets in."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from formapp.cli.main import main
from formapp.errors import NotFound
from formapp.models import (
    Account,
    AuditEntry,
    Draft,
    SignedInSession,
    SignInLink,
)
from formapp.operations.person import export
from formapp.operations.person.columns import COLUMNS
from formapp.services import Services
from tests.builders import (
    NOW,
    stored,
)
from tests.service.persons import EMAIL, LATER, NAME, OPERATOR, canaries, found_in, told
from tests.service.test_cli import Operator

__all__ = ["told"]


def exported(services: Services) -> tuple[dict[str, Any], dict[str, bytes]]:
    whole = io.BytesIO()
    export.export_person(services, EMAIL.upper(), whole, OPERATOR, LATER)
    with zipfile.ZipFile(whole) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(files.pop(export.RECORDS)), files


def test_an_export_holds_all_that_erasing_takes_away(told: Services) -> None:
    records, files = exported(told)
    text = json.dumps(records, ensure_ascii=False).encode() + b"".join(
        name.encode() + content for name, content in files.items()
    )
    # A file that waits in a saved form has no row that says whose it is.
    assert set(canaries()) - set(found_in(text)) <= {b"canaryform", b"canarydraftfile", json.dumps(NAME)[1:-1].encode()}
    assert sorted(files) == ["files/1-canaryfilename.png", "files/2-canaryfilename.log"]
    assert files["files/2-canaryfilename.log"] == b"canaryfilecontent\n"
    assert [ticket["reference"] for ticket in records["tickets"]] == ["SUP-1001", "SUP-1003"]
    assert [entry.kind for entry in stored(told, AuditEntry)][-1] == "person-exported"


def test_an_export_has_each_column_that_the_list_says_and_nothing_that_lets_in(told: Services) -> None:
    records, _ = exported(told)
    for table, rows in records.items():
        if isinstance(rows, list) and rows:
            expected = {name for name, column in COLUMNS[table].items() if column.exported}
            assert set(rows[0]) - {"reference", "file"} == expected, table
    text = json.dumps(records)
    for row in (*stored(told, SignInLink), *stored(told, SignedInSession), *stored(told, Draft)):
        assert row.token_hash not in text
    assert all(not link.draft_token or link.draft_token not in text for link in stored(told, SignInLink))


def test_nothing_is_exported_about_somebody_unknown(services: Services) -> None:
    with pytest.raises(NotFound):
        export.export_person(services, "nobody@shop.example", io.BytesIO(), OPERATOR, NOW)
    assert stored(services, AuditEntry) == []


def test_the_commands_export_and_erase(told: Services, tmp_path: Path) -> None:
    operator = Operator(tmp_path, told.settings.database_url)
    target = tmp_path / "zoe.zip"
    assert "Internal notes" in operator.is_told("person", "export", EMAIL, "--output", str(target))
    assert zipfile.ZipFile(target).testzip() is None
    assert target.stat().st_mode & 0o077 == 0
    assert "is there already" in operator.is_refused("person", "export", EMAIL, "--output", str(target))
    piped = CliRunner().invoke(main, ["person", "export", EMAIL], env=operator.environment)
    assert piped.stdout_bytes.startswith(b"PK")
    refused = CliRunner().invoke(main, ["person", "erase", EMAIL], input="n\n", env=operator.environment)
    assert (refused.exit_code, stored(told, Account)[0].email) == (1, EMAIL)
    said = operator.is_told("person", "erase", EMAIL, "--yes")
    assert "SUP-1001, SUP-1002" in said
    assert operator.is_refused("person", "erase", EMAIL, "--yes") == f"Nothing is stored about {EMAIL}"
    assert operator.is_told("person", "erase-again") == "Erased again: 0."
    listed = [json.loads(line) for line in operator.is_told("audit", "list", "--json").splitlines()]
    assert [one["kind"] for one in listed[:3]] == ["person-erased", "person-exported", "person-exported"]
    assert listed[0]["subject_name"] == "Erased person"
    assert listed[0]["origin"].startswith("command line, ")
