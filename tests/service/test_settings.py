"""The operator's settings: read as text, and a mistake is told at the start, by name and with what to write."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from formapp.setting_values import BadSetting
from formapp.settings import Settings, settings_from
from tests.builders import POLICY

SECRET = "0123456789" * 4


def read(var: Path, **changes: str) -> Settings:
    """The settings of an environment of these alone, without the prefix."""
    values = {"VAR": str(var), "POLICY": str(POLICY), **changes}
    return settings_from({"PATH": "/bin", **{f"FORMAPP_{name}": value for name, value in values.items()}})


def test_one_machine_needs_no_settings_beyond_its_policy(tmp_path: Path) -> None:
    settings = read(tmp_path / "new" / "var")
    assert settings.database_url == f"sqlite:///{tmp_path}/new/var/desk.sqlite3"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert (settings.smtp_url, settings.origins, settings.site_dir, settings.https) == ("", frozenset(), None, False)


def test_a_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first, again = read(tmp_path).secret_key, read(tmp_path).secret_key
    assert first == again
    assert len(first) >= 32
    assert first != read(tmp_path / "other").secret_key
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("secret")] == ["secret-key"]


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = list(pool.map(lambda _: read(tmp_path).secret_key, range(64)))
    assert len(set(secrets)) == 1


def test_a_secret_file_without_a_secret_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("\n", "utf-8")
    with pytest.raises(BadSetting, match="secret-key holds no secret"):
        read(tmp_path)


def test_everything_can_be_set(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    settings = read(
        tmp_path,
        BASE_URL="https://Help.Example:443/",
        DATABASE_URL="postgresql+psycopg://desk@db.example/desk",
        MAIL_FROM='"Support, Ltd" <support@help.example>',
        ORIGINS="https://guide.example, http://localhost:8000/  https://[::1]:8443",
        SECRET_KEY=SECRET,
        SITE_DIR=str(site),
        SMTP_URL="smtp+tls://desk:p%40ss@mail.example:587",
        FILES="s3://desk-files/attachments",
        SCAN="command:clamscan --no-summary {path}",
    )
    assert settings.files == "s3://desk-files/attachments"
    assert settings.scan == "command:clamscan --no-summary {path}"
    assert (settings.base_url, settings.https) == ("https://help.example", True)
    assert settings.origins == {"https://guide.example", "http://localhost:8000", "https://[::1]:8443"}
    assert (settings.secret_key, settings.site_dir) == (SECRET, site)
    assert settings.smtp_url == "smtp+tls://desk:p%40ss@mail.example:587"
    assert settings.mail_from == '"Support, Ltd" <support@help.example>'
    assert not (tmp_path / "secret-key").exists()


def test_what_the_desk_keeps_never_lies_in_the_served_folder(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "var").mkdir(parents=True)
    (tmp_path / "link").symlink_to(site / "var")
    for inside in (site, site / "var", tmp_path / "link"):
        with pytest.raises(BadSetting, match=r"FORMAPP_VAR: .* is inside the guide's folder"):
            read(inside, SITE_DIR=str(site))
    assert read(tmp_path, SITE_DIR=str(site)).site_dir == site


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", "http://127.8.8.8"]
)
def test_the_development_inbox_is_there_where_it_was_asked_for(tmp_path: Path, address: str) -> None:
    assert not read(tmp_path, BASE_URL=address).shows_mails
    assert not read(tmp_path, BASE_URL=address, DEV_INBOX="0").shows_mails
    assert read(tmp_path, BASE_URL=address, DEV_INBOX="1").shows_mails
    assert not read(tmp_path, BASE_URL=address, DEV_INBOX="1", SMTP_URL="smtp://mail.example").shows_mails


@pytest.mark.parametrize(
    "address", ["https://help.example", "http://help.example", "http://192.0.2.7", "http://localhost.help.example"]
)
def test_the_development_inbox_is_for_this_machine_alone(tmp_path: Path, address: str) -> None:
    """Else who reaches a forgotten desk signs in as anybody."""
    with pytest.raises(BadSetting, match=r"FORMAPP_DEV_INBOX: everybody who reaches .* unset it"):
        read(tmp_path, BASE_URL=address, DEV_INBOX="1")


def test_a_value_that_looks_like_a_number_stays_text(tmp_path: Path) -> None:
    assert read(tmp_path, SECRET_KEY="1" * 40).secret_key == "1" * 40


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BASE_URL", "help.example", "must be scheme, host and port only"),
        ("BASE_URL", "https://help.example/desk", "must be scheme, host and port only"),
        ("BASE_URL", "https://help.example?x", "must be scheme, host and port only"),
        ("BASE_URL", "https://help.example#x", "must be scheme, host and port only"),
        ("BASE_URL", "https://me:pw@help.example", "must be scheme, host and port only"),
        ("BASE_URL", "https://help.example:port", "must be scheme, host and port only"),
        ("BASE_URL", "https://:8000", "must be scheme, host and port only"),
        ("BASE_URL", "https://[::1", "must be scheme, host and port only"),
        ("BASE_URL", "ftp://help.example", "must be scheme, host and port only"),
        ("BASE_URL", "https://bücher.example", "in ASCII"),
        ("ORIGINS", "https://guide.example https://*.guide.example/x", "must be scheme, host and port only"),
        ("ORIGINS", "null", "must be scheme, host and port only"),
        ("DATABASE_URL", "desk.sqlite3", "must begin with sqlite:/// or postgresql+psycopg://"),
        ("DATABASE_URL", "postgresql://desk@db.example/desk", "must begin with sqlite:/// or postgresql+psycopg://"),
        ("DATABASE_URL", "mysql://desk@db.example/desk", "must begin with sqlite:/// or postgresql+psycopg://"),
        ("MAIL_FROM", "Support", "must be an address"),
        ("MAIL_FROM", "Support, Ltd <support@help.example>", "must be an address"),
        ("MAIL_FROM", "Support <support@>", "must be an address"),
        ("MAIL_FROM", "Support <hülfe@help.example>", "must be an address"),
        ("MAIL_FROM", "Support <support@hülfe..example>", "must be an address"),
        ("MAIL_FROM", "Support <support@help.example>\r\nBcc: x@evil.example", "must be an address"),
        ("POLICY", "nowhere.yml", "there is no file"),
        ("SITE_DIR", "nowhere", "build the guide first"),
        ("SECRET_KEY", "secret", "at least 32 characters"),
        ("SMTP_URL", "mail.example:25", "must begin with smtp://"),
        ("SMTP_URL", "http://mail.example", "must begin with smtp://"),
        ("SMTP_URL", "smtp://", "name a host"),
        ("SMTP_URL", "smtp://☕.example", "is no host"),
        ("SMTP_URL", "smtp://mail.example:twenty", "must begin with smtp://"),
        ("WEBHOOK_PRIVATE", "10.1.2.3/8", "must be networks"),
        ("FILES", "/srv/files", "must be a bucket"),
        ("FILES", "s3://", "must be a bucket"),
        ("FILES", "s3://Desk_Files", "must be a bucket"),
        ("FILES", "s3://desk-files/a b", "must be a bucket"),
        ("PROXIES", "yes", "must be how many web servers"),
        ("PROXIES", "-1", "must be how many web servers"),
        ("PROXIES", "١", "must be how many web servers"),
        ("DEV_INBOX", "yes", 'must be "1" or nothing'),
        ("SCAN", "clamscan", "must be a command or a socket"),
        ("SCAN", "command:", "must be a command or a socket"),
        ("SCAN", "command:clamscan 'half", "must be a command or a socket"),
        ("SCAN", "clamd:localhost:3310", "must be a command or a socket"),
    ],
)
def test_a_mistake_is_named_at_the_start(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read(tmp_path, **{name: value})
    assert str(refused.value).startswith(f"FORMAPP_{name}")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", "mysql://desk:hunter2@db.example"), ("SMTP_URL", "mail://desk:hunter2@mail.example")],
)
def test_a_password_is_never_repeated(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read(tmp_path, **{name: value})
    assert "hunter2" not in str(refused.value)


def test_a_misspelt_setting_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"There is no setting FORMAPP_SMTP; known are .*FORMAPP_SMTP_URL"):
        read(tmp_path, SMTP="smtp://mail.example")


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("MAIL_FROM", "Hülfe <support@faß.example>", "Hülfe <support@xn--fa-hia.example>"),
        ("MAIL_FROM", "support@bücher.example", "support@xn--bcher-kva.example"),
        ("SMTP_URL", "smtp+tls://a%40b:p%C3%9F@faß.example:587", "smtp+tls://a%40b:p%C3%9F@xn--fa-hia.example:587"),
        ("SMTP_URL", "smtp://bücher.example", "smtp://xn--bcher-kva.example"),
        ("SMTP_URL", "smtp://[::1]:25", "smtp://[::1]:25"),
    ],
)
def test_a_host_that_is_not_ascii_is_never_somebody_elses(tmp_path: Path, name: str, value: str, meant: str) -> None:
    """Python's own codec takes "faß.example" for "fass.example", and would send our password there."""
    assert getattr(read(tmp_path, **{name: value}), name.lower()) == meant
