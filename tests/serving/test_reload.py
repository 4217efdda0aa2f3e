"""One policy at a time: an edited file counts from ``formapp reload`` on, a broken one never."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from formapp.operations import doctor
from formapp.services import make_services, utc_now
from formapp.settings import settings_from
from tests.serving.conftest import Serve, Served, wait_until


def policy_file(desk: Served) -> Path:
    return Path(desk.environment["FORMAPP_POLICY"])


def edit(desk: Served) -> None:
    path = policy_file(desk)
    path.write_text(path.read_text().replace("subject_length: 200", "subject_length: 150"))


def version_at(desk: Served) -> str:
    with urllib.request.urlopen(f"{desk.environment['FORMAPP_BASE_URL']}/support/policy.json", timeout=30) as answer:  # noqa: S310 - our own http address
        return str(json.load(answer)["version"])


def reload(desk: Served) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "formapp", "reload"]
    return subprocess.run(command, env=desk.environment, capture_output=True, text=True, timeout=60)


def test_a_broken_file_and_a_dead_process_end_nothing(serve: Serve) -> None:
    desk = serve("--no-worker", "--workers=1")
    version = version_at(desk)
    policy_file(desk).write_text("calendar: [")
    (killed,) = desk.children()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: killed not in desk.children() and desk.answers(), "the desk answers again")
    assert version_at(desk) == version


def test_a_broken_file_is_not_taken_up(serve: Serve) -> None:
    desk = serve("--no-worker", "--workers=1")
    version, children = version_at(desk), desk.children()
    policy_file(desk).write_text("calendar: [")
    told = reload(desk)
    assert told.returncode == 1
    assert "support-policy.yml" in told.stderr
    assert "Traceback" not in told.stderr
    assert (version_at(desk), desk.children()) == (version, children)


def test_an_edited_file_is_taken_up_by_all_processes_without_a_break(serve: Serve) -> None:
    desk = serve()
    wait_until(lambda: len(desk.children()) == 3, "all processes run")
    before, version = set(desk.children()), version_at(desk)
    edit(desk)
    assert version_at(desk) == version
    services = make_services(settings_from(desk.environment))
    found = [one.what for one in doctor.examine(services, utc_now()).findings if one.check == "policy"]
    services.database.engine.dispose()
    assert found == ["The file was edited since the desk took it up; what runs is the version before."]
    told = reload(desk)
    assert (told.returncode, told.stderr) == (0, "")

    def taken_up() -> bool:
        assert desk.answers()
        return not before & set(desk.children()) and len(desk.children()) == 3

    wait_until(taken_up, "each process is a new one")
    wait_until(lambda: version_at(desk) != version, "the new policy is served")


def test_without_a_running_desk_reload_says_so(serve: Serve) -> None:
    desk = serve("--no-worker", "--workers=1")
    desk.end()
    told = reload(desk)
    var = desk.environment["FORMAPP_VAR"]
    assert (told.returncode, told.stderr) == (1, f"Error: No desk runs on {var}. Start it: formapp serve\n")


def test_a_note_of_a_process_that_is_none_is_no_desk(serve: Serve) -> None:
    desk = serve("--no-worker", "--workers=1")
    for content in ("", "soon", "999999999"):
        (Path(desk.environment["FORMAPP_VAR"]) / "serve.pid").write_text(content)
        assert "No desk runs on" in reload(desk).stderr, content
