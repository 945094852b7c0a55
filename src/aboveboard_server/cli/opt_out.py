"""`aboveboard admin opt-out …`: who must not be collected from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard.admin.v1 import opt_out_pb2 as o
from aboveboard.admin.v1.subject_pb2 import Origin
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

app = typer.Typer(help="Subjects of whom nothing is collected.", no_args_is_help=True)

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
def list_opt_outs(*, state: State = None, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List opt-outs, the newest first."""
    request = o.ListOptOutsRequest(state=o.OptOut.State.ValueType(state or 0))
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListOptOuts, request)
    _show(whole, whole.opt_outs, as_json=as_json)


@app.command("revoke")
def revoke_opt_out(
    opt_out_id: Annotated[str, typer.Argument(help="As `list` shows it.")],
    *,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Lift an opt-out: what its subject sends from now on is stored again, unless another one covers it."""
    with administrators(endpoint) as stub:
        done = stub.RevokeOptOut(o.RevokeOptOutRequest(opt_out_id=opt_out_id))
    _show(done, [done.opt_out], as_json=as_json)


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
        ("id", "kind", "subject", "reference", "set by", "state", "since (UTC)", "lifted (UTC)"),
        (
            (
                opt_out.opt_out_id,
                name_of(SubjectKey, opt_out.subject_kind, "SUBJECT_KEY_"),
                subject_text(opt_out.subject),
                opt_out.reference,
                name_of(Origin, opt_out.origin, "ORIGIN_"),
                name_of(o.OptOut.State, opt_out.state, "STATE_"),
                opt_out.created_at,
                opt_out.revoked_at,
            )
            for opt_out in opt_outs
        ),
    )
