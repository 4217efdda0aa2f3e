"""The ticket form: one set of fields, limits and sentences for the guide's page and the desk's own.

It checks shape only. Whether a person may file for a project is the use case's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Any, cast
from urllib.parse import parse_qsl

from wtforms import EmailField, Field, Form, RadioField, SelectField, StringField, TextAreaField, URLField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.utils import unset_value
from wtforms.validators import StopValidation

from formapp.errors import TextRefused, UseCaseError
from formapp.form_fields import PREFIX, clean_value
from formapp.text import NO_WEB_ADDRESS, is_blank, is_web_address, normalise, normalise_line
from formapp.translation import gettext, lazy_gettext
from formapp.translation import gettext_noop as _
from supportpolicy import FormDefinition, FormField, FormLimits, Policy, shown_fields
from supportpolicy.languages import PSEUDO_LANGUAGE, SOURCE_LANGUAGE, current_language

# More than any policy allows; what is beyond was made by nobody's browser.
MOST_TOKENS = 100
LONGEST_PROJECT = 200
MOST_ANSWERS = 50
# The names of the parts that a policy's form can leave out.
_PARTS = {"url": "url", "description": "description", "attachments": "files"}


# A host of two parts or more, a port and a path.
_WITHOUT_SCHEME = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d{1,5})?(?:[/?#]\S*)?")


class Line:
    """Text of one line, normalised; what can't be text, or is too long, stays as typed, with a message.

    ``most`` is how many characters there may be, as a person counts them after normalising.
    """

    def __init__(self, name: str, most: int | Callable[[FormLimits], int]) -> None:
        self.name, self.most = name, most

    def __call__(self, form: Form, field: Field) -> None:
        """Normalise the field."""
        most = self.most if isinstance(self.most, int) else self.most(cast("TicketForm", form).limits)
        try:
            field.data = self._normalise(field.data or "", most, self.name)
        except TextRefused as refused:
            raise StopValidation(refused.message) from None

    def _normalise(self, text: str, most: int, name: str) -> str:
        return normalise_line(text, most, name)


class Paragraphs(Line):
    """Text of several lines, normalised."""

    def _normalise(self, text: str, most: int, name: str) -> str:
        return normalise(text, most, name)


class Required:
    """Something that can be seen must be typed; zero-width characters alone are nothing."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.field_flags = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what can't be seen."""
        if is_blank(field.data or ""):
            raise StopValidation(gettext(self.message))


class WebAddress:
    """Nothing, or an address that begins with http:// or https:// and names a host.

    One without a scheme, as browsers show it ("shop.example/pay"), gets its https://.
    """

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse another scheme, or no host."""
        if is_blank(field.data or ""):
            field.data = ""
            return
        if _WITHOUT_SCHEME.fullmatch(field.data):
            field.data = f"https://{field.data}"
        if not is_web_address(field.data):
            raise StopValidation(gettext(NO_WEB_ADDRESS))


class MailAddress:
    """An address that mail could reach, judged by its form alone."""

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what can't be an address."""
        # Only the desk checks what was typed; the guide, which only shows the form, does without its packages.
        from formapp.mail_address import normalise_address

        try:
            field.data = normalise_address(field.data or "")
        except UseCaseError as refused:
            raise StopValidation(refused.message) from None


class OneOf:
    """A choice that the list has; something else, or nothing, gets a message."""

    def __init__(self, message: str, gone: str) -> None:
        self.message, self.gone = message, gone
        self.field_flags = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what the list doesn't have."""
        known = {choice.value for choice in field.choices}  # type: ignore[attr-defined]
        if field.data not in known or not field.data:
            raise StopValidation(gettext(self.gone if field.data else self.message))


class OwnAnswer:
    """The answer to a field of the policy's own, where it is asked; what isn't asked never counts."""

    def __init__(self, field: FormField) -> None:
        self.own = field

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse what the field doesn't take."""
        ticket = cast("TicketForm", form)
        if self.own not in ticket.asked:
            raise StopValidation
        try:
            field.data = clean_value(self.own, field.data or "", ticket.today)
        except TextRefused as refused:
            raise StopValidation(refused.message) from None


