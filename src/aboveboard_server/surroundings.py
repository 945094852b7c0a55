"""What others set around a process, for other programs or by mistake: made harmless before anything loads."""

from __future__ import annotations

import os
import sys
import warnings
from typing import NoReturn

# Which of its implementations protobuf uses; only the compiled one does all that is needed here.
PROTOBUF_VARIABLE = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
COMPILED = "upb"
NOT_COMPILED = (
    "the protobuf library here is not the compiled one, which the server needs: install it from a wheel for "
    "this machine, as .ci/requirements-server.txt pins it"
)
# How to get what is missing.
INSTALL = "in a checkout of this version, run: pip install --require-hashes -r .ci/requirements-server.txt"


def make_harmless() -> None:
    """Have every command and all processes that it starts work alike, whatever the environment says."""
    os.environ.pop(PROTOBUF_VARIABLE, None)
    _end_by_no_warning()
    # What is made belongs to who runs this; a mask that takes that from him is a mistake.
    os.umask(os.umask(0o077) & 0o077)
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is shown in another way.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _end_by_no_warning() -> None:
    """Show the warnings that Python shows unless told otherwise, where all of them were to be errors."""
    if all(action != "error" for action, *_ in warnings.filters):
        return
    os.environ.pop("PYTHONWARNINGS", None)
    sys.warnoptions.clear()
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)


def refuse_without_library(error: ImportError) -> NoReturn:
    """End with one sentence where a library could not be loaded; raise the error again where it is ours."""
    library = (error.name or _raised_in(error)).partition(".")[0]
    if not library or library in {"aboveboard", "aboveboard_server"}:
        raise error
    sys.exit(f"aboveboard: it needs {library}, which is not installed in full: {INSTALL}")


def _raised_in(error: BaseException) -> str:
    """Return the module that raised an error: psycopg without libpq names none."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return str(place.tb_frame.f_globals.get("__name__", "")) if place is not None else ""


def has_compiled_protobuf() -> bool:
    """Whether protobuf is the implementation that a server needs; it loads protobuf."""
    from google.protobuf.internal import api_implementation  # noqa: PLC0415  # it reads the environment

    return bool(api_implementation.Type() == COMPILED)
