"""Work on what strangers send that may take any time or memory: done in a process of its own, within limits.

The system holds that process to them, so neither a loop in a parser nor a picture that unfolds takes
anything of the worker's along.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, BinaryIO

from formapp.setting_names import PREFIX

REFUSED = 3
"""The exit code of a module that won't do its work and says why."""
_LONGEST_SENTENCE = 500


class OverLimit(Exception):
    """The work took too long or too much memory, or its process failed otherwise."""


class WorkRefused(Exception):
    """The process says in words why the work can't be done."""


def run_limited(module: str, work: IO[bytes], seconds: float) -> bytes:
    """What a module that limits itself makes of this file.

    Raises OverLimit, WorkRefused, or OSError where no process starts or it is killed from outside.

    ``seconds`` pass on the wall's clock: many more than the module's own limit, which counts work alone.
    """
    # A parser has no use for our secrets.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", module],
            stdin=work,
            capture_output=True,
            env=environment,
            timeout=seconds,
            check=False,
            # What is typed at a terminal to end the worker says nothing of this work.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise OverLimit(f"it took more than {seconds:.0f} seconds") from None
    if done.returncode == -signal.SIGKILL:
        # By a system without memory, or by hand; its own limits end it otherwise. Another time it may go well.
        raise ChildProcessError("its process was killed")
    if done.returncode == REFUSED:
        raise WorkRefused(done.stderr.decode("utf-8", "replace").strip()[:_LONGEST_SENTENCE])
    if done.returncode != 0:
        raise OverLimit(f"its process ended with {done.returncode}")
    return done.stdout


def answer(make: Callable[[BinaryIO], bytes], refused: type[Exception], *, memory: int, seconds: float) -> int:
    """What a module does as such a process: from the file to the answer, within limits. The exit code.

    ``refused`` is how ``make`` says in words that it won't.
    """
    limit_this_process(memory, seconds)
    try:
        sys.stdout.buffer.write(make(sys.stdin.buffer))
    except refused as words:
        sys.stderr.write(str(words))
        return REFUSED
    return 0


def limit_this_process(memory: int, seconds: float) -> None:
    """From here on take no more than so many bytes of memory and seconds of work; the system ends what does."""
    # A system that knows no limit of memory still has the one of time.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nobody handles its signal, so it ends the process wherever that is, in C as well.
    signal.setitimer(signal.ITIMER_PROF, seconds)
