"""The files that people really attach, and those that somebody makes up, each with the answer that it must get.

Every file is made here by script. Tests of the use cases, the web and the browser all go through
this one list; what is taken must come out as the very bytes that went in.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, PngImagePlugin

MEGABYTE = 1_000_000
LOG = "2026-11-24 14:00:01 ERROR checkout: gateway answered 502, größer als erwartet\n"


@dataclass(frozen=True, slots=True)
class OddFile:
    """One file: how it comes, and what must become of it.

    ``raw`` is its name as the bytes of a header (None: its name in UTF-8). ``refused`` is a piece of the
    sentence that refuses it, empty where it is taken; then ``kept_as`` is the name that it is kept under.
    ``preview`` says how making a preview ends.
    """

    label: str
    name: str
    make: Callable[[], bytes]
    refused: str = ""
    kept: str | None = None
    warned: bool = False
    declared: str = "application/octet-stream"
    raw: bytes | None = None
    preview: str = "none"

    @property
    def kept_as(self) -> str:
        """The name that it is kept under."""
        return self.name if self.kept is None else self.kept

    @property
    def raw_name(self) -> bytes:
        """Its name as a browser sends it in a header, before anything is escaped."""
        return self.name.encode("utf-8", "surrogatepass") if self.raw is None else self.raw

    def content(self) -> bytes:
        """Its bytes, the same each time."""
        return self.make()


def text(content: str = LOG, encoding: str = "utf-8", mark: bytes = b"") -> Callable[[], bytes]:
    return lambda: mark + content.encode(encoding)


def raw(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def picture(kind: str, size: tuple[int, int] = (40, 30), frames: int = 1) -> Callable[[], bytes]:
    def make() -> bytes:
        pages = [Image.new("RGB", size, (200, 40 * number, 90)) for number in range(frames)]
        out = io.BytesIO()
        pages[0].save(out, kind, **({"save_all": True, "append_images": pages[1:]} if frames > 1 else {}))
        return out.getvalue()

    return make


def jpeg_with_a_place() -> bytes:
    """A photo that tells where it was taken, and by which camera."""
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ada"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.6)
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (10, 120, 200)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def jpeg_with_many_scans() -> bytes:
    """A JPEG that is drawn again and again by twelve bytes at a time: at 50 million pixels for minutes a megabyte."""
    out = io.BytesIO()
    Image.new("L", (40, 30)).save(out, "JPEG", progressive=True)
    # A table whose one code says that 16,384 blocks stay as they are, and scans that say no more.
    table = b"\xff\xc4" + struct.pack(">H", 20) + bytes([0x11, 1, *[0] * 15, 0xE0])
    scan = b"\xff\xda" + struct.pack(">H", 8) + bytes([1, 1, 0x01, 1, 63, 0]) + bytes(2)
    return out.getvalue()[:-2] + table + scan * 1000 + b"\xff\xd9"


def png_that_claims(width: int, height: int) -> Callable[[], bytes]:
    """A small PNG whose header promises that many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    return raw(b"\x89PNG\r\n\x1a\n" + parts)


