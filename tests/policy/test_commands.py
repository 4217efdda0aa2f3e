"""``python -m supportpolicy``: what writers type, and what they read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from supportpolicy import Policy, load
from supportpolicy.__main__ import main
from supportpolicy.languages import in_language
from supportpolicy.translation_draft import draft_of_texts
from tests.builders import POLICY, REPOSITORY
from tests.documents import commands

DOWN = "need=broken,environment=production,impact=down,workaround=none"


@pytest.fixture
def broken(tmp_path: Path, policy_text: str) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(policy_text.replace("Europe/Paris", "Mars/Base").replace("[R11]", "[R99]"), "utf-8")
    return path


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What a command prints that succeeds."""
    assert main([str(word) for word in words]) == 0
    out, err = capsys.readouterr()
    assert without_notice(err) == ""
    return out


def without_notice(err: str) -> str:
    """What was said beside the notice of holidays that end soon, which depends on the day."""
    return "".join(line for line in err.splitlines(keepends=True) if "warning: The holidays end" not in line)


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What a command prints that fails."""
    assert main([str(word) for word in words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_check_says_that_all_is_right_and_what_was_proved(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "check", POLICY)
    assert re.fullmatch(
        r".*support-policy\.yml: all right\. 4 priorities, \d+ questions, \d+ rules; "
        r"each of [\d,]+ combinations of answers decides exactly one priority\.\n",
        out,
    )


def test_check_says_everything_that_is_wrong_each_with_its_line(
    capsys: pytest.CaptureFixture[str], broken: Path
) -> None:
    lines = refused(capsys, "check", broken).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [f"{broken}:14:", f"{broken}:238:"]
    assert 'There is no time zone "Mars/Base"' in lines[0]
    assert 'There is no house rule "R99"' in lines[1]


def test_a_file_that_is_not_there_is_said_by_every_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for command in ("check", "explain", "graph"):
        assert refused(capsys, command, tmp_path / "gone.yml").endswith("gone.yml:1: There is no such file.\n")


def test_explain_counts_each_window_of_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "explain", "--priority", "high", "--at", "2026-11-27T16:30", POLICY)
    assert out == (
        "High, received Fri 27 Nov 2026 16:30 (Europe/Paris)\n"
        "  response: 1 business day: due Mon 30 Nov 2026 16:30\n"
        "    Fri 27 Nov 16:30 to Fri 27 Nov 17:00: Support is open, counts 0:30:00\n"
        "    Fri 27 Nov 17:00 to Mon 30 Nov 09:00: Support is closed\n"
        "    Mon 30 Nov 09:00 to Mon 30 Nov 16:30: Support is open, counts 7:30:00\n"
        "  resolution: best effort: no date\n"
    )


def test_explain_takes_a_time_of_another_zone(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "explain", "--priority", "critical", "--at", "2026-11-27T16:30+00:00", POLICY)
    assert "received Fri 27 Nov 2026 17:30 (Europe/Paris)" in out
    assert "due Fri 27 Nov 2026 18:30" in out


def test_explain_tells_of_all_priorities_now_where_nothing_else_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "explain", POLICY)
    assert [line.partition(",")[0] for line in out.splitlines() if line[0] != " "] == [
        "Critical",
        "High",
        "Normal",
        "Low",
    ]


def test_explain_says_why_answers_lead_to_a_priority(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "explain", "--answers", DOWN, POLICY)
    assert "What does it do to production? The site is down\n" in out
    assert (
        "Critical, because production is down and there is no workaround. (rule production-down)\n"
        "Criterion: The site is down.\n"
    ) in out


def test_explain_says_which_question_is_still_open(capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "explain", "--answers", "need=broken, environment=production", POLICY)
    assert out.endswith("Still to be answered: What does it do to production? (impact)\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--priority", "urgent"], 'There is no priority "urgent"; known here: critical, high, normal, low.'),
        (["--at", "noon"], '"noon" is not a time; write it as "2026-11-24T15:00".'),
        (["--answers", "broken"], '"broken" is not an answer; write question=option.'),
        (["--answers", "need=magic"], 'The question "need" has no answer "magic".'),
    ],
)
def test_a_question_that_can_t_be_answered_gets_a_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert refused(capsys, "explain", *words, POLICY) == f"{sentence}\n"


def test_graph_draws_every_question_and_every_priority(
    capsys: pytest.CaptureFixture[str], policy: Policy, tmp_path: Path
) -> None:
    printed = said(capsys, "graph", POLICY)
    assert printed.startswith("<svg ")
    # Long lines are broken, so that they fit into their boxes.
    drawn = {word for part in fromstring(printed).itertext() for word in re.split(r"[\s-]+", part)}  # noqa: S314 - our own
    for words in (*(one.title for one in policy.questions), *(one.label for one in policy.priorities)):
        assert set(re.split(r"[\s-]+", words)) <= drawn, words
    file = tmp_path / "decision.svg"
    assert said(capsys, "graph", "--output", file, POLICY) == ""
    assert file.read_text("utf-8") == printed


def test_a_drawing_that_can_t_be_written_gets_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "gone" / "decision.svg"
    assert refused(capsys, "graph", "-o", target, POLICY) == f"{target} can't be written: No such file or directory.\n"


def commands_of(page: str) -> list[list[str]]:
    """The commands of this package that a page tells its readers to type."""
    told = [line.split() for line in commands((REPOSITORY / page).read_text("utf-8"))]
    # How a site begins has its own tests (test_scaffolding.py), and asks.
    return [words[3:] for words in told if words[:3] == ["python", "-m", "supportpolicy"] and words[3] != "init"]


@pytest.mark.parametrize("page", ["README.md", "docs/handbook/for-writers.md"])
def test_the_commands_that_pages_tell_work_as_they_stand(page: str, tmp_path: Path) -> None:
    """Where a page leaves the file out, it is the one in the folder where one types."""
    (tmp_path / "support-policy.yml").write_text(POLICY.read_text("utf-8"), "utf-8")
    commands = commands_of(page)
    assert commands
    for words in commands:
        done = subprocess.run(
            [sys.executable, "-m", "supportpolicy", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, without_notice(done.stderr)) == (0, ""), words
    assert page == "README.md" or (tmp_path / "decision.svg").is_file()


def test_all_of_it_is_said_in_the_language_of_whoever_asks(
    capsys: pytest.CaptureFixture[str], broken: Path, tmp_path: Path
) -> None:
    with in_language("de"):
        assert "alles in Ordnung. 4 Prioritäten" in said(capsys, "check", POLICY)
        assert 'Es gibt keine Zeitzone "Mars/Base"' in refused(capsys, "check", broken)
        dates = said(capsys, "explain", "--priority", "high", "--at", "2026-11-24T15:00", POLICY)
        assert dates.startswith(
            "Hoch, eingegangen Di. 24 Nov. 2026 15:00 (Europe/Paris)\n  Antwort: 1 Arbeitstag: fällig "
        )
        assert "Der Support ist erreichbar, zählt 2:00:00" in dates
        assert "Kritisch, weil die Produktion ausgefallen ist" in said(capsys, "explain", "--answers", DOWN, POLICY)
        assert "<title>Wie die Priorität entschieden wird</title>" in said(capsys, "graph", POLICY)
        assert "Kritisch</text>" in said(capsys, "graph", POLICY)
    done = subprocess.run(
        [sys.executable, "-m", "supportpolicy", "check", str(tmp_path / "gone.yml")],
        env={"LC_ALL": "fr_FR.UTF-8", "PYTHONUTF8": "1"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.endswith("gone.yml:1: Ce fichier n’existe pas.\n")


def test_texts_begins_the_file_of_another_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "texts", "de", POLICY) == draft_of_texts(load(POLICY), "de")
    assert "label: Critical" in said(capsys, "texts", "fr", POLICY)
    assert "The policy itself is in English" in refused(capsys, "texts", "en", POLICY)
