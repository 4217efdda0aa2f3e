"""What search finds, on both databases: words of all scripts, in everything that a ticket holds, for whom it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select, text, update

from formapp import audit
from formapp.accounts import accounts, projects
from formapp.cli.main import main
from formapp.database import schema
from formapp.errors import UseCaseError
from formapp.models import SEARCH_PARTS, Account, Message, Project, SearchText, Ticket
from formapp.operations import doctor
from formapp.operations.person import erase
from formapp.search_words import index_words, plain_words
from formapp.services import Services
from formapp.tickets import replies, search, search_index, search_match, triage
from formapp.tickets.search import SearchRefused
from tests.builders import (
    NOW,
    build_account,
    build_customer,
    build_project,
    build_staff,
    file_ticket,
    keep_file,
    stored,
    written,
)

CHECKS = ("search index", "search words")


@pytest.fixture
def ada(services: Services) -> Account:
    return build_customer(services)


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


@pytest.fixture(autouse=True)
def both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL the newest ticket is looked through and the index asked for the others, as on a large desk."""
    monkeypatch.setattr(search_match, "NEWEST", 1)


def found(services: Services, query: str, viewer: Account, size: int = 50) -> list[int]:
    """The references (less 1000) of all pages, for staff or for a customer."""
    find = search.find_page if viewer.is_staff else search.find_own_page
    filters, after, numbers = search.parse_search(query), "", []
    while True:
        page = find(services, filters, viewer.id, NOW, after, size)
        numbers += [ticket.id for ticket in page.tickets]
        after = page.next_key
        if not after:
            return numbers


def troubles(services: Services) -> list[str]:
    """What the doctor says of the index."""
    report = doctor.examine_data(services, NOW)
    return [f"{one.where}: {one.what}" for one in report.findings if one.check in CHECKS]


def file_text(services: Services, account: Account, description: str, subject: str = "Help", **more: Any) -> int:
    filed = file_ticket(
        services, account, subject=subject, description=description, url="", submission=description[:99], **more
    )
    return filed.ticket.id


@pytest.mark.parametrize(
    ("stored_text", "queries", "not_found"),
    [
        ("Straße gesperrt, Änderung nötig", ("STRASSE", "strasse", "anderung", "ÄNDERUNG", "nöt", "gesp"), ("sperrt",)),
        ("Encyclopædia, Łódź, Ørsted, Þór", ("encyclopaedia", "lodz", "orsted", "ØRSTED", "thor"), ("dz",)),
        ("İstanbul ve ısı", ("istanbul", "ISTANBUL", "isi"), ()),
        ("Ошибка оплаты: счёт не найден", ("ошибка", "СЧЕТ", "счёт", "опла"), ("латы",)),
        ("Η πληρωμή απέτυχε, οδός", ("πληρωμη", "ΟΔΟΣ", "απετυχε"), ()),
        ("الطَّلَبُ مرفوض ـ خـــطأ", ("الطلب", "مرفوض", "خطا"), ()),
        ("שָׁלוֹם עולם", ("שלום",), ()),
        ("भुगतान विफल हुआ", ("भुगतान", "विफल", "भुग"), ("भगतन",)),
        ("การชำระเงินล้มเหลว", ("ชำระ", "เงิน", "การชำระเงิน"), ("สำเร็จ",)),
        ("注文番号が見つかりません", ("注文", "番号", "注文番号", "号", "見つ"), ("番注", "文番文")),
        ("支払いがダメです", ("タメ",) and ("ダメ", "支払い"), ("タメ",)),
        ("결제가 실패했습니다", ("결제", "실패"), ("패했",)),
        ("ＡＢＣ　１２３ ﬁle", ("abc", "123", "file"), ()),
        ("It says ERR_502 at /srv/app-2/main.py", ("ERR_502", "err_50", "502", "app-2/main", "main.py"), ("err503",)),
        (
            "Write to eve.black@museum.example",
            ("eve.black@museum.example", "museum.example", "@museum"),
            ("eve@museum",),
        ),
        (
            "authentication-service restarts",
            ("authenticati", "authentication-serv", "authentication"),
            ("authenticate",),
        ),
        ("It is 🔥 again", ("🔥",), ("🧊",)),
        ("soft\u00adhyphen and zero\u200cwidth", ("softhyphen", "zerowidth"), ()),
    ],
)
def test_words_are_found_whatever_their_case_accents_and_script(
    services: Services,
    ada: Account,
    sam: Account,
    stored_text: str,
    queries: tuple[str, ...],
    not_found: tuple[str, ...],
) -> None:
    number = file_text(services, ada, stored_text)
    file_text(services, ada, "Something else altogether")
    for query in queries:
        assert found(services, query, sam) == [number], query
    for query in not_found:
        assert found(services, query, sam) == [], query


