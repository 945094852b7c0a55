"""Which characters a setting, a token or a name may hold."""

from __future__ import annotations

import re

# Of a setting: no line break, no other control character, nothing that is no Unicode text.
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")
_NO_TEXT = re.compile("[\\ud800-\\udfff]")
# Of what travels in a header.
_SECRET = re.compile(r"[!-~]*")


def fault(value: str) -> str:
    """Return what is wrong with the characters of a setting, "" where nothing is; never the value."""
    if found := _CONTROL.search(value):
        return f"holds a control character (U+{ord(found[0]):04X})"
    return "is not UTF-8" if _NO_TEXT.search(value) else ""


def fault_of_secret(value: str) -> str:
    """Return what is wrong with the characters of a secret, "" where nothing is; never the value."""
    if _SECRET.fullmatch(value):
        return ""
    return fault(value) or "holds white space, or a letter beyond ASCII"
