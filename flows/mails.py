"""E-mails to the users of merchants: each a template in the customer's language, whose first line is the subject."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from billing.models import Customer
from flows import links

log = logging.getLogger(__name__)


class Undeliverable(Exception):
    """The mail server takes nothing now. What is to be sent waits for the next look."""


def send(name: str, customer: Customer, to: Sequence[str], context: Mapping[str, Any]) -> bool:
    """Send the e-mail `name` of `templates/flows/mail/` about a customer. False when just this one was not taken.

    Raises `Undeliverable` when none would be.
    """
    settings_page = links.notifications(customer.pk)
    with translation.override(customer.language):
        contact = settings.CONTACTS["support"]
        given = {"customer": customer, "settings_page": settings_page, "contact": contact, **context}
        subject, _, body = render_to_string(f"flows/mail/{name}.txt", given).strip().partition("\n")
    # So that nobody's absence answers it, and mail programs can offer to switch it off.
    headers = {"Auto-Submitted": "auto-generated", "List-Unsubscribe": f"<{settings_page}>"}
    try:
        EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=list(to), headers=headers).send()
    except (SMTPRecipientsRefused, SMTPDataError, ValueError) as error:
        # An address that cannot be one is a `ValueError`.
        log.warning("The e-mail “%s” to customer %s was not taken: %s. It is tried again.", name, customer.pk, error)
        return False
    except (OSError, SMTPException) as error:
        raise Undeliverable(f"The mail server takes nothing: {error}. What is to be sent waits.") from error
    return True
