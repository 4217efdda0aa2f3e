"""From a page in a browser to the bytes of a picture: cut, ringed, and with no more colours than it needs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser, FloatRect, Locator, Page

MARGIN = 20
COLOURS = 256
# Of a colour that is seen on white and on black.
RING = """
(boxes) => boxes.map(({ x, y, width, height }) => {
  const ring = document.createElement("div");
  ring.className = "picture-ring";
  Object.assign(ring.style, {
    position: "absolute", left: `${x + scrollX - 6}px`, top: `${y + scrollY - 6}px`, zIndex: 2147483647,
    width: `${width + 12}px`, height: `${height + 12}px`, boxSizing: "border-box", pointerEvents: "none",
    border: "3px solid #e6007e", borderRadius: "10px",
  });
  document.documentElement.append(ring);
})
"""
UNRING = "() => document.querySelectorAll('.picture-ring').forEach((ring) => ring.remove())"
STILL = """
async () => {
  document.activeElement?.blur();
  [document.scrollingElement, ...document.querySelectorAll("textarea")].forEach((one) => one.scrollTo(0, 0));
  await document.fonts.ready;
}
"""
LETTERS = "<body style='font: 16px system-ui'>Sphinx of black quartz, judge my vow. <b>0123456789</b> <code>äöüß</code>"


def shoot(page: Page, crop: Sequence[Locator], ring: Sequence[Locator]) -> bytes:
    """A page's whole width, from the top of the first of these to the bottom of the last, as WebP."""
    # A blinking cursor, or a text that its field has scrolled, would make each picture another one.
    page.evaluate(STILL)
    boxes = _boxes(crop)
    page.evaluate(RING, _boxes(ring))
    top = max(0.0, min(box["y"] for box in boxes) - MARGIN)
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    width = (page.viewport_size or {"width": 0})["width"]
    clip: FloatRect = {"x": 0, "y": round(top), "width": width, "height": round(bottom - top)}
    png = page.screenshot(clip=clip, full_page=True, animations="disabled", caret="hide")
    page.evaluate(UNRING)
    return _webp(png)


def _boxes(locators: Sequence[Locator]) -> list[FloatRect]:
    return [box for one in locators if (box := one.bounding_box())]


def _webp(png: bytes) -> bytes:
    """The same picture with few colours, lossless from there on: text stays sharp, and the file small."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as taken:
        few = taken.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.convert("RGB").save(out, "WEBP", lossless=True, quality=100, method=4)
    return out.getvalue()


def rendering(browser: Browser) -> str:
    """The hash of some letters as this browser draws them, with the fonts of this machine."""
    page = browser.new_page(viewport={"width": 640, "height": 80})
    try:
        page.set_content(LETTERS)
        with Image.open(io.BytesIO(page.screenshot())) as drawn:
            return sha256(drawn.convert("RGB").tobytes()).hexdigest()[:16]
    finally:
        page.close()


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    with Image.open(io.BytesIO(picture)) as image:
        return image.size


def count_differences(before: bytes, after: bytes, beside: Path) -> int:
    """How many pixels differ. Where some do, before, after and difference are written side by side into a file."""
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        first, second = one.convert("RGB"), other.convert("RGB")
    width, height = max(first.width, second.width), max(first.height, second.height)
    # Where one is larger, the other has nothing.
    both = [Image.new("RGB", (width, height), "magenta") for _side in range(2)]
    for canvas, picture in zip(both, (first, second), strict=True):
        canvas.paste(picture)
    marks = ImageChops.difference(*both).convert("L").point(lambda value: 255 if value else 0)
    count = marks.histogram()[255]
    if count:
        sheet = Image.new("RGB", (width * 3 + 2 * MARGIN, height), "gray")
        faint = Image.blend(both[0], Image.new("RGB", both[0].size, "white"), 0.7)
        faint.paste((230, 0, 126), mask=marks)
        for number, picture in enumerate((*both, faint)):
            sheet.paste(picture, (number * (width + MARGIN), 0))
        beside.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(beside)
    return count
