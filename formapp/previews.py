"""Previews of pictures: pixels alone, made anew, so that nothing else of the original reaches a page."""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import Image, ImageOps

MOST_PIXELS = 50_000_000
"""Larger pictures get no preview: each pixel takes up to four bytes of memory while it is made."""
WIDTH = 1200
_HEIGHT = 16_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# The library asks at opening, before it takes memory for the pixels, and refuses at twice this number.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class NoPreview(Exception):
    """No preview can be made of this picture; the message says why."""


def make_preview(file: BinaryIO) -> bytes:
    """A picture's first frame as WebP, upright, at most ``WIDTH`` pixels wide. Raises NoPreview.

    Nothing but the pixels goes over: no place, camera, comment, colour profile or hidden second picture.
    """
    try:
        with Image.open(file, formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise NoPreview(f"it has {picture.width} x {picture.height} pixels")
            # A JPEG can be decoded at a fraction of its size, for a fraction of the memory.
            picture.draft("RGB", (WIDTH, _HEIGHT))
            upright = ImageOps.exif_transpose(picture)
            pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            pixels.thumbnail((WIDTH, _HEIGHT))
            return _webp(pixels)
    except NoPreview:
        raise
    except MemoryError:
        raise NoPreview("it takes more memory than there is") from None
    except Exception as error:  # decoders raise whatever they meet in a broken file
        raise NoPreview(f"{type(error).__name__}: {error}"[:500]) from error


def _webp(pixels: Image.Image) -> bytes:
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    out = io.BytesIO()
    bare.save(out, "WEBP", quality=80)
    return out.getvalue()