class FilesField(Field):
    """The tokens of the files that the form carries; a draft keeps them as words of one text."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:  # noqa: ANN401, ARG002 - WTForms' own
        """Take the tokens, which come in a field of their own beside the browser's file field."""
        kept = "" if data is unset_value else data
        found = formdata.getlist("file") if formdata else kept.split()
        self.data: tuple[str, ...] = tuple(dict.fromkeys(found))[:MOST_TOKENS]
        self.errors: Sequence[str] = ()


@dataclass(slots=True)
class Carried:
    """What the form's hidden fields say, empty where they say nothing: nobody fills them, so none has a message."""

    answers: str = ""
    submission: str = ""
    page: str = ""
    # What a link for help says of its page, and the pages that were suggested, each in query form.
    written_from: str = ""
    pages_shown: str = ""
    language: str = ""
    draft: str = ""
    # The reference of a closed ticket that it goes on from; and for whom staff fill it, by the account's number.
    follows: str = ""
    customer: str = ""
    # The policy's form that this is; empty for the one of any ticket.
    form: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Carried:
        """What of a form that was sent or saved isn't for people to fill."""
        return cls(**{name: sent[name] or "" for name in CARRIED if name in sent})


CARRIED = tuple(field.name for field in fields(Carried))


class TicketForm(Form):
    """What a person who is signed in sends, under a policy's limits; its fields speak the language of whoever reads.

    ``projects`` are (key, name) of the projects to choose from. Filled with ``formdata`` or else ``values``.
    """

    project: Field = SelectField(
        lazy_gettext(_("Project")),
        [OneOf(_("Choose a project"), _("Choose a project from the list"))],
        validate_choice=False,
    )
    subject: Field = StringField(
        lazy_gettext(_("Subject")),
        [Line(_("Subject"), lambda limits: limits.subject_length), Required(_("Enter a subject"))],
        description=lazy_gettext(_("In a few words, what is wrong or what you need.")),
    )
    url: Field = URLField(
        lazy_gettext(_("URL (optional)")),
        [Line(_("URL"), lambda limits: limits.url_length), WebAddress()],
        description=lazy_gettext(_("The address where the problem shows, so that we can see it happen.")),
    )
    description: Field = TextAreaField(
        lazy_gettext(_("Description")),
        [Paragraphs(_("Description"), lambda limits: limits.description_length), Required(_("Enter a description"))],
        description=lazy_gettext(
            _("The steps that lead to it, what you expected, what you saw instead, and error messages word for word.")
        ),
    )
    files = FilesField(lazy_gettext(_("Attachments (optional)")))
    priority = RadioField(
        lazy_gettext(_("Priority")),
        [OneOf(_("Choose a priority"), _("This priority no longer exists. Choose another one"))],
        validate_choice=False,
    )

    class Meta:
        """How WTForms makes the form."""

        @property
        def locales(self) -> list[str]:
            """The language of WTForms' own messages."""
            language = current_language()
            return [SOURCE_LANGUAGE if language == PSEUDO_LANGUAGE else language]

    def __init__(
        self,
        formdata: Any = None,  # noqa: ANN401 - a MultiDict of whatever make
        *,
        policy: Policy,
        projects: Sequence[tuple[str, str]] = (),
        values: Mapping[str, str] | None = None,
        definition: FormDefinition | None = None,
        today: date | None = None,
    ) -> None:
        self.limits, self.definition, self.today = policy.form, definition, today
        super().__init__(formdata, data=dict(values or {}))
        self.carried = Carried.of(formdata if formdata is not None else values or {})
        self.carried.form = definition.id if definition else ""
        self._leave_out()
        self.priority.choices = [SelectChoice(priority.id, priority.label) for priority in policy.priorities]
        if isinstance(self.project, SelectField):
            offered = (SelectChoice(key, name) for key, name in projects)
            self.project.choices = [SelectChoice("", gettext("Choose a project")), *offered]

        if definition is not None and definition.subject:
            self.subject.label.text, self.subject.description = definition.subject, ""
            missing = gettext("Enter an answer to “%(label)s”") % {"label": definition.subject}
            length = Line(definition.subject, lambda limits: limits.subject_length)
            self.subject.validators = (length, Required(missing))

    def _leave_out(self) -> None:
        """Ask nothing of what the policy's form leaves out; its priority is the policy's to say."""
        left_out = [_PARTS[part] for part in self.definition.without] if self.definition else []
        if self.definition is not None and self.definition.priority:
            left_out.append("priority")
            self.priority.data = self.definition.priority
        for name in left_out:
            self[name].validators = ()
        self.left_out = frozenset(left_out)

    @property
    def visible(self) -> tuple[Field, ...]:
        """The fields that people fill, in the page's order."""
        declared = [name for name in _PAGE_ORDER if name in self and name not in self.left_out]
        place = declared.index("subject") + 1
        return tuple(self[name] for name in (*declared[:place], *self.own, *declared[place:]))

    @property
    def own(self) -> tuple[str, ...]:
        """The names of the fields that the policy adds."""
        return tuple(f"{PREFIX}{field.id}" for field in self.definition.fields) if self.definition else ()

    @property
    def own_values(self) -> dict[str, str]:
        """What the fields that the policy adds hold, by the id of each."""
        return {name.removeprefix(PREFIX): self[name].data or "" for name in self.own}

    @property
    def asked(self) -> tuple[FormField, ...]:
        """The policy's fields that are asked, given what the form holds."""
        if self.definition is None:
            return ()
        return shown_fields(self.definition, self.own_values, answers_in(self.carried.answers))


