"""Takes out of photos where they were taken and by which camera, when their sender wants it.

The pixels are decoded and written anew without anything else but the colour profile and which side is up. In PNG,
TIFF and lossless WebP they stay the same; a JPEG is written with its own tables, so that they change by less than
a step of their rounding. A picture that says nothing beside its pixels isn't touched at all. It is done in a process
of its own (``python -m formapp.attachments.photo_details``), within limits: a picture can unfold to a gigabyte.
"""

from __future__ import annotations

import io
import sys
from typing import IO, Any, BinaryIO

from PIL import ExifTags, Image, ImageSequence, JpegImagePlugin

from formapp.attachments.decoding import decoding
from formapp.limited_process import OverLimit, WorkRefused, answer, run_limited

MODULE = "formapp.attachments.photo_details"
MOST_SECONDS = 20
"""Of work, for one picture."""
MOST_MEMORY = 768 * 1024 * 1024
MOST_PIXELS = 50_000_000
_PATIENCE = 60.0
"""In seconds on the clock, of a busy machine too."""
KINDS = frozenset({"jpg", "jpeg", "png", "webp", "tif", "tiff"})
"""Kinds whose details can be taken out."""
OTHER_PHOTOS = frozenset({"heic", "heif", "avif", "dng", "nef", "cr2", "arw"})
"""Kinds of photos that carry such details, too, and that can't be written anew here."""
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
_KEPT = ("icc_profile", "transparency", "gamma")
_JPEG_START = b"\xff\xd8\xff"
# Of JPEG's own: how the pixels are to be read. The profile's marker is shared with others.
_JPEG_PLAIN = {"APP0", "APP14"}
_PLAIN_TIFF = frozenset({254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 317, 320, 338})
_PROFILE = 34675
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class NotCleaned(Exception):
    """The details of this picture can't be taken out; the message says why, and nothing of the picture."""


def without_details(file: BinaryIO) -> bytes:
    """The picture without its details; empty where it has none and is to stay as it is. Raises NotCleaned."""
    with decoding(NotCleaned):
        content = file.read()
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NotCleaned("it has too many pixels")
            if not _tells_more(picture, content):
                return b""
            if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
                raise NotCleaned("it moves, or has several pages")
            return _written_anew(picture)


def take_out_details(file: IO[bytes]) -> bytes:
    """The same in a process of its own, within limits. Raises NotCleaned, or OSError where no process starts."""
    try:
        return run_limited(MODULE, file, _PATIENCE)
    except (OverLimit, WorkRefused) as refused:
        raise NotCleaned(str(refused)) from None


def _tells_more(picture: Image.Image, content: bytes) -> bool:
    """Whether a picture holds anything beside what its pixels need; in doubt it does."""
    if picture.format in {"JPEG", "MPO"}:
        assert isinstance(picture, JpegImagePlugin.JpegImageFile)  # noqa: S101 - for the type
        markers = {name for name, data in picture.applist if not (name == "APP2" and data.startswith(b"ICC_PROFILE\0"))}
        # Behind the picture others may follow, each with details of its own.
        return bool(markers - _JPEG_PLAIN) or content.count(_JPEG_START) > 1 or not _ends(content)
    if picture.format == "TIFF":
        return not set(picture.getexif()) <= _PLAIN_TIFF | {_PROFILE} or getattr(picture, "n_frames", 1) > 1
    if picture.format == "WEBP":
        return any(content.find(chunk) >= 0 for chunk in (b"EXIF", b"XMP "))
    picture.load()
    known = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"sBIT", b"bKGD")
    return any(chunk not in known for chunk in _png_chunks(content))


def _ends(content: bytes) -> bool:
    return content.rstrip(b"\0").endswith(b"\xff\xd9")


def _png_chunks(content: bytes) -> list[bytes]:
    """The names of a PNG's chunks; what comes behind the last is named as a chunk of no known name."""
    names, place = [], 8
    while place + 8 <= len(content):
        length, name = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        names.append(name)
        place += 12 + length
        if name == b"IEND":
            break
    return names if place == len(content) else [*names, b""]


def _written_anew(picture: Image.Image) -> bytes:
    # A TIFF is turned upright by the library while it is read.
    picture.load()
    orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    options = _options(picture)
    bare = next(iter(ImageSequence.Iterator(picture))).copy()
    bare.info = {name: value for name, value in picture.info.items() if name in _KEPT}
    if orientation != 1:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        options["exif"] = exif.tobytes()
    out = io.BytesIO()
    bare.save(out, "JPEG" if picture.format == "MPO" else picture.format, **options)
    cleaned = out.getvalue()
    _check(cleaned, orientation)
    return cleaned


def _options(picture: Image.Image) -> dict[str, Any]:
    options: dict[str, Any] = {"icc_profile": picture.info.get("icc_profile")}
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        options["qtables"] = picture.quantization
        options["subsampling"] = JpegImagePlugin.get_sampling(picture)
        options["progressive"] = bool(picture.info.get("progressive"))
    elif picture.format == "WEBP":
        # Its tables can't be asked for; without loss nothing is lost a second time.
        options |= {"lossless": True, "exact": True}
    elif picture.format == "TIFF":
        options["compression"] = "tiff_lzw" if picture.mode in {"1", "L", "P", "RGB", "RGBA"} else None
    return options


def _check(cleaned: bytes, orientation: int) -> None:
    """Look at the result as a reader would. Raises NotCleaned where anything was left."""
    with Image.open(io.BytesIO(cleaned), formats=_FORMATS) as picture:
        exif = picture.getexif()
        allowed = _PLAIN_TIFF | {_PROFILE} if picture.format == "TIFF" else {ExifTags.Base.Orientation}
        left = set(exif) - allowed
        if (
            left
            or {"xmp", "XML:com.adobe.xmp"} & set(picture.info)
            or exif.get(ExifTags.Base.Orientation, 1) != orientation
        ):
            raise NotCleaned("something of them was left")


if __name__ == "__main__":
    sys.exit(answer(without_details, NotCleaned, memory=MOST_MEMORY, seconds=MOST_SECONDS))