def test_each_place_is_looked_into_and_notes_by_staff_alone(services: Services, ada: Account, sam: Account) -> None:
    kim = build_staff(services, "kim@deskaddress.example", name="Kim Notewriter")
    log = keep_file(services, "printer_trace-7.log")
    shot = keep_file(services, "replyshot.log", b"2")
    note_file = keep_file(services, "secretfile.log", b"3")
    file_ticket(
        services, ada, subject="Paper jam", description="Tray two", url="https://jam.example/tray", files=(log,)
    )
    file_text(services, ada, "Nothing of it", subject="Another")
    replies.reply_as_staff(services, sam.id, 1, written("Which drawer?"), "waiting", NOW)
    message = replies.MessageInput("The lower drawer", "form", files=(shot,))
    replies.reply_as_customer(services, ada.id, 1, message, NOW)
    replies.add_note(services, kim.id, 1, replies.MessageInput("Ask the vendor", "note", files=(note_file,)), NOW)
    for query in (
        "jam", "tray", "drawer", "which", "lower", "jam.example", "printer_trace-7.log", "trace", "replyshot",
        "sam rivera", "sup-1001 jam", "paper lower",
    ):  # fmt: skip
        assert found(services, query, sam) == [1], query
        assert found(services, query, ada) == [1], query
    for query in ("ada", "martin", "riverside", "shop"):
        assert found(services, query, sam) == [2, 1], query
        assert found(services, query, ada) == [2, 1], query
    for query in ("ada@shop.example", "shop.example"):
        assert found(services, query, sam) == [2, 1], query
        assert found(services, query, ada) == [], query
    for query in ("vendor", "secretfile", "kim", "notewriter", "deskaddress", "sam@platform.example", "jam vendor"):
        assert found(services, query, sam) == [1], query
        assert found(services, query, ada) == [], query
    assert troubles(services) == []


def test_what_a_hyphen_leaves_out_tells_a_customer_nothing_of_notes(
    services: Services, ada: Account, sam: Account
) -> None:
    file_text(services, ada, "Printer one")
    file_text(services, ada, "Printer two")
    replies.add_note(services, sam.id, 1, written("The canary of the vendor"), NOW)
    for without in ("-canary", '-"the canary"', "-sam", "-platform", "-authenticationcanary", "-vendor"):
        assert found(services, f"printer {without}", ada) == [2, 1], without
        assert found(services, without, ada) == [2, 1], without
    assert found(services, "printer -canary", sam) == [2]
    assert found(services, '-"the canary"', sam) == [2]
    assert found(services, "-sam", sam) == [2]


def test_phrases_and_what_is_not_wanted(services: Services, ada: Account, sam: Account) -> None:
    texts = ("Error 502 at checkout", "502 is the error", "Error 5020 at checkouts", "Timeouts at night")
    numbers = [file_text(services, ada, one) for one in texts]
    assert numbers == [1, 2, 3, 4]
    for query, wanted in (
        ("error 502", [3, 2, 1]),
        ('"error 502"', [1]),
        ('"ERROR   502" checkout', [1]),
        ("error -checkout", [2]),
        ('error -"error 502"', [3, 2]),
        ("-error", [4]),
        ("-error -timeout", []),
        ('-"checkout"', [4, 3, 2]),
        ("at -night", [3, 1]),
        ("status:closed error", []),
        ("help error", [3, 2, 1]),
        ("sup-1003 error", [3]),
        ("SUP-1099 error", []),
        ("100 error", []),
        ('"help error"', []),
        ("e", []),
    ):
        assert found(services, query, sam) == wanted, query
        assert found(services, query, ada) == wanted, query


