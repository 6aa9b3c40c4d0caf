"""The e-mails of billing: each two templates, its subject and its body, in the language of whoever gets it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.encoding import force_str

from sharespine.lib.text import N_, Text

log = logging.getLogger(__name__)


class Unsent(Exception):
    """An e-mail did not leave. What it tells of holds all the same; `text` says to staff what they do instead."""

    def __init__(self, about: Model, to: Sequence[str], why: str) -> None:
        super().__init__(why)
        if to:
            message = N_("%(what)s: the e-mail to %(to)s did not leave (%(why)s). Call them, or write to them yourself.")
        else:
            message = N_("%(what)s: no e-mail was sent, since no address is known. Call them.")
        self.text = Text(message, {"what": str(about), "to": ", ".join(to), "why": why})


def send(
    name: str, about: Model, to: Sequence[str], context: Mapping[str, Any], *, language: str, bcc: Sequence[str] = ()
) -> None:
    """Send the e-mail of the templates `<name>_subject.txt` and `<name>.txt`. `about` is the row that it tells of.

    Belongs after the transaction that saves what it tells. Raises `Unsent`, which is in the log then.
    """
    given = {**settings.CONTACTS, **context}
    with translation.override(language):
        # One line, whatever was filled in.
        subject = " ".join(render_to_string(f"{name}_subject.txt", given).split())
        body = render_to_string(f"{name}.txt", given).strip() + "\n"
    try:
        if not to:
            # Django takes an e-mail to nobody for sent.
            raise ValueError("no address is known")
        EmailMessage(subject, body, to=list(to), bcc=list(bcc)).send()
    # An address that cannot be one is a `ValueError`, too.
    except (OSError, SMTPException, ValueError) as error:
        why = _words(error)
        log.warning("The e-mail %s about %s %s could not be sent: %s", name, about._meta.label, about.pk, why)
        raise Unsent(about, to, why) from error


def _words(error: Exception) -> str:
    """Why, as people read it: the answers of a mail server are bytes in tuples."""
    answers: list[tuple[int, bytes | str]]
    if isinstance(error, SMTPRecipientsRefused):
        answers = list(error.recipients.values())
    elif isinstance(error, SMTPResponseException):
        answers = [(error.smtp_code, error.smtp_error)]
    else:
        return str(error) or type(error).__name__
    return "; ".join(f"{code} {force_str(answer, errors='replace')}" for code, answer in answers)
