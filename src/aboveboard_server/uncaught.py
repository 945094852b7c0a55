"""Errors that nobody caught, as lines of the log: Python would write to standard error, and wait for it.

A module of its own, and of few imports: the writer process logs nothing else.
"""

from __future__ import annotations

import json
import sys
import threading
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from aboveboard_server import log_lines

if TYPE_CHECKING:
    from types import TracebackType


def to_log() -> None:
    """Have what is not caught logged from now on: what ends a process or a thread, or passes in silence."""
    log_lines.LOG.start()
    sys.excepthook = _ends_process
    sys.unraisablehook = _is_ignored
    threading.excepthook = _ends_thread
    warnings.showwarning = _warns


def whereabouts(error: BaseException | None) -> dict[str, Any]:
    """Return an error's type and where it happened; its text may repeat what a caller sent."""
    places = []
    trace = error.__traceback__ if error else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/src/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return {"error": type(error).__name__, "trace": places}


def _log(level: str, event: str, **fields: Any) -> None:
    timestamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    log_lines.LOG.put(json.dumps({**fields, "event": event, "level": level, "timestamp": timestamp}))


def _ends_process(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    _log("error", "process_failed", **whereabouts(error))


def _is_ignored(ignored: sys.UnraisableHookArgs) -> None:
    _log("error", "error_ignored", **whereabouts(ignored.exc_value))


def _ends_thread(ended: threading.ExceptHookArgs) -> None:
    thread = ended.thread.name if ended.thread else ""
    _log("error", "thread_failed", thread=thread, **whereabouts(ended.exc_value))


def _warns(  # noqa: PLR0913, PLR0917  # Python's own signature
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001  # as above
    line: str | None = None,  # noqa: ARG001  # as above
) -> None:
    place = f"{filename.rpartition('/src/')[2]}:{lineno}"
    _log("warning", "python_warning", category=category.__name__, place=place, text=str(message))
