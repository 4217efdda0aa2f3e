"""One text for one policy: comments, layout and defaults that a file leaves out make no difference.

The order of priorities, questions, options and rules means something and is kept.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from supportpolicy.languages import SOURCE_LANGUAGE
from supportpolicy.model import (
    Attachments,
    Calendar,
    Choice,
    Condition,
    CriteriaGroup,
    Criterion,
    FormDefinition,
    FormField,
    FormLimits,
    HouseRule,
    MailRules,
    Option,
    Period,
    Priority,
    Promise,
    Question,
    Registration,
    Rule,
)

Parts = tuple[
    str,
    Calendar,
    tuple[Priority, ...],
    tuple[HouseRule, ...],
    tuple[Question, ...],
    tuple[Rule, ...],
    FormLimits,
    MailRules,
    tuple[FormDefinition, ...],
]


def write(
    contact_email: str,
    calendar: Calendar,
    priorities: tuple[Priority, ...],
    house_rules: tuple[HouseRule, ...],
    questions: tuple[Question, ...],
    rules: tuple[Rule, ...],
    form: FormLimits,
    mail: MailRules,
    forms: tuple[FormDefinition, ...],
    language: str,
) -> str:
    """The canonical JSON of a policy's parts."""
    content: dict[str, Any] = {
        "contact": contact_email,
        "calendar": {
            "zone": calendar.zone.key,
            "hours": calendar.hours,
            "holidays": sorted(day.isoformat() for day in calendar.holidays),
            "day_minutes": calendar.day_minutes,
        },
        "priorities": [_priority(priority) for priority in priorities],
        "house_rules": [[rule.id, rule.text] for rule in house_rules],
        "questions": [_question(question) for question in questions],
        "rules": [
            [rule.id, _conditions(rule.when), rule.priority, rule.criterion, rule.house_rules, rule.because]
            for rule in rules
        ],
        "form": [
            form.subject_length,
            form.url_length,
            form.description_length,
            [form.attachments.count, form.attachments.size, form.attachments.total, form.attachments.kinds],
        ],
    }
    # Left out where it is the one that all policies had before there was a choice: their versions stay.
    if language != SOURCE_LANGUAGE:
        content["language"] = language
    if form.guests != "confirm":
        content["guests"] = form.guests
    if mail != MailRules():
        period = mail.reopen_within
        content["mail"] = [mail.new_tickets, mail.unstated_priority, [period.days, period.business] if period else None]
    if forms:
        content["forms"] = [_form(one) for one in forms]
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read(content: Any) -> Parts:  # noqa: ANN401 - decoded JSON
    """The parts that ``write`` wrote."""
    calendar = content["calendar"]
    subject, url, description, (count, size, total, kinds) = content["form"]
    return (
        content["contact"],
        Calendar(
            ZoneInfo(calendar["zone"]),
            tuple(tuple((start, end) for start, end in day) for day in calendar["hours"]),
            frozenset(date.fromisoformat(day) for day in calendar["holidays"]),
            calendar["day_minutes"],
        ),
        tuple(_read_priority(rank, priority) for rank, priority in enumerate(content["priorities"])),
        tuple(HouseRule(*rule) for rule in content["house_rules"]),
        tuple(_read_question(question) for question in content["questions"]),
        tuple(
            Rule(rule_id, _read_conditions(when), priority, criterion, tuple(cited), because)
            for rule_id, when, priority, criterion, cited, because in content["rules"]
        ),
        FormLimits(
            subject, url, description, Attachments(count, size, total, tuple(kinds)), content.get("guests", "confirm")
        ),
        _read_mail(content.get("mail")),
        tuple(_read_form(one) for one in content.get("forms", ())),
    )


def _form(form: FormDefinition) -> dict[str, Any]:
    registers = form.registers
    return {
        "id": form.id,
        "title": form.title,
        "subject": form.subject,
        "priority": form.priority,
        "without": form.without,
        "fields": [
            {
                "id": field.id,
                "kind": field.kind,
                "label": field.label,
                "hint": field.hint,
                "required": field.required,
                "least": field.least,
                "most": field.most,
                "choices": [[choice.id, choice.label, choice.hint] for choice in field.choices],
                "shown_when": field.shown_when,
            }
            for field in form.fields
        ],
        "registers": registers and [registers.date, registers.question, registers.option, registers.days],
    }


def _read_form(content: dict[str, Any]) -> FormDefinition:
    fields = tuple(
        FormField(
            **{
                **field,
                "choices": tuple(Choice(*choice) for choice in field["choices"]),
                "shown_when": tuple((name, tuple(values)) for name, values in field["shown_when"]),
            }
        )
        for field in content["fields"]
    )
    registers = Registration(*content["registers"]) if content["registers"] else None
    return FormDefinition(**{**content, "without": tuple(content["without"]), "fields": fields, "registers": registers})


def _read_mail(content: list[Any] | None) -> MailRules:
    if content is None:
        return MailRules()
    new_tickets, unstated, period = content
    return MailRules(new_tickets, unstated, Period(*period) if period else None)


def _priority(priority: Priority) -> dict[str, Any]:
    return {
        "id": priority.id,
        "label": priority.label,
        "response": [priority.response.words, priority.response.kind, priority.response.amount],
        "resolution": [priority.resolution.words, priority.resolution.kind, priority.resolution.amount],
        "criteria": [
            [group.heading, [[criterion.id, criterion.text] for criterion in group.criteria]]
            for group in priority.criteria
        ],
    }


def _read_priority(rank: int, content: dict[str, Any]) -> Priority:
    groups = tuple(
        CriteriaGroup(heading, tuple(Criterion(*criterion) for criterion in criteria))
        for heading, criteria in content["criteria"]
    )
    response, resolution = Promise(*content["response"]), Promise(*content["resolution"])
    return Priority(content["id"], content["label"], rank, response, resolution, groups)


def _question(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "title": question.title,
        "hint": question.hint,
        "when": _conditions(question.when),
        "options": [
            [option.id, option.label, option.hint, dict(option.means), option.says, option.phrase]
            for option in question.options
        ],
    }


def _read_question(content: dict[str, Any]) -> Question:
    options = tuple(
        Option(option_id, label, hint, {name: tuple(values) for name, values in means.items()}, says, phrase)
        for option_id, label, hint, means, says, phrase in content["options"]
    )
    return Question(content["id"], content["title"], content["hint"], _read_conditions(content["when"]), options)


def _conditions(when: tuple[Condition, ...]) -> list[dict[str, list[str]]]:
    return [{name: sorted(options) for name, options in condition.items()} for condition in when]


def _read_conditions(content: list[dict[str, list[str]]]) -> tuple[Condition, ...]:
    return tuple({name: frozenset(options) for name, options in condition.items()} for condition in content)