def png_with_a_text_bomb() -> bytes:
    """A small picture with a comment of a few kilobytes that unpacks to 50 MB."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "A" * 50_000_000, zip=True)
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def zipped(*members: tuple[str, bytes]) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    return make


def tar_gz() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("logs/app.log")
        member.size = len(LOG.encode())
        archive.addfile(member, io.BytesIO(LOG.encode()))
    return out.getvalue()


def long_name(letter: str, length: int) -> str:
    return letter * ((length - 4) // len(letter.encode())) + ".log"


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGE = "<!doctype html><title>502</title><script>alert(1)</script>"
ENV = "DATABASE_URL=postgresql://shop:hunter2@db/shop\n"

PEOPLE_ATTACH = (
    OddFile("a log in UTF-8", "checkout.log", text(), declared="text/plain"),
    OddFile("a log whose type the browser doesn't know", "worker.log", text()),
    OddFile("a log in Latin-1", "latin-1.log", text(encoding="latin-1")),
    OddFile("a log of Windows in UTF-16", "event.log", text(encoding="utf-16-le", mark=b"\xff\xfe")),
    OddFile("a log in big-endian UTF-16", "event-be.txt", text(encoding="utf-16-be", mark=b"\xfe\xff")),
    OddFile("text of a single byte", "one.txt", text("x")),
    OddFile("Markdown with a tag", "notes.md", text("# Notes\n\n<details>seen</details>\n")),
    OddFile("a table", "orders.csv", text("id;total\n1;=SUM(A1:A9)\n"), declared="application/vnd.ms-excel"),
    OddFile("broken JSON", "broken.json", text('{"a": [1, 2,')),
    OddFile("broken YAML", "broken.yaml", text("a: [1\n\tb: }")),
    OddFile("short YAML", "compose.yml", text("services: {}\n")),
    OddFile("a dotfile", ".app.yaml", text("name: app\n")),
    OddFile("XML", "feed.xml", text('<?xml version="1.0"?>\n<feed><a/></feed>'), declared="text/xml"),
    OddFile("XML that ends early", "cut.xml", text("<feed><a>")),
    OddFile("a configuration file", "nginx.conf", text("server { listen 80; }\n")),
    OddFile("a recording of visits", "visit.har", text('{"log": {}}'), warned=True),
    OddFile("an environment file", ".env", text(ENV), warned=True),
    OddFile("an environment file with a name", "production.env", text(ENV), warned=True),
    OddFile("a file named for its secrets", "client-secret.json", text("{}"), warned=True),
    OddFile("what a server answered, as text", "answer.txt", text(PAGE)),
    OddFile("a PNG", "screen.png", picture("PNG"), declared="image/png", preview="made"),
    OddFile("a JPEG in capitals", "PHOTO.JPG", picture("JPEG"), declared="image/jpeg", preview="made"),
    OddFile("a photo that tells its place", "place.jpeg", jpeg_with_a_place, preview="made"),
    OddFile("a WebP", "screen.webp", picture("WEBP"), preview="made"),
    OddFile("a moving GIF", "moving.gif", picture("GIF", frames=3), preview="made"),
    OddFile("a PDF", "invoice.pdf", raw(PDF), declared="application/pdf"),
    OddFile("a PDF behind a printer's job", "printed.pdf", raw(b"\x1b%-12345X@PJL \0\r\n" + b"\0" * 990 + PDF)),
    OddFile("a zip", "logs.zip", zipped(("app.log", LOG.encode())), declared="application/x-zip-compressed"),
    OddFile("an empty zip", "nothing.zip", zipped()),
    OddFile("a zip of an office file's shape", "office.zip", zipped(("[Content_Types].xml", b"<Types/>"))),
    OddFile("gzip", "app.log.gz", lambda: gzip.compress(LOG.encode(), mtime=0)),
    OddFile("a tar in gzip", "logs.tar.gz", tar_gz),
    OddFile("one of two files of one name", "same.log", text("the first\n")),
    OddFile("the other of two files of one name", "same.log", text("the second\n")),
    OddFile("as large as allowed", "large.log", lambda: b"x" * (10 * MEGABYTE)),
)

ODD_NAMES = (
    OddFile("a name with spaces", "my log of today.log", text()),
    OddFile("spaces around and within", "  a   b .log ", text(), kept="a b .log"),
    OddFile("a Japanese name", "決済エラー.log", text()),
    OddFile("an Arabic name", "سجل الأخطاء.log", text()),
    OddFile("an emoji of a family", "👨‍👩‍👧 party.log", text()),
    OddFile("an accent apart from its letter", "cafe\u0301.log", text(), kept="café.log"),
    OddFile("quotes, semicolons, a percent sign", "say \"50%\"; filename='x'.log", text()),
    OddFile("a path upwards", "../../etc/cron.d/evil.log", text(), kept="evil.log"),
    OddFile("a path of Windows", "C:\\Users\\ada\\app.log", text(), kept="app.log"),
    OddFile("a path that ends in nothing", "logs/", text(), refused="without a name"),
    OddFile("only dots", "...", text(), refused="without a name"),
    OddFile("no name", "", text(), refused="without a name"),
    OddFile("a line break for a header", "a\r\nSet-Cookie: x=1.log", text(), kept="a Set-Cookie: x=1.log"),
    OddFile("other line breaks", "a\u2028b\u0085c.log", text(), kept="a b c.log"),
    OddFile("a NUL in the name", "a\0.html.log", text(), kept="a.html.log"),
    OddFile("half of a character", "a\ud800b.log", text(), kept="a\ufffdb.log"),
    OddFile("a name in Latin-1", "café.log", text(), raw=b"caf\xe9.log"),
    OddFile("letters turned around", "invoice\u202egol.log", text(), kept="invoicegol.log"),
    OddFile("letters turned around to hide a program", "photo\u202egnp.exe", raw(b"MZ\0"), refused="is a program"),
    OddFile("nothing seen within the ending", "page.ht\u200bml", text(PAGE), refused="a web page"),
    OddFile("a dot behind a web page", "page.html. ", text(PAGE), refused="a web page"),
    OddFile("a name of 255 bytes", long_name("a", 255), text()),
    OddFile("a name too long by a byte", long_name("ü", 256), text(), kept=long_name("ü", 255)),
    OddFile("a longer name", long_name("語", 900), text(), kept=long_name("語", 255)),
    OddFile("a name that is one long ending", "a." + "x" * 400, text(), refused="isn't on the list"),
)

MADE_UP = (
    OddFile("an empty file", "empty.log", raw(b""), refused="is empty"),
    OddFile("too large by a byte", "huge.log", lambda: b"x" * (10 * MEGABYTE + 1), refused="larger than 10 MB"),
    OddFile("a program", "setup.exe", raw(b"MZ\x90\0"), refused="is a program"),
    OddFile("a program as text", "setup.txt", raw(b"MZ\x90\0\x03\0\0\0"), refused="NUL"),
    OddFile("an ELF as a log", "tool.log", raw(b"\x7fELF\x02\x01\x01" + b"\0" * 50), refused="NUL"),
    OddFile("a NUL far within a log", "late.log", lambda: b"x" * MEGABYTE + b"\0", refused="NUL"),
    OddFile("UTF-16 without its mark", "bare.log", text(encoding="utf-16-le"), refused="NUL"),
    OddFile("an ending that isn't listed", "access.log.1", text(), refused=".1 isn't on the list"),
    OddFile("no ending", "README", text(), refused="without an ending"),
    OddFile("a script behind text", "notes.txt.php", text("<?php"), refused=".php isn't"),
    OddFile("SVG", "logo.svg", text(SVG), refused="an SVG drawing", declared="image/svg+xml"),
    OddFile("SVG in capitals", "LOGO.SVG", text(SVG), refused="Send it as a PNG, or put it into a zip"),
    OddFile("SVG as a PNG", "logo.png", text(SVG), refused="isn't a .png file", declared="image/png"),
    OddFile("SVG as XML", "logo.xml", text(f'<?xml version="1.0"?><!-- x -->\n{SVG}'), refused="an SVG drawing"),
    OddFile("SVG as XML in UTF-16", "wide.xml", text(SVG, "utf-16-le", b"\xff\xfe"), refused="an SVG drawing"),
    OddFile("a web page", "page.html", text(PAGE), refused="Send a screenshot, or put it into a zip"),
    OddFile("a web page as XML", "page.xml", text(PAGE), refused="a web page"),
    OddFile("a web page as a JPEG", "page.jpg", text(PAGE), refused="isn't a .jpg", declared="image/jpeg"),
    OddFile("a JPEG as a PNG", "shot.png", picture("JPEG"), refused="is a .jpg file by its content"),
    OddFile("a PDF that begins too late", "late.pdf", raw(b"x" * 1020 + PDF), refused="isn't a .pdf file"),
    OddFile("a log that quotes a PDF", "quoted.log", text("The file begins with %PDF-1.4, which we can't read\n")),
    OddFile("a PDF as text", "paper.txt", raw(PDF), refused="is a .pdf file by its content"),
    OddFile("text as a zip", "fake.zip", text(), refused="isn't a .zip file", declared="application/zip"),
    OddFile("text as gzip", "fake.tar.gz", text(), refused="isn't a .tar.gz file"),
    OddFile("a GIF that is a script", "poly.gif", raw(b"GIF89a/*\0*/=1;alert(1)//"), preview="failed"),
    OddFile("a PDF that is a zip", "poly.pdf", lambda: PDF + zipped(("a.txt", b"a"))()),
    OddFile("a PNG that is a zip", "poly.png", lambda: picture("PNG")() + zipped(("a", b"a"))(), preview="made"),
    OddFile("a PNG that claims 2,500 million pixels", "wall.png", png_that_claims(50_000, 50_000), preview="failed"),
    OddFile("a JPEG that is drawn a thousand times", "again.jpg", jpeg_with_many_scans, preview="failed"),
    OddFile("a PNG that ends early", "cut.png", lambda: picture("PNG", (400, 400))()[:80], preview="failed"),
    OddFile("only the beginning of a PNG", "stub.png", raw(b"\x89PNG\r\n\x1a\n"), preview="failed"),
    OddFile("a PNG with a comment that is a bomb", "comment.png", png_with_a_text_bomb, preview="failed"),
    OddFile("a zip that is a bomb", "bomb.zip", zipped(("zeros", b"\0" * 20_000_000))),
    OddFile("gzip that is a bomb", "bomb.gz", lambda: gzip.compress(b"\0" * 20_000_000, mtime=0)),
    OddFile("a zip whose files go upwards", "slip.zip", zipped(("../../evil.sh", b"rm"))),
)

ODD_FILES: tuple[OddFile, ...] = PEOPLE_ATTACH + ODD_NAMES + MADE_UP
"""All of them. Labels are unique; names are not."""
