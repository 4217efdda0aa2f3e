"""Files are uploaded as they are chosen, and whatever can't be uploaded goes with the form."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from supportpolicy import Policy
from tests.browser.conftest import Desk, OpenPage, Watch
from tests.browser.forms import attach, expect_sent, files_of, fill, send, stored

pytestmark = pytest.mark.browser

LOG = "14:05 zu spät\n".encode("latin-1")
# A whole picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
# As a person's hands do it: the browser makes the event, we say what lies in it.
GIVE = """
([selector, type, name, bytes]) => {
  const given = new DataTransfer();
  given.items.add(new File([new Uint8Array(bytes)], name));
  const options = { bubbles: true, cancelable: true };
  const event = type === "paste"
    ? new ClipboardEvent(type, { ...options, clipboardData: given })
    : new DragEvent(type, { ...options, dataTransfer: given });
  document.querySelector(selector).dispatchEvent(event);
  return event.defaultPrevented;
}
"""


def files(page: Page) -> Locator:
    return page.locator("support-files").filter(has=page.get_by_label("Attachments"))


def listed(page: Page) -> Locator:
    return files(page).get_by_role("listitem").locator("bdi")


def give(page: Page, selector: str, kind: str, name: str, content: bytes) -> bool:
    return bool(page.evaluate(GIVE, [selector, kind, name, list(content)]))


def chosen(page: Page) -> list[str]:
    """What the plain field itself would send."""
    return page.get_by_label("Attachments").evaluate("(field) => [...field.files].map(({ name }) => name)")  # type: ignore[no-any-return]


@pytest.fixture
def form(page: Page, desk: Desk) -> Page:
    """The form of somebody who is signed in, with script and without."""
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    return page


@pytest.fixture
def live(open_page: OpenPage, desk: Desk) -> Page:
    page = open_page()
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    fill(page)
    return page


def test_files_reach_the_ticket_with_script_and_without(form: Page, desk: Desk) -> None:
    posts: list[str] = []
    form.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    attach(form, ("server.log", LOG), ("名前 α.png", PNG))
    send(form)
    expect_sent(form)
    assert files_of(desk, stored(desk)) == [("server.log", LOG), ("名前 α.png", PNG)]
    # Nothing is sent twice: the plain field was emptied for what was uploaded.
    assert len([url for url in posts if url.endswith("/support/tickets")]) == 1


def test_each_is_announced_listed_and_can_be_removed(live: Page, desk: Desk) -> None:
    attach(live, ("server.log", LOG), (".env", b"DEBUG=1\n"))
    status = files(live).get_by_role("status")
    expect(status).to_contain_text("“server.log” is attached.")
    expect(status).to_contain_text("“.env” is attached.")
    expect(listed(live)).to_have_text(["server.log", ".env"])
    expect(files(live).get_by_role("listitem").nth(0)).to_contain_text("14 bytes")
    expect(files(live).get_by_role("listitem").nth(1)).to_contain_text("may hold passwords or keys")
    assert chosen(live) == []
    with live.expect_request("**/support/files/remove"):
        live.get_by_role("button", name="Remove server.log").press("Enter")
    expect(status).to_have_text("“server.log” is removed.")
    expect(listed(live)).to_have_text([".env"])
    expect(live.get_by_label("Attachments")).to_be_focused()
    send(live)
    expect_sent(live)
    assert files_of(desk, stored(desk)) == [(".env", b"DEBUG=1\n")]


def test_dropped_anywhere_on_the_form_or_pasted_into_the_description(live: Page, desk: Desk) -> None:
    assert give(live, "[name=subject]", "dragover", "", b"")
    assert give(live, "[name=subject]", "drop", "dropped.log", LOG)
    assert give(live, "textarea[name=description]", "paste", "image.png", PNG)
    expect(files(live).get_by_role("status")).to_contain_text("“image.png” is attached.")
    expect(listed(live)).to_have_text(["dropped.log", "image.png"])
    send(live)
    expect_sent(live)
    assert sorted(files_of(desk, stored(desk))) == [("dropped.log", LOG), ("image.png", PNG)]


def test_pasted_text_is_text_though_a_picture_of_it_comes_along(live: Page) -> None:
    taken = live.evaluate(
        """() => {
          const given = new DataTransfer();
          given.items.add(new File(["x"], "image.png"));
          given.setData("text/plain", "two cells");
          const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: given });
          document.querySelector("textarea[name=description]").dispatchEvent(event);
          return event.defaultPrevented;
        }"""
    )
    assert not taken
    expect(listed(live)).to_have_count(0)


def test_beyond_a_limit_the_sentence_comes_at_once_and_nothing_is_sent(live: Page, policy: Policy) -> None:
    posts: list[str] = []
    live.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    limits = policy.form.attachments
    live.get_by_label("Attachments").evaluate(
        """(field, [size, total]) => {
          const given = new DataTransfer();
          given.items.add(new File([new Uint8Array(size + 1)], "huge.log"));
          given.items.add(new File(["MZ"], "setup.exe"));
          field.files = given.files;
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        [limits.size, limits.total],
    )
    said = files(live).get_by_role("status")
    expect(said).to_contain_text("“huge.log” is larger than 10 MB. Send the part that matters, or compress it.")
    expect(said).to_contain_text("“setup.exe” is of a kind that we don't accept.")
    expect(listed(live)).to_have_count(0)
    assert (posts, chosen(live)) == ([], [])

    attach(live, *[(f"{number}.log", LOG) for number in range(limits.count)])
    expect(said).to_contain_text(f"“{limits.count - 1}.log” is attached.")
    attach(live, ("one-more.log", LOG))
    expect(said).to_contain_text(f"“one-more.log” is one too many: up to {limits.count} files can be attached.")
    expect(listed(live)).to_have_count(limits.count)


