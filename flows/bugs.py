"""What is kept and logged of a bug of ours: the traceback, without credentials that a library may have put into its words."""

from __future__ import annotations

import logging
import traceback

from connectors.answers import Mask
from flows.models import Endpoint

log = logging.getLogger(__name__)


def told(error: BaseException, subject: str, *endpoints: Endpoint) -> str:
    """Log that `subject` failed with `error`, and return its traceback. Neither shows the credentials of `endpoints`."""
    mask = Mask([secret for endpoint in endpoints for secret in endpoint.secrets.values()])
    text = mask("".join(traceback.format_exception(error)))
    log.error("%s failed\n%s", subject, text)
    return text
