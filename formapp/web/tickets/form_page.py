"""The page with the ticket form: empty, prefilled, or with everything that was typed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from formapp.accounts.projects import active_projects_of
from formapp.form_fields import PREFIX, own_values
from formapp.forms import Carried, TicketForm, answers_in, ticket_form
from formapp.models import REFERENCE_PREFIX
from formapp.policies import in_words
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web import form_owner
from formapp.web.body.file_field import GONE, staged_for_form
from formapp.web.body.form_data import FormData, cleans_photos
from formapp.web.context import web
from formapp.web.csrf import TOKEN, csrf_token
from formapp.web.language import known_language
from formapp.web.layout.assets import FORM_ASSETS
from formapp.web.layout.page import page
from formapp.web.session_cookie import Person
from formapp.web.tickets.for_customer import FIELD, customer_of, is_for_nobody
from formapp.web.tickets.presenters import present_similar
from formapp.widgets.form import render_form
from supportpolicy import Policy, UnknownAnswer
from supportpolicy.languages import current_language

REFERENCE = re.compile(rf"{REFERENCE_PREFIX}[1-9][0-9]{{3,9}}", re.ASCII)
TYPED = (
    ("subject", gettext_noop("Subject")),
    ("url", gettext_noop("URL")),
    ("description", gettext_noop("Description")),
)

# The fields of a form, posted or saved.
Fields = TypeVar("Fields", MultiDict[str, str], dict[str, str])

# A project as the form's list shows it: its key and its name.
Choice = tuple[str, str]


def broken(name: str) -> str:
    """The sentence for a field, by its name, that held bytes that aren't text."""
    return _(
        "%(name)s contains bytes that aren't text. They are shown as %(mark)s. Correct them and send again",
        name=name,
        mark="\N{REPLACEMENT CHARACTER}",
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the form about the form as a whole."""

    heading: str
    sentences: tuple[str, ...] = ()
    reference: str = ""

    def translated(self) -> Notice:
        """The same in the language that is spoken now, of one that is written in English in a module."""
        return Notice(_(self.heading), tuple(_(sentence) for sentence in self.sentences), self.reference)


def new_submission() -> str:
    """An id that a form carries so that sending it twice files one ticket."""
    return secrets.token_urlsafe(16)


def project_choices(person: Person | None, fields: Mapping[str, str]) -> tuple[Choice, ...] | None:
    """The projects that this form may be filed for; None for somebody who isn't known yet.

    They are the person's own, or the customer's for whom staff fill the form.
    """
    if (customer := customer_of(fields.get(FIELD), person)) is not None:
        return customer.projects
    if is_for_nobody(fields.get(FIELD), person):
        return ()
    return None if person is None else choices_of(person.account_id)


def choices_of(account_id: int) -> tuple[Choice, ...]:
    """The projects that an account may file for."""
    return tuple((project.key, project.name) for project in active_projects_of(web().services, account_id))


def filled_form(sent: FormData, projects: Sequence[Choice] | None) -> TicketForm:
    """The form with what was posted; a project typed as a name is matched to the person's own."""
    fields = with_homeless_answers(sent.fields, web().services.policy)
    if projects:
        fields = fields.copy()
        fields["project"] = project_key(sent.get("project"), projects)
    form = ticket_form(in_words(web().services.policy), fields, projects=projects, today=today())
    form.files.errors = sent.refused
    return form


def today() -> date:
    """The day where support is, by which the policy's forms judge a date."""
    desk = web()
    return desk.clock().astimezone(desk.services.policy.calendar.zone).date()


def with_homeless_answers(fields: Fields, policy: Policy) -> Fields:
    """The fields of a form; answers to what the policy no longer asks stand at the end of the description instead."""
    if not any(name.startswith(PREFIX) for name in fields):
        return fields
    form = policy.form_named(fields.get("form", ""))
    known = {field.id for field in form.fields} if form else set()
    homeless = {name: value for name, value in own_values(fields).items() if name not in known and value.strip()}
    if not homeless:
        return fields
    fields = fields.copy()
    for name in homeless:
        del fields[f"{PREFIX}{name}"]
    lines = "\n".join(f"{name}: {value}" for name, value in homeless.items())
    fields["description"] = f"{fields.get('description', '')}\n\n{lines}".strip()
    return fields


def is_whole(form: TicketForm, sent: FormData) -> bool:
    """Whether the form can be filed; where not, each field that can't has its sentence."""
    whole = form.validate() and not sent.refused
    form.files.errors = sent.refused
    for field in form.visible:
        if field.name in sent.undecodable:
            field.errors = [broken(field.label.text)]
            whole = False
    if form.project.errors and sent.get("project").strip():
        form.project.errors = [unknown_project(sent.get("project"))]
    return whole


def unknown_project(typed: str) -> str:
    """The sentence for a project that isn't among the person's own, whether it exists or not."""
    shown = " ".join(typed.split())[:100]
    return _("You can't open a ticket for a project “%(name)s”. Choose a project from the list", name=shown)


def add_error(form: TicketForm, name: str, sentence: str) -> Notice | None:
    """Put a use case's sentence at its field; a sentence about no visible field comes back as a notice."""
    for field in form.visible:
        if field.name == name:
            field.errors = [sentence]
            return None
    return Notice(sentence)


def form_page(
    form: TicketForm,
    person: Person | None,
    status: int = 200,
    /,
    *,
    notice: Notice | None = None,
    mark: str = "",
    missing: Sequence[tuple[str, str]] | None = None,
) -> Response:
    """The page that shows this form, with a fresh token for browsers that can't tell their origin.

    ``mark`` says whom it was made for where that can't be looked up now; ``missing`` are element and sentence of
    what a saved ticket lacks, which is all that keeps it from being sent (None: it is none).
    """
    for field in form:
        if field is not form.files:
            field.data = _without_nul(field.data or "")
    form.carried = Carried(**{name: _without_nul(said) for name, said in asdict(form.carried).items()})
    form.carried.language = known_language(form.carried.language) or current_language()
    if not form.carried.submission:
        form.carried.submission = new_submission()
    customer = customer_of(form.carried.customer, person)
    if person is not None and customer is None:
        form.carried.customer = ""
    staged = staged_for_form(form.files.data)
    if len(staged) < len(form.files.data) and not form.files.errors:
        form.files.errors = (_(GONE),)
    hidden = {TOKEN: csrf_token()}
    if person is not None or mark:
        hidden[form_owner.FIELD] = form_owner.mark(person.account_id) if person is not None else mark
    policy = in_words(web().services.policy)
    html = render_form(
        policy,
        form,
        # An address of its own, so that the browser keeps what is typed for each customer, and in each form, apart.
        action=url_for(
            "tickets.create", customer=customer.account_id if customer else None, form=form.carried.form or None
        ),
        dates_url=url_for("api.dates"),
        files_url=url_for("files.upload"),
        similar_url=url_for("api.similar"),
        staged=staged,
        clean_photos=cleans_photos(),
        embedded=False,
        hidden=hidden,
        sending_as=form_owner.words_for(person) if person else "",
        sender_email=person.email if person else "",
        sign_out_url=url_for("account.settings") if person else "",
    )
    return page(
        "form.html",
        status,
        assets=FORM_ASSETS,
        form_html=html,
        customer=customer,
        purpose=form.definition.title if form.definition else "",
        others=() if form.definition or customer else [(one.id, one.title) for one in policy.forms],
        follows=form.carried.follows if REFERENCE.fullmatch(form.carried.follows) else "",
        notice=notice,
        missing=missing,
        saved=person is not None and bool(form.carried.draft),
        alike=present_similar(person, form.project.data, form.subject.data),
        problem=bool(form.errors) or status != 200,
    )


def _without_nul(text: str) -> str:
    """A page can't hold a NUL; the sentence at the field says that there was one."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def no_project_page(fields: Mapping[str, str], files: Sequence[str] = ()) -> Response:
    """The page for a person without an active project, with what they typed, if they did, and their files' names."""
    typed = [(_(label), fields.get(name, "")) for name, label in TYPED if fields.get(name, "").strip()]
    form = in_words(web().services.policy).form_named(fields.get("form", ""))
    labels = {field.id: field.label for field in form.fields} if form else {}
    typed += [(labels.get(name, name), value) for name, value in own_values(fields).items() if value.strip()]
    typed += [(_("Attachment"), file.name) for file in staged_for_form(files)]
    for_customer = bool(fields.get(FIELD))
    return page("no-project.html", 422 if typed else 200, typed=typed, for_customer=for_customer)


def recommended(policy: Policy, answers: str) -> str:
    """The priority that answers in query form lead to; empty while they lead nowhere."""
    try:
        return policy.recommend(answers_in(answers)).priority
    except UnknownAnswer:
        return ""


def answers_of(policy: Policy, arguments: Mapping[str, str]) -> str:
    """The chooser's answers among a page's query arguments, in the policy's order."""
    return urlencode(
        [(question.id, arguments[question.id]) for question in policy.questions if question.id in arguments]
    )


def project_key(typed: str, projects: Sequence[Choice]) -> str:
    """The key of the project that was chosen, or typed by name as on the guide's own form.

    Left blank with a single project there is nothing to choose.
    """
    wanted = typed.strip()
    if not wanted and len(projects) == 1:
        return projects[0][0]
    folded = wanted.casefold()
    named = [key for key, name in projects if name.casefold() == folded]
    known = any(key == wanted for key, _ in projects)
    return named[0] if len(named) == 1 and not known else typed
