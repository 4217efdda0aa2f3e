"""The templates of the widgets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from formapp.translation import gettext, ngettext
from formapp.widgets.secretkinds import DULL, kinds_for_script
from supportpolicy import Policy
from supportpolicy.languages import SOURCE_LANGUAGE, current_language, direction, locale


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
    made.globals.update(
        _=gettext,
        ngettext=ngettext,
        language=current_language,
        spoken=spoken,
        seconds=_seconds,
        secret_kinds=kinds_for_script,
        secret_dull=DULL,
    )
    made.filters.update(filled=filled, number=number)
    return made


def spoken() -> Markup:
    """The attributes that tell of a widget's root in which language it is."""
    language = current_language()
    return Markup('lang="{}" dir="{}"').format(language, direction(language))


def filled(sentence: str, **parts: Markup | str) -> Markup:
    """A sentence with elements in the places of its values."""
    return Markup(escape(sentence)) % parts  # noqa: S704 - escaped


def number(value: int) -> str:
    """A number as the current language writes it."""
    return format_decimal(value, locale=locale())


def in_this_language(url: str) -> str:
    """The address whose answer has words for a page in the current language; none stays none."""
    language = current_language()
    if not url or language == SOURCE_LANGUAGE:
        return url
    return f"{url}{'&' if '?' in url else '?'}language={language}"


def plural_forms(said: Callable[[int], str]) -> str:
    """What is said for a count, for script: JSON of a sentence for each of the language's plural forms.

    Script puts the number in the place of "{count}".
    """
    return json.dumps({form: said(count) for form, count in _counts(locale()).items()}, ensure_ascii=False)


@cache
def _counts(locale_name: str) -> Mapping[str, int]:
    """A count for each plural form of a language that whole numbers up to 200 have."""
    form_of = Locale.parse(locale_name).plural_form
    return {form_of(count): count for count in reversed(range(200))}


def _seconds() -> str:
    def said(count: int) -> str:
        return ngettext(
            "Not sent yet: we can't reach the help desk. Trying again in %(count)s second.",
            "Not sent yet: we can't reach the help desk. Trying again in %(count)s seconds.",
            count,
            count="{count}",
        )

    return plural_forms(said)


ENVIRONMENT = _environment()


def render(template: str, policy: Policy, **words: Any) -> Markup:  # noqa: ANN401 - template values
    """A template filled with the policy and these words, in the current language."""
    policy = policy.translated(current_language())
    return Markup(ENVIRONMENT.get_template(template).render(policy=policy, **words).strip())  # noqa: S704 - escaped by Jinja


def in_list(words: tuple[str, ...], style: Literal["or", "standard"] = "or") -> str:
    """ "High, Normal or Low"; with the style "standard" "High, Normal and Low"."""
    return format_list(words, style=style, locale=locale())
