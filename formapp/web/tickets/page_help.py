"""What a link "Need help?" of the guide says of its page, on its way through addresses and forms to a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from flask import request

from formapp.tickets.written_from import pages_in
from formapp.web.body.form_data import FormData
from formapp.web.context import web
from formapp.widgets.page_help import PREFIX

WRITTEN_FROM, PAGES_SHOWN = "written_from", "pages_shown"


def written_from_arguments(arguments: Mapping[str, str]) -> str:
    """What an address says of the page that its reader came from, as the form's hidden field has it."""
    return urlencode([(name.removeprefix(PREFIX), said) for name, said in arguments.items() if name.startswith(PREFIX)])


def with_referring_page(sent: FormData) -> FormData:
    """The form as sent; where its own page couldn't fill in what its address says, that address does.

    A page of the guide is a file: without script, only the browser knows with which query it was opened.
    """
    if sent.get(WRITTEN_FROM) or WRITTEN_FROM not in sent.fields:
        return sent
    try:
        query = urlsplit(request.headers.get("Referer", "")).query
        told = written_from_arguments(dict(parse_qsl(query, max_num_fields=50)))
    except ValueError:
        return sent
    if not told:
        return sent
    fields = sent.fields.copy()
    fields[WRITTEN_FROM] = told
    return replace(sent, fields=fields)


def pages_shown_in(query: str) -> dict[str, str]:
    """The suggested pages that the form names; where the desk has the guide, only those that it has."""
    pages = pages_in(query)
    return pages if web().guide is None else {path: title for path, title in pages.items() if page_link(path)}


def page_link(path: str) -> str:
    """The path of a page, once ``tickets.written_from`` has let it through; nothing where our guide doesn't have it."""
    guide = web().guide
    if guide is None or not path.startswith(guide.path):
        return ""
    address = unquote(path.partition("#")[0].removeprefix(guide.path))
    return path if guide.find(address) is not None else ""
