"""Photos with everything that a camera may write into them, and the words to look for."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

SECRETS = (b"CANARY-CAMERA", b"CANARY-PLACE", b"CANARY-XMP", b"CANARY-COMMENT", b"CANARY-SECOND", b"CANARY-TRAILER")
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='x'>CANARY-XMP</rdf:RDF></x:xmpmeta>"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif() -> bytes:
    made = Image.Exif()
    made[0x0110] = "CANARY-CAMERA"
    made[0x0112] = 6
    made.get_ifd(0x8825)[1] = "N"
    made.get_ifd(0x8825)[2] = (48.0, 51.0, 24.0)
    made.get_ifd(0x8825)[29] = "CANARY-PLACE"
    return made.tobytes()


def photo(form: str, mode: str = "RGB", **options: Any) -> bytes:
    """A small picture with everything that a camera may write into it."""
    picture = Image.effect_noise((60, 40), 60).convert(mode)
    out = io.BytesIO()
    told: dict[str, Any] = {"exif": exif(), "icc_profile": PROFILE, **options}
    if form == "JPEG":
        told |= {"xmp": XMP, "comment": b"CANARY-COMMENT", "quality": 88}
    if form == "WEBP":
        told |= {"xmp": XMP}
    if form == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        info.add_text("Comment", "CANARY-COMMENT", zip=False)
        told |= {"pnginfo": info}
    picture.save(out, form, **told)
    return out.getvalue()
