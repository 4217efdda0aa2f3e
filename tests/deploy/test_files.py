"""What of ``deploy/`` can't run here is read: what it names exists, and it is what the handbook says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from formapp.cli.main import main
from formapp.server import LARGEST_REQUEST
from formapp.setting_names import PREFIX
from formapp.settings import NAMES
from formapp.supervisor import END_SECONDS
from formapp.web.body.form_data import LARGEST_BODY
from tests.builders import REPOSITORY
from tests.commands import commands_in
from tests.deploy.conftest import DEPLOY, program

# What an operator puts beside the files.
OPERATORS_OWN = {".env", "policy", "certificate"}
UNIT = DEPLOY / "support-desk.service"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]


class Directives(dict[str, str]):
    """Keeps what is set more than once, a line each."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self and isinstance(value, list):
            value = [*self[key], *value]
        super().__setitem__(key, value)


@pytest.fixture(scope="module")
def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=False, dict_type=Directives, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    return parser


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    found: dict[str, Any] = compose["services"]
    return found


def takes(words: list[str]) -> None:
    """Assert that ``formapp`` has this command with these options; nothing is run."""
    assert words[0] == "formapp", words
    command: click.Command = main
    rest = words[1:]
    context = click.Context(main, info_name="formapp")
    while isinstance(command, click.Group):
        children = commands_in(command)
        assert rest[0] in children, words
        command, rest = children[rest[0]], rest[1:]
    command.make_parser(context).parse_args(args=list(rest))


def desk_of(services: dict[str, Any]) -> list[dict[str, Any]]:
    return [service for service in services.values() if "build" in service]


