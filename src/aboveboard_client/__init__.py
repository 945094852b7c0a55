"""Sends a product's telemetry to Aboveboard, and behaves: never in the way, never after an opt-out.

    client = Client("telemetry.example.com:443", ServerSource(server_uuid=..., solution="Testsigma CE"))
    client.record(TestCaseStat(test_case_id="10", change_type=CHANGE_TYPE_CREATE))

Neither Client nor anything it does raises into its host, or waits on disk or network where it is not told to.
"""

from __future__ import annotations

from aboveboard_client.client import Client
from aboveboard_client.preference import Answer, Scope
from aboveboard_client.tally import Stats
from aboveboard_client.timing import Timing

__all__ = ["Answer", "Client", "Scope", "Stats", "Timing"]
