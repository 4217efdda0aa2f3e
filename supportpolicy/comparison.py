"""What a change of the policy does, in sentences: to promises, hours, questions, recommendations, words and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.lists import format_list

from supportpolicy.facts import all_facts
from supportpolicy.languages import locale
from supportpolicy.model import Criterion, Priority, Promise, Question
from supportpolicy.policy import Policy
from supportpolicy.promises import may_be_slower
from supportpolicy.recommendation_changes import recommendation_changes
from supportpolicy.texts import texts_of
from supportpolicy.translation import gettext as _
from supportpolicy.translation import ngettext

MOST_DATES = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a change does, in a sentence; ``details`` are what it says more exactly."""

    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Changes of one kind under a title."""

    title: str
    changes: tuple[Change, ...]


def compare(old: Policy, new: Policy) -> tuple[Section, ...]:
    """What changes from the old policy to the new one, in the present language; nothing where both say the same."""
    parts: Sequence[tuple[str, Callable[[Policy, Policy], Iterator[Change]]]] = (
        (_("Promises"), promise_changes),
        (_("When support is open"), _hours),
        (_("Criteria and rules"), _criteria),
        (_("Questions"), _questions),
        (_("Recommendations"), _recommendations),
        (_("Words"), _words),
        (_("The form and the address"), _form),
        (_("What becomes of mail"), _mail),
    )
    sections = tuple(Section(title, found) for title, changes in parts if (found := tuple(changes(old, new))))
    if not sections and old.version != new.version:
        sentence = _(
            "The policy is written another way, and each combination of answers leads to the same priority as before."
        )
        return (Section(_("Recommendations"), (Change(sentence),)),)
    return sections


def changes_for_readers(old: Policy, new: Policy) -> Iterator[Change]:
    """What changes for whoever reads the guide: promises, hours and criteria, and no rule's inside."""
    yield from promise_changes(old, new)
    yield from _hours(old, new)
    yield from _criteria(old, new)


def promise_changes(old: Policy, new: Policy) -> Iterator[Change]:
    """What is promised anew, no longer, or in another time."""
    before, after = ({one.id: one for one in policy.priorities} for policy in (old, new))
    for priority in new.priorities:
        if priority.id in before:
            yield from _promises(before[priority.id], priority, old.calendar.day_minutes, new.calendar.day_minutes)
        else:
            sentence = _(
                'A new priority, "%(priority)s": response "%(response)s", resolution "%(resolution)s".',
                priority=priority.label,
                response=priority.response.words,
                resolution=priority.resolution.words,
            )
            yield Change(sentence)
    for priority in old.priorities:
        if priority.id not in after:
            yield Change(_('The priority "%(priority)s" is gone.', priority=priority.label))
    if [one for one in before if one in after] != [one for one in after if one in before]:
        names = ", ".join(priority.label for priority in new.priorities)
        yield Change(_("The priorities are in another order: %(priorities)s.", priorities=names))


def _promises(before: Priority, after: Priority, old_day: int, new_day: int) -> Iterator[Change]:
    for name, old, new in (
        (_("response"), before.response, after.response),
        (_("resolution"), before.resolution, after.resolution),
    ):
        if old.words != new.words or (old.kind, old.amount) != (new.kind, new.amount):
            sentence = _(
                '%(priority)s: the %(target)s changes from "%(old)s" to "%(new)s"%(what)s.',
                priority=after.label,
                target=name,
                old=old.words,
                new=new.words,
                what=_pace(old, new, old_day, new_day),
            )
            yield Change(sentence)


def _pace(old: Promise, new: Promise, old_day: int, new_day: int) -> str:
    """What a customer may meet: an appended clause; empty where both promise the same time."""
    if (old.kind, old.amount) == (new.kind, new.amount):
        return ""
    if may_be_slower(new, old, max(old_day, new_day)):
        return _(", which can be later than before")
    return _(", which is never later than before")


