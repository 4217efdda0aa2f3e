"""What a writer can do about a file that isn't YAML: never the parser's words, always the line to look at.

The parser says where it stopped. What was meant is often told only by the line itself, or by a quote that
began far above it.
"""

from __future__ import annotations

import re

import yaml

from supportpolicy.translation import gettext as _

_KEY = re.compile(r"[ ]*(?:- +)*[\w.-]+[ ]*:(?:[ ]|$)")
# A key, and after it a text that holds a colon and is in no quotes.
_COLON_IN_TEXT = re.compile(r"^[^#\"']*?:[ ]+[^\"'\s\[{][^\"']*?:(?:[ ]|$)")


def yaml_mistake(text: str, error: yaml.YAMLError) -> tuple[int, str]:
    """The line (from 1) that its writer should look at, and what to do there."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text[: error.position].count("\n") + 1
        return line, _(
            "This line holds a character that can't be seen (U+%(code)s); remove it.",
            code=f"{ord(_character(error)):04X}",
        )
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return 1, _("This can't be read as YAML; look at its indentation, its colons and its quotes.")
    return _marked(text, error, mark)


def _marked(text: str, error: yaml.MarkedYAMLError, mark: yaml.Mark) -> tuple[int, str]:
    lines = [*text.split("\n"), ""]
    line, column = mark.line, mark.column
    here = lines[line] if line < len(lines) else ""
    began = error.context_mark.line if error.context_mark else line
    context, problem = error.context or "", error.problem or ""
    if quote := _open_quote(text, error, line):
        return quote
    if "\\t" in problem or here[column : column + 1] == "\t":
        if not here[:column].strip():
            return line + 1, _("This line begins with a tab; use spaces.")
        return line + 1, _("A tab stands in this line; use spaces.")
    if "escape" in problem:
        return line + 1, _("In double quotes a backslash means something else; put the text in single quotes.")
    if "cannot start any token" in problem or "directive" in context:
        sign = here[column : column + 1] if "cannot start" in problem else "%"
        return line + 1, _quote_it(sign)
    if "block scalar" in context and error.context_mark:
        return began + 1, _quote_it(lines[began][error.context_mark.column])
    if re.match(r" *-[^\s-]", here):
        return line + 1, _('An item of a list needs a space after its hyphen, as in "- item".')
    if "alias" in context + problem or "anchor" in context + problem:
        return line + 1, _('Put this text in quotes: one that begins with "*" or "&" points to another in YAML.')
    if "tag" in context + problem:
        return line + 1, _('Put this text in quotes: one that begins with "!" is a sign in YAML.')
    if "sequence entries" in problem:
        return line + 1, _('A list begins in a line of its own: put its "- " below the key.')
    if "single document" in context + problem or "document start" in problem or here.startswith(("---", "...")):
        return line + 1, _('"---" and "..." divide a file into several; a policy is one, so remove them.')
    if "flow" in context:
        return _in_brackets(context, lines, began, line, column)
    if "simple key" in context or "could not find expected" in problem:
        return began + 1, _('A key needs a colon and a space after it, as in "key: value".')
    return _structure(lines, line, column, problem)


def _structure(lines: list[str], line: int, column: int, problem: str) -> tuple[int, str]:
    here = lines[line]
    if "mapping values" in problem and _COLON_IN_TEXT.match(here):
        return line + 1, _('Put the text with the colon in quotes, as in key: "one: two".')
    above = next((number for number in range(line - 1, -1, -1) if _says(lines[number])), None)
    if "mapping values" in problem and above is not None and _width(here) > _width(lines[above]):
        return line + 1, (
            _(
                "This line is indented further than line %(line)s, which has a value already; give both the same "
                "indentation.",
                line=above + 1,
            )
        )
    if here[:column].strip(" -"):
        return line + 1, _("Put the whole text in quotes: something stands after the end of a quote or bracket.")
    return line + 1, (
        _(
            "The indentation of this line fits nothing above it; "
            "keys and items that belong together begin in the same column."
        )
    )


def _in_brackets(context: str, lines: list[str], began: int, line: int, column: int) -> tuple[int, str]:
    """A list in [ ] or keys in { } that doesn't end."""
    here = lines[line]
    if line == began and here[column : column + 1] == ":":
        return line + 1, _('Put the text with the colon in quotes, as in {key: "one: two"}.')
    if line == began and here[column : column + 1] in set("[{\"'"):
        return line + 1, _("A comma is missing here, or a text with quotes or brackets in it isn't in quotes.")
    opened, closed = ("[", "]") if "sequence" in context else ("{", "}")
    return began + 1, _(
        'The "%(opened)s" in this line is never closed; put "%(closed)s" at its end, and commas between.',
        opened=opened,
        closed=closed,
    )


def _open_quote(text: str, error: yaml.MarkedYAMLError, line: int) -> tuple[int, str] | None:
    """A quote without an end: nothing ends it, or the next one far below does and all that follows is wrong."""
    sentence = _("The quote that begins in this line is never closed; end the text with the same quote.")
    if "quoted scalar" in (error.context or "") and error.context_mark and "escape" not in (error.problem or ""):
        return error.context_mark.line + 1, sentence
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            # What follows a quote that closed by chance stands right behind it.
            if token.start_mark.line > line:
                break
            spans = token.end_mark.line - token.start_mark.line
            if isinstance(token, yaml.ScalarToken) and token.style and token.style in "\"'" and spans:
                swallowed = text.split("\n")[token.start_mark.line + 1 : token.end_mark.line + 1]
                if token.end_mark.line == line and any(_KEY.match(one) for one in swallowed):
                    return token.start_mark.line + 1, sentence
    except yaml.YAMLError:
        pass
    return None


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _quote_it(sign: str) -> str:
    return _('Put this text in quotes: it can\'t begin with "%(sign)s".', sign=sign)


def _character(error: yaml.reader.ReaderError) -> str:
    character = error.character
    return character if isinstance(character, str) else chr(character)