def test_what_is_too_much_together_is_said_at_once(live: Page, policy: Policy) -> None:
    live.route("**/support/files", lambda _route: None)
    limits = policy.form.attachments
    live.get_by_label("Attachments").evaluate(
        """(field, size) => {
          const given = new DataTransfer();
          for (const name of ["1.zip", "2.zip", "3.zip"]) given.items.add(new File([new Uint8Array(size)], name));
          field.files = given.files;
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }""",
        limits.size,
    )
    said = files(live).get_by_role("status")
    expect(said).to_have_text("“3.zip” is too much: up to 25 MB can be attached in all.")
    expect(listed(live)).to_have_text(["1.zip", "2.zip"])


def test_what_the_desk_refuses_says_why_and_the_others_stay(live: Page, desk: Desk) -> None:
    attach(live, ("not-a.png", b"just words"), ("server.log", LOG))
    said = files(live).get_by_role("status")
    expect(said).to_contain_text("“not-a.png” isn't a .png file by its content.")
    expect(said).to_contain_text("“server.log” is attached.")
    expect(listed(live)).to_have_text(["server.log"])
    send(live)
    expect_sent(live)
    assert files_of(desk, stored(desk)) == [("server.log", LOG)]


@pytest.mark.parametrize("trouble", ["403", "503", "no way there"])
def test_what_can_t_be_uploaded_goes_with_the_form(live: Page, desk: Desk, watch: Watch, trouble: str) -> None:
    watch.expected = ("Failed to load resource",)

    def refuse(route: Route) -> None:
        if trouble == "no way there":
            route.abort()
        else:
            route.fulfill(status=int(trouble), json={"error": "Not now"})

    live.route("**/support/files", refuse)
    attach(live, ("server.log", LOG), ("image.png", PNG))
    said = files(live).get_by_role("status")
    expect(said).to_contain_text("“image.png” can't be uploaded now. It goes along when you send the form.")
    assert sorted(chosen(live)) == ["image.png", "server.log"]
    live.get_by_role("button", name="Remove image.png").click()
    assert chosen(live) == ["server.log"]
    # A later one may be uploaded again; the one before is not forgotten.
    live.unroute("**/support/files")
    attach(live, ("later.log", LOG))
    expect(said).to_contain_text("“later.log” is attached.")
    assert chosen(live) == ["server.log"]
    send(live)
    expect_sent(live)
    assert sorted(files_of(desk, stored(desk))) == [("later.log", LOG), ("server.log", LOG)]


