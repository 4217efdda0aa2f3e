"""From the policy file to a validated policy: every part is read, then the whole is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from supportpolicy import bounds
from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE
from supportpolicy.model import (
    Attachments,
    Calendar,
    Condition,
    CriteriaGroup,
    Criterion,
    FormLimits,
    Guests,
    HouseRule,
    MailRules,
    Option,
    Priority,
    Promise,
    Question,
    Rule,
)
from supportpolicy.policy import Policy, build
from supportpolicy.problems import PolicyError, Problem
from supportpolicy.promises import FORMS, read_promise
from supportpolicy.reading import Node, Reader, did_you_mean
from supportpolicy.reading_calendar import read_calendar
from supportpolicy.reading_forms import Known, read_forms
from supportpolicy.reading_mail import read_mail
from supportpolicy.reading_translation import language_problem, read_translation, translation_files
from supportpolicy.texts import Place
from supportpolicy.translation import gettext as _
from supportpolicy.validation import SourceMap, validate

MEGABYTE = 1_000_000
_KIND = re.compile(r"[a-z0-9]+(\.[a-z0-9]+)*")
# Stand in for what can't be read, so that the rest of the file is still checked.
_ANY_CALENDAR = Calendar(ZoneInfo("UTC"), (((540, 1020),),) * 7, frozenset(), 480)
_ANY_FORM = FormLimits(1, 1, 1, Attachments(0, 0, 0, ()))
_ID = "abcdefghijklmnopqrstuvwxyz0123456789-"


def load(path: str | Path) -> Policy:
    """The policy in this file with the texts beside it, validated. Raises PolicyError with every problem found."""
    file = Path(path)
    policy = loads(_read_text(file), str(path))
    translations: dict[str, Mapping[Place, str]] = {}
    problems: list[Problem] = []
    for code, beside in translation_files(file):
        reader = Reader(str(beside))
        if wrong := language_problem(code, policy.language):
            reader.problem(1, "", wrong)
        elif root := reader.compose(_read_text(beside)):
            translations[code] = read_translation(root, policy)
        problems += reader.problems
    if problems:
        raise PolicyError(tuple(problems))
    return replace(policy, translations=translations)


def _read_text(path: Path) -> str:
    """The text of a file. Raises PolicyError."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise PolicyError((Problem(str(path), 1, "", _("There is no such file.")),)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PolicyError((Problem(str(path), line, "", _("This line is not UTF-8 text.")),)) from None
    except OSError as error:
        raise PolicyError(
            (Problem(str(path), 1, "", _("The file can't be read: %(reason)s.", reason=error.strerror)),)
        ) from None


def loads(text: str, name: str = "support-policy.yml") -> Policy:
    """The policy in this text, validated; ``name`` stands in problems. Raises PolicyError with every problem found."""
    reader = Reader(name)
    root = reader.compose(text)
    if root is None:
        raise PolicyError(tuple(reader.problems))
    policy, source_map = _read(root)
    if policy is not None:
        validate(policy, source_map, reader)
    if policy is None or reader.problems:
        raise PolicyError(tuple(reader.problems))
    return policy


def _read(root: Node) -> tuple[Policy | None, SourceMap]:
    fields = root.fields(
        ("contact", "calendar", "priorities", "chooser", "form"), ("forms", "house_rules", "language", "mail")
    )
    language = _language(fields["language"]) if "language" in fields else SOURCE_LANGUAGE
    source_map = SourceMap()
    contact = fields["contact"].fields(("email",)) if "contact" in fields else {}
    email = contact["email"].text() if "email" in contact else None
    if email is not None and ("@" not in email or " " in email):
        contact["email"].problem(_('"%(email)s" is not an e-mail address.', email=email))
    calendar = read_calendar(fields["calendar"]) if "calendar" in fields else None
    form = _form(fields["form"]) if "form" in fields else None
    apart = len(root.reader.problems)
    priorities = _priorities(fields["priorities"], source_map) if "priorities" in fields else ()
    house_rules = _house_rules(fields["house_rules"], source_map) if "house_rules" in fields else ()
    chooser = fields["chooser"].fields(("questions", "decide")) if "chooser" in fields else {}
    questions = _questions(chooser["questions"], source_map) if "questions" in chooser else ()
    rules = _rules(chooser["decide"], source_map) if "decide" in chooser else ()
    undecided = len(root.reader.problems) > apart or not (priorities and questions and rules)
    mail = read_mail(fields["mail"], tuple(source_map.priorities)) if "mail" in fields else MailRules()
    known = Known(tuple(source_map.priorities), {one.id: [option.id for option in one.options] for one in questions})
    forms = read_forms(fields["forms"], known) if "forms" in fields else ()
    if undecided:
        return None, source_map
    # Where only the parts apart from the decision have problems, the decision is checked all the same.
    policy = build(
        email or "",
        calendar or _ANY_CALENDAR,
        priorities,
        house_rules,
        questions,
        rules,
        form or _ANY_FORM,
        mail,
        forms,
        language,
    )
    return policy, source_map


