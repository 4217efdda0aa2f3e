"""Whom a form was made for: a signed field that every form of a signed-in person carries, compared when it is sent.

Several people may use one browser, and one person several accounts: the page of the one can still be open when
the other has signed in. A cookie alone says who acts, not whose page it is.
"""

from __future__ import annotations

from functools import lru_cache

from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup

from formapp.mail_address import NotAnAddress, normalise_address
from formapp.models import Account
from formapp.translation import gettext as _
from formapp.web.context import web
from formapp.web.csrf import TOKEN, csrf_token
from formapp.web.session_cookie import Person, loaded_person

FIELD = "made_for"
# No account has this number: the mark of a page that had to be made without knowing who is signed in.
ANYBODY = 0


def mark(account_id: int) -> str:
    """The mark of an account, always the same; who only sees it can't make another one's."""
    return str(_serializer().dumps(account_id))


def own_fields() -> Markup:
    """The hidden fields of every form: this browser's token, and the mark of the person whom the page is made for."""
    person = loaded_person()
    token = Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, csrf_token())
    if person is None:
        return token
    # A browser may put back an older value when a page is loaded again, unless this is off.
    field = Markup('<input type="hidden" name="{}" value="{}" autocomplete="off">')
    return token + Markup("\n") + field.format(FIELD, mark(person.account_id))


def account_of(mark: str) -> int | None:
    """The account that a form's mark stands for; None for an empty one, or one that we didn't make."""
    try:
        number = _serializer().loads(mark)
    except BadSignature:
        return None
    return number if isinstance(number, int) else None


def is_made_for(mark: str, person: Person) -> bool:
    """Whether a form with this mark was made for this person, or for whoever sends it."""
    return account_of(mark) in {person.account_id, ANYBODY}


def guest_form_is_of(typed: str, person: Person) -> bool:
    """Whether a ticket form without a mark, in which this address was typed, may be sent as this person's.

    The guide's page is built before anybody reads it. What tells there whose form it is, is the address.
    """
    try:
        return not typed.strip() or normalise_address(typed) == person.email
    except NotAnAddress:
        return False


def words_for(person: Person | Account) -> str:
    """A person in words: "Ada Lovelace (ada@shop.example)"."""
    return person.email if person.name == person.email else f"{person.name} ({person.email})"


def whose(mark: str, person: Person, typed: str = "") -> str:
    """A sentence that names both: whom a form was made for, by its mark or the address typed, and who is signed in."""
    made_for, typed = account_of(mark), " ".join(typed.split())[:254]
    with web().services.read() as database:
        account = database.get(Account, made_for) if made_for else None
    if account is not None:
        first = _("This page was made for %(name)s.", name=words_for(account))
    elif typed and not mark:
        first = _("This form was filled in for %(email)s.", email=typed)
    else:
        first = _("We couldn't tell whom this page was made for.")
    return " ".join((first, _("You are now signed in as %(name)s.", name=words_for(person))))


def _serializer() -> URLSafeSerializer:
    return _serializer_with(web().services.settings.secret_key)


@lru_cache(maxsize=4)
def _serializer_with(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="made for")
