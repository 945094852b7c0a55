"""JSON logs on standard error, one object a line. What is logged never waits, nor raises what goes wrong."""

from __future__ import annotations

import json
import logging
from typing import Any

import structlog

from aboveboard_server import log_lines, request_log, uncaught

# Made once: there is a line for each RPC, and `json.dumps` would make an encoder for each line.
ENCODER = json.JSONEncoder(default=repr)


def configure(level: str) -> None:
    """Set up structlog; `level` as logging names it. The standard library's loggers join in as warnings."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            request_log.merged,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _to_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_QueueLogger,
        cache_logger_on_first_use=True,
    )
    handler = _QueueHandler()
    handler.setFormatter(_foreign_formatter())
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
    uncaught.to_log()
    logging.captureWarnings(capture=True)


class _QueueLogger:
    """What structlog hands its lines to."""

    def __init__(self, *_name: Any) -> None:
        self.msg = log_lines.LOG.put

    @property
    def debug(self) -> Any:
        return self.msg

    log = info = warning = warn = error = err = critical = fatal = failure = exception = debug


class _QueueHandler(logging.Handler):
    """What the standard library's loggers hand their records to."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log_lines.LOG.put(self.format(record))
        except Exception:  # noqa: BLE001  # a library's line is no reason for a request to fail
            log_lines.dropped[log_lines.INVALID] += 1


def _to_json(_logger: Any, _method: str, event: structlog.types.EventDict) -> str:
    try:
        return ENCODER.encode(event)
    except Exception:  # noqa: BLE001  # such as a `repr` that raises: logging never does
        log_lines.dropped[log_lines.INVALID] += 1
        raise structlog.DropEvent from None


def _foreign_formatter() -> logging.Formatter:
    """Format what libraries log. Their tracebacks are left out: an exception's text may hold anything."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_traceback,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def _without_traceback(
    _logger: logging.Logger, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
    return event
