"""Mail by LMTP: what the mail server is told is what was done."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from formapp.incoming_mail import lmtp
from formapp.models import IncomingMail
from formapp.services import Services
from formapp.setting_values import BadSetting, loopback_address
from tests.builders import stored
from tests.incoming_mail.mails import build_mail
from tests.serving.conftest import Serve, free_port, wait_until
from tests.serving.conftest import serve as serve


@contextmanager
def handing_over(port: int) -> Iterator[smtplib.LMTP]:
    server = smtplib.LMTP("127.0.0.1", port)
    try:
        yield server
    finally:
        server.quit()


def listens(port: int) -> bool:
    try:
        with handing_over(port):
            return True
    except OSError:
        return False


def test_a_mail_is_the_desks_once_it_is_stored(serve: Serve, sqlite_services: Services) -> None:
    """Two recipients are answered two times and are one mail; one that can't be stored stays the server's."""
    port = free_port()
    desk = serve("--workers=1", "--no-worker", FORMAPP_LMTP=f"127.0.0.1:{port}")
    wait_until(lambda: listens(port), "mail is taken")
    mail = build_mail("Dots:\n.\n..\n")
    with handing_over(port) as server:
        assert server.sendmail("ada@shop.example", ["support@help.example", "sales@help.example"], mail) == {}
    assert [one.raw for one in stored(sqlite_services, IncomingMail)] == [mail]
    with handing_over(port) as server, pytest.raises(smtplib.SMTPDataError) as refused:
        server.sendmail("ada@shop.example", ["support@help.example"], b"\r\n")
    assert refused.value.smtp_code == 554
    with sqlite_services.write.begin() as database:
        database.connection().exec_driver_sql("ALTER TABLE incoming_mails RENAME TO away")
    with handing_over(port) as server, pytest.raises(smtplib.SMTPDataError) as later:
        server.sendmail("ada@shop.example", ["support@help.example"], build_mail(message_id="<two@shop.example>"))
    assert later.value.smtp_code == 451
    with sqlite_services.write.begin() as database:
        database.connection().exec_driver_sql("ALTER TABLE away RENAME TO incoming_mails")
    desk.end()


@pytest.mark.parametrize("value", ["8024", "0.0.0.0:8024", "mail.example:8024", "127.0.0.1", "127.0.0.1:99999"])
def test_only_this_machine_may_hand_mail_over(value: str) -> None:
    with pytest.raises(BadSetting, match="must be an address of the loopback"):
        loopback_address(value, "LMTP")
    assert loopback_address("[::1]:8024", "LMTP") == ("::1", 8024)


def test_the_largest_mail_is_said_beforehand() -> None:
    assert lmtp.LARGEST == 35_000_000
