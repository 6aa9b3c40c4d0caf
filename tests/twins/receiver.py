"""A merchant's own system that takes webhooks, on a real socket. It checks signatures as the specification says, by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any, ClassVar

from connectors.capabilities import Register
from connectors.sandbox import Request, Response, Sandbox


class Receiver(Sandbox):
    """Takes messages signed with `secret`. `got` holds those that it took, `seen` the ids of all that it read, in order."""

    key: ClassVar[str] = "receiver"

    def __init__(self, *, secret: str = "", **given: Any) -> None:
        super().__init__(**given)
        self.secret = secret
        self.got: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.forged = 0
        #: What is answered to the messages of an order, by its number, where it is anything but 200.
        self.answers: dict[str, int] = {}

    @property
    def told(self) -> list[tuple[str, str]]:
        """Event and order number of what it took."""
        return [(one["type"], one["data"].get("number", "")) for one in self.got]

    def handle(self, request: Request) -> Response:
        if not self._is_genuine(request):
            self.forged += 1
            return Response(401)
        message = request.json()
        self.seen.append(request.headers["webhook-id"])
        status = self.answers.get(message["data"].get("number", ""), 200)
        if status == 200:
            self.got.append({"id": request.headers["webhook-id"], **message})
        return Response(status, {"taken": True})

    def _is_genuine(self, request: Request) -> bool:
        """Whether any of the signatures is the one that our secret gives, and the message is not older than five minutes."""
        uid, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        if abs(int(stamp) - self.now().timestamp()) > 300:
            return False
        kind, _, encoded = self.secret.partition("_")
        digest = hmac.digest(base64.b64decode(encoded), b".".join([uid.encode(), stamp.encode(), request.body]), hashlib.sha256)
        expected = f"v1,{base64.b64encode(digest).decode()}"
        given = request.headers["webhook-signature"].split(" ")
        return kind == "whsec" and any(hmac.compare_digest(expected, one) for one in given)

    def endpoint_options(self, address: str) -> dict[str, str]:
        return {"address": address}

    def flow_options(self, register: Register = Register.ORDERS) -> dict[str, Any]:
        return {}
