"""Answers: messages as JSON, and refusals as one line."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from starlette.responses import Response

from aboveboard.error.v1 import error_reason_pb2 as reasons
from aboveboard_server.http_edge.bodies import CLOSE, JSON
from aboveboard_server.request_log import note

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    from aboveboard_server.errors import ServiceError


def wants_json(request: Request) -> bool:
    """Whether the caller asks for JSON by name. A beacon takes anything, and reads nothing."""
    accepted = request.headers.get("accept", "")
    return any(choice.partition(";")[0].strip().lower() == JSON for choice in accepted.split(","))


def message(answer: Message) -> Response:
    """Return a message as ProtoJSON, with the fields that hold their default."""
    values = json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)
    return _json(values, HTTPStatus.OK, {})


def refused(request: Request, error: Exception) -> Response:
    """Answer a ServiceError as the catalog has it."""
    service_error: ServiceError = error  # type: ignore[assignment]  # Starlette hands over what was registered
    answer = service_error.answer
    headers = {}
    if service_error.retry_after is not None:
        headers["retry-after"] = str(math.ceil(service_error.retry_after))
    if answer.http == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if service_error.reason == reasons.ERROR_REASON_REQUEST_TOO_LARGE:
        # What is still to come of the body is not waited for.
        headers |= CLOSE
    refusal = {
        "reason": service_error.reason_name,
        "message": str(service_error),
        "field": service_error.field,
    }
    return _refusal(request, answer.http, refusal, headers)


def refused_by_http(request: Request, error: Exception) -> Response:
    """Answer what only HTTP knows, such as a wrong method; its reason is the status' name."""
    exception: HTTPException = error  # type: ignore[assignment]  # as above
    status = HTTPStatus(exception.status_code)
    refusal = {"reason": status.name, "message": exception.detail, "field": ""}
    return _refusal(request, status, refusal, dict(exception.headers or {}))


def _refusal(
    request: Request, status: HTTPStatus, refusal: dict[str, str], headers: dict[str, str]
) -> Response:
    note({"reason": refusal["reason"]})
    if wants_json(request):
        return _json(refusal, status, headers)
    text = f"{refusal['reason']}: {refusal['message']}\n"
    return Response(text, status, headers, media_type="text/plain")


def _json(values: Any, status: HTTPStatus, headers: dict[str, str]) -> Response:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return Response(text + "\n", status, headers, media_type=JSON)
