"""JSON without its loose ends: no duplicate keys, no NaN, no infinity, UTF-8 alone.

A text that is no JSON is refused as a whole. A value that JSON's grammar or Python's parser lets through
and we do not, stays in its place as `Broken`, so that only the event it lies in is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for a value that is not taken; `why` says what it does wrong."""

    why: str


DUPLICATE_KEY = Broken("has a key twice")
NOT_A_NUMBER = Broken("is NaN or infinite")
TOO_MANY_DIGITS = Broken("has too many digits")


def loads(data: bytes) -> Any:
    """Return the value of a JSON text; ServiceError where it is none."""
    try:
        text = data.decode()
        try:
            return _DECODER.decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:
            # A number beyond what Python reads. To look at each number costs time: only where there is one.
            return _PATIENT_DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise _malformed(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        # Its own text may repeat a character of what was sent.
        raise _malformed(f"not JSON at character {error.pos}") from error
    except RecursionError as error:
        raise _malformed("nests too deep") from error


def is_text(value: str) -> bool:
    """Whether a string is Unicode text: JSON can write lone surrogates, which are none."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed(text: str) -> ServiceError:
    return ServiceError(reasons.ERROR_REASON_MALFORMED_REQUEST, text)


def _object(pairs: list[tuple[str, Any]]) -> Any:
    values = dict(pairs)
    return values if len(values) == len(pairs) else DUPLICATE_KEY


def _constant(_name: str) -> Any:
    return NOT_A_NUMBER


def _integer(digits: str) -> Any:
    try:
        return int(digits)
    except ValueError:
        return TOO_MANY_DIGITS


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_PATIENT_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