def _language(node: Node) -> str:
    """The language that the file's texts are in."""
    code = node.text() or SOURCE_LANGUAGE
    if code not in LANGUAGES:
        node.problem(did_you_mean(_('There is no language "%(code)s"', code=code), code, LANGUAGES))
        return SOURCE_LANGUAGE
    return code


def _id(node: Node, seen: dict[str, Node]) -> str | None:
    """An id that stands only once among its kind."""
    text = node.text()
    if text is None:
        return None
    if not set(text) <= set(_ID):
        node.problem(_('"%(text)s" can\'t be an id: use small letters, digits and hyphens.', text=text))
    elif len(text) > bounds.LONGEST_ID:
        node.problem(
            _(
                '"%(text)s..." is too long for an id: use at most %(most)s characters.',
                text=text[:20],
                most=bounds.LONGEST_ID,
            )
        )
    elif text in seen:
        node.problem(_('The id "%(text)s" stands twice; first in line %(line)s.', text=text, line=seen[text].line))
    seen.setdefault(text, node)
    return text


def _text(fields: Mapping[str, Node], name: str) -> str:
    return (fields[name].text() or "") if name in fields else ""


def _promise(fields: Mapping[str, Node], name: str) -> Promise:
    words = _text(fields, name)
    promise = read_promise(words)
    if promise is None:
        if words:
            fields[name].problem(
                _('"%(words)s" is no promise the clock can keep; write %(forms)s.', words=words, forms=FORMS)
            )
        return Promise(words, "best effort", 0)
    return promise


def _priorities(node: Node, source_map: SourceMap) -> tuple[Priority, ...]:
    found = []
    for rank, item in enumerate(node.items()):
        fields = item.fields(("id", "label", "response", "resolution", "criteria"))
        if not fields:
            continue
        priority_id = (_id(fields["id"], source_map.priorities) if "id" in fields else None) or f"?{rank}"
        groups = _criteria(fields["criteria"], source_map) if "criteria" in fields else ()
        response, resolution = _promise(fields, "response"), _promise(fields, "resolution")
        source_map.promises[priority_id] = (fields.get("response", item), fields.get("resolution", item))
        found.append(Priority(priority_id, _text(fields, "label"), rank, response, resolution, groups))
    if not found:
        node.problem(_("A policy needs at least one priority."))
    return tuple(found)


def _criteria(node: Node, source_map: SourceMap) -> tuple[CriteriaGroup, ...]:
    groups = []
    for item in node.items():
        fields = item.fields(("heading", "list"))
        criteria = []
        for entry in fields["list"].items() if "list" in fields else ():
            parts = entry.fields(("id", "text"))
            if "id" in parts and "text" in parts:
                criterion_id = _id(parts["id"], source_map.criteria)
                text = parts["text"].text()
                if criterion_id and text:
                    criteria.append(Criterion(criterion_id, text))
        groups.append(CriteriaGroup(_text(fields, "heading"), tuple(criteria)))
    return tuple(groups)


def _house_rules(node: Node, source_map: SourceMap) -> tuple[HouseRule, ...]:
    found = []
    for item in node.items():
        fields = item.fields(("id", "text"))
        rule_id, text = _text(fields, "id"), _text(fields, "text")
        if rule_id in source_map.house_rules:
            item.problem(
                _(
                    'The id "%(text)s" stands twice; first in line %(line)s.',
                    text=rule_id,
                    line=source_map.house_rules[rule_id].line,
                )
            )
        source_map.house_rules.setdefault(rule_id, item)
        found.append(HouseRule(rule_id, text))
    return tuple(found)


def _questions(node: Node, source_map: SourceMap) -> tuple[Question, ...]:
    found = []
    for item in node.items():
        fields = item.fields(("id", "title", "options"), ("hint", "when"))
        question_id = _id(fields["id"], source_map.questions) if "id" in fields else None
        if question_id is None or "options" not in fields:
            continue
        options = _options(fields["options"], question_id, source_map)
        when = _when(fields["when"], source_map) if "when" in fields else ()
        found.append(Question(question_id, _text(fields, "title"), _text(fields, "hint"), when, options))
    if not found:
        node.problem(_("The chooser needs at least one question."))
    return tuple(found)


def _options(node: Node, question_id: str, source_map: SourceMap) -> tuple[Option, ...]:
    ids: dict[str, Node] = {}
    found = []
    for item in node.items():
        fields = item.fields(("id", "label"), ("hint", "means", "says", "phrase"))
        option_id = _id(fields["id"], ids) if "id" in fields else None
        if option_id is None:
            continue
        source_map.options[question_id, option_id] = fields["id"]
        means = _means(fields["means"], source_map) if "means" in fields else {}
        found.append(
            Option(
                option_id,
                _text(fields, "label"),
                _text(fields, "hint"),
                means,
                _text(fields, "says"),
                _text(fields, "phrase"),
            )
        )
    if len(found) < 2:
        node.problem(_('The question "%(question)s" needs at least two options.', question=question_id))
    return tuple(found)


