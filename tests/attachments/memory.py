"""Run by a test in a process of its own: takes files of 25 MB in all, and prints how the memory grew, in bytes."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from formapp.attachments.service import staged_files
from formapp.attachments.upload import Upload
from formapp.services import Services
from tests.builders import NOW, build_services

PIECE = bytes(range(256)) * 256


def take(services: Services, pieces: int) -> str:
    upload = Upload(services, "long.zip", 30_000_000)
    upload.write(b"PK\3\4")
    for _ in range(pieces):
        upload.write(PIECE)
    return upload.finish(NOW).token


def main(folder: str, files: str) -> None:
    """Take a small file first, so that what is loaded only once counts for nothing."""
    services = build_services(Path(folder), files=files)
    # A file that is sent in parts takes other ways than a small one.
    take(services, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tokens = [take(services, 160), take(services, 160), take(services, 62)]
    received = sum(len(chunk) for token in tokens for chunk in services.files.read(token))
    assert received == sum(one.size for one in staged_files(services, tokens)) > 25_000_000
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
