"""How the pages of billing do what they are asked to: by a verb, whose refusal is shown in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from billing import dates
from billing.mails import Unsent
from billing.refusals import Refused
from sharespine.lib.admin import Dialog, ask_again, leave_dialog
from sharespine.lib.said import said


def today() -> date:
    """The day in Sweden now."""
    return dates.today(timezone.now())


@dataclass(frozen=True, slots=True)
class Asked:
    """The dialog that a verb was asked for in: the action, and its form as it was filled in."""

    action: Any
    form: Dialog


def carry_out(
    request: HttpRequest, address: str, verb: Callable[[str], object], done: Any, asked: Asked | None = None
) -> HttpResponse:
    """Call `verb` with the name of the user, go to the page at `address`, and say there that it is `done`.

    Where it is refused the dialog stays open with what was filled in and why not; what had nothing to fill in says so on the
    page. Where it is done and the e-mail about it did not leave, the page says both.
    """
    try:
        verb(request.user.get_username())
    except Refused as refused:
        if asked and (fields := asked.form.visible_fields()):
            asked.form.add_error(fields[0].name, said(refused.text))
            return ask_again(request, asked.action, asked.form)
        return leave_dialog(request, address, level=messages.ERROR, message=said(refused.text))
    except Unsent as unsent:
        messages.success(request, done)
        return leave_dialog(request, address, level=messages.WARNING, message=said(unsent.text))
    return leave_dialog(request, address, message=done)