def test_words_are_looked_for_in_all_states_and_pages_follow_each_other(
    services: Services, ada: Account, sam: Account
) -> None:
    for number in range(1, 8):
        file_text(services, ada, f"Order {number} fails")
    triage.close(services, sam.id, 2, NOW)
    replies.reply_as_staff(services, sam.id, 5, written("Which order?"), "waiting", NOW)
    for size in (1, 3, 50):
        assert found(services, "order", sam, size) == [7, 6, 5, 4, 3, 2, 1]
        assert found(services, "order", ada, size) == [7, 6, 5, 4, 3, 2, 1]
        assert found(services, "status:open order", sam, size) == [7, 6, 4, 3, 1]
        assert found(services, "status:closed order", ada, size) == [2]
        assert found(services, "status:waiting", ada, size) == [5]
    assert found(services, "", sam) == [1, 3, 4, 6, 7]
    assert search.parse_search("").shown_state == "open"
    assert search.parse_search("order").shown_state == "any"


def test_customers_find_what_is_of_their_projects_alone(services: Services, ada: Account, sam: Account) -> None:
    eve = build_account(services, "eve@museum.example", name="Eve Black")
    build_project(services, "museum", eve.email, name="City Museum")
    file_text(services, ada, "The printer burns")
    file_text(services, eve, "The printer sings", project="museum")
    assert found(services, "printer", sam) == [2, 1]
    assert found(services, "project:museum printer", sam) == [2]
    assert (found(services, "printer", ada), found(services, "printer", eve)) == ([1], [2])
    assert (found(services, "eve", ada), found(services, "museum", ada)) == ([], [])
    assert found(services, "project:museum printer", ada) == []
    projects.remove_member(services, eve.email, "museum", NOW)
    assert found(services, "printer", eve) == []
    projects.add_member(services, ada.email, "museum", NOW)
    assert found(services, "printer", ada) == [2, 1]
    accounts.disable_account(services, ada.email, NOW)
    assert found(services, "printer", ada) == []


def test_a_new_name_or_address_counts_at_once(services: Services, ada: Account, sam: Account) -> None:
    file_text(services, ada, "The printer burns")
    with services.write.begin() as database:
        account, project = database.get_one(Account, ada.id), database.get_one(Project, 1)
        account.name, account.email, project.name = "Ada Lovelace", "lovelace@mill.example", "Watermill"
    for query in ("lovelace", "mill.example", "watermill"):
        assert found(services, query, sam) == [1], query
    for query in ("martin", "riverside", "ada@shop.example"):
        assert found(services, query, sam) == [], query
    assert troubles(services) == []


def test_many_accounts_inserted_at_once_are_found_too(services: Services, ada: Account, sam: Account) -> None:
    rows = [
        {"email": f"p{number}@mill.example", "name": f"Person Number{number}", "is_staff": False, "created_at": NOW}
        for number in range(3)
    ]
    with services.write.begin() as database:
        database.execute(insert(Account), rows)
        number = database.scalar(select(Account.id).where(Account.email == "p1@mill.example"))
    file_text(services, ada, "The printer burns")
    with services.write.begin() as database:
        database.execute(update(Ticket).values(account_id=number))
        search_index.index_tickets(database.connection(), [1])
    assert found(services, "number1", sam) == found(services, "p1@mill.example", sam) == [1]
    assert troubles(services) == []


def test_a_long_conversation_is_found_in_its_parts_once(
    services: Services, ada: Account, sam: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "PART_LENGTH", 120)
    file_text(services, ada, "Zebra " + "filler " * 40)
    file_text(services, ada, "Nothing of it")
    for number in range(12):
        body = f"message {number} says common" + (" rareword" if number == 7 else "")
        replies.reply_as_customer(services, ada.id, 1, written(body), NOW)
    replies.add_note(services, sam.id, 1, written("hidden " * 20), NOW)
    assert len(stored(services, SearchText)) > 6
    for query in ("common", "zebra", "rareword", "filler", "rareword help", "hidden"):
        assert found(services, query, sam, 1) == [1], query
    assert found(services, "help", sam, 1) == [2, 1]
    assert found(services, "help -rareword", sam, 1) == [2]
    assert troubles(services) == [], "adding makes the same parts as making all of them"
    monkeypatch.setattr(search_index, "SEARCH_PARTS", SEARCH_PARTS)
    search_index.rebuild(services)
    assert found(services, "rareword", ada) == [1]


