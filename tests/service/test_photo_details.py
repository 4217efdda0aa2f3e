"""Photos lose where they were taken and by which camera, where their sender wants it; the picture stays the picture."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageOps

from formapp.attachments import photo_details
from formapp.attachments import service as attachments
from formapp.attachments.photo_details import NotCleaned, without_details
from formapp.attachments.upload import Upload
from formapp.errors import FileRefused
from formapp.services import Services
from tests.attachments.photos import PROFILE, SECRETS, exif, photo
from tests.builders import NOW


def mpo() -> bytes:
    """A photo with a second one behind it, as phones write them."""
    first, second = (Image.effect_noise((60, 40), 60).convert("RGB") for _ in range(2))
    made = Image.Exif()
    made[0x0110] = "CANARY-SECOND"
    second.encoderinfo = {"exif": made.tobytes()}  # type: ignore[attr-defined]
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second], exif=exif())
    return out.getvalue()


PHOTOS = {
    "jpg": lambda: photo("JPEG"),
    "progressive jpg": lambda: photo("JPEG", progressive=True),
    "grey jpg": lambda: photo("JPEG", "L"),
    "png": lambda: photo("PNG"),
    "png with a palette": lambda: photo("PNG", "P"),
    "webp": lambda: photo("WEBP", lossless=True, exact=True),
    "lossy webp": lambda: photo("WEBP", quality=70),
    "tiff": lambda: photo("TIFF"),
    "two pictures in one": mpo,
    "a trailer": lambda: photo("JPEG") + b"CANARY-TRAILER",
}


def pixels(content: bytes) -> Any:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", PHOTOS)
def test_place_and_camera_go_and_the_picture_stays(kind: str) -> None:
    content = PHOTOS[kind]()
    assert any(secret in content for secret in SECRETS)
    cleaned = without_details(io.BytesIO(content))
    assert [secret for secret in SECRETS if secret in cleaned] == []
    before, after = pixels(content), pixels(cleaned)
    assert after.getexif().get_ifd(0x8825) == {}
    if kind != "two pictures in one":
        assert after.info.get("icc_profile") == PROFILE
    upright, still = ImageOps.exif_transpose(before), ImageOps.exif_transpose(after)
    assert (still.size, still.mode) == (upright.size, upright.mode) == ((40, 60), before.mode)
    pairs = zip(upright.convert("RGB").tobytes(), still.convert("RGB").tobytes(), strict=True)
    differences = [abs(one - other) for one, other in pairs]
    # Of JPEG the rounding; of all others each pixel is the same.
    assert sum(differences) / len(differences) <= (3 if before.format in {"JPEG", "MPO"} else 0)


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("JPEG", {"quality": 90}), ("WEBP", {}), ("TIFF", {})])
def test_a_picture_that_says_nothing_more_is_not_touched(form: str, options: dict[str, Any]) -> None:
    out = io.BytesIO()
    Image.effect_noise((60, 40), 60).convert("RGB").save(out, form, **options)
    assert without_details(io.BytesIO(out.getvalue())) == b""


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff CANARY", photo("JPEG")[:400], photo("PNG")[:200]])
def test_what_is_no_whole_picture_is_said_without_its_content(content: bytes) -> None:
    with pytest.raises(NotCleaned) as told:
        without_details(io.BytesIO(content))
    assert "CANARY" not in str(told.value)


def test_a_picture_that_moves_is_not_cleaned() -> None:
    frames = [Image.effect_noise((20, 20), 60).convert("RGB") for _ in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], exif=exif())
    with pytest.raises(NotCleaned, match="moves"):
        without_details(io.BytesIO(out.getvalue()))


def arrive(services: Services, name: str, content: bytes, *, clean: bool) -> bytes:
    """What of a file is stored, and would come out again."""
    upload = Upload(services, name, services.policy.form.attachments.size, clean=clean)
    for place in range(0, len(content), 1000):
        upload.write(content[place : place + 1000])
    staged = upload.finish(NOW)
    stored = b"".join(services.files.read(staged.token))
    assert len(stored) == staged.size
    assert (services.files.metadata(staged.token) or {})["digest"] == staged.digest
    assert attachments.staged_files(services, [staged.token])[0].name == name
    return stored


def test_a_photo_is_stored_without_its_details_where_that_is_wanted(sqlite_services: Services) -> None:
    content = photo("JPEG")
    assert arrive(sqlite_services, "shop.jpg", content, clean=False) == content
    cleaned = arrive(sqlite_services, "shop.jpg", content, clean=True)
    assert [secret for secret in SECRETS if secret in cleaned] == []
    # Nothing else of the folder holds them either: no original lies beside it.
    files = [path for path in (sqlite_services.settings.var / "files").rglob("*") if path.is_file()]
    assert sum(b"CANARY-CAMERA" in path.read_bytes() for path in files) == 1


def test_other_files_come_out_as_they_came_in(sqlite_services: Services) -> None:
    for name, content in (("app.log", b"It says 502\n"), ("doc.pdf", b"%PDF-1.7\n...")):
        assert arrive(sqlite_services, name, content, clean=True) == content


def test_what_can_not_be_cleaned_is_said_with_its_name_and_not_stored(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_details, "OTHER_PHOTOS", frozenset({"gif"}))
    for name, content in (("shop.jpg", photo("JPEG")[:400]), ("shop.gif", b"GIF89a")):
        upload = Upload(sqlite_services, name, 10**6, clean=True)
        upload.write(content)
        with pytest.raises(FileRefused, match=f"can't be taken out of “{name}”. Send it as a JPEG or PNG, or untick"):
            upload.finish(NOW)
    assert list(sqlite_services.files.listing()) == []
