"""What the browsers send: the same text to both sides, with the headers that Chromium sends with a form."""

from __future__ import annotations

from collections.abc import Mapping

DESCRIPTION = """\
1. Open the shop's first page and put any book into the cart.
2. Go to the checkout, choose payment by card, press Pay.

Expected: a page that says thank you, with the order's number, and a mail soon after.
Seen: a page with "Error 502" after about 30 seconds. No order is stored; the card isn't charged.

It began this morning between 8:40 and 8:50; before that 14 orders had come through. We changed
nothing on our side. Other pages are as fast as ever. It happens in Chromium and in Firefox, on
phones too, with each account that we tried.

Run {mark}
"""
ADDRESS = "https://shop.example/checkout?step=payment"
# Stands for a file field in which nothing was chosen; a browser sends it as a part without a name.
NO_FILE = object()
BOUNDARY = "----WebKitFormBoundaryq3Zt0cYk7VxLwPmN"


def subject(mark: str) -> str:
    """A subject that no other form has."""
    return f"Checkout fails after payment by card ({mark})"


def description(mark: str) -> str:
    """A text that no other form has, about 700 characters, lines as a browser ends them."""
    return DESCRIPTION.format(mark=mark).replace("\n", "\r\n")


def request(origin: str, path: str, page: str, cookie: str, fields: Mapping[str, object]) -> bytes:
    """The whole request of a form that was pressed on ``page`` of this origin; both sides' take files."""
    body = "".join(_part(name, value) for name, value in fields.items()) + f"--{BOUNDARY}--\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\n"
        f"Host: {origin.partition('//')[2]}\r\n"
        "Connection: keep-alive\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: max-age=0\r\n"
        "Upgrade-Insecure-Requests: 1\r\n"
        f"Origin: {origin}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/140.0.0.0 Safari/537.36\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n"
        "Sec-Fetch-Site: same-origin\r\n"
        "Sec-Fetch-Mode: navigate\r\n"
        "Sec-Fetch-User: ?1\r\n"
        "Sec-Fetch-Dest: document\r\n"
        f"Referer: {origin}{page}\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\n"
        "Accept-Language: en-GB,en;q=0.9\r\n"
        f"Cookie: {cookie}\r\n\r\n"
    )
    return (head + body).encode("ascii")


def _part(name: str, value: object) -> str:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if value is NO_FILE:
        return f'{head}; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n'
    return f"{head}\r\n\r\n{value}\r\n"