def _named_options(node: Node, source_map: SourceMap) -> dict[str, tuple[str, ...]]:
    """A mapping of questions to one or more of their options; each is looked up by the validation."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in node.entries().items():
        chosen = []
        for part in value.one_or_more():
            option = part.text()
            if option is not None:
                source_map.mentions.append((name, option, part))
                chosen.append(option)
        found[name] = tuple(chosen)
    if not found:
        node.problem(_('"%(key)s" needs at least one question.', key=node.key))
    return found


def _means(node: Node, source_map: SourceMap) -> dict[str, tuple[str, ...]]:
    return _named_options(node, source_map)


def _when(node: Node, source_map: SourceMap) -> tuple[Condition, ...]:
    return tuple(
        {name: frozenset(options) for name, options in _named_options(part, source_map).items()}
        for part in node.one_or_more()
    )


def _rules(node: Node, source_map: SourceMap) -> tuple[Rule, ...]:
    found = []
    for item in node.items():
        fields = item.fields(("rule", "when", "priority", "because"), ("criterion", "house_rules"))
        rule_id = _id(fields["rule"], source_map.rules) if "rule" in fields else None
        if rule_id is None or "when" not in fields:
            continue
        cited = (
            tuple(part.text() or "" for part in fields["house_rules"].one_or_more()) if "house_rules" in fields else ()
        )
        source_map.rule_fields[rule_id] = fields
        when = _when(fields["when"], source_map)
        found.append(
            Rule(
                rule_id,
                when,
                _text(fields, "priority"),
                _text(fields, "criterion"),
                cited,
                _text(fields, "because"),
            )
        )
    if not found:
        node.problem(_("The decision table needs at least one rule."))
    return tuple(found)


def _form(node: Node) -> FormLimits | None:
    fields = node.fields(("subject_length", "url_length", "description_length", "attachments"), ("guests",))
    lengths = [
        fields[name].number(1, most) if name in fields else None
        for name, most in (
            ("subject_length", bounds.LONGEST_SUBJECT),
            ("url_length", bounds.LONGEST_URL),
            ("description_length", bounds.LONGEST_DESCRIPTION),
        )
    ]
    attachments = _attachments(fields["attachments"]) if "attachments" in fields else None
    if attachments is None or lengths[0] is None or lengths[1] is None or lengths[2] is None:
        return None
    guests = _guests(fields["guests"]) if "guests" in fields else "confirm"
    return FormLimits(lengths[0], lengths[1], lengths[2], attachments, guests)


def _guests(node: Node) -> Guests:
    """What becomes of a ticket from an address that nobody knows."""
    chosen = node.text()
    if chosen == "refuse":
        return "refuse"
    if chosen is not None and chosen != "confirm":
        node.problem(
            did_you_mean(_('"%(typed)s" is neither "confirm" nor "refuse"', typed=chosen), chosen, get_args(Guests))
        )
    return "confirm"


def _kind(item: Node) -> str:
    kind = item.text()
    if kind is None:
        return ""
    plain = kind.strip().lstrip(".").casefold()
    if kind != plain:
        item.problem(_('Write "%(plain)s": small letters, without the dot before it.', plain=plain))
    elif not _KIND.fullmatch(kind) or len(kind) > bounds.LONGEST_KIND:
        item.problem(_('"%(kind)s" is no ending of a file\'s name, like "log" or "tar.gz".', kind=kind))
    elif kind.rpartition(".")[2] in bounds.PROGRAMS:
        item.problem(_('Leave "%(kind)s" out: such files are programs, so they are never taken.', kind=kind))
    elif kind.rpartition(".")[2] in bounds.RUN_BY_BROWSERS:
        item.problem(_('Leave "%(kind)s" out: browsers run script in such files, so they are never taken.', kind=kind))
    elif bounds.NOT_RECOGNISED & {kind, kind.rpartition(".")[2]}:
        item.problem(
            _(
                'Leave "%(kind)s" out: the desk can\'t tell such files by their content, so they are never '
                "taken. People can send them in a zip.",
                kind=kind,
            )
        )
    elif "." in kind and kind != "tar.gz" and kind.rpartition(".")[2] in bounds.RECOGNISED:
        last = kind.rpartition(".")[2]
        item.problem(
            _(
                'Write "%(last)s" instead of "%(kind)s": files are told by their last ending, so none is ever taken.',
                last=last,
                kind=kind,
            )
        )
    return kind


def _attachments(node: Node) -> Attachments | None:
    fields = node.fields(("count", "size_mb", "total_mb", "kinds"))
    count = fields["count"].number(0, bounds.MOST_FILES) if "count" in fields else None
    size = fields["size_mb"].number(1, bounds.MOST_MEGABYTES) if "size_mb" in fields else None
    total = fields["total_mb"].number(1, bounds.MOST_MEGABYTES) if "total_mb" in fields else None
    kinds = [_kind(item) for item in fields["kinds"].items()] if "kinds" in fields else []
    if count is None or size is None or total is None:
        return None
    if total < size:
        fields["total_mb"].problem(_("All files together must be allowed at least the size of one."))
    return Attachments(count, size * MEGABYTE, total * MEGABYTE, tuple(kinds))
