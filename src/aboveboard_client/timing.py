"""How long a client waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take, in seconds. The defaults suit a product in the field.

    `linger`: how long the first event of a batch waits for others. `rpc`: the deadline of a call.
    `retry_first`, `retry_most`: the first and the longest wait after a failure, doubled in between, each
    shortened by chance to no less than half. `refused`: the wait after an answer that will not change by
    itself, such as a key that is not valid. `idle`: after how long without anything to send the connection is
    closed, and how often a disabled client looks whether it was enabled by another process. `adopt`: how
    often files of processes that are gone are looked for.
    """

    linger: float = 1.0
    rpc: float = 10.0
    retry_first: float = 1.0
    retry_most: float = 300.0
    refused: float = 3600.0
    idle: float = 60.0
    adopt: float = 600.0
