"""Keys that tests make, and what a call with one is answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
from tests.support.admin import admin
from tests.support.clients import TIMEOUT, refusal_of

from aboveboard.admin.v1 import key_pb2 as k

if TYPE_CHECKING:
    from tests.support.server import ServerProcess

    from aboveboard.schema.v1.annotations_pb2 import Access

# Seconds within which what changes about a key is in force everywhere.
IN_FORCE = 5.0
ALLOWED = ""


def make_key(server: ServerProcess, kind: k.Key.Kind.ValueType, **fields: Any) -> k.CreateKeyResponse:
    """Make a key; the name is the same for all that nobody asks for by name."""
    request = k.CreateKeyRequest(kind=kind, **{"display_name": "a test's key"} | fields)
    with admin(server) as stub:
        made: k.CreateKeyResponse = stub.CreateKey(request, timeout=TIMEOUT)
        return made


def write_key(server: ServerProcess, **fields: Any) -> str:
    """Make a write key, and return its secret."""
    return make_key(server, k.Key.KIND_WRITE, **fields).secret


def admin_key(server: ServerProcess, *scopes: Access.ValueType, **fields: Any) -> str:
    """Make an admin key, and return its secret."""
    return make_key(server, k.Key.KIND_ADMIN, scopes=scopes, **fields).secret


def revoke(server: ServerProcess, key_id: str) -> k.Key:
    """Revoke a key."""
    with admin(server) as stub:
        revoked: k.Key = stub.RevokeKey(k.RevokeKeyRequest(key_id=key_id), timeout=TIMEOUT).key
        return revoked


def ended(server: ServerProcess, kind: k.Key.Kind.ValueType, **fields: Any) -> tuple[str, str]:
    """Return the secrets of a key that has expired and of one that was revoked."""
    soon = time.time_ns() + 500_000_000
    request = k.CreateKeyRequest(kind=kind, display_name="expires", **fields)
    request.expires_at.FromNanoseconds(soon)
    with admin(server) as stub:
        expired = stub.CreateKey(request, timeout=TIMEOUT).secret
    made = make_key(server, kind, **fields)
    revoke(server, made.key.key_id)
    time.sleep(max(0.0, (soon - time.time_ns()) / 1e9))
    return expired, made.secret


def reason_of(call: Any) -> str:
    """Return the reason with which a call was not let in, "" where it was, whatever became of it then."""
    try:
        call()
    except grpc.RpcError as error:
        refused = refusal_of(error)
        barred = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
        return refused.details.reason if refused.code in barred else ALLOWED
    return ALLOWED
