"""The policy's forms for more than one purpose: each is read and checked, with the line of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, get_args

from supportpolicy import bounds
from supportpolicy.model import Choice, FieldKind, FormDefinition, FormField, FormPart, Registration
from supportpolicy.reading import Node, did_you_mean
from supportpolicy.translation import gettext as _

TODAY = "today"
_FORM_ID = re.compile(r"[a-z][a-z0-9-]*")
_FIELD_ID = re.compile(r"[a-z][a-z0-9_]*")
_KINDS: tuple[FieldKind, ...] = get_args(FieldKind)
_PARTS: tuple[FormPart, ...] = get_args(FormPart)
_BOUNDED = frozenset({"date", "number"})


class Known(NamedTuple):
    """What the rest of the file has: the priorities' ids, and the options of each question."""

    priorities: tuple[str, ...]
    questions: Mapping[str, Sequence[str]]


def read_forms(node: Node, known: Known) -> tuple[FormDefinition, ...]:
    """The forms of the file; what is wrong with one is a problem of it."""
    ids: dict[str, Node] = {}
    found = [form for item in node.items() if (form := _form(item, known, ids)) is not None]
    if len(found) > bounds.MOST_FORMS:
        node.problem(_("A policy can have %(most)s forms at the most.", most=bounds.MOST_FORMS))
    return tuple(found)


def _form(item: Node, known: Known, ids: dict[str, Node]) -> FormDefinition | None:
    nodes = item.fields(("id", "title"), ("subject", "priority", "without", "fields", "registers"))
    form_id = _id(nodes["id"], ids, _FORM_ID, _("small letters, digits and hyphens")) if "id" in nodes else None
    if form_id is None:
        return None
    priority = _text(nodes, "priority")
    if priority and known.priorities and priority not in known.priorities:
        sentence = _('There is no priority "%(priority)s"', priority=priority)
        nodes["priority"].problem(did_you_mean(sentence, priority, known.priorities))
    fields = _fields(nodes["fields"], known, has_chooser=not priority) if "fields" in nodes else ()
    registers = _registers(nodes["registers"], known, fields) if "registers" in nodes else None
    without = _without(nodes["without"]) if "without" in nodes else ()
    return FormDefinition(form_id, _text(nodes, "title"), _text(nodes, "subject"), priority, without, fields, registers)


def _text(nodes: Mapping[str, Node], name: str) -> str:
    return (nodes[name].text() or "") if name in nodes else ""


def _id(node: Node, ids: dict[str, Node], shape: re.Pattern[str], of: str) -> str | None:
    """An id that stands only once among its kind."""
    text = node.text()
    if text is None:
        return None
    if not shape.fullmatch(text) or len(text) > bounds.LONGEST_ID:
        node.problem(
            _(
                '"%(text)s" can\'t be an id here: use %(of)s, a letter first, at most %(most)s of them.',
                text=text[:80],
                of=of,
                most=bounds.LONGEST_ID,
            )
        )
    elif text in ids:
        node.problem(_('The id "%(text)s" stands twice; first in line %(line)s.', text=text, line=ids[text].line))
        return None
    ids.setdefault(text, node)
    return text


def _without(node: Node) -> tuple[FormPart, ...]:
    """The parts that a form leaves out, in the order of the form."""
    left_out = set()
    for part in node.one_or_more():
        name = part.text()
        if name is not None and name not in _PARTS:
            part.problem(did_you_mean(_('A form has no part "%(name)s" to leave out', name=name), name, _PARTS))
        left_out.add(name)
    return tuple(part for part in _PARTS if part in left_out)


def _fields(node: Node, known: Known, *, has_chooser: bool) -> tuple[FormField, ...]:
    ids: dict[str, Node] = {}
    read = [one for item in node.items() if (one := _field(item, ids, known)) is not None]
    if len(read) > bounds.MOST_FIELDS:
        node.problem(_("A form can have %(most)s fields of its own at the most.", most=bounds.MOST_FIELDS))
    all_ids = [field.id for field, _condition in read]
    found: list[FormField] = []
    for field, condition in read:
        if condition is None:
            found.append(field)
        else:
            found.append(_Conditions(field.id, found, all_ids, known, has_chooser).of(condition, field))
    return tuple(found)


