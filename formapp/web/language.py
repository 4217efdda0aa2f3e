"""The language in which a request is answered: its reader's own choice, else the browser's, else English."""

from __future__ import annotations

from contextlib import ExitStack
from functools import lru_cache

from flask import Flask, g, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from supportpolicy.languages import SOURCE_LANGUAGE, closest_language, in_language, is_spoken


def init_language(app: Flask) -> None:
    """Answer each request in the language that its browser asks for, until it is known who reads."""

    @app.before_request
    def begin() -> None:
        g.spoken = ExitStack()
        speak(browser_language())

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        spoken: ExitStack | None = g.pop("spoken", None)
        if spoken is not None:
            spoken.close()


def speak(language: str) -> None:
    """Answer the rest of this request in this language, one that is spoken."""
    g.spoken.enter_context(in_language(language))


def browser_language() -> str:
    """The first language of the browser's wishes that we speak; English where it has none."""
    return _language_wished(request.headers.get("Accept-Language"))


# Browsers differ little in it, and one sends the same each time.
@lru_cache(maxsize=256)
def _language_wished(header: str | None) -> str:
    tags = parse_accept_header(header, LanguageAccept)
    wishes = (closest_language(tag) for tag, quality in tags if quality > 0)
    return next((language for language in wishes if language), SOURCE_LANGUAGE)


def known_language(code: str | None) -> str:
    """This code where it is one of a language that we speak; empty for anything else."""
    return code if code and is_spoken(code) else ""
