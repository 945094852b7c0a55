"""JSON logs on standard error, one object a line."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import structlog

from aboveboard_server import request_log

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
            structlog.processors.JSONRenderer(_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        # A line in one piece: `print` writes its end by itself, and other processes write to the same place.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_foreign_formatter())
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def _to_json(event: Any, **_options: Any) -> str:
    return ENCODER.encode(event)


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