class GuestTicketForm(TicketForm):
    """What a person sends whom we don't know yet: the project is a name to type, and an address is asked for."""

    project: Field = StringField(
        lazy_gettext(_("Project (optional)")),
        [Line(_("Project"), LONGEST_PROJECT)],
        description=lazy_gettext(_("Its name. If you leave this empty, you choose it after signing in.")),
    )
    email = EmailField(
        lazy_gettext(_("Email address")),
        [Required(_("Enter your email address")), MailAddress()],
        description=lazy_gettext(_("We send you a link that signs you in. Your ticket is saved until then.")),
    )


def element_of(field: Field) -> str:
    """The end of the id of the element that a link to a field leads to: of a choice, its first."""
    return f"{field.name}-0" if isinstance(field, RadioField) else str(field.name)


def answers_in(query: str) -> dict[str, str]:
    """The chooser's answers of a query string; of a text that is none, nothing."""
    try:
        return dict(parse_qsl(query, max_num_fields=MOST_ANSWERS))
    except ValueError:
        return {}


_PAGE_ORDER = ("project", "subject", "url", "description", "files", "priority", "email")


def ticket_form(
    policy: Policy,
    formdata: Any = None,  # noqa: ANN401 - a MultiDict of whatever make
    *,
    projects: Sequence[tuple[str, str]] | None = None,
    values: Mapping[str, str] | None = None,
    today: date | None = None,
) -> TicketForm:
    """The form for a member of these projects; None for somebody whom we don't know yet.

    It is the policy's form that ``formdata``, or else ``values``, name as theirs; without one that of any ticket.
    """
    definition = policy.form_named((formdata if formdata is not None else values or {}).get("form") or "")
    made = _with_fields(TicketForm if projects is not None else GuestTicketForm, definition, current_language())
    return made(formdata, policy=policy, projects=projects or (), values=values, definition=definition, today=today)


@lru_cache(maxsize=128)
def _with_fields(base: type[TicketForm], definition: FormDefinition | None, _language: str) -> type[TicketForm]:
    """The class of a form with the fields that the policy adds, in the language that is spoken now."""
    if definition is None:
        return base
    return type(base.__name__, (base,), {f"{PREFIX}{field.id}": _own_field(field) for field in definition.fields})


def _own_field(field: FormField) -> Field:
    label = field.label if field.required else gettext("%(label)s (optional)", label=field.label)
    if field.kind == "choice":
        choices = [SelectChoice(choice.id, choice.label) for choice in field.choices]
        return RadioField(label, [OwnAnswer(field)], description=field.hint, choices=choices, validate_choice=False)
    make = TextAreaField if field.kind == "long-text" else StringField
    return make(label, [OwnAnswer(field)], description=field.hint)
