"""`aboveboard admin key …`: who may call the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard.admin.v1 import key_pb2 as k
from aboveboard_server.cli import enums
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    print_json,
    print_table,
    time_text,
    whole_list,
)
from aboveboard_server.cli.enums import name_of
from aboveboard_server.schema.access import scopes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard.schema.v1.annotations_pb2 import Access

app = typer.Typer(help="Keys of products that send, and of administrators.", no_args_is_help=True)

SCOPES = {name.lower().replace("_", "-"): number for name, number in scopes().items()}
ALL = "all"


def _kind(name: str) -> int:
    kinds = {"write": k.Key.KIND_WRITE, "admin": k.Key.KIND_ADMIN}
    if name not in kinds:
        raise typer.BadParameter(f"one of {', '.join(kinds)}")
    return kinds[name]


Kind = Annotated[int | None, enums.option(k.Key.Kind, "KIND_", "Keep only keys of this kind.")]
KeyId = Annotated[str, typer.Argument(help="As `list` shows it.")]


@app.command("create")
def create_key(  # noqa: PLR0913  # one parameter for each flag
    kind: Annotated[int, typer.Argument(parser=_kind, metavar="write|admin")],
    *,
    name: Annotated[str, typer.Option(help="What people shall know it by; kept for ever.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What an admin key may do: {', '.join(SCOPES)} or {ALL}; several times for several."
        ),
    ] = None,
    solution: Annotated[str, typer.Option(help="Bind a write key to this product.")] = "",
    company: Annotated[str, typer.Option(help="Bind a write key to this company.")] = "",
    origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Only for pages of this origin, such as https://app.example.com; several times for several."
        ),
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From when on (UTC) it is not valid."),
    ] = None,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Make a key and show its secret, this once: the server keeps only a digest of it."""
    request = k.CreateKeyRequest(
        kind=k.Key.Kind.ValueType(kind),
        display_name=name,
        scopes=_scopes(scope or []),
        solution=solution,
        company_id=company,
        allowed_origins=origin,
    )
    if expires is not None:
        request.expires_at.FromDatetime(expires.replace(tzinfo=UTC))
    with administrators(endpoint) as stub:
        made = stub.CreateKey(request)
    if as_json:
        print_json(made)
        return
    # Last, on a line of its own: for people to see, and for `tail -1`.
    _show([made.key])
    typer.echo("its secret, shown only once:")
    typer.echo(made.secret)


@app.command("list")
def list_keys(*, kind: Kind = None, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List keys, the newest first."""
    request = k.ListKeysRequest(kind=k.Key.Kind.ValueType(kind or 0))
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListKeys, request)
    if as_json:
        print_json(whole)
        return
    _show(whole.keys)


@app.command("get")
def get_key(key_id: KeyId, *, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """Show one key."""
    with administrators(endpoint) as stub:
        found = stub.GetKey(k.GetKeyRequest(key_id=key_id))
    if as_json:
        print_json(found)
        return
    _show([found.key])


@app.command("revoke")
def revoke_key(key_id: KeyId, *, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """End a key for good, on all workers within 5 seconds."""
    with administrators(endpoint) as stub:
        done = stub.RevokeKey(k.RevokeKeyRequest(key_id=key_id))
    if as_json:
        print_json(done)
        return
    _show([done.key])


def _scopes(names: Iterable[str]) -> list[Access.ValueType]:
    chosen = [*names]
    if unknown := [name for name in chosen if name not in {ALL, *SCOPES}]:
        raise typer.BadParameter(
            f"{unknown[0]!r} is none of {', '.join(SCOPES)}, {ALL}", param_hint="--scope"
        )
    return [number for name, number in SCOPES.items() if name in chosen or ALL in chosen]


def _show(keys: Iterable[k.Key]) -> None:
    print_table(
        ("id", "kind", "name", "may", "bound to", "state", "secret", "made (UTC)", "expires (UTC)"),
        (
            (
                key.key_id,
                name_of(k.Key.Kind, key.kind, "KIND_"),
                key.display_name,
                " ".join(name for name, number in SCOPES.items() if number in key.scopes) or "send",
                " ".join([*filter(None, (key.solution, key.company_id)), *key.allowed_origins]),
                name_of(k.Key.State, key.state, "STATE_"),
                key.hint,
                key.created_at,
                time_text(key.expires_at) or "never",
            )
            for key in keys
        ),
    )
