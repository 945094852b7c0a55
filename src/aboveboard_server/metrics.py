"""What the service counts of itself, as Prometheus reads it.

Labels are names of enums, of methods and of routes: nothing that a caller sends, so that there is an end to
them. Everything is counted once a request or once a commit, never once an event.

Several workers count in files that they share (prometheus_client's multiprocess mode), so that whichever of
them is asked answers for all. A worker that is started again goes on with the numbers of the one before it.
"""

from __future__ import annotations

import atexit
import os
from collections import Counter as Tally
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard_server import log_lines
from aboveboard_server.settings import METRICS_FOLDER_VARIABLE, WORKER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Collection

# What every Prometheus understands.
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_worker = os.environ.get(WORKER_VARIABLE)
if _worker is not None:
    # By its number and not by its process id: workers come and go, and their files would pile up.
    values.ValueClass = values.MultiProcessValue(lambda: int(_worker))  # type: ignore[no-untyped-call]  # the library's

_registry = CollectorRegistry()
# A time for each counter would double what is told, and the process' own start says the same.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's


class Counters:
    """A counter for each combination of labels.

    What is added is put to the library's counters once a second, and before they are told: each addition
    there takes a lock and, with workers, writes to a file, which is a fiftieth of what a request takes.
    """

    def __init__(self, name: str, documentation: str, labels: tuple[str, ...]) -> None:
        self._family = Counter(name, documentation, labels, registry=_registry)
        self._added: defaultdict[tuple[str, ...], int] = defaultdict(int)
        _unsettled.append(self)

    def add(self, labels: tuple[str, ...], count: int = 1) -> None:
        """Count one or more; 0 makes it known that there can be any."""
        self._added[labels] += count

    def settle(self) -> None:
        """Put what was added to the library's counters."""
        added, self._added = self._added, defaultdict(int)
        for labels, count in added.items():
            self._family.labels(*labels).inc(count)


class Durations:
    """A histogram of seconds, put to the library's as Counters are."""

    def __init__(self, name: str, documentation: str, buckets: tuple[float, ...]) -> None:
        self._histogram = Histogram(name, documentation, buckets=buckets, registry=_registry)
        self._observed: list[float] = []
        _unsettled.append(self)

    def observe(self, seconds: float) -> None:
        """Take one duration into account."""
        self._observed.append(seconds)

    def settle(self) -> None:
        """Put what was observed to the library's histogram."""
        observed, self._observed = self._observed, []
        for seconds in observed:
            self._histogram.observe(seconds)


_unsettled: list[Counters | Durations] = []
# What was already counted of `log_lines.dropped`, which does without locks and so is only ever read.
_dropped_before: dict[str, int] = {}


