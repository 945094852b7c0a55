"""The options that name a Subject, for every command that concerns one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from aboveboard.admin.v1.subject_pb2 import DeploymentRef, Subject, UserRef

Company = Annotated[str, typer.Option(metavar="ID", help="A company, with everything of it.")]
Deployment = Annotated[str, typer.Option(metavar="ID", help="A deployment of --company.")]
Server = Annotated[str, typer.Option(metavar="UUID", help="An anonymous self-hosted server.")]
User = Annotated[
    str, typer.Option(metavar="ID", help="A user of --deployment and --company, as its client sends it.")
]


def subject_of(company: str, deployment: str, server: str, user: str) -> Subject:
    """Return the one Subject that the options name; a usage error where they name none, or several."""
    if server:
        if company or deployment or user:
            raise typer.BadParameter("an anonymous server stands alone", param_hint="--server")
        return Subject(server_uuid=server)
    if not company:
        if deployment or user:
            raise typer.BadParameter(
                "needs its --company", param_hint=f"--{'deployment' if deployment else 'user'}"
            )
        raise typer.BadParameter(
            "say whom: --company, --company with --deployment, the two with --user, or --server"
        )
    if user:
        if not deployment:
            raise typer.BadParameter("needs its --deployment", param_hint="--user")
        return Subject(user=UserRef(company_id=company, deployment_id=deployment, user_id=user))
    if deployment:
        return Subject(deployment=DeploymentRef(company_id=company, deployment_id=deployment))
    return Subject(company_id=company)


def exact_text(subject: Subject) -> str:
    """Return a company or deployment with its ids in quotes and non-ASCII characters escaped."""
    ref = subject.deployment
    if subject.WhichOneof("subject") == "company_id":
        return f"company {json.dumps(subject.company_id)}"
    return f"deployment {json.dumps(ref.deployment_id)} of company {json.dumps(ref.company_id)}"


def subject_text(subject: Subject) -> str:
    """Say in one line whom a Subject is; empty where it was erased."""
    arm = subject.WhichOneof("subject")
    if arm is None:
        return ""
    if arm in {"company_id", "server_uuid"}:
        return f"{arm.partition('_')[0]} {getattr(subject, arm)}"
    ref = subject.deployment if arm == "deployment" else subject.user
    return (
        f"{'a user of ' if arm == 'user' else ''}deployment {ref.deployment_id} of company {ref.company_id}"
    )
