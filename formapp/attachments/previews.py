"""Previews of pictures: pixels alone, made anew, so that nothing else of the original reaches a page.

A picture of 34 bytes can unfold to a gigabyte. So each is made in a process of its own
(``python -m formapp.attachments.previews``), within limits.
"""

from __future__ import annotations

import io
import sys
from math import ceil
from typing import IO, BinaryIO

from PIL import ExifTags, Image, ImageOps

from formapp.attachments.decoding import decoding
from formapp.limited_process import OverLimit, WorkRefused, answer, run_limited

MODULE = "formapp.attachments.previews"
MOST_SECONDS = 20
"""Of work, for one picture."""
MOST_MEMORY = 512 * 1024 * 1024
_PATIENCE = 60.0
"""In seconds on the clock, of a busy machine too."""
CHUNK = 1024 * 1024

MOST_PIXELS = 50_000_000
"""Larger pictures get no preview: each pixel takes up to four bytes of memory while it is made."""
WIDTH = 1200
_HEIGHT = 16_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_MOST_SCANS = 500
"""Cameras write up to a dozen; each takes a pass over all pixels, and one of a few bytes can be repeated at will."""
_IN_SCANS = {"JPEG", "MPO"}
_SCAN = b"\xff\xda"
_SMOOTH = {"RGB", "RGBA", "L"}
_ON_ITS_SIDE = {5, 6, 7, 8}
# The library asks at opening, before it takes memory for the pixels, and refuses at twice this number.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class NoPreview(Exception):
    """No preview can be made of this picture; the message says why."""


def make_preview(file: BinaryIO) -> bytes:
    """A picture's first frame as WebP, upright, at most ``WIDTH`` pixels wide. Raises NoPreview.

    Nothing but the pixels goes over: no place, camera, comment, colour profile or hidden second picture.
    """
    with decoding(NoPreview), Image.open(file, formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise NoPreview(f"it has {picture.width} x {picture.height} pixels")
        if picture.format in _IN_SCANS and (scans := _scans(file)) > _MOST_SCANS:
            raise NoPreview(f"it is drawn in {scans} scans")
        return _webp(_upright(picture))


def make_limited_preview(file: IO[bytes]) -> bytes:
    """The same in a process of its own, within limits. Raises NoPreview, or OSError where no process starts."""
    try:
        return run_limited(MODULE, file, _PATIENCE)
    except (OverLimit, WorkRefused) as none:
        raise NoPreview(str(none)) from None


def _scans(file: BinaryIO) -> int:
    """How many scans a JPEG is drawn in; leaves the file where it was."""
    place = file.tell()
    file.seek(0)
    found, before = 0, b""
    while chunk := file.read(CHUNK):
        found += (before + chunk).count(_SCAN)
        before = chunk[-1:]
    file.seek(place)
    return found


def _upright(picture: Image.Image) -> Image.Image:
    """The picture made small, then turned: whole, it is in memory only once."""
    on_its_side = picture.getexif().get(ExifTags.Base.Orientation, 1) in _ON_ITS_SIDE
    room = (_HEIGHT, WIDTH) if on_its_side else (WIDTH, _HEIGHT)
    scale = min(room[0] / picture.width, room[1] / picture.height)
    # A JPEG can be decoded at a fraction of its size; at twice the preview's it still looks the same.
    picture.draft(None, (ceil(2 * scale * picture.width), ceil(2 * scale * picture.height)))
    if picture.mode not in _SMOOTH:
        # Colours of a palette can't be mixed.
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail(room)
    upright = ImageOps.exif_transpose(picture)
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _webp(pixels: Image.Image) -> bytes:
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=80)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(answer(make_preview, NoPreview, memory=MOST_MEMORY, seconds=MOST_SECONDS))
