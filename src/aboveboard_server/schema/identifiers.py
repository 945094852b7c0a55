"""The rule of an identifier's characters: two that look the same must not be two companies.

Identifiers are compared byte by byte, so that one with an invisible character keys a Subject of its own.
Control and format characters (Unicode categories Cc and Cf, the joiners U+200C and U+200D among them) are
refused anywhere, white space (Zs, Zl, Zp) at both ends.
"""

from __future__ import annotations

import unicodedata

UNSEEN = {"Cc": "a control character", "Cf": "a format character"}
SPACE = frozenset({"Zs", "Zl", "Zp"})
LEFT_OUT = SPACE | UNSEEN.keys()

# What an extractor asks of `{0}`: true of every identifier that breaks the rule, and of a few that do not,
# which the reference judges. `isprintable` is false of all of Cc and Cf, and of every space but U+0020.
SUSPECT = "not {0}.isprintable() or {0}.strip() != {0}"


def fault(value: str) -> str:
    """Return the rule that an identifier breaks, in words; "" where it breaks none."""
    if value.isascii() and value.isprintable() and value.strip() == value:
        return ""
    categories = [unicodedata.category(character) for character in value]
    for category, name in UNSEEN.items():
        if category in categories:
            return f"contains {name}"
    if categories and (categories[0] in SPACE or categories[-1] in SPACE):
        return "begins or ends with white space"
    return ""


def likeness(value: str) -> str:
    """Return what identifiers share that differ only by case, Unicode form, white space or the unseen."""
    if value.isascii():
        return "".join(value.split()).casefold() if value.isprintable() else _seen(value).casefold()
    # Folding can yield characters that compose, and composing some that fold: a second pass settles all.
    for _ in range(2):
        value = unicodedata.normalize("NFKC", _seen(value)).casefold()
    return _seen(unicodedata.normalize("NFKC", value))


def _seen(value: str) -> str:
    """Return a text without its white space, control and format characters."""
    return "".join(character for character in value if unicodedata.category(character) not in LEFT_OUT)
