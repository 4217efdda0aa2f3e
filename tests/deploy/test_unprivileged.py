"""The desk runs as a user without rights, who owns the desk's folder and nothing else."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.builders import POLICY
from tests.nobody import NOBODY, as_nobody, open_to_nobody, python_for_nobody
from tests.serving.conftest import free_port, wait_until
from tests.wheel import build_wheel


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that nobody can reach: pytest's own are its user's alone."""
    with open_to_nobody() as made:
        yield made


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables by which a Python finds what the wheel installs, and what it needs: no clone is near it."""
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"))
    with open_to_nobody() as target:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, wheel]
        subprocess.run(command, cwd=target, check=True)
        found_in = os.pathsep.join([str(target), sysconfig.get_path("purelib")])
        yield {"PYTHONPATH": found_in, "PYTHONDONTWRITEBYTECODE": "1"}


def as_the_unit_does(var: Path) -> list[str]:
    """Before a command: a file system of which only this folder can be written, and a /tmp of its own, as the unit
    file's ProtectSystem=strict and PrivateTmp=true make it. Skips where this machine allows no such view.
    """
    view = 'mount --bind "$0" "$0" && mount --bind / / && mount -o remount,bind,ro / && exec "$@"'
    before = ["unshare", "--mount", "--propagation=private", "sh", "-c", view, str(var)]
    tried = subprocess.run([*before, "sh", "-c", "touch /written"], check=False, capture_output=True)
    if b"Read-only" not in tried.stderr:
        pytest.skip("no process of this machine may have a view of the files of its own")
    return before


@pytest.mark.parametrize("restricted", [False, True], ids=["as nobody", "as the unit restricts it"])
def test_nobody_serves_the_desk_from_the_wheel_and_a_folder_of_its_own(
    folder: Path, packages: dict[str, str], restricted: bool
) -> None:
    python = python_for_nobody(folder, packages)
    var, policy, port = folder / "var", folder / "support-policy.yml", free_port()
    var.mkdir(mode=0o700)
    os.chown(var, NOBODY.pw_uid, NOBODY.pw_gid)
    shutil.copy(POLICY, policy)
    around = as_the_unit_does(var) if restricted else []
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
        **packages,
        "HOME": "/nonexistent",
        "FORMAPP_VAR": str(var),
        "FORMAPP_POLICY": str(policy),
        "FORMAPP_BASE_URL": f"http://127.0.0.1:{port}",
    }
    where = as_nobody(python, "-c", "import formapp; print(formapp.__file__)")
    found = subprocess.run(where, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout
    assert found.startswith(packages["PYTHONPATH"].split(os.pathsep)[0])
    formapp = [python, "-m", "formapp"]
    subprocess.run(
        [*around, *as_nobody(*formapp, "db", "upgrade")],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    log = folder / "serve.log"
    with log.open("wb") as output:
        serving = subprocess.Popen(
            [*around, *as_nobody(*formapp, "serve", f"--port={port}")],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: ready(port) or serving.poll() is not None, "it serves, or ends")
        assert serving.poll() is None, log.read_text()
        assert {path.stat().st_uid for path in var.rglob("*")} == {NOBODY.pw_uid}
        assert f"Uid:\t{NOBODY.pw_uid}\t" in Path(f"/proc/{serving.pid}/status").read_text()
        reloaded = subprocess.run(as_nobody(*formapp, "reload"), cwd=folder, env=environment, check=False)
        assert reloaded.returncode == 0
    finally:
        serving.terminate()
        assert serving.wait(30) == 0, log.read_text()


def ready(port: int) -> bool:
    """Whether tickets can be taken, which a worker that has done its rounds is part of."""
    with (
        suppress(OSError, http.client.HTTPException),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection,
    ):
        connection.request("GET", "/support/readyz")
        return connection.getresponse().status == 200
    return False
