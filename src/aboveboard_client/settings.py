"""What a client was told when it was made: parsed once, then frozen."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard.telemetry.v1.source_pb2 import DeploymentSource, ServerSource, Source

if TYPE_CHECKING:
    from aboveboard_client.client import AnySource
    from aboveboard_client.timing import Timing

OFF_SWITCHES = ("DO_NOT_TRACK", "DISABLE_TELEMETRY")
NOT_SET = {"", "0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about one client."""

    endpoint: str
    # Why there is nowhere to send to; mostly empty.
    nowhere: str
    source: Source
    folder: Path
    write_key: str
    heartbeat: bool
    max_bytes: int
    log_bytes: int
    local: bool
    tls: bool
    root_certificates: bytes | None
    timing: Timing


def as_source(source: AnySource) -> Source:
    """Return a Source of whatever says who sends; TypeError, ValueError where it does not."""
    if isinstance(source, ServerSource):
        return Source(server=source)
    if isinstance(source, DeploymentSource):
        return Source(deployment=source)
    if not isinstance(source, Source):
        raise TypeError(f"source: a Source, not {type(source).__name__}")
    if source.WhichOneof("origin") is None:
        raise ValueError("source: neither a server nor a deployment")
    copy = Source()
    copy.CopyFrom(source)
    return copy


def folder_of(directory: str | os.PathLike[str] | None, source: Source) -> Path:
    """Return where a source's files lie: a folder of its own, so that each opt-out empties only its own.

    Version, names and instance do not count, nor does the endpoint: after an upgrade or a move the next run
    sends what the last one left, and who has switched telemetry off has done so for good.
    """
    keys: list[str] = [source.WhichOneof("origin") or ""]
    if source.HasField("server"):
        keys += [source.server.server_uuid.lower(), source.server.solution]
    else:
        deployment = source.deployment
        keys += [deployment.solution, deployment.company_id, deployment.deployment_id, deployment.user_id]
    digest = hashlib.sha256("\0".join(keys).encode()).hexdigest()
    return (Path(directory) if directory is not None else _state_home() / "aboveboard") / digest[:16]


def is_switched_off() -> bool:
    """Whether the environment forbids telemetry: DO_NOT_TRACK=1, DISABLE_TELEMETRY=true."""
    return any(os.environ.get(name, "").strip().lower() not in NOT_SET for name in OFF_SWITCHES)


def _state_home() -> Path:
    home = os.environ.get("XDG_STATE_HOME", "")
    return Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state"
