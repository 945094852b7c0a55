"""What a simulated server and a simulated browser tab have to tell, one event after the other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from aboveboard.event.v1.change_type_pb2 import (
    CHANGE_TYPE_CREATE,
    CHANGE_TYPE_DELETE,
    CHANGE_TYPE_OTHER,
    CHANGE_TYPE_UPDATE,
    ChangeType,
)
from aboveboard.event.v1.integration_pb2 import IntegrationStat
from aboveboard.event.v1.server_pb2 import ServerPing
from aboveboard.schema.v1.annotations_pb2 import CATEGORY_INTERACTION, CATEGORY_TECHNICAL

if TYPE_CHECKING:
    import random

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope

PING_INTERVAL_MS = 12 * 3_600_000
# How often each thing changes on a Testsigma server, and the identifier it has there.
CHANGES = {
    "test_step_stat": 40,
    "element_stat": 20,
    "test_plan_run_stat": 12,
    "test_case_stat": 10,
    "test_data_stat": 5,
    "test_suite_stat": 4,
    "upload_stat": 3,
    "test_plan_stat": 2,
    "agent_device_stat": 2,
    "integration_stat": 2,
    "environment_stat": 1,
    "agent_stat": 1,
}
KINDS_OF_CHANGE: dict[ChangeType.ValueType, int] = {
    CHANGE_TYPE_CREATE: 55,
    CHANGE_TYPE_UPDATE: 35,
    CHANGE_TYPE_DELETE: 9,
    CHANGE_TYPE_OTHER: 1,
}
CHOICES = {
    "agent_os": ("LINUX", "LINUX", "WINDOWS", "MAC"),
    "agent_device_os": ("ANDROID", "ANDROID", "IOS", "LINUX"),
    "application_type": (
        "WebApplication",
        "WebApplication",
        "MobileWeb",
        "AndroidNative",
        "IOSNative",
        "Rest",
    ),
    "test_plan_type": ("ADHOC_TEST_PLAN", "ADHOC_TEST_PLAN", "DISTRIBUTED", "CROSS_BROWSER"),
    "test_plan_lab_type": ("Hybrid", "TestsigmaLab", "PrivateGrid"),
    "entity_type": ("TEST_SUITE", "TEST_SUITE", "TEST_CASE"),
    "upload_extension": ("APK", "APK", "IPA"),
    "integration": ("jira", "slack", "jenkins", "browserstack", "saucelabs"),
}
PLUGINS = {"jenkins"}
# What happens in a browser tab after its start: name, category, weight, middle of the duration in ms.
TAB_EVENTS = (
    ("CallHandled", CATEGORY_INTERACTION, 30, 180_000),
    ("ContactSearched", CATEGORY_INTERACTION, 25, 350),
    ("StateChanged", CATEGORY_INTERACTION, 25, 40),
    ("NetworkRequest", CATEGORY_TECHNICAL, 20, 120),
    ("Reconnected", CATEGORY_TECHNICAL, 3, 2_500),
)
WEIGHTS = [weight for _, _, weight, _ in TAB_EVENTS]
STARTED = ("ApplicationStarted", CATEGORY_TECHNICAL, 1, 1_520)
BROWSERS = ("Chrome", "Chrome", "Edge", "Firefox")


class ServerStory:
    """One Testsigma-like server: it pings at its first start and every 12 hours, and counts its changes."""

    def __init__(self, chance: random.Random, version: str) -> None:
        self._chance = chance
        self._version = version
        self._os = chance.choice(("LINUX", "LINUX", "LINUX", "WINDOWS", "MAC"))
        self._created: Counter[str] = Counter()
        self._pings: set[int] = set()
        self._started_ms = 0

    def moments(self, begin_ms: int, end_ms: int, count: int) -> list[int]:
        """Return when its events occur, in order; the pings take a third of them at most."""
        if not count:
            return []
        self._started_ms = begin_ms + self._chance.randrange(min(PING_INTERVAL_MS, end_ms - begin_ms))
        intervals = range(self._started_ms, end_ms, PING_INTERVAL_MS)
        pings = list(intervals[: 1 + (count - 1) // 3])
        self._pings = set(pings)
        changes = [self._chance.randrange(self._started_ms, end_ms) for _ in range(count - len(pings))]
        return sorted(pings + changes)

    def tell(self, envelope: EventEnvelope) -> None:
        """Fill in what happens at that moment."""
        moment = envelope.occurred_at.ToMilliseconds()
        if moment in self._pings:
            self._pings.remove(moment)
            self._ping(envelope.server_ping, moment)
            return
        (name,) = self._chance.choices(list(CHANGES), list(CHANGES.values()))
        self._change(envelope, name)

    def _ping(self, ping: ServerPing, moment: int) -> None:
        ping.server_version, ping.server_os = self._version, self._os
        ping.last_up_time.FromMilliseconds(self._started_ms)
        ping.trigger = ServerPing.TRIGGER_INTERVAL
        if moment == self._started_ms:
            ping.trigger = ServerPing.TRIGGER_FIRST_START
        elif self._chance.random() < 0.05:  # noqa: PLR2004 - one ping in twenty follows a restart
            self._started_ms = moment
            ping.trigger = ServerPing.TRIGGER_START
            ping.last_up_time.FromMilliseconds(moment)

    def _change(self, envelope: EventEnvelope, name: str) -> None:
        message = getattr(envelope, name)
        (message.change_type,) = self._chance.choices(list(KINDS_OF_CHANGE), list(KINDS_OF_CHANGE.values()))
        for field in message.DESCRIPTOR.fields:
            if field.name in CHOICES:
                setattr(message, field.name, self._chance.choice(CHOICES[field.name]))
            elif field.name.endswith("_id"):
                created = message.change_type == CHANGE_TYPE_CREATE and field.name == f"{name[:-5]}_id"
                setattr(message, field.name, self._identifier(field.name, created=created))
        if isinstance(message, IntegrationStat):
            is_plugin = message.integration in PLUGINS
            message.kind = IntegrationStat.KIND_PLUGIN if is_plugin else IntegrationStat.KIND_INTEGRATION

    def _identifier(self, name: str, *, created: bool) -> str:
        """Return the next number of that kind of thing, or one that there is already."""
        if created or not self._created[name]:
            self._created[name] += 1
            return str(self._created[name])
        return str(self._chance.randint(1, self._created[name]))


class TabStory:
    """One Connects-like browser tab: it starts, then calls are handled and requests made; all in sequence."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._browser = chance.choice(BROWSERS)
        self._sequence = 0

    def moments(self, begin_ms: int, end_ms: int, count: int) -> list[int]:
        """Return when its events occur, in order; a tab is open for some hours of one day."""
        opened = self._chance.randrange(begin_ms, end_ms)
        closed = min(end_ms, opened + 1 + int(self._chance.lognormvariate(16, 0.8)))
        return sorted([opened, *(self._chance.randrange(opened, closed) for _ in range(count - 1))][:count])

    def tell(self, envelope: EventEnvelope) -> None:
        """Fill in what happens next."""
        self._sequence += 1
        envelope.sequence = self._sequence
        event = STARTED if self._sequence == 1 else self._chance.choices(TAB_EVENTS, WEIGHTS)[0]
        name, category, _, middle_ms = event
        envelope.ping.event_name, envelope.ping.category = name, category
        payload: dict[str, str | float] = {
            "duration_ms": round(middle_ms * self._chance.lognormvariate(0, 0.6), 1)
        }
        if event is STARTED:
            payload["browser"] = self._browser
        envelope.ping.payload.update(payload)
