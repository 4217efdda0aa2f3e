"""What writers get wrong in YAML itself: each mistake has the line to look at and what to do, in no parser's words."""

from __future__ import annotations

import re

import pytest
import yaml

from supportpolicy import PolicyError, loads

OPEN = "The quote that begins in this line is never closed"
COLON = "Put the text with the colon in quotes"
INDENT = "The indentation of this line fits nothing above it"
# What stands in the real file, what is written instead, and the sentence; it is told of the last changed line.
MISTAKES = [
    ("  timezone: Europe", "\ttimezone: Europe", "This line begins with a tab; use spaces."),
    ("    tue: [", "  \t tue: [", "This line begins with a tab; use spaces."),
    ("timezone: Europe", "timezone:\tEurope", "A tab stands in this line; use spaces."),
    ("label: Critical", "label: Critical: now", f'{COLON}, as in key: "one: two".'),
    ("text: The site is down.", "text: The site: is down.", f'{COLON}, as in {{key: "one: two"}}.'),
    ("text: The site is down.", "text: The site, is down.", "Put the text with the comma in quotes"),
    ("label: Critical", 'label: "Critical', OPEN),
    ("label: Critical", "label: 'Critical", OPEN),
    ("text: The site is down.", 'text: "The site is down.', OPEN),
    ('mon: ["09:00-17:00"]', 'mon: ["09:00-17:00]', OPEN),
    ("kinds: [", 'kinds: ["', OPEN),
    ('mon: ["09:00-17:00"]', 'mon: ["09:00-17:00"', 'The "[" in this line is never closed; put "]" at its end'),
    ("text: The site is down.}", "text: The site is down.", 'The "{" in this line is never closed; put "}" at its end'),
    ('mon: ["09:00-17:00"]', 'mon: ["09:00-12:00" "13:00-17:00"]', "A comma is missing here"),
    ("label: Critical", "label:Critical", 'A key needs a colon and a space after it, as in "key: value".'),
    ("calendar:", "calendar", 'A key needs a colon and a space after it, as in "key: value".'),
    ("    label: Critical", "      label: Critical", "This line is indented further than line 48, which has a value"),
    ("    label: Critical", "   label: Critical", INDENT),
    ("    tue:", "   tue:", INDENT),
    ("    tue:", "     tue:", INDENT),
    ("  - id: high", " - id: high", INDENT),
    ("  - id: high", "   - id: high", INDENT),
    ("  - id: high", "  -id: high", 'An item of a list needs a space after its hyphen, as in "- item".'),
    ("label: Critical", "label: @Critical", 'Put this text in quotes: it can\'t begin with "@".'),
    ("label: Critical", "label: `Critical`", 'Put this text in quotes: it can\'t begin with "`".'),
    ("label: Critical", "label: %Critical", 'Put this text in quotes: it can\'t begin with "%".'),
    ("label: Critical", "label: > Critical", 'Put this text in quotes: it can\'t begin with ">".'),
    ("label: Critical", "label: *Critical*", 'Put this text in quotes: one that begins with "*" or "&"'),
    ("label: Critical", "label: *Critical", 'Put this text in quotes: one that begins with "*" or "&"'),
    ("label: Critical", "label: !Critical x", "Put this text in quotes, as YAML takes its beginning for a sign"),
    ("label: Critical", "label: !a!b x", 'Put this text in quotes: one that begins with "!" is a sign in YAML.'),
    ("label: Critical", 'label: "Critical" and more', "Put the whole text in quotes: something stands after the end"),
    ("label: Critical", "label: [Critical] and more", "Put the whole text in quotes: something stands after the end"),
    ("label: Critical", 'label: "C:\\policy"', "In double quotes a backslash means something else"),
    ("label: Critical", "label: - Critical", 'A list begins in a line of its own: put its "- " below the key.'),
    ("label: Critical", "label: Crit\x07ical", "This line holds a character that can't be seen (U+0007); remove it."),
    ("calendar:\n", "---\ncalendar:\n", '"---" and "..." divide a file into several'),
    (
        "label: Critical\n",
        "label: Critical\n    label: Twice\n",
        '"label" stands here twice, first in line 49; remove one',
    ),
    ("label: Critical", "label: null", '"null" stands for nothing in YAML; write a text, or put "null" in quotes.'),
    ("label: Critical", "label: ~", '"~" stands for nothing in YAML'),
    (
        "label: Critical",
        "label: {Critical}",
        '"priorities.1.label" needs a text; put one with a colon or braces in quotes.',
    ),
]
# The parser's own vocabulary.
ITS_WORDS = re.compile(
    r"scan|pars|token|scalar|block|mapping|sequence|flow|expected|<|stream|string|not allowed|found", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("words", "instead", "sentence"), MISTAKES, ids=[repr(one[1].strip()[:30]) for one in MISTAKES]
)
def test_a_mistake_in_yaml_says_what_to_do_and_where(policy_text: str, words: str, instead: str, sentence: str) -> None:
    assert words in policy_text
    text = policy_text.replace(words, instead, 1)
    changed = [n for n, (a, b) in enumerate(zip(text.split("\n"), policy_text.split("\n"), strict=False), 1) if a != b]
    line = changed[0]
    with pytest.raises(PolicyError) as error:
        loads(text, "p.yml")
    told = [str(problem) for problem in error.value.problems]
    (found,) = [one for one in told if sentence in one]
    # Where a line was added, the first that differs is it, or the one that divides the file.
    expected = {line, line + 1} if instead.startswith("---") else {line}
    assert int(found.split(":")[1]) in expected
    assert found.endswith(".")
    assert not ITS_WORDS.search(found.split(": ", 1)[1])


def test_whatever_is_cut_off_or_put_in_says_no_word_of_the_parser(policy_text: str) -> None:
    """A character put in at each of many places, the file cut there, a line indented by one more: never its words."""
    head = policy_text[: policy_text.index("house_rules:")]
    texts = [
        f"{head[:place]}{put_in}{head[place:]}" for place in range(0, len(head), 61) for put_in in "\t\"':[{&*!|>@%-#"
    ]
    texts += [head[:place] for place in range(0, len(head), 31)]
    told = {sentence_about(text) for text in texts}
    assert len(told) > 10
    for sentence in told:
        assert not ITS_WORDS.search(sentence), sentence


def sentence_about(text: str) -> str:
    """What is said of a file that isn't YAML; a fixed sentence for one that is."""
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        with pytest.raises(PolicyError) as error:
            loads(text)
        (problem,) = error.value.problems
        assert 1 <= problem.line <= text.count("\n") + 1
        return problem.sentence
    return "It is YAML."


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "true", "2026-12-25", "12", "1_000", "0x1f", "12:30"])
def test_words_that_yaml_takes_for_others_stay_as_they_are_written(policy_text: str, word: str) -> None:
    assert loads(policy_text.replace("label: Critical", f"label: {word}", 1)).priorities[0].label == word
