"""``python -m supportpolicy COMMAND``: how writers begin, and what they ask of a policy file."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

from babel.dates import format_datetime

from supportpolicy.comparison import compare, in_markdown, in_text
from supportpolicy.decision import enumerate_answers
from supportpolicy.facts import all_facts
from supportpolicy.holidays import holidays_warning
from supportpolicy.languages import (
    LANGUAGES,
    current_language,
    in_language,
    language_of_environment,
    locale,
    number,
)
from supportpolicy.loading import load, loads
from supportpolicy.picture import graph_svg
from supportpolicy.policy import Policy
from supportpolicy.problems import PolicyError, UnknownAnswer
from supportpolicy.scaffolding import SETTINGS_FILE, NotStarted, own_zone, plan, write
from supportpolicy.translation import gettext as _
from supportpolicy.translation_draft import draft_of_texts

# Of "diff", as diff(1) has it: something is different, the question can't be answered.
DIFFERENT, TROUBLE = 1, 2


class Mistake(Exception):
    """What was typed can't be done; the message says why."""


def main(arguments: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run one command; 0 where all is well, 1 where the file or the question has a problem.

    ``now`` is the present, an aware instant; None asks the machine's clock.
    """
    options = _parser().parse_args(arguments)
    options.now = now or datetime.now(UTC)
    try:
        if options.run is _init:
            _init(options)
            return 0
        if options.run is _diff:
            different: int = _diff(options)
            return different
        policy = load(options.file).translated(current_language())
        options.run(policy, options)
    except (PolicyError, UnknownAnswer, Mistake, NotStarted) as error:
        print(error, file=sys.stderr)
        return TROUBLE if options.run is _diff else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m supportpolicy", description="Begin, check, explain and draw a support policy."
    )
    commands = parser.add_subparsers(required=True, metavar="init|check|explain|graph|texts|facts|diff")
    init = commands.add_parser("init", help="write a first policy and a first page, and add them to mkdocs.yml")
    init.add_argument("folder", nargs="?", default=".", type=Path, help="the site's folder (default: this one)")
    init.add_argument("--email", default="", help="the address that people can always write to (default: asks)")
    init.add_argument(
        "--timezone", default=own_zone(), help="when support is open is told in it (default: %(default)s)"
    )
    init.add_argument("--yes", action="store_true", help="write without asking")
    init.set_defaults(run=_init)
    check = commands.add_parser("check", help="say everything that is wrong with a policy file")
    check.set_defaults(run=_check)
    explain = commands.add_parser("explain", help="say why a ticket gets its dates, or its priority")
    explain.add_argument("--priority", help="explain this priority's dates (default: all)")
    explain.add_argument("--at", help='received then, as "2026-11-24T15:00" in the policy\'s zone (default: now)')
    explain.add_argument(
        "--answers", help="explain the priority of these answers: need=broken,environment=production,..."
    )
    explain.set_defaults(run=_explain)
    graph = commands.add_parser("graph", help="draw the decision graph as SVG")
    graph.add_argument("-o", "--output", type=Path, help="write it to this file (default: print it)")
    graph.set_defaults(run=_graph)
    texts = commands.add_parser("texts", help="print a draft of the file of texts in another language")
    texts.add_argument("language", choices=LANGUAGES, help="the language of the draft")
    texts.set_defaults(run=_texts)
    facts = commands.add_parser("facts", help="list the facts that a page can name, with their present words")
    facts.set_defaults(run=_facts)
    diff = commands.add_parser(
        "diff",
        help="say what a change does: exit code 0 where nothing changes, 1 where something does, 2 for trouble",
    )
    diff.add_argument("old", help='the policy file before the change ("-": standard input)')
    diff.add_argument("new", help='the policy file after it ("-": standard input)')
    diff.add_argument("--markdown", action="store_true", help="as Markdown, for a merge request")
    diff.set_defaults(run=_diff)
    for command in (check, explain, graph, texts, facts):
        command.add_argument(
            "file", nargs="?", default="support-policy.yml", help="the policy file (default: support-policy.yml)"
        )
    return parser


def _init(options: argparse.Namespace) -> None:
    """Show what would be written, ask, and write it."""
    try:
        email = options.email or (
            "" if options.yes else input(_("An address that people can always write to:") + " ").strip()
        )
        if not email:
            raise Mistake(
                _("Say which address people can always write to: %(example)s", example="--email help@shop.example")
            )
        start = plan(options.folder, email, options.timezone, options.now.date())
        for path, text in start.files.items():
            shown = "\n".join(start.changed) if path.name == SETTINGS_FILE and start.changed else text.rstrip()
            whole = shown == text.rstrip()
            heading = f"{path}:" if whole else _("%(file)s, with these lines more:", file=path)
            print(f"{heading}\n\n{indent(shown, '    ')}\n")
        # The answer is the same in every language, as programs give it, too.
        if not options.yes and input(_("Write this?") + " [y/N] ").strip().casefold() not in {"y", "yes"}:
            raise Mistake(_("Nothing is written."))
        write(start)
    except EOFError:
        words = "--yes --email help@shop.example"
        raise Mistake(_("Nothing is written. To write without being asked: %(words)s", words=words)) from None
    except OSError as error:
        raise Mistake(
            _("%(file)s can't be written: %(reason)s.", file=error.filename, reason=error.strerror)
        ) from error
    print(_("Written. What is left to do:"))
    for sentence in start.to_do:
        print(f"- {sentence}")


def _check(policy: Policy, options: argparse.Namespace) -> None:
    combinations = sum(1 for _answers in enumerate_answers(policy))
    sentence = _(
        "all right. %(priorities)s priorities, %(questions)s questions, %(rules)s rules; each of %(combinations)s "
        "combinations of answers decides exactly one priority.",
        priorities=len(policy.priorities),
        questions=len(policy.questions),
        rules=len(policy.rules),
        combinations=number(combinations),
    )
    print(f"{options.file}: {sentence}")
    if warning := holidays_warning(policy.calendar, options.now):
        print(_("%(file)s: warning: %(sentence)s", file=options.file, sentence=warning), file=sys.stderr)


def _explain(policy: Policy, options: argparse.Namespace) -> None:
    if options.answers:
        _explain_answers(policy, options.answers)
        return
    opened = _instant(policy, options.at, options.now)
    labels = {priority.id: priority.label for priority in policy.priorities}
    if options.priority and options.priority not in labels:
        sentence = _('There is no priority "%(priority)s"', priority=options.priority)
        raise Mistake(_("%(sentence)s; known here: %(words)s.", sentence=sentence, words=", ".join(labels)))
    for priority in [options.priority] if options.priority else labels:
        _explain_dates(policy, priority, opened)


def _instant(policy: Policy, text: str | None, now: datetime) -> datetime:
    try:
        instant = datetime.fromisoformat(text) if text else now
    except ValueError:
        raise Mistake(_('"%(text)s" is not a time; write it as "2026-11-24T15:00".', text=text)) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=policy.calendar.zone)


def _explain_dates(policy: Policy, priority_id: str, opened: datetime) -> None:
    priority, zone = policy.priority(priority_id), policy.calendar.zone
    due = policy.deadlines(priority_id, opened)
    received = _("received %(time)s (%(zone)s)", time=_day(opened.astimezone(zone)), zone=zone.key)
    print(f"{priority.label}, {received}")
    for target, name, promise, instant in (
        ("response", _("response"), priority.response, due.response_due),
        ("resolution", _("resolution"), priority.resolution, due.resolution_due),
    ):
        when = _("due %(time)s", time=_day(instant.astimezone(zone))) if instant else _("no date")
        print(f"  {name}: {promise.words}: {when}")
        for segment in due.explain():
            if segment.target == target:
                counted = _(", counts %(time)s", time=segment.counted) if segment.counted else ""
                start, end = (_day(one, with_year=False) for one in (segment.start, segment.end))
                stretch = _("%(start)s to %(end)s", start=start, end=end)
                print(f"    {stretch}: {segment.note}{counted}")


def _day(instant: datetime, *, with_year: bool = True) -> str:
    return format_datetime(instant, "EEE dd MMM y HH:mm" if with_year else "EEE dd MMM HH:mm", locale=locale())


def _explain_answers(policy: Policy, text: str) -> None:
    answers = {}
    for part in text.split(","):
        question, mark, option = part.strip().partition("=")
        if not mark:
            raise Mistake(_('"%(part)s" is not an answer; write question=option.', part=part))
        answers[question.strip()] = option.strip()
    result = policy.recommend(answers)
    for question in result.asked:
        print(f"{policy.question(question).title} {policy.question(question).option(answers[question]).label}")
    if result.missing:
        title = policy.question(result.missing[0]).title
        print(_("Still to be answered: %(question)s", question=f"{title} ({result.missing[0]})"))
        return
    priority = policy.priority(result.priority).label
    print(
        _(
            "%(priority)s, because %(reason)s. (rule %(rule)s)",
            priority=priority,
            reason=result.because,
            rule=result.rule,
        )
    )
    for note in result.notes:
        print(note)
    if result.criterion:
        print(_("Criterion: %(text)s", text=policy.criterion(result.criterion).text))


def _graph(policy: Policy, options: argparse.Namespace) -> None:
    if options.output is None:
        # What the output can't show is written as XML has it.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(graph_svg(policy).encode(encoding, "xmlcharrefreplace").decode(encoding))
        return
    try:
        options.output.write_text(graph_svg(policy), "utf-8")
    except OSError as error:
        raise Mistake(
            _("%(file)s can't be written: %(reason)s.", file=options.output, reason=error.strerror)
        ) from error


def _texts(policy: Policy, options: argparse.Namespace) -> None:
    if options.language == policy.language:
        language = LANGUAGES[options.language]
        raise Mistake(_("The policy itself is in %(language)s; there is nothing to translate.", language=language))
    print(draft_of_texts(policy, options.language), end="")


def _facts(policy: Policy, options: argparse.Namespace) -> None:  # noqa: ARG001 - as all commands
    known = all_facts(policy)
    width = max(map(len, known))
    for name, words in known.items():
        print(f"{name:{width}}  {words}")


def _diff(options: argparse.Namespace) -> int:
    if options.old == options.new == "-":
        raise Mistake(_("Only one of both files can come from standard input."))
    language = current_language()
    old, new = (loads(sys.stdin.read(), "-") if name == "-" else load(name) for name in (options.old, options.new))
    # Texts of one language are compared with texts of the same.
    if not {language} <= set(old.languages) & set(new.languages):
        old, new = replace(old, translations={}), replace(new, translations={})
    sections = compare(old.translated(language), new.translated(language))
    print(in_markdown(sections) if options.markdown else in_text(sections), end="")
    return DIFFERENT if sections else 0


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with in_language(language_of_environment()):
        sys.exit(main())
