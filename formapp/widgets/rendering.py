"""The templates of the widgets."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from formapp.widgets import promised
from formapp.widgets.secretkinds import DULL, kinds_for_script
from supportpolicy import Policy, Priority


def _environment() -> Environment:
    folder = resources.files("formapp.widgets").joinpath("templates")
    templates = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".html")}
    made = Environment(
        loader=DictLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(secret_kinds=kinds_for_script(), secret_dull=DULL)
    return made


ENVIRONMENT = _environment()


def render(template: str, policy: Policy, **words: Any) -> Markup:  # noqa: ANN401 - template values
    """A template filled with the policy and these words."""
    text = ENVIRONMENT.get_template(template).render(policy=policy, promised=promised.written(policy), **words)
    return Markup(text.strip())  # noqa: S704 - escaped by Jinja


def promise_words(priority: Priority) -> str:
    """ "Answer within 1 hour, 24/7, solution within 4 hours, 24/7", as the form says it beside the priority's name."""
    # Jinja has no types for a template's macros.
    macro: Callable[[Priority], Markup] = ENVIRONMENT.get_template("promise.html").module.promise  # type: ignore[attr-defined]
    return macro(priority).unescape()


def in_list(words: tuple[str, ...], last: str = "or") -> str:
    """ "High, Normal or Low"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
