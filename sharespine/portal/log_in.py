"""How users come in: what allauth is told about accounts, and how second factors are kept."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from sharespine.lib.secrets import decrypt, encrypt


class Accounts(DefaultAccountAdapter):
    """Nobody signs up: users are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class Factors(DefaultMFAAdapter):
    """Second factors are kept as merchants' credentials are: encrypted with keys that can be changed."""

    def encrypt(self, text: str) -> str:
        return encrypt({"factor": text})

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)["factor"]
