"""What others set around a process, for other programs or by mistake: made harmless before anything loads."""

from __future__ import annotations

import os
import sys
import warnings

# Which of its implementations protobuf uses; only the compiled one does all that is needed here.
PROTOBUF_VARIABLE = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
COMPILED = "upb"
NOT_COMPILED = (
    "the protobuf library here is not the compiled one, which the server needs: install it from a wheel for "
    "this machine, as .ci/requirements-server.txt pins it"
)


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


def has_compiled_protobuf() -> bool:
    """Whether protobuf is the implementation that a server needs; it loads protobuf."""
    from google.protobuf.internal import api_implementation  # noqa: PLC0415  # it reads the environment

    return bool(api_implementation.Type() == COMPILED)
