"""Mails as they really come: each row is one, with what becomes of it. None is dropped, and none raises."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from formapp.accounts.accounts import disable_account
from formapp.incoming_mail import outcomes, processing
from formapp.incoming_mail.receive import receive
from formapp.models import Attachment, IncomingMail, Message, OutboxMessage
from formapp.services import Services
from tests.attachments.odd_files import picture
from tests.builders import NOW, build_account, build_customer, build_services, build_staff, file_ticket, stored
from tests.incoming_mail.mails import ADDRESS, reading_mail

PLAIN = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit"
PICTURE = base64.encodebytes(picture("PNG")()).decode()
ICON = base64.encodebytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 500).decode()
TEXT = "It happens again."
ADDED, ASKED, HELD = ("added", ""), ("asked", ""), "held"


def mail(
    body: str = TEXT,
    *,
    head: str = PLAIN,
    sender: str = "Ada Martin <ada@shop.example>",
    subject: str = "Re: [SUP-1001] Checkout",
    more: str = "",
    date: str = "Date: Tue, 24 Nov 2026 14:00:00 +0000\n",
    encoding: str = "utf-8",
) -> bytes:
    top = f"From: {sender}\nTo: {ADDRESS}\nSubject: {subject}\n{date}{more}MIME-Version: 1.0\n{head}\n\n"
    return (top + body).replace("\n", "\r\n").encode(encoding, "surrogateescape")


def mixed(*parts: str, kind: str = "mixed", more: str = "") -> bytes:
    joined = "".join(f"--b\n{part}\n" for part in parts)
    return mail(f"{joined}--b--\n", head=f'Content-Type: multipart/{kind}; boundary="b"', more=more)


def file(name: str, kind: str, content: str, *, more: str = "") -> str:
    return (
        f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n{more}\n{content}"
    )


def text_file(name: str, content: str = "line") -> str:
    return file(name, "text/plain", base64.encodebytes(content.encode()).decode())


def html(markup: str) -> str:
    return f"Content-Type: text/html; charset=utf-8\n\n{markup}"


def plain(text: str = TEXT) -> str:
    return f"{PLAIN}\n\n{text}"


def nested(depth: int) -> bytes:
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return mail(head.partition("\n\n")[2] + plain(), head="Content-Type: multipart/mixed; boundary=b0")


def bounce(action: str = "failed") -> bytes:
    report = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; Ada@shop.example\nAction: {action}\nStatus: 5.1.1"
    )
    original = "Content-Type: text/rfc822-headers\n\nMessage-ID: <SUP-1001.1.received@127.0.0.1>\nSubject: x"
    return mixed(plain("Sorry"), report, original, kind="report; report-type=delivery-status", more="Return-Path: <>\n")


@dataclass(frozen=True)
class Row:
    """A mail, its outcome, and what is read of it: the new text, the files, and those that are named in an answer."""

    raw: bytes
    outcome: tuple[str, str] = ADDED
    text: str = TEXT
    files: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


ROWS: dict[str, Row] = {
    # Encodings.
    "latin 1": Row(
        mail("Größe", head="Content-Type: text/plain; charset=iso-8859-1", encoding="latin-1"), text="Größe"
    ),
    "windows 1252": Row(
        mail("“So”", head="Content-Type: text/plain; charset=windows-1252", encoding="cp1252"), text="“So”"
    ),
    "utf 8 that calls itself ascii": Row(
        mail("Größe", head="Content-Type: text/plain; charset=us-ascii"), text="Größe"
    ),
    "an unknown charset": Row(mail("Größe", head="Content-Type: text/plain; charset=x-none"), text="Größe"),
    "no charset, bytes of windows": Row(
        mail("Größe", head="Content-Type: text/plain", encoding="cp1252"), text="Größe"
    ),
    "a charset with a quote in it": Row(
        mail("Größe", head='Content-Type: text/plain; charset="utf-8\'"'), text="Größe"
    ),
    "japanese": Row(
        mail("日本語", head="Content-Type: text/plain; charset=iso-2022-jp", encoding="iso-2022-jp"), text="日本語"
    ),
    "arabic": Row(mail("الموقع لا يعمل"), text="الموقع لا يعمل"),
    "utf 16": Row(
        mail(
            base64.b64encode("Größe".encode("utf-16")).decode(),
            head="Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64",
        ),
        text="Größe",
    ),
    "quoted printable": Row(
        mail("Gr=C3=B6=\n=C3=9Fe", head=f"{PLAIN.replace('8bit', 'quoted-printable')}"), text="Größe"
    ),
    "broken quoted printable": Row(mail("a =ZZ b", head=PLAIN.replace("8bit", "quoted-printable")), text="a =ZZ b"),
    "broken base64": Row(mail("SXQgaGFwcGVucyBhZ2Fpbi4!!", head=PLAIN.replace("8bit", "base64"))),
    "an unknown transfer encoding": Row(mail(head=PLAIN.replace("8bit", "x-uuencode-2"))),
    "a NUL in the text": Row(mail("It hap\0pens again.")),
    "half of a surrogate pair": Row(mail("a \udce4 b"), text="a ä b"),
    # Headers.
    "no date": Row(mail(date="")),
    "a date of nonsense": Row(mail(date="Date: yesterday\n")),
    "no message id": Row(mail()),
    "a message id of blanks": Row(mail(more="Message-ID:   \n")),
    "an encoded subject": Row(mail(subject="=?utf-8?q?Re=3A_=5BSUP-1001=5D_Gr=C3=B6=C3=9Fe?=")),
    "a broken encoded subject": Row(mail(subject="Re: [SUP-1001] =?x-none?q?a=ZZ?=")),
    "raw utf 8 in the subject": Row(mail(subject="Re: [SUP-1001] Größe")),
    "a folded subject": Row(mail(subject="Re:\n [SUP-1001]\n Checkout")),
    "a header hidden in the subject": Row(mail(subject="=?utf-8?q?[SUP-1001]=0D=0ABcc=3A_x=40y.example?=")),
    "a subject of 5,000 characters": Row(mail(subject="[SUP-1001] " + "x" * 5_000)),
    "a reference in small letters": Row(mail(subject="re: sup-1001")),
    "no subject": Row(mail(subject=""), ASKED),
    "a reference that no ticket has": Row(mail(subject="Re: SUP-4711"), ASKED),
    "a number that is no reference": Row(mail(subject="Re: SUP-99999999999999"), ASKED),
    "a sender with capitals": Row(mail(sender="ADA@Shop.Example")),
    "a sender with a comma in the name": Row(mail(sender='"Martin, Ada" <ada@shop.example>')),
    "two senders": Row(mail(sender="ada@shop.example, eve@elsewhere.example"), (HELD, "no-sender")),
    "no sender": Row(mail(sender=""), (HELD, "no-sender")),
    "a sender that is no address": Row(mail(sender="Ada Martin"), (HELD, "no-sender")),
    "a stranger": Row(mail(sender="eve@elsewhere.example"), (HELD, "unknown-sender")),
    "somebody of another project": Row(mail(sender="cleo@museum.example"), (HELD, "not-permitted")),
    "somebody whose account is disabled": Row(mail(sender="gone@shop.example"), (HELD, "disabled")),
    "a colleague by a customer's address": Row(mail(sender="sam@platform.example"), (HELD, "staff-not-confirmed")),
    "800 headers": Row(mail(more="".join(f"X-{n}: a\n" for n in range(800)))),
    "a thousand references": Row(mail(more="References: " + " ".join(f"<{n}@a>" for n in range(1000)) + "\n")),
    # Structure.
    "a boundary that never comes": Row(mail(TEXT, head='Content-Type: multipart/mixed; boundary="b"'), text=TEXT),
    "no boundary named": Row(mail(TEXT, head="Content-Type: multipart/mixed")),
    "a boundary that never ends": Row(mail(f"--b\n{plain()}", head='Content-Type: multipart/mixed; boundary="b"')),
    "a content type of nonsense": Row(mail(head="Content-Type: nonsense")),
    "plain and html": Row(mixed(plain(), html("<p>Other</p>"), kind="alternative")),
    "html alone": Row(mixed(html(f"<style>p{{}}</style><p>{TEXT}</p>"), kind="alternative")),
    "html with a blank plain part": Row(mixed(plain(" \n"), html(f"<p>{TEXT}</p>"), kind="alternative")),
    "html of one unclosed tag": Row(mixed(html(f"{TEXT}<b"), kind="alternative"), text=f"{TEXT}<b"),
    "two plain parts": Row(mixed(plain("One"), plain("Two")), text="One\nTwo"),
    "nested 40 deep": Row(nested(40)),
    "nested 3,000 deep": Row(nested(3_000), (HELD, "unreadable")),
    "10,000 parts": Row(mixed(*(plain("x") for _ in range(10_000))), (HELD, "unreadable")),
    "nothing but headers": Row(mail(""), text="Re: [SUP-1001] Checkout"),
    "comments within comments": Row(
        mail(more="Cc: " + "(" * 9_000 + ")" * 9_000 + " bea@shop.example\n"), (HELD, "unreadable")
    ),
    "a content type without end": Row(
        mail(head="Content-Type: text/plain; " + "a=b; " * 400_000), (HELD, "unreadable")
    ),
    # What is new.
    "a quotation below": Row(
        mail(f"{TEXT}\n\nOn Tue, 24 Nov 2026 at 10:00, Support <s@x.example> wrote:\n> old\n> older\n")
    ),
    "a german quotation": Row(
        mail(f"{TEXT}\n\nAm Di., 24. Nov. 2026 um 10:00 Uhr schrieb Support <s@x.example>:\n> alt\n")
    ),
    "outlook's quotation": Row(
        mail(f"{TEXT}\n\n-----Original Message-----\nFrom: S <s@x.example>\nSent: Monday\nTo: Ada\nSubject: x\n\nold")
    ),
    "our mark": Row(mail(f"{TEXT}\n\nUnknown words <s@x.example>:\n> — · — Write your answer above this line.\n> old")),
    "an answer below the quotation": Row(mail("> Which browser?\n\nFirefox"), text="> Which browser?\n\nFirefox"),
    "answers between the lines": Row(mail("> One?\nYes\n> Two?\nNo"), text="> One?\nYes\n> Two?\nNo"),
    "nothing but a quotation": Row(mail("> One?\n> Two?"), text="> One?\n> Two?"),
    "a signature": Row(mail(f"{TEXT}\n-- \nAda Martin\nRiverside Shop")),
    "nothing but a signature": Row(mail("-- \nAda Martin"), text="-- \nAda Martin"),
    "spaces at the beginning of lines": Row(
        mail("Log:\n\n    at main()\n\tat run()"), text="Log:\n\n    at main()\n\tat run()"
    ),
    # Files.
    "a log": Row(mixed(plain(), text_file("app.log")), files=("app.log",)),
    "a picture within the text": Row(
        mixed(
            html(f'<p>{TEXT}</p><img src="cid:one">'),
            file("shot.png", "image/png", PICTURE, more="Content-ID: <two>\n"),
            kind="related",
        ),
        files=("shot.png",) if len(PICTURE) > 14_000 else (),
    ),
    "a signature's picture": Row(
        mixed(plain(), file("logo.png", "image/png", ICON, more="Content-ID: <one>\n"), kind="related")
    ),
    "a program": Row(mixed(plain(), file("run.exe", "application/octet-stream", "TVo=")), refused=("run.exe",)),
    "winmail.dat": Row(mixed(plain(), file("winmail.dat", "application/ms-tnef", "eJ8=")), refused=("winmail.dat",)),
    "an invitation": Row(
        mixed(plain(), "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR"), refused=("invite.ics",)
    ),
    "eleven files": Row(
        mixed(plain(), *(text_file(f"{n}.log", str(n)) for n in range(11))),
        files=tuple(f"{n}.log" for n in range(10)),
        refused=("10.log",),
    ),
    "a file whose name climbs": Row(mixed(plain(), text_file("../../etc/app.log")), files=("app.log",)),
    "a file name in two ways": Row(
        mixed(
            plain(),
            "Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.log\n\nline",
        ),
        files=("größe.log",),
    ),
    "a file without a name": Row(
        mixed(plain(), "Content-Type: text/csv\nContent-Disposition: attachment\n\na,b"), files=("attachment-2.csv",)
    ),
    "an empty file": Row(mixed(plain(), text_file("empty.log", "")), refused=("empty.log",)),
    "a mail within the mail": Row(
        mixed(plain(), "Content-Type: message/rfc822\n\nSubject: inner\n\nSecret"), refused=("attachment-2.eml",)
    ),
    # Programs.
    "out of office": Row(mail(more="Auto-Submitted: auto-replied\n"), ("ignored", "automatic")),
    "auto-submitted: no": Row(mail(more="Auto-Submitted: no\n")),
    "bulk": Row(mail(more="Precedence: bulk\n"), ("ignored", "automatic")),
    "a null sender": Row(mail(more="Return-Path: <>\n"), ("ignored", "automatic")),
    "by a list, about a ticket": Row(mail(more="List-Id: <team.shop.example>\n")),
    "by a list, about none": Row(mail(subject="Help", more="List-Id: <team.shop.example>\n"), (HELD, "not-answerable")),
    "wants no automatic answer": Row(
        mail(subject="Help", more="X-Auto-Response-Suppress: All\n"), (HELD, "not-answerable")
    ),
    "our own": Row(mail(more="Message-ID: <SUP-1001.2.replied.1@127.0.0.1>\n"), ("ignored", "our-own")),
    "a bounce": Row(bounce(), ("bounce", "undelivered")),
    "a delay": Row(bounce("delayed"), ("ignored", "automatic")),
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Services]:
    services = reading_mail(build_services(tmp_path))
    ada = build_customer(services)
    build_staff(services)
    build_account(services, "cleo@museum.example")
    build_account(services, "gone@shop.example")
    disable_account(services, "gone@shop.example", NOW)
    file_ticket(services, ada)
    yield services
    services.database.engine.dispose()


def test_there_are_at_least_sixty() -> None:
    assert len(ROWS) >= 60


@pytest.mark.parametrize("name", ROWS)
def test_an_odd_mail_has_its_outcome(desk: Services, name: str) -> None:
    row = ROWS[name]
    number = receive(desk, row.raw, "pipe", NOW)
    outcome = processing.process(desk, number, NOW)
    assert (outcome.state, outcome.reason) == row.outcome
    (kept,) = stored(desk, IncomingMail)
    assert kept.raw == row.raw
    if row.outcome != ADDED:
        assert stored(desk, Message) == []
        return
    (message,) = stored(desk, Message)
    assert message.body == row.text
    assert tuple(one.name for one in stored(desk, Attachment)) == row.files
    told = [one.payload["refused"] for one in stored(desk, OutboxMessage) if one.kind == outcomes.FILES_REFUSED]
    assert len(told) == bool(row.refused)
    for file_name, sentence in zip(row.refused, told[0] if told else (), strict=True):
        assert file_name in sentence


def test_a_bounce_says_whom_mail_does_not_reach(desk: Services) -> None:
    processing.process(desk, receive(desk, bounce(), "pipe", NOW), NOW)
    (mail_,) = stored(desk, IncomingMail)
    assert (mail_.account_id, mail_.ticket_id) == (1, 1)
