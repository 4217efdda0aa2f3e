"""What writers get wrong: each mistake has its line and a sentence, and all are told at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from supportpolicy import Closure, MailRules, Period, Policy, PolicyError, graph_svg, load, loads
from tests.builders import POLICY, REPOSITORY


def problems_of(text: str) -> list[str]:
    with pytest.raises(PolicyError) as error:
        loads(text, "p.yml")
    return [str(problem) for problem in error.value.problems]


# An edit of the real file, the words at whose line it must be told, and the sentence.
MISTAKES = [
    ("timezone: Europe/Paris", "timezone: Europe/Pariss", "Europe/Pariss", 'There is no time zone "Europe/Pariss"'),
    ("timezone:", "time_zone:", "time_zone", 'Unknown key "time_zone"; did you mean "timezone"?'),
    ('mon: ["09:00-17:00"]', 'mon: ["17:00-09:00"]', "17:00-09:00", "ends before it starts"),
    ('mon: ["09:00-17:00"]', 'mon: ["9-17"]', '"9-17"', "is not a window"),
    ('mon: ["09:00-17:00"]', 'mon: ["09:00-12:00", "11:00-17:00"]', "11:00-17:00", "overlaps the one before it"),
    ("- 2026-05-01", "- 2026-05-32", "2026-05-32", '"2026-05-32" is not a date'),
    ("response: 1 business day\n", "response: soon\n", "response: soon", '"soon" is no promise the clock can keep'),
    (
        "response: within 1 hour, 24/7",
        "response: 2 business days",
        "response: 2 business days",
        "Critical could be slower than High",
    ),
    (
        "text: Environments are down.",
        "text: The site is down.",
        "id: team-down",
        "stands word for word under Critical too",
    ),
    (
        "priority: low, house_rules: [R11]",
        "priority: lowest, house_rules: [R11]",
        "lowest",
        'There is no priority "lowest"',
    ),
    ("criterion: team-limited", "criterion: team-flaky", "criterion: team-flaky", 'There is no criterion "team-flaky"'),
    (
        "criterion: team-limited",
        "criterion: team-trifle",
        "criterion: team-trifle",
        "stands under Low, but the rule decides for High",
    ),
    ("house_rules: [R11]", "house_rules: [R99]", "R99", 'There is no house rule "R99"'),
    (
        "when: {impact: slow}\n",
        "when: {impakt: slow}\n",
        "impakt",
        'There is no question "impakt"; did you mean "impact"?',
    ),
    (
        "when: {environment: unknown}",
        "when: {environment: unknwon}",
        "unknwon",
        'no option "unknwon"; did you mean "unknown"?',
    ),
    ("when: {effect: slow}", "when: {effect: [slow, limited]}", "rule: team-limited", "both decide"),
    ("when: {effect: trifle}", "when: {effect: trifle, severity: minor}", "id: effect", "No rule decides"),
    (
        "when: {impact: slow}\n",
        "when: {impact: slow, need: security}\n",
        "id: business",
        'The question "business" is never asked',
    ),
    (
        "when: {environment: unknown}",
        "when: {environment: [unknown, production]}",
        "id: reachable",
        'The option "reachable" of "visitors" can never be chosen.',
    ),
    (
        "    - rule: team-update",
        (
            "    - {rule: idle, when: {need: question, effect: minor}, priority: low, house_rules: [R11], because: x}\n"
            "    - rule: team-update"
        ),
        "rule: idle",
        'The rule "idle" never decides',
    ),
    (
        "  - id: low\n",
        "  - {id: minor, label: Minor, response: best effort, resolution: best effort, criteria: []}\n  - id: low\n",
        "id: minor",
        "No answers lead to Minor.",
    ),
    ("  subject_length: 200", "  subject_length: many", "subject_length: many", "needs a whole number from 1 to 1,000"),
    ("total_mb: 25", "total_mb: 2", "total_mb: 2", "at least the size of one"),
    ("email: support@platform.example", "email: support", "email: support", "is not an e-mail address"),
    ("  - id: high\n", "  - id: critical\n", None, 'The id "critical" stands twice'),
    ("form:\n", "mail:\n  new_tickets: fill\nform:\n", "new_tickets: fill", 'did you mean "file"?'),
    ("form:\n", "mail:\n  new_tickets: file\nform:\n", "new_tickets: file", 'add "unstated_priority"'),
    (
        "form:\n",
        "mail:\n  unstated_priority: normale\nform:\n",
        "unstated_priority: normale",
        'There is no priority "normale"; did you mean "normal"?',
    ),
    ("form:\n", "mail: {reopen_within: 2 weeks}\nform:\n", "2 weeks", 'write "14 days" or "10 business days"'),
    ("form:\n", "mail: {reopen_within: 366 days}\nform:\n", "366 days", "at most 365 of them"),
    ("form:\n", "mail: {reopen: 14 days}\nform:\n", "reopen: 14 days", 'did you mean "reopen_within"?'),
]


@pytest.mark.parametrize(("words", "instead", "place", "sentence"), MISTAKES, ids=[m[1].strip()[:40] for m in MISTAKES])
def test_a_mistake_is_told_where_it_stands(
    policy_text: str, words: str, instead: str, place: str | None, sentence: str
) -> None:
    assert words in policy_text
    text = policy_text.replace(words, instead, 1)
    found = problems_of(text)
    assert any(sentence in problem for problem in found), found
    if place is not None:
        line = next(n for n, content in enumerate(text.splitlines(), 1) if place in content)
        assert any(problem.startswith(f"p.yml:{line}: ") and sentence in problem for problem in found), (line, found)


def test_all_mistakes_are_told_together(policy_text: str) -> None:
    text = policy_text.replace("Europe/Paris", "Mars/Base", 1)
    text = text.replace("resolution: 4 hours, 24/7", "resolution: at once", 1).replace(
        "subject_length", "subjectlength", 1
    )
    assert len(problems_of(text)) >= 3


def test_a_mistake_in_the_calendar_hides_none_in_the_decision(policy_text: str) -> None:
    text = policy_text.replace("Europe/Paris", "Mars/Base", 1).replace("url_length: 2000", "url_length: 0", 1)
    for right, wrong, sentence in (
        ("house_rules: [R11]", "house_rules: [R99]", 'There is no house rule "R99"'),
        ("{claim: neither, effect: down}", "{claim: neither, effect: merging}", "No rule decides for"),
    ):
        found = problems_of(text.replace(right, wrong, 1))
        assert len(found) >= 3
        assert any(sentence in problem for problem in found), found


def test_a_calendar_without_an_opening_time_is_told(policy_text: str) -> None:
    text = policy_text
    for day in ("mon", "tue", "wed", "thu", "fri"):
        text = text.replace(f'    {day}: ["09:00-17:00"]', f"    {day}: []", 1)
    assert any("no opening time" in problem for problem in problems_of(text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty"),
        ("a: [", "is never closed"),
        ("- a\n- b", "needs keys with values"),
        ("a: 1\na: 2", "stands here twice"),
    ],
)
def test_what_is_no_policy_at_all(text: str, sentence: str) -> None:
    assert any(sentence in problem for problem in problems_of(text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="There is no such file"):
        load(tmp_path / "none.yml")


def test_the_version_is_of_the_content_not_of_the_file(policy: Policy, policy_text: str) -> None:
    assert loads("# a comment\n" + policy_text.replace("  email:", "    email:")).version == policy.version
    assert loads(policy_text.replace("1-2 business days", "1-3 business days")).version != policy.version


def test_a_policy_comes_back_whole_from_its_canonical_form(policy: Policy) -> None:
    again = Policy.from_canonical(policy.canonical)
    assert again == policy
    assert again.version == policy.version


def test_what_the_policy_says_of_mail_makes_a_version_and_comes_back(policy: Policy, policy_text: str) -> None:
    """Left out, or as it is without it, the version stays: no promise changes."""
    rules = "mail: {new_tickets: file, unstated_priority: normal, reopen_within: 10 Business  days}\n"
    told = loads(rules + policy_text)
    assert told.mail == MailRules("file", "normal", Period(10, business=True))
    assert told.version != policy.version
    assert Policy.from_canonical(told.canonical).mail == told.mail
    assert told.translated("de").mail == told.mail
    assert loads("mail: {new_tickets: ask}\n" + policy_text).version == policy.version


def test_until_when_an_answer_reopens_a_ticket(policy_text: str) -> None:
    """Days are of 24 hours; business days of the time when support is open, without holidays and closures."""
    friday = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    assert loads(policy_text).reopens_until(friday) is None
    for words, until, closures in (
        ("14 days", friday + timedelta(days=14), ()),
        ("1 day", friday + timedelta(days=1), ()),
        # Open until 17:00 in Paris, then from Monday 09:00 on.
        ("1 business day", datetime(2026, 11, 30, 14, 0, tzinfo=UTC), ()),
        (
            "1 business day",
            datetime(2026, 12, 1, 14, 0, tzinfo=UTC),
            (Closure(friday + timedelta(days=2), friday + timedelta(days=3, hours=5), "Moving house"),),
        ),
    ):
        told = loads(f"mail: {{reopen_within: {words}}}\n{policy_text}")
        assert told.reopens_until(friday, closures) == until, words


def test_words_that_yaml_takes_for_something_else_stay_words(policy_text: str) -> None:
    text = policy_text.replace("id: unstated", 'id: "no"')
    assert loads(text).question("severity").option("no").label == "I can't say"


def schema() -> dict[str, object]:
    return json.loads((REPOSITORY / "supportpolicy" / "support-policy.schema.json").read_text("utf-8"))  # type: ignore[no-any-return]


def as_data(text: str) -> object:
    """The file as an editor's YAML (1.2) reads it: dates stay text."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {  # type: ignore[attr-defined]
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, loader)  # noqa: S506 - a SafeLoader


