"""What a use case can refuse, each with the field it is about and a message for the person."""

from __future__ import annotations

from collections.abc import Sequence

from formapp.translation import gettext as _
from formapp.translation import gettext_noop, number_words


class UseCaseError(Exception):
    """A use case said no. ``field`` is the form's field (empty: the whole), ``message`` what to do.

    The class has its message in English; what is raised has it in the language that is spoken then.
    """

    field = ""
    message = gettext_noop("This can't be done.")

    def __init__(self, message: str = "", field: str = "") -> None:
        self.message = message or _(self.message)
        self.field = field or self.field
        super().__init__(self.message)


class TextRefused(UseCaseError):
    """Text is too long, or holds what no text holds: a NUL, half of a surrogate pair, heaps of accents."""

    message = gettext_noop("The text contains a character that can't be stored. Remove it and send again")


class TextTooLong(TextRefused):
    """Text is longer than its field takes; ``name`` is what the field is called in English."""

    def __init__(self, name: str, most: int, length: int) -> None:
        super().__init__(
            _(
                "%(name)s must be %(most)s characters or less. It is %(more)s too long",
                name=_(name),
                most=number_words(most),
                more=number_words(length - most),
            )
        )


class UnknownProject(UseCaseError):
    """No such project, or none that this account is in: the answer is the same."""

    field = "project"
    message = gettext_noop("Choose a project from the list")


class ProjectClosed(UseCaseError):
    """The project is no longer active."""

    field = "project"
    message = gettext_noop("This project is no longer active. Choose another project")


class UnknownPriority(UseCaseError):
    """The policy has no such priority, or no longer."""

    field = "priority"
    message = gettext_noop("Choose a priority")


class FormGone(UseCaseError):
    """The policy has no such form, or no longer."""

    field = "form"
    message = gettext_noop("This form no longer exists. Open a ticket instead")


class SubmissionReused(UseCaseError):
    """A form that already filed a ticket was sent again with another text."""

    def __init__(self, reference: str) -> None:
        super().__init__(_("%(reference)s was already sent with this form", reference=reference))
        self.reference = reference


class TooManyTickets(UseCaseError):
    """This person has filed as many tickets within the hour as one may."""

    message = gettext_noop("You have sent too many tickets within an hour. Wait a while, then send again")


class TooManyMessages(UseCaseError):
    """This person has written as many replies and notes within the hour as one may."""

    field = "body"
    message = gettext_noop(
        "You have sent too many messages within an hour. Your text is kept here: wait a while, then send it again"
    )


class NotFound(UseCaseError):
    """There is no such thing, or none that this account may see: the answer is the same."""

    message = gettext_noop("There is nothing here that you can see")


class NotPermitted(NotFound):
    """The account that acts may not do this, is disabled, or is none."""

    message = gettext_noop("Your account can't do this")


class LinkGone(UseCaseError):
    """A sign-in link that was used, has expired or never was."""

    message = gettext_noop("This link no longer works")


class AlreadyExists(UseCaseError):
    """A thing of that name exists already."""


class DraftTooLarge(UseCaseError):
    """More text than a draft may hold."""

    message = gettext_noop("This is too much text to save. Shorten it and send again")


class ChangedMeanwhile(UseCaseError):
    """Somebody else has changed the ticket since this page was made."""


class TicketClosed(UseCaseError):
    """The ticket is closed, so nothing can be added to it."""

    field = "body"


class ReopeningOver(TicketClosed):
    """The ticket was closed too long ago for its customer to reopen it."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            _("%(reference)s was closed too long ago to be reopened. Send it as a new ticket", reference=reference)
        )


class TicketMerged(UseCaseError):
    """The ticket was merged into another, where the conversation goes on."""

    field = "body"

    def __init__(self, reference: str, into: str) -> None:
        super().__init__(
            _("%(reference)s was merged into %(into)s. Reply there instead", reference=reference, into=into)
        )
        self.into = into


class ReplyReused(UseCaseError):
    """A form that already sent a reply was sent again with another text."""

    field = "body"
    message = gettext_noop(
        "A reply was already sent with this form. Since then the text has changed; if it is new, send it again"
    )


class NotStaff(UseCaseError):
    """A ticket can be assigned to staff only."""

    field = "assignee"
    message = gettext_noop("Choose a member of staff")


class AnswerMissing(UseCaseError):
    """With these answers the chooser asks one question more before it knows a priority."""

    def __init__(self, question: str, title: str) -> None:
        super().__init__(_("Answer one more question: %(question)s", question=title), question)
        self.question = question


class FileRefused(UseCaseError):
    """A file that isn't taken; the others of its form are."""

    field = "files"


class FilesGone(UseCaseError):
    """Staged files that can't be attached: their time is over, or a ticket has them. ``tokens`` are theirs."""

    field = "files"

    def __init__(self, message: str, tokens: Sequence[str]) -> None:
        super().__init__(message)
        self.tokens = tuple(tokens)


class TooManyFiles(UseCaseError):
    """More files than one message may have."""

    field = "files"


class FilesTooLarge(UseCaseError):
    """Files that are too large together."""

    field = "files"
