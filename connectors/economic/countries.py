"""Countries as an invoice names them, and which of them are in the EU."""

from __future__ import annotations

#: ISO 3166-1 alpha-2. Greece is GR here; its VAT numbers begin with EL.
EU = frozenset(
    [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ]
)  # fmt: skip

_NAMES = {
    "AT": "Austria", "BE": "Belgium", "BG": "Bulgaria", "CY": "Cyprus", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark",
    "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France", "GR": "Greece", "HR": "Croatia", "HU": "Hungary",
    "IE": "Ireland", "IT": "Italy", "LT": "Lithuania", "LU": "Luxembourg", "LV": "Latvia", "MT": "Malta",
    "NL": "Netherlands", "PL": "Poland", "PT": "Portugal", "RO": "Romania", "SE": "Sweden", "SI": "Slovenia",
    "SK": "Slovakia", "NO": "Norway", "IS": "Iceland", "CH": "Switzerland", "GB": "United Kingdom", "US": "USA",
    "AX": "Åland", "FO": "Faroe Islands", "GL": "Greenland", "LI": "Liechtenstein",
}  # fmt: skip


def country_name(code: str) -> str:
    """The country's English name; a code that is not in the table is returned as it is. e-conomic takes any text."""
    return _NAMES.get(code, code)