def test_the_schema_for_editors_accepts_the_file_and_refuses_mistakes(policy_text: str) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    validator.validate(as_data(policy_text))
    for taken in ("{reopen_within: 1 day}", "{new_tickets: file, unstated_priority: low, reopen_within: 365 days}"):
        validator.validate(as_data(f"mail: {taken}\n{policy_text}"))
    for refused in ("{new_tickets: file}", "{reopen_within: 366 days}", "{reopen_within: 0 days}", "{priority: low}"):
        assert not validator.is_valid(as_data(f"mail: {refused}\n{policy_text}")), refused
    for words, instead in (
        ("timezone:", "time_zone:"),
        ("1 business day\n", "soon\n"),
        ('["09:00-17:00"]', '["9-17"]'),
    ):
        assert not validator.is_valid(as_data(policy_text.replace(words, instead, 1)))


def test_the_schema_for_editors_knows_every_key_at_every_depth(policy_text: str) -> None:
    data, validator = as_data(policy_text), jsonschema.Draft202012Validator(schema())
    for mapping in mappings(data):
        mapping["colour"] = "red"
        assert not validator.is_valid(data), mapping
        del mapping["colour"]
    assert validator.is_valid(data)


def mappings(data: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within, but for those whose keys are the policy's own questions."""
    if isinstance(data, list):
        for one in data:
            yield from mappings(one)
    elif isinstance(data, dict):
        yield data
        for key, value in list(data.items()):
            if key not in {"when", "means", "shown_when"}:
                yield from mappings(value)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("PNG", 'Write "png": small letters'),
        (".log", 'Write "log": small letters'),
        ("image/png", 'is no ending of a file\'s name, like "log" or "tar.gz"'),
        ("tar..gz", "is no ending"),
        ("x" * 33, "is no ending"),
        ("svg", 'Leave "svg" out: browsers run script in such files'),
        ("html", 'Leave "html" out'),
        ("jar", 'Leave "jar" out: the desk can\'t tell such files by their content'),
        ("app.xlsm", 'Leave "app.xlsm" out'),
        ("tar.xz", 'Leave "tar.xz" out'),
        ("backup.zip", 'Write "zip" instead of "backup.zip"'),
    ],
)
def test_a_kind_of_file_is_an_ending_that_browsers_run_no_script_in(policy_text: str, kind: str, sentence: str) -> None:
    text = policy_text.replace("kinds: [log,", f"kinds: [{kind},", 1)
    assert [problem for problem in problems_of(text) if sentence in problem]
    assert not jsonschema.Draft202012Validator(schema()).is_valid(as_data(text))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "supportpolicy", *arguments], capture_output=True, text=True, check=False
    )