def _field(item: Node, ids: dict[str, Node], known: Known) -> tuple[FormField, Node | None] | None:
    """A field without its conditions, and where these stand."""
    nodes = item.fields(("id", "kind", "label"), ("hint", "required", "min", "max", "choices", "shown_when"))
    shape = _("small letters, digits and underscores")
    field_id = _id(nodes["id"], ids, _FIELD_ID, shape) if "id" in nodes else None
    if field_id is None:
        return None
    if field_id in bounds.TAKEN_NAMES:
        nodes["id"].problem(_('Every form has a "%(name)s" of its own; give this field another id.', name=field_id))
    elif field_id in known.questions:
        nodes["id"].problem(
            _('The chooser has a question "%(name)s"; give this field another id, to tell them apart.', name=field_id)
        )
    kind = _kind(nodes["kind"]) if "kind" in nodes else None
    if kind is None:
        return None
    least, most = _limits(nodes, kind)
    field = FormField(
        field_id,
        kind,
        _text(nodes, "label"),
        _text(nodes, "hint"),
        _required(nodes["required"]) if "required" in nodes else True,
        least,
        most,
        _choices(item, nodes, kind),
    )
    return field, nodes.get("shown_when")


def _kind(node: Node) -> FieldKind | None:
    typed = node.text()
    for kind in _KINDS:
        if typed == kind:
            return kind
    if typed is not None:
        node.problem(did_you_mean(_('There is no kind of field "%(kind)s"', kind=typed), typed, _KINDS))
    return None


def _required(node: Node) -> bool:
    typed = node.text()
    if typed not in (None, "true", "false"):
        node.problem(_('Write "true" or "false", not "%(typed)s".', typed=typed))
    return typed != "false"


def _choices(item: Node, nodes: Mapping[str, Node], kind: FieldKind) -> tuple[Choice, ...]:
    if kind != "choice":
        if "choices" in nodes:
            nodes["choices"].problem(
                _('Only a field of the kind "choice" has choices; this one is of the kind "%(kind)s".', kind=kind)
            )
        return ()
    ids: dict[str, Node] = {}
    found = []
    for entry in nodes["choices"].items() if "choices" in nodes else ():
        parts = entry.fields(("id", "label"), ("hint",))
        choice_id = _id(parts["id"], ids, _FORM_ID, _("small letters, digits and hyphens")) if "id" in parts else None
        if choice_id is not None:
            found.append(Choice(choice_id, _text(parts, "label"), _text(parts, "hint")))
    if len(found) < 2:
        nodes.get("choices", item).problem(_('A field of the kind "choice" needs at least two "choices".'))
    return tuple(found)


def _limits(nodes: Mapping[str, Node], kind: FieldKind) -> tuple[str, str]:
    """The least and the most that a field takes, each as the file says it."""
    if kind == "choice" or (kind not in _BOUNDED and "min" in nodes):
        for name in ("min", "max"):
            if name in nodes and (name == "min" or kind == "choice"):
                nodes[name].problem(
                    _('A field of the kind "%(kind)s" has no "%(name)s"; leave it out.', kind=kind, name=name)
                )
        if kind == "choice":
            return "", ""
    if kind not in _BOUNDED:
        longest = bounds.LONGEST_DESCRIPTION if kind == "long-text" else bounds.LONGEST_FIELD_TEXT
        return "", str((nodes["max"].number(1, longest) if "max" in nodes else None) or min(longest, 10_000))
    values = {name: _bound(nodes[name], kind) for name in ("min", "max") if name in nodes}
    least, most = values.get("min", ""), values.get("max", "")
    if least and most and TODAY not in (least, most) and _of_kind(kind, least) > _of_kind(kind, most):
        nodes["min"].problem(_('"min" is %(least)s, but "max" is %(most)s: nothing fits both.', least=least, most=most))
    return least, most


def _bound(node: Node, kind: FieldKind) -> str:
    typed = node.text()
    if typed is None:
        return ""
    if kind == "date" and typed == TODAY:
        return typed
    try:
        _of_kind(kind, typed)
    except (ValueError, InvalidOperation):
        if kind == "date":
            node.problem(_('"%(typed)s" is no date; write "2026-12-24" or "today".', typed=typed))
        else:
            node.problem(_('"%(typed)s" is no number.', typed=typed))
        return ""
    return typed