def _hours(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = all_facts(old), all_facts(new)
    for name, about in (("calendar.hours", _("opening hours")), ("calendar.timezone", _("time zone"))):
        if before[name] != after[name]:
            yield _becomes(about, before[name], after[name])
    if old.calendar.day_minutes != new.calendar.day_minutes:
        was, becomes = (f"{policy.calendar.day_minutes / 60:g}" for policy in (old, new))
        yield _becomes(_("open hours in a business day"), was, becomes)
    added, gone = (sorted(one - other) for one, other in _both_ways(old.calendar.holidays, new.calendar.holidays))
    if added:
        sentence = ngettext(
            "%(count)s holiday more: %(dates)s.", "%(count)s holidays more: %(dates)s.", len(added), dates=_dates(added)
        )
        yield Change(sentence)
    if gone:
        sentence = ngettext(
            "%(count)s holiday less: %(dates)s.", "%(count)s holidays less: %(dates)s.", len(gone), dates=_dates(gone)
        )
        yield Change(sentence)


def _both_ways(old: frozenset[date], new: frozenset[date]) -> tuple[tuple[frozenset[date], frozenset[date]], ...]:
    return (new, old), (old, new)


def _dates(days: Sequence[date]) -> str:
    shown = [format_date(day, "d MMM y", locale=locale()) for day in days[:MOST_DATES]]
    return ", ".join([*shown, *(["…"] if len(days) > MOST_DATES else [])])


def _criteria(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = _criteria_of(old), _criteria_of(new)
    for one, (label, criterion) in after.items():
        if one not in before:
            yield Change(_('%(priority)s has a new criterion: "%(text)s"', priority=label, text=criterion.text))
        elif new.priority(_priority_of(new, one)).id != _priority_of(old, one):
            yield Change(
                _(
                    'The criterion "%(text)s" moves from %(old)s to %(new)s.',
                    text=criterion.text,
                    old=before[one][0],
                    new=label,
                )
            )
    for one, (label, criterion) in before.items():
        if one not in after:
            yield Change(_('%(priority)s loses a criterion: "%(text)s"', priority=label, text=criterion.text))
    rules_before, rules_after = ({rule.id: rule.text for rule in policy.house_rules} for policy in (old, new))
    for one, text in rules_after.items():
        if one not in rules_before:
            yield Change(_('A new rule for close cases: "%(text)s"', text=text))
    for one, text in rules_before.items():
        if one not in rules_after:
            yield Change(_('A rule for close cases is gone: "%(text)s"', text=text))


def _criteria_of(policy: Policy) -> dict[str, tuple[str, Criterion]]:
    return {
        criterion.id: (priority.label, criterion)
        for priority in policy.priorities
        for group in priority.criteria
        for criterion in group.criteria
    }


def _priority_of(policy: Policy, criterion: str) -> str:
    return next(
        priority.id
        for priority in policy.priorities
        if any(one.id == criterion for group in priority.criteria for one in group.criteria)
    )


def _questions(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = ({one.id: one for one in policy.questions} for policy in (old, new))
    for one, question in after.items():
        if one in before:
            yield from _question(before[one], question)
        else:
            yield Change(_('A new question: "%(question)s"', question=question.title))
    for one, question in before.items():
        if one not in after:
            yield Change(_('The question "%(question)s" is gone.', question=question.title))
    if [one for one in before if one in after] != [one for one in after if one in before]:
        yield Change(_("The questions come in another order."))


def _question(before: Question, after: Question) -> Iterator[Change]:
    names = {"question": after.title}
    had, has = ({one.id: one for one in question.options} for question in (before, after))
    for option in after.options:
        if option.id not in had:
            yield Change(_('"%(question)s" has a new answer: "%(answer)s"', answer=option.label, **names))
        elif option.means != had[option.id].means:
            yield Change(_('"%(question)s": "%(answer)s" counts as another answer.', answer=option.label, **names))
    for option in before.options:
        if option.id not in has:
            yield Change(_('"%(question)s" loses the answer "%(answer)s"', answer=option.label, **names))
    if before.when != after.when:
        yield Change(_('"%(question)s" is asked in other cases than before.', **names))


def _recommendations(old: Policy, new: Policy) -> Iterator[Change]:
    for sentence, details in recommendation_changes(old, new):
        yield Change(sentence, tuple(details))


def _words(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = texts_of(old), texts_of(new)
    for place, text in after.items():
        if place in before and before[place] != text:
            yield _becomes(".".join(place), before[place], text)


def _form(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = all_facts(old), all_facts(new)
    yield from _facts(before, after, (name for name in after if name.startswith(("form.limits.", "contact."))))
    had, has = old.form.attachments.kinds, new.form.attachments.kinds
    if added := [kind for kind in has if kind not in had]:
        yield Change(_("Files of these kinds are taken now: %(kinds)s.", kinds=_list(added)))
    if gone := [kind for kind in had if kind not in has]:
        yield Change(_("Files of these kinds are no longer taken: %(kinds)s.", kinds=_list(gone)))
    if old.form.guests != new.form.guests:
        yield _becomes("form.guests", old.form.guests, new.form.guests)
    had_forms, has_forms = ({one.id: one for one in policy.forms} for policy in (old, new))
    for form_id, form in has_forms.items():
        if form_id not in had_forms:
            yield Change(_('There is a new form: "%(title)s".', title=form.title))
        elif form != had_forms[form_id]:
            yield Change(_('The form "%(title)s" asks other things than before.', title=form.title))
    for form_id, form in had_forms.items():
        if form_id not in has_forms:
            yield Change(_('There is no longer a form "%(title)s".', title=form.title))


def _mail(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = _mail_rules(old), _mail_rules(new)
    yield from _facts(before, after, after)


def _mail_rules(policy: Policy) -> dict[str, str]:
    """Each rule of mail as the file writes it, and the words for one that isn't there."""
    rules, within = policy.mail, policy.mail.reopen_within
    days = _("without a limit") if within is None else f"{within.days} {'business days' if within.business else 'days'}"
    return {
        "mail.new_tickets": rules.new_tickets,
        "mail.unstated_priority": rules.unstated_priority or _("none"),
        "mail.reopen_within": days,
    }


def _facts(before: Mapping[str, str], after: Mapping[str, str], names: Iterable[str]) -> Iterator[Change]:
    for name in names:
        if before[name] != after[name]:
            yield _becomes(name, before[name], after[name])


def _becomes(about: str, old: str, new: str) -> Change:
    return Change(_('%(about)s: "%(old)s" becomes "%(new)s".', about=about, old=old, new=new))


def _list(words: Sequence[str]) -> str:
    return str(format_list(list(words), style="standard", locale=locale()))


def in_text(sections: Sequence[Section]) -> str:
    """The changes as lines for a terminal."""
    if not sections:
        return _("Nothing changes for anybody.") + "\n"
    parts = []
    for section in sections:
        rows = [line for change in section.changes for line in (f"- {change.sentence}", *_indented(change.details))]
        parts.append("\n".join([section.title, *rows]))
    return "\n\n".join(parts) + "\n"


def in_markdown(sections: Sequence[Section]) -> str:
    """The changes as Markdown for a merge request."""
    if not sections:
        return _("Nothing changes for anybody.") + "\n"
    parts = []
    for section in sections:
        rows = [
            line
            for change in section.changes
            for line in (f"- {escaped(change.sentence)}", *_indented(map(escaped, change.details)))
        ]
        parts.append("\n".join([f"### {section.title}", "", *rows]))
    return "\n\n".join(parts) + "\n"


def _indented(details: Iterable[str]) -> list[str]:
    return [f"    - {one}" for one in details]


def escaped(text: str) -> str:
    """Words that Markdown shows as they are."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|~" else sign for sign in " ".join(text.split()))
