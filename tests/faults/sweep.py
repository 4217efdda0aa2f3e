"""The story once for each n, the n-th write failing: ``python -m tests.faults.sweep FOLDER ERROR WAY EVERY [TWIN]``.

Runs with the library failing_writes before it. WAY is ``once``: the disk fails one time and the process
lives on; or ``lasting``: it fails from then on, the process ends, and a new one finds a disk that is well.
EVERY is how far the n are apart. In FOLDER/told stands one JSON line for each n: what failed, whether the
ticket was acknowledged, what is wrong; of a twin, up to the first ticket that is wrong. With the word
``trace`` in place of ERROR none fails, and every write of the story stands there.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from formapp.services import Services
from tests.crash import twins
from tests.faults.story import Told, build_desk, judge, open_desk, tell

_library = ctypes.CDLL(None)


def main(folder: str, error: str, way: str, every: str, twin: str = "") -> None:
    """Tell the story until no write is left that could fail."""
    twins.become(twin)
    template, place = Path(folder) / "template", Path(folder) / "desk"
    build_desk(template)
    # Once without a fault, so that no child has to import anything or compile a statement anew.
    _copy(template, place)
    services, told = open_desk(place), Told()
    tell(services, told)
    judge(services, told)
    services.database.engine.dispose()
    if told.complaints and not twin:
        raise SystemExit(f"the story doesn't even work without a fault: {told.complaints}")
    _copy(template, place)
    with Path(folder, "told").open("w") as out:
        if error == "trace":
            _arm(place, trace=out.fileno())
            tell(services, Told())
            _arm(place)
            return
        number = 1
        while result := _told_with_fault(services, number, getattr(errno, error), lasting=way == "lasting"):
            print(json.dumps({"n": number, **result}), file=out, flush=True)
            if twin and any("SUP-" in complaint for complaint in result["complaints"]):
                return
            number += int(every)
            _copy(template, place)


def _copy(template: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, place)


def _arm(place: Path, nth: int = 0, error: int = 0, *, lasting: bool = False, trace: int = -1) -> None:
    _library.failing_writes_arm(os.fsencode(place), ctypes.c_long(nth), error, int(lasting), trace)


def _told_with_fault(services: Services, nth: int, error: int, *, lasting: bool) -> dict[str, Any] | None:
    """What came of the story with its n-th write failing; None where it has fewer writes."""
    place = services.settings.var

    def live() -> dict[str, Any]:
        _arm(place, nth, error, lasting=lasting)
        told = Told()
        tell(services, told)
        reached = _library.failing_writes_counted() >= nth
        _arm(place)
        if not lasting and reached:
            judge(services, told)
        return {"reached": reached, **vars(told)}

    result = _in_a_child(live)
    if not result.pop("reached"):
        return None

    def come_back() -> dict[str, Any]:
        told = Told(**result)
        judge(services, told)
        return vars(told)

    return _in_a_child(come_back) if lasting else result


def _in_a_child(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do something in a process of its own that ends as if killed, and return what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as out:
                json.dump(act(), out)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as said:
        words = said.read()
    _, status = os.waitpid(child, 0)
    if status:
        return {"reached": True, "complaints": [f"the process died: {os.waitstatus_to_exitcode(status)}"]}
    result: dict[str, Any] = json.loads(words)
    return result


if __name__ == "__main__":
    # As the desk's own commands do.
    os.umask(0o077)
    main(*sys.argv[1:])