def _of_kind(kind: FieldKind, text: str) -> Decimal:
    """A bound as something that compares. Raises ValueError, InvalidOperation."""
    value = Decimal(date.fromisoformat(text).toordinal()) if kind == "date" else Decimal(text)
    if not value.is_finite():
        raise ValueError(text)
    return value


class _Conditions(NamedTuple):
    """What the conditions of one field may name: fields before it, and the chooser's questions."""

    field_id: str
    before: Sequence[FormField]
    all_ids: Sequence[str]
    known: Known
    has_chooser: bool

    def of(self, node: Node, field: FormField) -> FormField:
        """The field with the conditions that stand here."""
        found = []
        for name, value in node.entries().items():
            options = self._options(name, value)
            chosen = [text for part in value.one_or_more() if (text := self._value(part, name, options))]
            found.append((name, tuple(chosen)))
        if not found:
            node.problem(_('"%(key)s" needs at least one field with an answer.', key=node.key))
        return replace(field, shown_when=tuple(found))

    def _options(self, name: str, node: Node) -> Sequence[str] | None:
        """The answers that a field or a question has; None where there is a problem with it."""
        field = next((one for one in self.before if one.id == name), None)
        if field is not None:
            if field.kind != "choice":
                node.problem(
                    _('A condition needs a field of the kind "choice"; "%(name)s" is of the kind "%(kind)s".',
                      name=name, kind=field.kind)
                )  # fmt: skip
                return None
            return [choice.id for choice in field.choices]
        if name == self.field_id:
            node.problem(_('The field "%(name)s" can\'t depend on itself.', name=name))
        elif name in self.all_ids:
            node.problem(
                _('The field "%(name)s" comes later in the form; put it before "%(field)s".',
                  name=name, field=self.field_id)
            )  # fmt: skip
        elif name in self.known.questions:
            if self.has_chooser:
                return self.known.questions[name]
            node.problem(_('This form has a priority of its own, so nobody is asked "%(name)s" in it.', name=name))
        else:
            sentence = _('There is no field or question "%(name)s"', name=name)
            questions = self.known.questions if self.has_chooser else ()
            node.problem(did_you_mean(sentence, name, [*(one.id for one in self.before), *questions]))
        return None

    @staticmethod
    def _value(part: Node, name: str, options: Sequence[str] | None) -> str:
        text = part.text() or ""
        if text and options is not None and text not in options:
            sentence = _('"%(name)s" has no answer "%(option)s"', name=name, option=text)
            part.problem(did_you_mean(sentence, text, options))
        return text


def _registers(node: Node, known: Known, fields: Sequence[FormField]) -> Registration | None:
    nodes = node.fields(("date", "answer", "days"))
    if len(nodes) < 3:
        return None
    day = _text(nodes, "date")
    field = next((one for one in fields if one.id == day), None)
    if field is None:
        dates = [one.id for one in fields if one.kind == "date"]
        nodes["date"].problem(did_you_mean(_('There is no field "%(name)s"', name=day), day, dates))
    elif field.kind != "date" or not field.required or field.shown_when:
        nodes["date"].problem(
            _('"%(name)s" must be a field of the kind "date" that is required and always asked.', name=day)
        )
    answer = nodes["answer"].entries()
    if len(answer) != 1:
        nodes["answer"].problem(_("Name one question of the chooser and its answer, as in {claim: launch}."))
        return None
    (question, value), *_others = answer.items()
    option = value.text() or ""
    if known.questions and question not in known.questions:
        sentence = _('There is no question "%(question)s"', question=question)
        value.problem(did_you_mean(sentence, question, known.questions))
    elif known.questions and option not in known.questions[question]:
        sentence = _('The question "%(question)s" has no option "%(option)s"', question=question, option=option)
        value.problem(did_you_mean(sentence, option, known.questions[question]))
    days = nodes["days"].number(0, bounds.MOST_DAYS_BEFORE)
    return Registration(day, question, option, days) if days is not None else None
