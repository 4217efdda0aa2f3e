"""What a file is: its cleaned name, its kind by the last extension, and whether its content agrees.

Nothing is parsed or unpacked to decide, and what a browser declares never decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import filetype

from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from supportpolicy.bounds import PROGRAMS

HEAD = 8 * 1024
"""How many of a file's first bytes tell what it is."""
_LONGEST_NAME = 255
"""In bytes of UTF-8, as file systems have it."""
_MOST_CHARACTERS = 4 * _LONGEST_NAME
"""As many as NFC could make a name of that length of."""
_LONGEST_EXTENSION = 20
_SLASHES = re.compile(r"[/\\]")
# Joiners belong into words of some scripts and into emoji; the other unseen characters only mislead.
_JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf"}
PICTURES = frozenset({"png", "jpg", "jpeg", "webp", "gif"})
"""Kinds that a preview is made of."""
ENOUGH = 1024
"""How many bytes tell a common binary kind, and text of UTF-16."""
_COMMON = ("png", "jpg", "webp", "gif", "pdf", "zip", "gz")
_DETECTED_AS = {"jpeg": "jpg", "tar.gz": "gz", "tgz": "gz"}
_TEXTS = {
    "csv": "text/csv",
    "md": "text/markdown",
    "json": "application/json",
    "har": "application/json",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
_PROGRAM = gettext_noop("“%(name)s” is a program. Send a screenshot of it, or what it writes as text")
_SVG = gettext_noop("“%(name)s” is an SVG drawing, which can run script. Send it as a PNG")
_PAGE = gettext_noop("“%(name)s” is a web page, which can run script. Send a screenshot")
ACTIVE = {
    **dict.fromkeys(("svg", "svgz"), _SVG),
    **dict.fromkeys(("html", "htm", "xhtml", "xht", "shtml", "mhtml", "mht"), _PAGE),
}
"""Extensions of what browsers run, with the sentence that says so; never taken, whatever the policy lists."""
NEVER = {**ACTIVE, **dict.fromkeys(PROGRAMS, _PROGRAM)}
"""The same with programs."""
_UTF_16 = {b"\xff\xfe", b"\xfe\xff"}
# Each part is taken once and for all, so that no file makes this try the same bytes again and again.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?"
    rb"(?:\s|(?><\?.*?\?>)|(?><!--.*?-->)|(?><!doctype\s+(?!svg|html)[^>]*>))*+"
    rb"<(?:!doctype\s+|\w+:)?(svg|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_SECRET_NAME = re.compile(r"secret|credential|passw|private.?key|id_rsa|id_ed25519", re.IGNORECASE)


def clean_name(name: str) -> str:
    """A file's name as it is stored and shown: no folders, no line breaks, nothing unseen or misleading.

    At most 255 bytes of UTF-8; what is cut comes off before the extension. Empty where nothing is left.
    """
    last = _SLASHES.split(name)[-1]
    # Before it is normalised, which can take quadratic time; what comes off here would come off below.
    last = last if len(last) <= _MOST_CHARACTERS else f"{last[:_MOST_CHARACTERS]}{_ending(last)}"
    seen = "".join(_seen(character) for character in unicodedata.normalize("NFC", last))
    clean = " ".join(seen.split()).rstrip(". ")
    return _shortened(clean) if clean.strip(".") else ""


def _ending(name: str) -> str:
    """The extension with its dot; empty for a name without one, or with one that is too long to be kept."""
    dot, extension = name.rpartition(".")[1:]
    return f"{dot}{extension}" if len(extension) <= _LONGEST_EXTENSION else ""


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if character.isspace() or category in {"Zl", "Zp"}:
        return " "
    return "" if category in _UNSEEN and character not in _JOINERS else character


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    stem = name.rpartition(".")[0]
    end = _ending(name) if stem else ""
    room = _LONGEST_NAME - len(end.encode())
    return (stem if end else name).encode()[:room].decode(errors="ignore").rstrip() + end


def last_extension(name: str) -> str:
    """What follows the last dot of a cleaned name, in small letters; empty where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def kind_of(name: str, kinds: Sequence[str]) -> str:
    """The kind of the list that a cleaned name ends with, the longest of them; empty where none is.

    The name of a dotfile counts as its extension: ".env" is of the kind "env".
    """
    small = name.lower()
    return max((kind for kind in kinds if small.endswith(f".{kind}")), key=len, default="")


def media_type(kind: str) -> str:
    """The media type of a kind: ours, whatever the browser declared."""
    detector = _detector(kind)
    return detector.mime if detector is not None else _TEXTS.get(kind, "text/plain")


def refusal_by_name(name: str, kinds: Sequence[str]) -> str:
    """Why a file of this cleaned name isn't taken and what to do; empty where it may be."""
    if not name:
        return _("A file without a name can't be sent. Give it a name and choose it again")
    extension = last_extension(name)
    if never := NEVER.get(extension):
        return _or_zip(_(never, name=name), kinds)
    if kind_of(name, kinds):
        return ""
    if extension:
        what = _("“%(name)s” can't be sent: .%(kind)s isn't on the list of kinds", name=name, kind=extension)
    else:
        what = _("“%(name)s” can't be sent: a name without an ending isn't on the list of kinds", name=name)
    text = _("If it is text, rename it to end with .txt") if "txt" in kinds else _("Send it as another kind")
    return f"{what}. {_or_zip(text, kinds)}"


def refusal_by_content(name: str, kind: str, head: bytes, holds_nul: bool, kinds: Sequence[str]) -> str:
    """Why a file isn't taken whose content isn't of its kind, and what to do; empty where it is.

    ``head`` is how it begins (``HEAD`` bytes are enough), ``holds_nul`` whether a NUL byte is anywhere in it.
    """
    detector = _detector(kind)
    if detector is not None and (detector.match(bytearray(head)) or (kind == "pdf" and _holds_pdf(head))):
        return ""
    other = _binary_kind(head)
    if other:
        rename = _as_another(kinds)
        if other in kinds:
            rename = _or_zip(_("Rename it to end with .%(kind)s", kind=other), kinds)
        what = _("“%(name)s” is a .%(kind)s file by its content", name=name, kind=other)
        return f"{what}. {rename}"
    if detector is not None:
        what = _("“%(name)s” isn't a .%(kind)s file by its content", name=name, kind=kind)
        return f"{what}. {_as_another(kinds)}"
    if kind == "xml" and (active := _active_root(head)):
        return _or_zip(_(ACTIVE[active], name=name), kinds)
    if holds_nul and head[:2] not in _UTF_16:
        what = _("“%(name)s” holds NUL bytes, so it isn't text", name=name)
        return f"{what}. {_as_another(kinds)}"
    return ""


def warning_about(name: str, kind: str) -> str:
    """What to think of before a file is sent that often holds secrets; empty for others."""
    if kind == "har":
        return _("“%(name)s” can hold cookies and passwords of your visits. Remove them before you send it", name=name)
    if kind == "env" or _SECRET_NAME.search(name):
        return _("“%(name)s” may hold passwords or keys. Remove them before you send it", name=name)
    return ""


def _detector(kind: str) -> filetype.Type | None:
    """What tells this kind by its first bytes; None for text."""
    return filetype.get_type(ext=_DETECTED_AS.get(kind, kind))


def _holds_pdf(head: bytes) -> bool:
    """Whether readers of PDF would open this: they look for its mark within the first 1,024 bytes."""
    return b"%PDF-" in head[:1024]


def _binary_kind(head: bytes) -> str:
    """The common binary kind that a file begins like; empty where it is of none."""
    found = (kind for kind in _COMMON if (detector := _detector(kind)) and detector.match(bytearray(head)))
    return next(found, "")


def _active_root(head: bytes) -> str:
    """Whether XML begins as an SVG drawing or a web page, which browsers would run under any name."""
    found = _ROOT.match(head.replace(b"\0", b""))
    return found[1].decode().lower() if found else ""


def _or_zip(advice: str, kinds: Sequence[str]) -> str:
    return _("%(advice)s, or put it into a zip", advice=advice) if "zip" in kinds else advice


def _as_another(kinds: Sequence[str]) -> str:
    return _("Put it into a zip and send that") if "zip" in kinds else _("Save it as another kind and send that")
