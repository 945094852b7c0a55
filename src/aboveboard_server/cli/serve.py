"""`aboveboard serve` and `aboveboard migrate`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from aboveboard_server import log_lines, logging
from aboveboard_server.cli import archive_options as options
from aboveboard_server.cli import door_options as doors
from aboveboard_server.cli.flags import with_flags_of
from aboveboard_server.door_settings import LimitSettings, TransportSettings, networks
from aboveboard_server.early import (
    raise_file_limit,
    refuse_open_doors,
    refuse_slow_protobuf,
    refuse_what_is_taken,
)
from aboveboard_server.errors import StartupError
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from aboveboard_server.settings import DEFAULT_DATABASE, MAX_UNSEEN_OPT_OUTS, Settings

Database = Annotated[str, typer.Option(envvar="ABOVEBOARD_DATABASE", help="Where events are kept, as a URL.")]
ARCHIVE = ArchiveSettings()
TRANSPORT = TransportSettings()
LIMITS = LimitSettings()


def settings_of(  # noqa: PLR0913, PLR0917  # one parameter for each flag
    database: Database = DEFAULT_DATABASE,
    key_dir: Annotated[
        Path, typer.Option(envvar="ABOVEBOARD_KEY_DIR", help="Where the keys are kept: outside the database.")
    ] = Path("aboveboard-keys"),
    grpc_bind: Annotated[
        str, typer.Option(envvar="ABOVEBOARD_GRPC_BIND", help="Where events are taken, HOST:PORT.")
    ] = "127.0.0.1:50051",
    admin_bind: Annotated[
        str, typer.Option(envvar="ABOVEBOARD_ADMIN_BIND", help="Where administrators are served, HOST:PORT.")
    ] = "127.0.0.1:50052",
    http_bind: Annotated[
        str, typer.Option(envvar="ABOVEBOARD_HTTP_BIND", help="Where browsers are served, HOST:PORT.")
    ] = "127.0.0.1:8080",
    ping_interval_hours: Annotated[
        int, typer.Option(envvar="ABOVEBOARD_PING_INTERVAL_HOURS", help="How often clients shall ping.")
    ] = 12,
    notice: Annotated[
        str, typer.Option(envvar="ABOVEBOARD_NOTICE", help="A short text every client is given.")
    ] = "",
    scrub_quiet_seconds: Annotated[
        int,
        typer.Option(
            envvar="ABOVEBOARD_SCRUB_QUIET_SECONDS",
            help="SQLite: scrub what was erased once no event has come for so long; writes wait meanwhile.",
        ),
    ] = 10,
    scrub_within_hours: Annotated[
        int,
        typer.Option(
            envvar="ABOVEBOARD_SCRUB_WITHIN_HOURS",
            help="SQLite: scrub what was erased so long ago, quiet or not.",
        ),
    ] = 24,
    deletion_lapse_days: Annotated[
        int,
        typer.Option(
            envvar="ABOVEBOARD_DELETION_LAPSE_DAYS",
            help="Days that a deletion waits for an administrator to confirm or reject it, 30 at most.",
        ),
    ] = 30,
    write_keys: Annotated[
        str,
        typer.Option(
            envvar="ABOVEBOARD_WRITE_KEYS",
            help="Whether who sends events must show a key: required or optional. "
            "Unless said, required where --grpc-bind or --http-bind is no loopback address.",
        ),
    ] = "",
    workers: Annotated[
        int, typer.Option(envvar="ABOVEBOARD_WORKERS", help="Server processes; more than 1 need PostgreSQL.")
    ] = 1,
    tls_cert: doors.TlsCert = None,
    tls_key: doors.TlsKey = None,
    tls_admin_client_ca: doors.TlsAdminClientCa = None,
    tls_ingest_client_ca: doors.TlsIngestClientCa = None,
    insecure: doors.Insecure = False,  # noqa: FBT002  # a flag
    max_connection_age: doors.MaxConnectionAge = TRANSPORT.max_connection_age,
    rate_per_key: doors.RatePerKey = LIMITS.rate_per_key,
    rate_per_address: doors.RatePerAddress = LIMITS.rate_per_address,
    burst_seconds: doors.BurstSeconds = LIMITS.burst_seconds,
    preference_rate_per_address: doors.PreferenceRatePerAddress = LIMITS.preference_rate_per_address,
    preference_rate: doors.PreferenceRate = LIMITS.preference_rate,
    max_unseen_opt_outs: doors.MaxUnseenOptOuts = MAX_UNSEEN_OPT_OUTS,
    trusted_proxy: doors.TrustedProxy = "",
    archive_solution: options.Solutions = "",
    archive_event_type: options.EventTypes = "",
    archive_clip: options.Clip = ARCHIVE.clip,
    archive_contributors_share: options.ContributorsShare = ARCHIVE.contributors_share,
    archive_epsilon: options.Epsilon = ARCHIVE.epsilon,
    archive_min_contributors: options.MinContributors = ARCHIVE.min_contributors,
    archive_min_clips: options.MinClips = ARCHIVE.min_clips,
    archive_failure_probability: options.FailureProbability = ARCHIVE.failure_probability,
    archive_allow_weaker: options.AllowWeaker = False,  # noqa: FBT002  # a flag
    log_level: Annotated[
        str, typer.Option(envvar="ABOVEBOARD_LOG_LEVEL", help="debug, info, warning or error.")
    ] = "info",
) -> Settings | StartupError:
    """Return the settings that these flags say, or why they cannot be meant."""
    try:
        return Settings(
            database=database,
            key_dir=key_dir,
            grpc_bind=grpc_bind,
            admin_bind=admin_bind,
            http_bind=http_bind,
            ping_interval_hours=ping_interval_hours,
            notice=notice,
            scrub_quiet_seconds=scrub_quiet_seconds,
            scrub_within_hours=scrub_within_hours,
            deletion_lapse_days=deletion_lapse_days,
            write_keys=write_keys,
            # From the environment only: every user of the machine sees arguments.
            bootstrap_token=os.environ.get("ABOVEBOARD_BOOTSTRAP_TOKEN", ""),
            workers=workers,
            archive=ArchiveSettings(
                solutions=options.names(archive_solution),
                event_types=options.names(archive_event_type),
                clip=archive_clip,
                contributors_share=archive_contributors_share,
                epsilon=archive_epsilon,
                min_contributors=archive_min_contributors,
                min_clips=archive_min_clips,
                failure_probability=archive_failure_probability,
                allow_weaker=archive_allow_weaker,
            ),
            transport=TransportSettings(
                cert=tls_cert,
                key=tls_key,
                ingest_client_ca=tls_ingest_client_ca,
                admin_client_ca=tls_admin_client_ca,
                insecure=insecure,
                max_connection_age=max_connection_age,
            ),
            limits=LimitSettings(
                rate_per_key=rate_per_key,
                rate_per_address=rate_per_address,
                burst_seconds=burst_seconds,
                preference_rate_per_address=preference_rate_per_address,
                preference_rate=preference_rate,
                trusted_proxies=networks(trusted_proxy),
            ),
            max_unseen_opt_outs=max_unseen_opt_outs,
            log_level=log_level,
        )
    except StartupError as error:
        return error


@with_flags_of(settings_of)
def serve(settings: Settings | StartupError) -> None:
    """Take events until told to stop (SIGTERM, SIGINT, SIGHUP)."""
    try:
        if isinstance(settings, StartupError):
            raise settings
        logging.configure(settings.log_level)
        refuse_slow_protobuf()
        refuse_open_doors(settings)
        raise_file_limit()
        refuse_what_is_taken(settings)
        # Late, for `--help` and bad flags should not wait for it.
        if settings.workers == 1:
            from aboveboard_server import bootstrap  # noqa: PLC0415

            bootstrap.run(settings)
        else:
            from aboveboard_server.workers import become_supervisor  # noqa: PLC0415

            become_supervisor(settings)
    except StartupError as error:
        log_lines.end(f"aboveboard: {error}")


def migrate(database: Database = DEFAULT_DATABASE) -> None:
    """Bring a database to the schema of this version."""
    try:
        from aboveboard_server import bootstrap  # noqa: PLC0415  # as above

        done = bootstrap.migrate(database)
    except StartupError as error:
        sys.exit(f"aboveboard: {error}")
    for line in done or ["nothing: the database is up to date"]:
        typer.echo(line)
