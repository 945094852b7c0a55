"""The transport of the gRPC listeners: port, certificates, and how much may come through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from aboveboard_server.errors import StartupError
from aboveboard_server.grpc_api.decoding import MAX_TRANSPORT_BYTES
from aboveboard_server.grpc_api.threads import patient_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard_server.tls import Certificates, Loaded

# Connections at once; further ones are closed as they come.
MAX_CONNECTIONS = 4_000
# Calls at once on one connection; a client of grpc keeps further ones to itself until one has ended.
MAX_STREAMS = 100
# Calls that have come and that nobody has looked at yet; beyond, grpc itself breaks them off (CANCELLED): by
# chance at first, all of them beyond twice as many. Where `arrivals` counts them it refuses what is too many
# with a reason, and grpc never does: those that it breaks off would count as waiting for good.
MAX_UNSEEN = 4_000
NEVER = 2**31 - 1
BROKEN_OFF: list[tuple[str, int]] = [
    ("grpc.server.max_pending_requests", MAX_UNSEEN),
    ("grpc.server.max_pending_requests_hard_limit", 2 * MAX_UNSEEN),
]
COUNTED: list[tuple[str, int]] = [
    ("grpc.server.max_pending_requests", NEVER),
    ("grpc.server.max_pending_requests_hard_limit", NEVER),
    # Seconds.
    ("grpc.server.max_unrequested_time_in_server", NEVER // 1_000),
]
# Bytes that a connection's first read asks for, and the least that any does. With grpc's own 8 KiB and 256 B
# the server takes 6 % more of the processor for batches of 500; idle connections take 30 KiB instead of 18.
FIRST_READ = 256 * 1024
LEAST_READ = 64 * 1024
# Seconds without a call after which a connection is closed, and seconds that TLS may take to agree.
MAX_IDLE = 300
HANDSHAKE = 10
# Seconds in which a client must have acknowledged our settings. Until it does, grpc takes headers of 16 MiB
# in all instead of 16 KiB, and keeps them until they end.
SETTLED = 5
# Seconds beyond the age of a connection in which what is under way on it must come to its end: a stream
# has as long as a connection, a call far less.
AFTER_STREAMS = 30


def options(max_connection_age: int, *, reuse_port: bool) -> list[tuple[str, int]]:
    """Return the options of a server whose connections live so many seconds; add BROKEN_OFF or COUNTED."""
    return [
        ("grpc.max_receive_message_length", MAX_TRANSPORT_BYTES),
        # Strictly below what clients are told to use, so that a well-behaved one is never cut off.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # Not unless workers share the port on purpose: a second server would bind it silently and take half
        # of the calls.
        ("grpc.so_reuseport", int(reuse_port)),
        ("grpc.max_connection_age_ms", max_connection_age * 1_000),
        ("grpc.max_connection_age_grace_ms", (max_connection_age + AFTER_STREAMS) * 1_000),
        ("grpc.max_connection_idle_ms", MAX_IDLE * 1_000),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE * 1_000),
        ("grpc.http2.settings_timeout", SETTLED * 1_000),
        ("grpc.max_concurrent_streams", MAX_STREAMS),
        ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
        ("grpc.experimental.tcp_read_chunk_size", FIRST_READ),
        ("grpc.experimental.tcp_min_read_chunk_size", LEAST_READ),
        ("grpc.max_metadata_size", 8192),
        ("grpc.absolute_max_metadata_size", 16384),
    ]


def server(
    options: Sequence[tuple[str, int]], interceptors: Sequence[grpc.aio.ServerInterceptor] = ()
) -> grpc.aio.Server:
    """Make a server; with a process's first one grpc starts its threads."""
    with patient_threads():
        return grpc.aio.server(interceptors=interceptors, options=options)


def add_port(server: grpc.aio.Server, bind: str, certificates: Certificates | None) -> int:
    """Bind HOST:PORT, in plain text without certificates; return the port. StartupError where it is taken."""
    try:
        if certificates is None:
            return server.add_insecure_port(bind)
        return server.add_secure_port(bind, _credentials(certificates))
    except RuntimeError as error:
        raise StartupError(f"cannot listen on {bind}: the address is in use or not this machine's") from error


def _credentials(certificates: Certificates) -> grpc.ServerCredentials:
    shown = certificates.current()

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        """Return what has changed since the handshake before, if anything."""
        nonlocal shown
        loaded = certificates.current()
        if loaded is shown:
            return None
        shown = loaded
        return _configuration(loaded)

    # None is what grpc documents, though its types do not, for "as before".
    fetch: Any = renewed
    return grpc.dynamic_ssl_server_credentials(
        _configuration(shown), fetch, require_client_authentication=shown.client_ca is not None
    )


def _configuration(loaded: Loaded) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(loaded.key, loaded.chain)], loaded.client_ca)