def test_a_reply_costs_as_much_at_the_end_of_a_long_conversation(
    services: Services, ada: Account, sam: Account
) -> None:
    """Not all that was written before is read again."""
    file_text(services, ada, "The printer burns")
    lengths = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "search_texts" in statement and statement.startswith(("INSERT", "UPDATE")):
            lengths.append(len(repr(parameters)))

    event.listen(services.database.engine, "before_cursor_execute", note)
    for number in range(12):
        replies.reply_as_staff(services, sam.id, 1, written(f"m{number} " + "word " * 3990), "open", NOW)
    event.remove(services.database.engine, "before_cursor_execute", note)
    assert max(lengths) < 3 * search_index.PART_LENGTH
    assert troubles(services) == []


def test_filing_and_replying_write_the_index_in_one_statement_each(
    services: Services, ada: Account, sam: Account
) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    file_text(services, ada, "The printer burns", files=(keep_file(services),))
    of_filing = [one for one in statements if "search_" in one]
    statements.clear()
    replies.reply_as_staff(services, sam.id, 1, written("Which?"), "open", NOW)
    of_reply = [one for one in statements if "search_" in one]
    event.remove(services.database.engine, "before_cursor_execute", note)
    assert [one.split()[0] for one in of_filing] == ["INSERT"]
    assert [one.split()[0] for one in of_reply] == ["SELECT", "UPDATE"]


def test_what_is_undone_is_not_found(services: Services, ada: Account, sam: Account, monkeypatch: Any) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    file_text(services, ada, "The printer burns")
    with monkeypatch.context() as patch:
        patch.setattr(replies.TicketAction, "publish", fails)
        with pytest.raises(OSError, match="full"):
            replies.reply_as_staff(services, sam.id, 1, written("An undone drawer"), "open", NOW)
    assert found(services, "undone", sam) == []
    assert troubles(services) == []


BREAKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a ticket is missing": (lambda database: database.execute(delete(SearchText)), "SUP-1001: Search doesn't find"),
    "a text was changed by hand": (
        lambda database: database.execute(update(Message).values(body="Other words")),
        "SUP-1001: Search has other words",
    ),
    "a name was changed by hand": (
        lambda database: database.execute(update(Account).where(Account.id == 1).values(name="Other")),
        "account 1: Search has other words",
    ),
    "a project was": (
        lambda database: database.execute(update(Project).values(name="Other")),
        "project 1: Search has other words",
    ),
}


@pytest.mark.parametrize("damage", BREAKS)
def test_the_doctor_compares_index_and_rows_and_rebuilding_mends_it(
    services: Services, ada: Account, sam: Account, damage: str
) -> None:
    file_text(services, ada, "The printer burns")
    replies.reply_as_staff(services, sam.id, 1, written("Which drawer?"), "open", NOW)
    assert troubles(services) == []
    change, sentence = BREAKS[damage]
    with services.write.begin() as database:
        change(database)
    assert [one[: len(sentence)] for one in troubles(services)] == [sentence]
    assert search_index.rebuild(services) == 1
    assert troubles(services) == []
    assert found(services, "printer", sam) == [1]


def test_sqlite_s_own_index_is_compared_and_rebuilt(sqlite_services: Services) -> None:
    services, ada, sam = sqlite_services, build_customer(sqlite_services), build_staff(sqlite_services)
    file_text(services, ada, "The printer burns")
    with services.write.begin() as database:
        database.execute(text("INSERT INTO search_index (search_index) VALUES ('delete-all')"))
    assert troubles(services) == ["search_index: The index knows 0 of 1 rows of words."]
    assert found(services, "printer", sam) == []
    search_index.rebuild(services)
    assert (troubles(services), found(services, "printer", sam)) == ([], [1])
    with services.write.begin() as database:
        # Compares each word with the rows, and fails where one differs.
        database.execute(text("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)"))


@pytest.mark.parametrize("query", ["-priority:high", "-status:open x", "-is:overdue"])
def test_a_hyphen_before_a_filter_is_named(query: str) -> None:
    with pytest.raises(SearchRefused, match="A hyphen leaves out words alone"):
        search.parse_search(query)


