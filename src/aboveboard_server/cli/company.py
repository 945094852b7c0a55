"""`aboveboard admin company …`: whom to reach at a company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from aboveboard.admin.v1 import company_pb2 as c
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    print_json,
    print_table,
    whole_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

app = typer.Typer(help="Companies, and whom to reach there.", no_args_is_help=True)


@app.command("list")
def list_companies(*, endpoint: Endpoint = ENDPOINT, as_json: AsJson = False) -> None:
    """List companies with their contacts."""
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListCompanies, c.ListCompaniesRequest())
    if as_json:
        print_json(whole)
    else:
        _show(whole.companies)


@app.command("set")
def set_contact(  # noqa: PLR0913  # one parameter for each flag
    *,
    company: Annotated[str, typer.Option(metavar="ID", help="The company, as its deployments send it.")],
    name: Annotated[str | None, typer.Option(help="The person or the office.")] = None,
    email: Annotated[str | None, typer.Option(help="An e-mail address.")] = None,
    phone: Annotated[str | None, typer.Option(help="A telephone number.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything else you need to know.")] = None,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Note whom to reach at a company. What is not named stays; an empty text clears it."""
    given = {"name": name, "email": email, "phone": phone, "note": note}
    fields = {field: value for field, value in given.items() if value is not None}
    if not fields:
        raise typer.BadParameter("say what to set: --name, --email, --phone or --note")
    request = c.UpdateCompanyRequest(
        company=c.Company(company_id=company, contact=c.Contact(**fields)),
        update_mask=FieldMask(paths=[f"contact.{field}" for field in fields]),
    )
    with administrators(endpoint) as stub:
        done = stub.UpdateCompany(request)
    if as_json:
        print_json(done)
    else:
        _show([done.company])


def _show(companies: Iterable[c.Company]) -> None:
    print_table(
        ("company", "name", "contact", "e-mail", "telephone", "note", "first seen (UTC)", "last seen (UTC)"),
        (
            (
                company.company_id,
                company.company_name,
                company.contact.name,
                company.contact.email,
                company.contact.phone,
                company.contact.note,
                company.first_seen_at,
                company.last_seen_at,
            )
            for company in companies
        ),
    )