# systemd


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace(
        "/opt/support-desk/bin/formapp", str(Path(sys.executable).parent / "formapp")
    )
    copy.write_text(text, "utf-8")
    done = subprocess.run([program("systemd-analyze"), "verify", copy], capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_systemd_counts_the_unit_as_well_shut_in() -> None:
    """Of 100 points of exposure, which a unit without a word has 96 of."""
    command = [program("systemd-analyze"), "security", "--offline=true", "--threshold=20", UNIT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_runs_the_documented_commands_and_starts_again(unit: RawConfigParser) -> None:
    service = unit["Service"]
    for key in ("ExecStartPre", "ExecStart", "ExecReload"):
        path, *words = shlex.split(service[key])
        assert Path(path).is_absolute()
        takes([Path(path).name, *words])
    assert service["ExecStart"].endswith("formapp serve")
    assert service["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert float(service["TimeoutStopSec"]) > END_SECONDS
    assert service["UMask"] == "0077"
    assert service["User"] not in {"root", ""}


def test_the_units_folder_and_settings_are_the_desks(unit: RawConfigParser) -> None:
    service = unit["Service"]
    variables = dict(line.split("=", 1) for line in service["Environment"].splitlines())
    assert variables[f"{PREFIX}VAR"] == f"/var/lib/{service['StateDirectory']}"
    assert {name.removeprefix(PREFIX) for name in variables} <= set(NAMES)
    assert Path(service["EnvironmentFile"].removeprefix("-")).name == "support-desk.env"
    assert (DEPLOY / Path(service["EnvironmentFile"]).name).is_file()


# Containers


def test_the_container_installs_real_extras_from_what_is_there_and_runs_the_documented_command() -> None:
    (extras,) = re.findall(r'"/source\[([a-z0-9,]+)\]"', CONTAINERFILE)
    assert set(extras.split(",")) == set(PROJECT["optional-dependencies"])
    copied = [
        line.split()[1:-1] for line in CONTAINERFILE.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    sources = {name for names in copied for name in names}
    assert all((REPOSITORY / name).exists() for name in sources)
    # What setuptools packs, and what it reads for that.
    assert {
        "pyproject.toml",
        "supportpolicy",
        "site_plugins",
        "formapp",
        PROJECT["readme"],
        *PROJECT["license-files"],
    } <= sources
    (command,) = re.findall(r"^CMD (\[.+\])$", CONTAINERFILE, re.MULTILINE)
    takes(yaml.safe_load(command))
    assert set(re.findall(rf"{PREFIX}(\w+)", CONTAINERFILE)) <= set(NAMES)


def test_the_container_runs_as_a_user_who_owns_its_folder_alone() -> None:
    last_stage = CONTAINERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\S+)$", last_stage, re.MULTILINE)
    assert f"install --directory --owner={user} " in last_stage
    (var,) = re.findall(rf"{PREFIX}VAR=(\S+)", last_stage)
    assert f"--mode=0700 {var}" in last_stage


def test_every_image_has_a_short_name(services: dict[str, Any]) -> None:
    """Which registry it comes from is the operator's to say."""
    images = [*re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE), *(one["image"] for one in services.values())]
    assert len(images) >= 5
    for image in images:
        assert re.fullmatch(r"[a-z-]+(:[a-z0-9.-]+)?", image), image


def test_compose_names_files_and_services_that_exist(services: dict[str, Any]) -> None:
    brought = OPERATORS_OWN | {"site"}
    volumes = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["volumes"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        mode, _, other = service.get("network_mode", "").partition(":")
        assert (mode, other in services) in {("", False), ("service", True)}
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            here = source.startswith(".") and (Path(source).name in brought or (DEPLOY / source).is_file())
            assert here or source in volumes or source == "/tmp", volume  # noqa: S108 - a path of the container
        if "env_file" in service:
            assert (DEPLOY / service["env_file"]).is_file()
        if "build" in service:
            folder = (DEPLOY / service["build"]["context"]).resolve()
            assert folder == REPOSITORY
            assert (folder / service["build"]["dockerfile"]).read_text("utf-8") == CONTAINERFILE


def test_compose_runs_commands_and_settings_of_the_desk(services: dict[str, Any]) -> None:
    desk = desk_of(services)
    assert [service["command"][1] for service in desk] == ["db", "serve"]
    for service in desk:
        takes(service["command"])
        assert {name.removeprefix(PREFIX) for name in service["environment"]} <= set(NAMES)
        assert service["environment"][f"{PREFIX}PROXIES"] == "1"
    assert float(services["desk"]["stop_grace_period"].removesuffix("s")) > END_SECONDS


def test_the_desks_port_is_nobodys_but_nginx(services: dict[str, Any]) -> None:
    """What a visitor claims to be would else be believed, as FORMAPP_PROXIES says that nginx stands before."""
    assert services["nginx"]["network_mode"] == "service:desk"
    assert services["desk"]["command"][-2:] == ["--host", "127.0.0.1"]
    assert services["desk"]["ports"] == ["80:80", "443:443"]
    assert not any("ports" in service for name, service in services.items() if name != "desk")


# The web servers


def test_the_web_servers_bound_of_a_body_lies_between_the_desks_own_and_its_servers() -> None:
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text("utf-8"))
    assert LARGEST_BODY < int(megabytes) * 2**20 < LARGEST_REQUEST
    caddyfile = (DEPLOY / "Caddyfile").read_text("utf-8")
    (megabytes,) = re.findall(r"max_size (\d+)MB", caddyfile)
    assert LARGEST_BODY < int(megabytes) * 10**6 < LARGEST_REQUEST
    (announced,) = re.findall(r"header_regexp Content-Length (\S+)", caddyfile)
    for length in (0, 1, LARGEST_BODY, 99_999_999, 109_999_999):
        assert not re.search(announced, str(length)), length
    for length in (LARGEST_REQUEST, 120_000_000, 200_000_000, 1_000_000_000, 10**12):
        assert re.search(announced, str(length)), length


def test_the_operators_page_names_every_file_and_every_file_is_there() -> None:
    page = (REPOSITORY / "docs" / "handbook" / "for-operators.md").read_text("utf-8")
    assert set(re.findall(r"`deploy/([^`]+)`", page)) == {path.name for path in DEPLOY.iterdir()} - OPERATORS_OWN
