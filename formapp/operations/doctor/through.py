"""What the web server lets through: the doctor asks the public address as a visitor does, and names a line to change.

The lines are nginx's where nothing tells that another server answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from formapp.operations.doctor.database import one_line
from formapp.operations.doctor.findings import Finding
from formapp.operations.doctor.probe import CLAIMED, PATH, make_pass
from formapp.operations.doctor.visit import Answer, NoAnswer, ask
from formapp.services import Services
from formapp.setting_names import PREFIX
from formapp.widgets.assets import CLOSURES_FILE
from formapp.widgets.built_site import site_path

HEALTH = "/support/healthz"
# What a form needs beside its files: its texts and the heads of its parts.
TEXT_BYTES = 1_000_000
SMALLEST_TRIED = 100_000
MEGABYTE = 1_000_000
CHECK = "public address"
HAND_ON = "location /support/ { proxy_pass http://127.0.0.1:8000; }"


def lets_through(services: Services, now: datetime) -> Iterator[Finding]:
    """The public address leads to this desk, whole, and the desk is told who asks."""
    found = list(_leads_here(services))
    yield from found
    if found:
        return
    seen = _seen(services, now)
    if isinstance(seen, Finding):
        yield seen
        return
    yield from who_asks(services.settings.base_url, services.settings.proxies, seen)
    yield from _sizes(services, now)
    yield from _without_https(services.settings.base_url)
    yield from _guide_beside(services)


def _leads_here(services: Services) -> Iterator[Finding]:
    base = services.settings.base_url
    try:
        answer = ask(base, "GET", HEALTH)
    except NoAnswer as trouble:
        do = f"Start the web server, or correct {PREFIX}BASE_URL. It must be known by this name here, too."
        if trouble.is_certificate:
            do = "Give the web server a certificate for this host with its whole chain (nginx: ssl_certificate)."
        yield _problem(base, f"The public address doesn't answer: {one_line(trouble)}.", do)
        return
    if answer.location:
        yield _led_away(base, answer)
    elif not answer.is_ours:
        yield _not_ours(base, answer)


def _led_away(base: str, answer: Answer) -> Finding:
    to = urlsplit(answer.location)
    if to.scheme == "https" and to.hostname == urlsplit(base).hostname and base.startswith("http:"):
        what, do = f"It leads to {to.scheme}://{to.netloc}.", f"Set {PREFIX}BASE_URL={to.scheme}://{to.netloc}"
    else:
        what = f"{HEALTH} leads to {to.scheme}://{to.netloc}{to.path}, so forms and scripts can't reach the desk."
        do = "Let the web server hand everything below /support/ to the desk without a sign-in page of its own."
    return _problem(base, what, do)


def _not_ours(base: str, answer: Answer) -> Finding:
    try:
        takes_prefix_off = ask(base, "GET", f"/support{HEALTH}").is_ours
    except NoAnswer:
        takes_prefix_off = False
    if takes_prefix_off:
        what = "The web server takes /support off the path before it hands a request on."
        return _problem(base, what, "In nginx write proxy_pass http://127.0.0.1:8000; without a slash at its end.")
    if answer.status in {502, 503, 504}:
        what = f"The web server can't reach the desk (status {answer.status})."
        return _problem(base, what, "Start formapp serve, and let proxy_pass name the address and port it listens on.")
    what = f"Something else than the desk answers at {HEALTH} (status {answer.status})."
    return _problem(base, what, f"Hand everything below /support/ to the desk, in nginx: {HAND_ON}")


def _seen(services: Services, now: datetime) -> dict[str, Any] | Finding:
    """Send a small form: what the desk saw of it, or why it saw nothing."""
    base = services.settings.base_url
    try:
        answer = _send(services, now, 10)
    except NoAnswer as trouble:
        what = f"A form that is sent gets no answer: {one_line(trouble)}."
        return _problem(base, what, "Look into the web server's log.")
    seen = answer.as_json
    if answer.status == 200 and "counted" in seen:
        return {**seen, "own_port": answer.own_port}
    if answer.status == 421:
        what = "The web server doesn't hand on the host that people ask for, so the desk answers none of its pages."
        do = "In nginx add: proxy_set_header Host $http_host;"
    elif answer.status == 403 and "error" in seen:
        what = "The web server changes or removes the header Origin, so the desk asks people to send each form twice."
        do = "Remove the line that does (nginx: proxy_set_header Origin)."
    elif answer.status == 404:
        what = "A desk answers there, but not one with these settings: its secret or its release is another."
        do = "Run the doctor with the settings, and the release, of the desk that serves."
    else:
        what = f"The web server doesn't let a form through (status {answer.status})."
        do = "Let POST through for everything below /support/ (nginx: limit_except; else a firewall)."
    return _problem(base, what, do)


def who_asks(base: str, proxies: int, seen: dict[str, Any]) -> Iterator[Finding]:
    """Whether limits count each visitor by their own address.

    ``seen`` is what the desk saw of a request that claimed another address: ``forwarded`` the addresses of
    X-Forwarded-For, ``port`` that of who connected, ``counted`` the address that limits count; ``own_port`` is
    that of the doctor's own connection.
    """
    setting, forwarded = f"{PREFIX}PROXIES", list(seen["forwarded"])
    if str(seen["port"]) == str(seen["own_port"]):
        if proxies:
            what = f"No web server stands before the desk, but {setting}={proxies}, so visitors can claim any address."
            yield Finding("who asks", setting, what, f"Set {setting}=0, or close the desk's port to everybody else.")
        return
    servers = len(forwarded) - (forwarded[:1] == [CLAIMED])
    if servers == 0:
        told = "hands on which address a visitor claims" if forwarded else "doesn't say who asks"
        what = f"The web server {told}, so limits can't count visitors."
        do = f"In nginx add: proxy_set_header X-Forwarded-For $remote_addr; and set {setting}=1"
        yield Finding("who asks", base, what, do)
    elif servers != proxies:
        counted = "can claim any address" if proxies > servers else "count as one, and limits lock them out together"
        what = f"{servers} of your web servers stand before the desk, but {setting}={proxies}: visitors {counted}."
        yield Finding("who asks", setting, what, f"Set {setting}={servers}")


def _sizes(services: Services, now: datetime) -> Iterator[Finding]:
    needed = services.policy.form.attachments.total + TEXT_BYTES
    size, answer = needed, _tried(services, now, needed)
    if answer is not None and answer.as_json.get("length") == needed:
        return
    server = (answer.server if answer else "").lower()
    while size > SMALLEST_TRIED:
        size //= 2
        smaller = _tried(services, now, size)
        if smaller is not None and smaller.as_json.get("length") == size:
            break
    else:
        size = 0
    stopped = f"status {answer.status}" if answer else "the connection ends"
    up_to = f"{size / MEGABYTE:.1f} MB come through" if size else "not even a small one comes through"
    what = f"A form with files may have {_megabytes(needed)} MB, but the web server stops it ({stopped}); {up_to}."
    yield Finding("sizes", services.settings.base_url, what, _line_for_sizes(server, needed))


def _line_for_sizes(server: str, needed: int) -> str:
    megabytes = _megabytes(needed)
    if "apache" in server:
        return f"In Apache write: LimitRequestBody {megabytes * MEGABYTE}"
    if "caddy" in server:
        return f"In the Caddyfile write: request_body {{ max_size {megabytes}MB }}"
    if not server or "nginx" in server:
        return f"In nginx write: client_max_body_size {megabytes}m;"
    return f"Raise its limit for what is sent to {megabytes} MB (as nginx's client_max_body_size {megabytes}m;)."


def _megabytes(size: int) -> int:
    return -(-size // MEGABYTE)


def _without_https(base: str) -> Iterator[Finding]:
    parts = urlsplit(base)
    # Of another port than the usual nobody knows which is its plain one.
    if parts.scheme != "https" or parts.port:
        return
    try:
        answer = ask(f"http://{parts.netloc}", "GET", HEALTH)
    except NoAnswer:
        return
    if answer.is_ours:
        what = "The desk answers without https, too: what people type there can be read on its way."
        do = f"In nginx, in the server block that listens on port 80: return 301 {base}$request_uri;"
        yield Finding("https", f"http://{parts.netloc}", what, do, "warning")


def _guide_beside(services: Services) -> Iterator[Finding]:
    """The desk's pages take style and script from the guide, by addresses of the desk's own host."""
    folder = services.settings.site_dir
    if folder is None:
        return
    path = site_path(folder)
    address = f"{services.settings.base_url}{path}"
    try:
        answer = ask(services.settings.base_url, "GET", f"{path}{CLOSURES_FILE}")
    except NoAnswer:
        answer = None
    if answer is None or "closures" not in answer.as_json:
        what = f"The guide of {folder} isn't there, so the desk's pages get neither its style nor its scripts."
        do = f"Hand {path} to the desk, too, in nginx: location {path} {{ proxy_pass http://127.0.0.1:8000; }}"
        yield Finding("guide", address, what, do, "warning")


def _tried(services: Services, now: datetime, size: int) -> Answer | None:
    try:
        return _send(services, now, size)
    except NoAnswer:
        return None


def _send(services: Services, now: datetime, size: int) -> Answer:
    """Send so many bytes to the desk by the public address, as a form of its own page."""
    settings = services.settings
    headers = {
        "Authorization": f"Bearer {make_pass(settings.secret_key, now)}",
        "Content-Type": "application/octet-stream",
        "Origin": settings.base_url,
        "X-Forwarded-For": CLAIMED,
    }
    return ask(settings.base_url, "POST", PATH, headers, size)


def _problem(where: str, what: str, do: str) -> Finding:
    return Finding(CHECK, where, what, do)
