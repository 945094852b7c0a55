"""What an operator may set: parsed once, then frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from aboveboard_server.addresses import is_loopback
from aboveboard_server.characters import fault
from aboveboard_server.door_settings import LimitSettings, TransportSettings
from aboveboard_server.errors import StartupError
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from aboveboard_server.privacy.key_secrets import is_admin_secret

MAX_NOTICE_BYTES = 500
MAX_UNSEEN_OPT_OUTS = 1_000_000
MAX_PORT = 65_535
# Nobody who asked is kept waiting for longer, nor named: docs/privacy.md promises it.
MAX_LAPSE_DAYS = 30
LOG_LEVELS = ("debug", "info", "warning", "error")
REQUIRED, OPTIONAL = "required", "optional"
# In the environment of one of several workers: the folder in which all of them count, as prometheus_client
# calls it, and the worker's number.
METRICS_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
WORKER_VARIABLE = "ABOVEBOARD_WORKER"
DEFAULT_DATABASE = "sqlite:///aboveboard.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. StartupError where a value cannot be meant."""

    database: str = DEFAULT_DATABASE
    key_dir: Path = Path("aboveboard-keys")
    grpc_bind: str = "127.0.0.1:50051"
    admin_bind: str = "127.0.0.1:50052"
    http_bind: str = "127.0.0.1:8080"
    ping_interval_hours: int = 12
    notice: str = ""
    scrub_quiet_seconds: int = 10
    scrub_within_hours: int = 24
    deletion_lapse_days: int = MAX_LAPSE_DAYS
    log_level: str = "info"
    workers: int = 1
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    # Whether who sends events must show a key; empty for what suits the addresses.
    write_keys: str = ""
    # The secret of an admin key, which no log may show.
    bootstrap_token: str = field(default="", repr=False)
    transport: TransportSettings = field(default_factory=TransportSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    # Opt-outs that sources may set of subjects of which nothing is held; see docs/limits.md for their memory.
    max_unseen_opt_outs: int = MAX_UNSEEN_OPT_OUTS
    # Whether the addresses are shared with the other workers.
    reuse_port: bool = False

    def __post_init__(self) -> None:
        self._check_characters()
        for name, bind in self.binds.items():
            host, _, port = bind.rpartition(":")
            if not host or not port.isdecimal() or int(port) > MAX_PORT:
                raise StartupError(f"{flag_of(name)}: {bind!r} is not HOST:PORT")
        self._check_access()
        if self.log_level not in LOG_LEVELS:
            raise StartupError(f"--log-level: one of {', '.join(LOG_LEVELS)}")
        if self.ping_interval_hours < 1:
            raise StartupError("--ping-interval-hours: must be at least 1")
        self._check_deletions()
        if self.workers < 1:
            raise StartupError("--workers: must be at least 1")
        if self.workers > 1 and self.database.startswith("sqlite"):
            raise StartupError("--workers: SQLite has one writer; several workers need PostgreSQL")
        if len(self.notice.encode()) > MAX_NOTICE_BYTES:
            raise StartupError(f"--notice: over {MAX_NOTICE_BYTES} bytes")

    def _check_characters(self) -> None:
        """Refuse line breaks and the like, whoever has made the settings; commands name a variable too."""
        for group, prefix in ((self, ""), (self.transport, "tls_"), (self.archive, "archive_")):
            for one in fields(group):
                values = getattr(group, one.name)
                several = isinstance(values, tuple | frozenset)
                for value in values if several else (values,):
                    # The secret has a rule of its own, and no flag.
                    if (
                        isinstance(value, str | Path)
                        and one.name != "bootstrap_token"
                        and (why := fault(str(value)))
                    ):
                        name = prefix + (one.name.removesuffix("s") if several else one.name)
                        raise StartupError(f"{flag_of(name)}: {why}")

    def _check_deletions(self) -> None:
        if self.scrub_quiet_seconds < 0:
            raise StartupError("--scrub-quiet-seconds: must not be negative")
        if self.scrub_within_hours < 0:
            raise StartupError("--scrub-within-hours: must not be negative")
        if not 1 <= self.deletion_lapse_days <= MAX_LAPSE_DAYS:
            raise StartupError(
                f"--deletion-lapse-days: {self.deletion_lapse_days} is not 1 to {MAX_LAPSE_DAYS}: a deletion"
                f" that waits must lapse within {MAX_LAPSE_DAYS} days, for until then it names its subject"
            )

    def _check_access(self) -> None:
        if self.max_unseen_opt_outs < 1:
            raise StartupError("--max-unseen-opt-outs: must be at least 1")
        if self.write_keys not in {"", REQUIRED, OPTIONAL}:
            raise StartupError(f"--write-keys: one of {REQUIRED}, {OPTIONAL}")
        if self.bootstrap_token and not is_admin_secret(self.bootstrap_token):
            raise StartupError("ABOVEBOARD_BOOTSTRAP_TOKEN: must be aba_ and 43 characters of base64url")

    @property
    def binds(self) -> dict[str, str]:
        """Where to listen, HOST:PORT by the name of the setting."""
        return {"grpc_bind": self.grpc_bind, "admin_bind": self.admin_bind, "http_bind": self.http_bind}

    @property
    def write_keys_required(self) -> bool:
        """Whether who sends events must show a key: unless said, where others than this machine can send."""
        if self.write_keys:
            return self.write_keys == REQUIRED
        return not (is_loopback(self.grpc_bind) and is_loopback(self.http_bind))


def flag_of(name: str) -> str:
    """Return the flag of a setting."""
    return f"--{name.replace('_', '-')}"