def test_what_can_t_be_found_is_named() -> None:
    for query in ("_", "... !", "-_"):
        with pytest.raises(SearchRefused, match="no letter and no digit"):
            search.parse_search(query)
    with pytest.raises(SearchRefused, match="20 words at most; these are 21"):
        search.parse_search("word " * 21)
    with pytest.raises(SearchRefused, match=r"“assignee:” is not known\. Use status:, priority: or project:\. "):
        search.parse_search("assignee:me", ("status", "priority", "project"))
    assert len(search.parse_search("a _ b").terms) == 2


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("SUP-1042", "SUP-1042"),
        (" sup-1042 ", "SUP-1042"),
        ("sup 1042", "SUP-1042"),
        ("1042", "SUP-1042"),
        ("１０４２", "SUP-1042"),
        ('"1042"', None),
        ("-1042", None),
        ("502", None),
        ("0042", None),
        ("1042 x", None),
        ("status:any 1042", None),
        ("10420000000", None),
    ],
)
def test_a_reference_or_bare_number_names_a_ticket(query: str, reference: str | None) -> None:
    assert search.reference_in(search.parse_search(query)) == reference


def test_nothing_typed_is_the_database_s_own_language(services: Services, ada: Account, sam: Account) -> None:
    file_text(services, ada, "The printer burns")
    for query in (
        '"', "' OR 1", "a:*", "NEAR(a b)", "printer*", "{public} : x", "!printer", "(printer)", "a\\'b", "%", "a%b",
        "AND", "printer AND burns", "public:printer",
    ):  # fmt: skip
        try:
            found(services, query, sam)
            found(services, query, ada)
        except UseCaseError:
            continue
    assert found(services, "(printer)", sam) == [1]


def test_of_a_name_that_very_many_have_the_newest_count(
    services: Services, ada: Account, sam: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_match, "MOST_NAMED", 2)
    file_text(services, ada, "The printer burns")
    for number in range(3):
        build_account(services, f"ada{number}@mill.example", name="Ada Other")
    assert found(services, "ada", sam) == []
    assert found(services, "ada", ada) == [1], "one's own colleagues come before others of that name"


def test_words_come_in_one_form() -> None:
    assert plain_words("  Ünïcode—ERR_502\tß ") == "unicode err 502 ss"
    assert index_words("注文ERR 5") == "注文 文 err 5"
    assert index_words("x" * 150) == "x" * 100
    assert index_words("é" * 150) == "e" * 100


@pytest.mark.parametrize(
    "words", ["order", "ord", "authentication", "ada", '"order fails"', "status:open order", "order -nothing"]
)
def test_a_page_is_read_from_the_index_in_its_order(sqlite_services: Services, words: str) -> None:
    """Nothing is sorted, so nothing but the page is read; the index drives, and tickets are looked up in it."""
    services, ada, sam = sqlite_services, build_customer(sqlite_services), build_staff(sqlite_services)
    file_text(services, ada, "Order fails for authentication")
    filters = search.parse_search(words)
    audience = search_match.Audience(is_staff=True, projects=None)
    with services.read() as database:
        named = [search_match._with_owners(database, term, audience) for term in filters.terms]
        conditions = list(search.conditions_of(filters, sam.id, NOW))
        statement = search_match.match_statement(database, named, audience, conditions, 10**9)
        query = str(statement.limit(51).compile(services.database.engine, compile_kwargs={"literal_binds": True}))
        plan = [row[-1] for row in database.execute(text(f"EXPLAIN QUERY PLAN {query}".replace(":", "\\:")))]
    assert plan[0].startswith("SCAN search_index VIRTUAL TABLE INDEX")
    assert not [
        step for step in plan if "TEMP B-TREE" in step or (step.startswith("SCAN") and "search_index" not in step)
    ]


def test_postgresql_looks_up_what_its_index_finds_and_reads_no_project_as_a_whole(
    postgresql_services: Services,
) -> None:
    services, ada = postgresql_services, build_customer(postgresql_services)
    file_text(services, ada, "The printer burns")
    audience = search_match.Audience(is_staff=False, projects=(1, 2))
    with services.read() as database:
        named = [search_match._with_owners(database, term, audience) for term in search.parse_search("printer").terms]
        statement = search_match.match_statement(database, named, audience, [], 10**9).limit(51)
        # However the planner would rather join: here it has nothing but joins by a whole table to choose from.
        database.execute(text("SET LOCAL enable_nestloop = off"))
        query = str(statement.compile(services.database.engine, compile_kwargs={"literal_binds": True}))
        plan = [row[0] for row in database.execute(text(f"EXPLAIN {query}".replace(":", "\\:")))]
    assert [step for step in plan if "SubPlan" in step], plan
    assert not [step for step in plan if "Join" in step], plan


