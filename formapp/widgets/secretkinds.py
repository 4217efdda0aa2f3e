r"""How a secret in a text looks, told to the form's script, which looks in the browser alone.

The patterns are JavaScript's. Of each the group is the secret, and stands at the end of the match.
"""

from __future__ import annotations

import json

from formapp.translation import gettext, gettext_noop

_QUOTE = "[\"']?"
_VALUE = r"""[^\s"']"""
_KEY_NAME = r"(?:token|(?:access|account|api|auth|private|secret)[_-]?key)"
_PHRASE_NAME = r"(?:passw(?:or)?d|passphrase|pwd|secret)\d?"
# The name of a kind, its pattern, its flags. Only the last has several lines, so that lines before it count right.
KINDS = (
    (
        gettext_noop("a token"),
        r"\b((?:AKIA|ASIA)[A-Z\d]{16}|(?:gh[opsur]|github_pat|[rs]k_live)_\w{16,}|(?:glpat|xox[a-z])-[\w-]{16,})",
        "g",
    ),
    (gettext_noop("a token"), r"\b(eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)", "g"),
    (gettext_noop("a token"), rf"bearer\s+((?=\S*\d){_VALUE}{{16,999}})", "gi"),
    (
        gettext_noop("a token"),
        rf"{_KEY_NAME}{_QUOTE}\s{{0,3}}[:=]>?\s{{0,3}}{_QUOTE}((?=\S*\d){_VALUE}{{12,999}})",
        "gi",
    ),
    (gettext_noop("a password"), r"://[^\s:/@]{1,99}:([^\s:/@]{5,99})(?=@)", "g"),
    # After an equals sign anything counts, after a colon what holds a digit: in prose words follow colons.
    (gettext_noop("a password"), rf"{_PHRASE_NAME}{_QUOTE}\s{{0,3}}=>?\s{{0,3}}{_QUOTE}({_VALUE}{{6,999}})", "gi"),
    (
        gettext_noop("a password"),
        rf"{_PHRASE_NAME}{_QUOTE}\s{{0,3}}:\s{{0,3}}{_QUOTE}((?=\S*\d){_VALUE}{{6,999}})",
        "gi",
    ),
    (
        gettext_noop("a private key"),
        r"(-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----(?:[^]{0,9999}?-----END [A-Z ]*-----|[\w+/=\s]*))",
        "g",
    ),
)
# What stands where a secret would: a path, a variable, a call, a mask, a word of prose.
DULL = (
    r"^[$%<{[(/.~]|^[a-z]:\\|^\w[\w.]*[([]|\*{3}|\.\.\.|^(.)\1+$|\b(?:env|config|settings)\b"
    r"|^(?:required|incorrect|expired|wrong|undefined|string)"
    r"|changeme|example|removed|redacted|filtered|hidden|masked|password|passwd|placeholder|secret|your"
)


def kinds_for_script() -> str:
    """The kinds as JSON, each with its name in the current language."""
    return json.dumps([(gettext(kind), pattern, flags) for kind, pattern, flags in KINDS], ensure_ascii=False)