def test_where_the_desk_is_elsewhere_files_go_with_the_form_and_are_looked_at_all_the_same(
    open_page: OpenPage, watch: Watch
) -> None:
    watch.expected = ("https://desk.invalid/",)
    page = open_page()
    page.route(
        "**/file-a-ticket/",
        lambda route: route.fulfill(body=route.fetch().text().replace('"/support/', '"https://desk.invalid/support/')),
    )
    page.goto("/file-a-ticket/")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    attach(page, ("server.log", LOG), ("app.conf", b"password = k3epth1s\n"), ("setup.exe", b"MZ"))
    assert give(page, "[name=subject]", "drop", "dropped.log", LOG)
    page.get_by_role("button", name="Remove it").click()
    expect(files(page).get_by_role("status")).to_contain_text("“app.conf” can't be uploaded now. It goes along")
    expect(listed(page)).to_have_text(["server.log", "app.conf", "dropped.log"])
    page.get_by_role("button", name="Remove server.log").click()
    assert (chosen(page), posts) == (["app.conf", "dropped.log"], [])
    text = page.get_by_label("Attachments").evaluate("(field) => field.files[0].text()")
    assert text == "password = [removed]\n"


def test_a_bar_shows_how_far_an_upload_is(live: Page) -> None:
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 100_000}
    live.context.new_cdp_session(live).send("Network.emulateNetworkConditions", slow)
    attach(live, ("long.log", b"14:05 Error 502\n" * 20_000))
    live.wait_for_function(
        "() => { const { value } = document.querySelector('progress'); return value > 0 && value < 1; }"
    )
    expect(files(live).get_by_role("status")).to_have_text("“long.log” is attached.")
    expect(files(live).get_by_role("progressbar")).to_have_count(0)


def test_send_waits_for_an_upload_and_says_so(live: Page, desk: Desk) -> None:
    held: list[Route] = []
    posts: list[str] = []
    live.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    live.route("**/support/files", lambda route: held.append(route))
    attach(live, ("server.log", LOG))
    expect(files(live).get_by_role("progressbar", name="Upload")).to_be_visible()
    send(live)
    expect(live.get_by_text("Waiting for the upload to end, then it is sent.")).to_be_visible()
    expect(live.get_by_role("button", name="Send ticket")).to_be_enabled()
    send(live)
    held[0].continue_()
    expect_sent(live)
    assert len([url for url in posts if url.endswith("/support/tickets")]) == 1
    assert files_of(desk, stored(desk)) == [("server.log", LOG)]


def test_an_upload_can_be_taken_back_while_it_runs(live: Page, desk: Desk, watch: Watch) -> None:
    watch.expected = ("Failed to load resource",)
    held: list[Route] = []
    live.route("**/support/files", lambda route: held.append(route))
    attach(live, ("server.log", LOG))
    expect(files(live).get_by_role("progressbar", name="Upload")).to_be_visible()
    with live.expect_event("requestfailed", lambda request: request.url.endswith("/support/files")):
        live.get_by_role("button", name="Remove server.log").click()
    expect(listed(live)).to_have_count(0)
    send(live)
    expect_sent(live)
    assert files_of(desk, stored(desk)) == []


def test_after_an_error_the_good_files_are_still_listed(form: Page, desk: Desk) -> None:
    attach(form, ("server.log", LOG))
    form.get_by_label("Subject").fill("")
    send(form)
    expect(form.get_by_text("There is a problem")).to_be_visible()
    expect(listed(form)).to_have_text(["server.log"])
    form.get_by_label("Subject").fill("Search finds nothing")
    send(form)
    expect_sent(form)
    assert files_of(desk, stored(desk)) == [("server.log", LOG)]


def test_a_listed_file_can_be_removed_after_an_error(form: Page, desk: Desk) -> None:
    attach(form, ("server.log", LOG), ("image.png", PNG))
    form.get_by_label("Subject").fill("")
    send(form)
    expect(form.get_by_text("There is a problem")).to_be_visible()
    form.get_by_role("button", name="Remove server.log").click()
    expect(listed(form)).to_have_text(["image.png"])
    form.get_by_label("Subject").fill("Search finds nothing")
    send(form)
    expect_sent(form)
    assert files_of(desk, stored(desk)) == [("image.png", PNG)]