def test_the_writers_commands(tmp_path: Path) -> None:
    right = run("check", str(POLICY))
    assert right.returncode == 0
    # It looks at today's date, by which the holidays may end soon.
    assert all("warning: The holidays" in line for line in right.stderr.splitlines())
    assert "2,343 combinations of answers decides exactly one priority" in right.stdout
    bad = tmp_path / "bad.yml"
    bad.write_text(POLICY.read_text("utf-8").replace("Europe/Paris", "Mars/Base"), "utf-8")
    wrong = run("check", str(bad))
    assert wrong.returncode == 1
    assert wrong.stderr.startswith(f"{bad}:")
    dates = run("explain", "--priority", "high", "--at", "2026-11-24T15:00", str(POLICY))
    assert "due Wed 25 Nov 2026 15:00" in dates.stdout
    answers = run("explain", "--answers", "need=question", str(POLICY))
    assert answers.stdout.endswith("Low, because nothing is broken. (rule question)\n")
    assert "is not a time" in run("explain", "--at", "soon", str(POLICY)).stderr
    drawn = run("graph", str(POLICY), "-o", str(tmp_path / "graph.svg"))
    assert drawn.returncode == 0
    assert (tmp_path / "graph.svg").read_text("utf-8") == graph_svg(load(POLICY))


def test_the_picture_shows_every_question_and_priority(policy: Policy) -> None:
    drawn = graph_svg(policy)
    for priority in policy.priorities:
        assert f">{priority.label}</text>" in drawn
    for question in policy.questions:
        assert question.title.split()[0] in drawn
