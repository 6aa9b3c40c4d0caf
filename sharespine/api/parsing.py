"""How bodies are read: as JSON that can be answered in JSON."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class ExactJsonParser(JSONParser):
    """JSON, but for what would fail later: deeper than anything is read, or with halves of characters (lone surrogates)."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            found = super().parse(stream, media_type, parser_context)
            # Messages may repeat what was sent: what is no text in UTF-8 could not be sent back.
            json.dumps(found, ensure_ascii=False).encode()
        except (RecursionError, UnicodeEncodeError) as error:
            raise ParseError from error
        return found
