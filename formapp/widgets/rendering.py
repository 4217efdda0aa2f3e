"""The templates of the widgets."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from formapp.widgets import promised
from formapp.widgets.secretkinds import DULL, kinds_for_script
from supportpolicy import Policy


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


def in_list(words: tuple[str, ...], last: str = "or") -> str:
    """ "High, Normal or Low"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