def test_the_migration_fills_the_index_from_what_is_there(services: Services, ada: Account, sam: Account) -> None:
    """Just as the desk does it, long conversations and notes with files included."""
    file_ticket(services, ada, subject="Straße", files=(keep_file(services, "trace.log"),))
    file_text(services, ada, "注文番号")
    for number in range(9):
        replies.reply_as_customer(services, ada.id, 1, written(f"m{number} " + "word " * 3990), NOW)
    note = replies.MessageInput("Ask the vendor", "note", files=(keep_file(services, "secret.log", b"2"),))
    replies.add_note(services, sam.id, 1, note, NOW)
    assert len(stored(services, SearchText)) > 3
    schema.downgrade(services.database, "0013")
    schema.upgrade(services.database)
    assert troubles(services) == []
    for query, numbers in (
        ("strasse", [1]),
        ("番号", [2]),
        ("secret.log", [1]),
        ("ada@shop.example", [2, 1]),
        ("shop", [2, 1]),
    ):
        assert found(services, query, sam) == numbers, query
    replies.reply_as_customer(services, ada.id, 2, written("afterwards"), NOW)
    assert found(services, "afterwards", sam) == [2]


def test_a_restored_or_changed_row_is_found_by_its_new_words_alone(
    services: Services, ada: Account, sam: Account
) -> None:
    file_text(services, ada, "The printer burns")
    with services.write.begin() as database:
        database.execute(update(Ticket).values(description="The scanner sings"))
        search_index.index_tickets(database.connection(), [1])
    assert (found(services, "printer", sam), found(services, "scanner", sam)) == ([], [1])


def test_pruned_tickets_leave_the_index(services: Services, ada: Account, sam: Account) -> None:
    from tests.service.test_retention import keeping, prune

    file_text(services, ada, "The printer burns")
    file_text(services, ada, "The newest stays")
    triage.close(services, sam.id, 1, NOW)
    with services.write.begin() as database:
        database.execute(text("UPDATE outbox SET state = 'sent'"))
    assert prune(keeping(services, tickets=timedelta(days=1)), NOW + timedelta(days=3)) >= 1
    assert [row.ticket_id for row in stored(services, SearchText)] == [2]
    assert found(services, "printer", sam) == []
    assert troubles(services) == []


def test_the_operator_rebuilds_it_by_a_command(sqlite_services: Services) -> None:
    from click.testing import CliRunner

    file_text(sqlite_services, build_customer(sqlite_services), "The printer burns")
    with sqlite_services.write.begin() as database:
        database.execute(delete(SearchText))
    result = CliRunner().invoke(main, ["search", "rebuild"], env=_environment(sqlite_services))
    assert (result.exit_code, result.output) == (0, "The search index is made anew: 1 ticket.\n")
    assert len(stored(sqlite_services, SearchText)) == 1


def _environment(services: Services) -> dict[str, str]:
    settings = services.settings
    return {
        "FORMAPP_DATABASE_URL": settings.database_url,
        "FORMAPP_VAR": str(settings.var),
        "FORMAPP_POLICY": str(settings.policy),
    }


def test_of_an_erased_person_search_finds_and_keeps_nothing(services: Services, ada: Account, sam: Account) -> None:
    """Neither in the own tickets nor where others named her; and SQLite's index forgets, not only marks."""
    zoe = build_account(services, "qzoe@mill.example", name="Xzoe Wyzard")
    projects.add_member(services, zoe.email, "shop", NOW)
    file_text(services, zoe, "The zqxunique printer", files=(keep_file(services, "vqxfile.log"),))
    file_text(services, ada, "Ask Xzoe Wyzard about wages")
    replies.reply_as_staff(services, sam.id, 1, written("Which?"), "open", NOW)
    for query, numbers in (("zqxunique", [1]), ("vqxfile", [1]), ("wyzard", [2, 1]), ("qzoe", [1])):
        assert found(services, query, sam) == numbers, query
    erase.erase_person(services, zoe.email, audit.Origin(None, "command line, root"), NOW)
    for query in ("zqxunique", "vqxfile", "wyzard", "qzoe", "mill.example"):
        assert found(services, query, sam) == [], query
    assert troubles(services) == []
    if services.database.engine.dialect.name == "sqlite":
        services.database.engine.dispose()
        content = b"".join(path.read_bytes() for path in services.settings.var.glob("desk.sqlite3*"))
        assert [word for word in (b"zqxunique", b"vqxfile", b"wyzard", b"xzoe") if word in content] == []
