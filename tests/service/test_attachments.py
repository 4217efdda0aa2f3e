"""Attachments: what arrives is judged, kept, attached once with its ticket or message, and swept if it never is."""

from __future__ import annotations

import pytest

from formapp import attachments
from formapp.attachments import KeptFile, Upload
from formapp.errors import FileRefused
from formapp.services import Services
from tests.attachments.odd_files import ODD_FILES, OddFile
from tests.builders import NOW

MOST = 10_000_000


def keep(services: Services, name: str = "app.log", content: bytes = b"one line\n", piece: int = 65_536) -> KeptFile:
    """A file as it arrives, in pieces."""
    upload = Upload(services, name, MOST)
    try:
        for start in range(0, len(content), piece):
            upload.write(content[start : start + piece])
        return upload.finish(NOW)
    finally:
        upload.abandon()


@pytest.mark.parametrize("odd", ODD_FILES, ids=lambda odd: odd.label)
def test_every_odd_file_gets_its_answer_and_comes_out_as_it_went_in(sqlite_services: Services, odd: OddFile) -> None:
    content = odd.content()
    if odd.refused:
        with pytest.raises(FileRefused) as refused:
            keep(sqlite_services, odd.name, content)
        assert odd.refused in refused.value.sentence
        assert refused.value.field == "files"
        assert list(sqlite_services.files.listing()) == []
        return
    kept = keep(sqlite_services, odd.name, content)
    assert (kept.name, kept.size, bool(kept.warning)) == (odd.kept_as, len(content), odd.warned)
    assert attachments.kept_files(sqlite_services, [kept.token]) == (kept,)
    assert b"".join(sqlite_services.files.read(kept.token)) == content
