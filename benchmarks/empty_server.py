"""`aboveboard` with a handler of events that does nothing: what all around it takes.

Transport, admission, limits, decoding, log and metrics are the service's own; no event is looked at, nothing
is stored, and the answer was made before the first request came.
"""

from __future__ import annotations

from typing import Any

from aboveboard.ingest.v1 import ingest_service_pb2 as ingest
from aboveboard_server.__main__ import main
from aboveboard_server.grpc_api.ingest_servicer import IngestServicer

ANSWER = ingest.PublishEventsResponse(accepted_count=1)


async def publish(
    self: IngestServicer,  # noqa: ARG001  # it stands in for a method
    request: Any,  # noqa: ARG001  # not looked at: that is what is left out
    context: Any,  # noqa: ARG001  # grpc's shape of a handler
) -> ingest.PublishEventsResponse:
    """Answer at once."""
    return ANSWER


if __name__ == "__main__":
    IngestServicer.PublishEvents = publish  # type: ignore[method-assign]  # this is what is left out
    main()