EVENTS = Counters("aboveboard_events", "Events by what became of them, and why.", ("outcome", "reason"))
RPCS = Counters(
    "aboveboard_rpcs", "gRPC calls that have ended, by method and status code.", ("method", "code")
)
HTTP_REQUESTS = Counters(
    "aboveboard_http_requests",
    "HTTP requests that have ended, by the template of their route and status; no route where none matched.",
    ("route", "status"),
)
COMMIT_SECONDS = Durations(
    "aboveboard_commit_duration_seconds",
    "Time from handing a group of batches to the store until they are on the disk.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
COMMITS_FAILED = Counter(
    "aboveboard_commits_failed", "Commits that the store refused or that broke.", registry=_registry
)
LOOP_LAG_SECONDS = Histogram(
    "aboveboard_event_loop_lag_seconds",
    "How late the event loop came to what was due, looked at once a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    registry=_registry,
)
QUEUE_EVENTS = Gauge(
    "aboveboard_queue_events",
    "Events that wait for a commit or are in one.",
    multiprocess_mode="sum",
    registry=_registry,
)
QUEUE_LIMIT_EVENTS = Gauge(
    "aboveboard_queue_limit_events",
    "Events beyond which requests are refused as RESOURCE_EXHAUSTED.",
    multiprocess_mode="sum",
    registry=_registry,
)
DATABASE_BYTES = Gauge(
    "aboveboard_database_bytes",
    "Size of the database with its write-ahead log (SQLite), or of the PostgreSQL database.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
DELETIONS_WAITING = Gauge(
    "aboveboard_deletions_waiting",
    "Deletions that sources asked for and that wait for an administrator.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
DELETIONS_WAITING_SECONDS = Gauge(
    "aboveboard_deletions_waiting_oldest_seconds",
    "How long the oldest of the deletions that wait has waited; 0 where none does.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
JOURNAL_BYTES = Gauge(
    "aboveboard_journal_bytes",
    "Size of the deletion journal in the key directory.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
UNSEEN_OPT_OUTS = Gauge(
    "aboveboard_unseen_opt_outs",
    "Opt-outs that sources set of subjects of which nothing was held, in force or lifted by their source.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
UNSEEN_OPT_OUTS_LIMIT = Gauge(
    "aboveboard_unseen_opt_outs_limit",
    "Such opt-outs beyond which SetCollectionPreference is refused as RESOURCE_EXHAUSTED.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
PARTITIONS_MISSING = Gauge(
    "aboveboard_partitions_missing",
    "PostgreSQL: monthly partitions that should have been made by now, and were not; 0 on SQLite.",
    multiprocess_mode="mostrecent",
    registry=_registry,
)
READY = Gauge(
    "aboveboard_ready",
    "1 where every worker's store takes commits, 0 where not.",
    multiprocess_mode="min",
    registry=_registry,
)
KEYS_AGE_SECONDS = Gauge(
    "aboveboard_keys_age_seconds",
    "How long the keys in force could not be read, by the worker that is furthest behind; 0 where they can.",
    multiprocess_mode="max",
    registry=_registry,
)
CLOCK_SUSPECT = Gauge(
    "aboveboard_clock_suspect",
    "1 where a worker's clock is suspect: it sweeps, releases and cuts off nothing. 0 where none is.",
    multiprocess_mode="max",
    registry=_registry,
)
JOBS_SKIPPED = Counter(
    "aboveboard_jobs_skipped",
    "Scheduled jobs that were due and not run, as the clock is suspect.",
    ("job",),
    registry=_registry,
)
BACKGROUND_FAILURES = Counters(
    "aboveboard_background_failures",
    "Ends by an error of the loops that run beside the answers; each is run again after a pause.",
    ("task",),
)
ERASURE_STOPPED = Gauge(
    "aboveboard_erasure_stopped",
    "1 where deletions (eraser) or a job stop at a table of events that this version does not know.",
    ("job",),
    multiprocess_mode="max",
    registry=_registry,
)
LOG_LINES_DROPPED = Counters(
    "aboveboard_log_lines_dropped",
    "Lines of the log that were dropped: too many waited, a write failed, or the line could not be encoded.",
    ("reason",),
)
CPU_SECONDS = Counter(
    "process_cpu_seconds", "User and system CPU time, of all workers together.", registry=_registry
)
RESIDENT_BYTES = Gauge(
    "process_resident_memory_bytes",
    "Resident memory, of all workers together; pages that they share count for each.",
    multiprocess_mode="sum",
    registry=_registry,
)
OPEN_FILES = Gauge(
    "process_open_fds",
    "Open file descriptors, of all workers together.",
    multiprocess_mode="sum",
    registry=_registry,
)
START_SECONDS = Gauge(
    "process_start_time_seconds",
    "When the worker that was started last was started, since 1970.",
    multiprocess_mode="max",
    registry=_registry,
)


def count_events(accepted: int, verdicts: Collection[v.EventVerdict]) -> None:
    """Count what became of a request's events."""
    if accepted:
        EVENTS.add(_ACCEPTED, accepted)
    if verdicts:
        for (outcome, reason), count in Tally((one.outcome, one.reason) for one in verdicts).items():
            EVENTS.add(_labels(outcome, reason), count)


def settle() -> None:
    """Put what was counted to the library's counters, from where other workers read it as well."""
    for reason, count in log_lines.dropped.items():
        LOG_LINES_DROPPED.add((reason,), count - _dropped_before.get(reason, 0))
        _dropped_before[reason] = count
    for figures in _unsettled:
        figures.settle()


def render() -> bytes:
    """Return every figure in Prometheus' text format, those of all workers together.

    What other workers have counted since they last settled is not in it.
    """
    settle()
    if METRICS_FOLDER_VARIABLE not in os.environ:
        return generate_latest(_registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # as above
    return generate_latest(together)


def look_at_process(cpu_seconds_before: float) -> float:
    """Set what is told of this process; return the processor time it has used so far."""
    used = sum(os.times()[:2])
    CPU_SECONDS.inc(used - cpu_seconds_before)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    RESIDENT_BYTES.set(pages * os.sysconf("SC_PAGE_SIZE"))
    OPEN_FILES.set(len(os.listdir("/proc/self/fd")))  # noqa: PTH208  # names alone, and there may be thousands
    return used


def _labels(outcome: v.Outcome.ValueType, reason: v.RejectionReason.ValueType) -> tuple[str, str]:
    name = v.RejectionReason.Name(reason).removeprefix("REJECTION_REASON_") if reason else ""
    return v.Outcome.Name(outcome).removeprefix("OUTCOME_"), name


_ACCEPTED = _labels(v.OUTCOME_ACCEPTED, v.REJECTION_REASON_UNSPECIFIED)
# There from the beginning, where it is known what there will be: of a counter that appears, the first events
# look like none.
for _outcome in (v.OUTCOME_DUPLICATE, v.OUTCOME_OPTED_OUT, v.OUTCOME_SUBJECT_ERASED):
    EVENTS.add(_labels(_outcome, v.REJECTION_REASON_UNSPECIFIED), 0)
for _reason in v.RejectionReason.values()[1:]:
    EVENTS.add(_labels(v.OUTCOME_REJECTED, _reason), 0)
# What was counted last is not lost where a worker ends.
atexit.register(settle)
