"""Where the bytes of attachments lie: in a folder of this machine, or in a bucket."""

from __future__ import annotations

from pathlib import Path

from formapp.setting_names import PREFIX
from formapp.setting_values import BadSetting
from formapp.storage.local import LocalFileStore
from formapp.storage.store import FileStore, PendingFile

__all__ = ["FileStore", "PendingFile", "open_file_store"]


def open_file_store(setting: str, var: Path) -> FileStore:
    """The store that ``FORMAPP_FILES`` names: ``s3://bucket/prefix``, or the folder ``files`` where it is empty.

    Raises BadSetting where a bucket is named without the package for it.
    """
    if setting.startswith("s3://"):
        try:
            from formapp.storage.s3 import S3FileStore
        except ImportError as missing:
            raise BadSetting(f'{PREFIX}FILES names a bucket; install the desk with its extra "s3" for it.') from missing
        return S3FileStore.at(setting)
    return LocalFileStore(var / "files")
