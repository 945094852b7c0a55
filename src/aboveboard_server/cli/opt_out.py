"""`aboveboard admin opt-out …`: who must not be collected from."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.subject_pb2 import ORIGIN_SELF_SERVICE, ORIGIN_UNSPECIFIED, Origin
from aboveboard.schema.v1.annotations_pb2 import SubjectKey
from aboveboard_server.cli import enums
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    Reference,
    administrators,
    print_json,
    print_table,
    whole_list,
)
from aboveboard_server.cli.enums import name_of
from aboveboard_server.cli.subjects import Company, Deployment, Server, User, subject_of, subject_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard.admin.v1.admin_service_pb2_grpc import AdminServiceStub

app = typer.Typer(help="Subjects of whom nothing is collected.", no_args_is_help=True)


def _time(text: str) -> datetime:
    """Read a time as ISO 8601, in UTC unless it says otherwise."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a time such as 2026-11-30 or 2026-11-30T12:00:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


Since = Annotated[
    datetime | None,
    typer.Option(parser=_time, metavar="TIME", help="Only those in force since then or later, UTC."),
]
SelfService = Annotated[
    bool, typer.Option("--self-service", help="Only opt-outs that sources set of themselves.")
]
State = Annotated[int | None, enums.option(o.OptOut.State, "STATE_", "Keep only opt-outs in this state.")]


@app.command("create")
def create_opt_out(  # noqa: PLR0913  # one parameter for each flag
    *,
    company: Company = "",
    deployment: Deployment = "",
    server: Server = "",
    user: User = "",
    reference: Reference = "",
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Forbid that anything of a subject is stored, from now on. A company covers no anonymous servers."""
    subject = subject_of(company, deployment, server, user)
    with administrators(endpoint) as stub:
        done = stub.CreateOptOut(o.CreateOptOutRequest(subject=subject, reference=reference))
    _show(done, [done.opt_out], as_json=as_json)


@app.command("list")
def list_opt_outs(
    *,
    state: State = None,
    self_service: SelfService = False,
    since: Since = None,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """List opt-outs, the newest first."""
    request = _list_request(o.OptOut.State.ValueType(state or 0), since, self_service=self_service)
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListOptOuts, request)
    _show(whole, whole.opt_outs, as_json=as_json)


@app.command("revoke")
def revoke_opt_out(  # noqa: PLR0913  # one parameter for each flag
    opt_out_id: Annotated[str, typer.Argument(help="As `list` shows it.")] = "",
    *,
    self_service: SelfService = False,
    since: Since = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what --self-service --since would lift.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Lift without asking.")] = False,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Lift an opt-out: what its subject sends from now on is stored again, unless another one covers it.

    With --self-service and --since instead of an id, lift every opt-out in force that a source set of itself
    since then, such as those of a flood: aboveboard admin opt-out revoke --self-service --since 2026-11-30
    """
    several = self_service and since is not None
    if bool(opt_out_id) == several or (not several and (self_service or since or dry_run)):
        raise typer.BadParameter("give an id, or --self-service with --since")
    with administrators(endpoint) as stub:
        if opt_out_id:
            done = stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=opt_out_id))
            _show(done, [done.opt_out], as_json=as_json)
            return
        request = _list_request(o.OptOut.STATE_ACTIVE, since, self_service=True)
        found = whole_list(stub.ListOptOuts, request)
        if dry_run:
            _show(found, found.opt_outs, as_json=as_json)
            return
        if not as_json:
            typer.echo(f"{len(found.opt_outs)} opt-outs in force that sources set of themselves.")
        if found.opt_outs and not yes:
            _ask(len(found.opt_outs))
        revoke_all(stub, found.opt_outs)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{len(found.opt_outs)} lifted.")


def revoke_all(stub: AdminServiceStub, opt_outs: Iterable[o.OptOut]) -> None:
    """Lift opt-outs one by one, each noted as it is then; where one fails, say how many are lifted."""
    lifted = 0
    try:
        for opt_out in opt_outs:
            request = o.RevokeOptOutRequest(opt_out_id=opt_out.opt_out_id)
            opt_out.CopyFrom(stub.RevokeOptOut(request).opt_out)
            lifted += 1
    except BaseException:
        typer.echo(f"aboveboard: {lifted} lifted; the same command lifts the rest", err=True)
        raise


def _ask(count: int) -> None:
    """Ask whether to lift so many; exit code 1 for no, a usage error where nobody can be asked."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("required where nobody can be asked", param_hint="--yes")
    typer.confirm(f"Lift {count} opt-outs?", abort=True)


def _list_request(
    state: o.OptOut.State.ValueType, since: datetime | None, *, self_service: bool
) -> o.ListOptOutsRequest:
    request = o.ListOptOutsRequest(
        state=state, origin=ORIGIN_SELF_SERVICE if self_service else ORIGIN_UNSPECIFIED
    )
    if since is not None:
        request.created_since.FromDatetime(since)
    return request


def _show(
    answer: o.CreateOptOutResponse | o.ListOptOutsResponse | o.RevokeOptOutResponse,
    opt_outs: Iterable[o.OptOut],
    *,
    as_json: bool,
) -> None:
    if as_json:
        print_json(answer)
        return
    print_table(
        ("id", "kind", "subject", "reference", "set by", "token", "state", "since (UTC)", "lifted (UTC)"),
        (
            (
                opt_out.opt_out_id,
                name_of(SubjectKey, opt_out.subject_kind, "SUBJECT_KEY_"),
                subject_text(opt_out.subject),
                opt_out.reference,
                name_of(Origin, opt_out.origin, "ORIGIN_"),
                "yes" if opt_out.has_preference_token else "",
                name_of(o.OptOut.State, opt_out.state, "STATE_"),
                opt_out.created_at,
                opt_out.revoked_at,
            )
            for opt_out in opt_outs
        ),
    )
