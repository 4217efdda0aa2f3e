"""An HTML mail as plain text: paragraphs and lines stay, quotations get their ``>``, links their address."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = {
    *("address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "header"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul"),
}
_UNSEEN = {"head", "script", "style", "template", "title"}
_APART = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "ul", "ol"}
_BLANK = re.compile(r"[ \t\r\n\f]+")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._line = ""
        self._quoted = self._unseen = self._preformatted = 0
        self._links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._end_line(always=True)
        elif tag in _BLOCKS:
            self._end_line()
            self._quoted += tag == "blockquote"
            self._preformatted += tag == "pre"
            if tag == "li":
                self._line = "- "
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", self._line))
        elif tag in {"td", "th"} and self._line.strip():
            self._line += "  "

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._end_line()
            if tag in _APART and self.lines and self.lines[-1].strip("> "):
                self.lines.append(self._quotation().rstrip())
            self._quoted = max(0, self._quoted - (tag == "blockquote"))
            self._preformatted = max(0, self._preformatted - (tag == "pre"))
        elif tag == "a" and self._links:
            address, before = self._links.pop()
            shown = self._line[len(before) :].strip()
            if address.startswith(("http://", "https://")) and shown.rstrip("/") not in address:
                self._line += f" <{address}>"

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._preformatted:
            *lines, last = data.split("\n")
            for line in lines:
                self._line += line
                self._end_line(always=True)
            self._line += last
            return
        text = _BLANK.sub(" ", data)
        self._line += text.lstrip(" ") if not self._line else text

    def _quotation(self) -> str:
        return "> " * self._quoted

    def _end_line(self, *, always: bool = False) -> None:
        if always or self._line.strip():
            self.lines.append((self._quotation() + self._line).rstrip())
        self._line = ""

    def close(self) -> None:
        super().close()
        self._end_line()


def html_to_text(html: str) -> str:
    """The text that an HTML mail shows; of several blank lines one is left."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reader.lines)).strip("\n")
