"""Companies and their contacts: GetCompany, ListCompanies, UpdateCompany and `aboveboard admin company`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tests.support.admin import admin, admin_json, run_admin
from tests.support.clients import TIMEOUT, deployment_source, element, new_id, publish, refusal

from aboveboard.admin.v1 import audit_pb2
from aboveboard.admin.v1 import company_pb2 as c
from aboveboard_server.privacy.companies import MOST_BYTES

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def seen(server: ServerProcess, company_id: str = "", name: str = "Busag") -> str:
    """Have a company send, and return its id."""
    company_id = company_id or new_id()
    publish(server, deployment_source(company_id, company_name=name), element())
    return company_id


def get(server: ServerProcess, company_id: str) -> c.Company:
    with admin(server) as stub:
        return stub.GetCompany(c.GetCompanyRequest(company_id=company_id), timeout=TIMEOUT).company


def update(server: ServerProcess, company_id: str, *paths: str, **contact: str) -> c.Company:
    company = c.Company(company_id=company_id, contact=c.Contact(**contact))
    request = c.UpdateCompanyRequest(company=company, update_mask=FieldMask(paths=paths))
    with admin(server) as stub:
        return stub.UpdateCompany(request, timeout=TIMEOUT).company


def test_the_limits_are_of_every_field() -> None:
    """A field that is added to Contact needs its limit and its column."""
    assert list(MOST_BYTES) == [field.name for field in c.Contact.DESCRIPTOR.fields]


def test_a_company_is_known_once_it_has_sent(either_server: ServerProcess) -> None:
    """With the name it sent, first and last seen, and no contact; an unknown one is NOT_FOUND."""
    company = get(either_server, company_id := seen(either_server))
    assert (company.company_id, company.company_name) == (company_id, "Busag")
    assert company.HasField("first_seen_at")
    assert company.HasField("last_seen_at")
    assert not company.HasField("contact")
    for call in (
        lambda: get(either_server, new_id()),
        lambda: update(either_server, new_id(), email="a@b"),
    ):
        assert refusal(call).code == grpc.StatusCode.NOT_FOUND


def test_a_mask_says_what_changes(either_server: ServerProcess) -> None:
    """The fields it names are set or cleared, all others stay; an empty one means the whole contact."""
    company_id = seen(either_server)
    first = update(either_server, company_id, name="Ann", email="ann@busag.example", note="n")
    assert first.contact == c.Contact(name="Ann", email="ann@busag.example", note="n")
    then = update(either_server, company_id, "contact.phone", "contact.note", phone="+41", name="Bob")
    assert then.contact == c.Contact(name="Ann", email="ann@busag.example", phone="+41")
    assert get(either_server, company_id) == then
    seen(either_server, company_id, "Busag AG")
    assert get(either_server, company_id).contact == then.contact
    assert not update(either_server, company_id, "contact").HasField("contact")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"paths": ("company_name",)}, "update_mask"),
        ({"paths": ("contact.fax",)}, "update_mask"),
        ({"paths": ("contact.email", "*")}, "update_mask"),
        *(
            ({field: "é" * (most // 2) + "x"}, f"company.contact.{field}")
            for field, most in MOST_BYTES.items()
        ),
        ({"note": "a\0b"}, "company.contact.note"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    either_server: ServerProcess, change: dict[str, Any], field: str
) -> None:
    """Other paths, texts over their limit in bytes and U+0000; nothing is changed."""
    company_id = seen(either_server)
    before = update(either_server, company_id, name="Ann")
    contact = {field: value for field, value in change.items() if field != "paths"}
    paths = change.get("paths", ())
    refused = refusal(lambda: update(either_server, company_id, *paths, **contact))
    assert (refused.code, refused.details.fields[0][0]) == (grpc.StatusCode.INVALID_ARGUMENT, field)
    assert get(either_server, company_id) == before


def test_a_change_is_audited_without_the_contact(either_server: ServerProcess) -> None:
    """The entry tells which fields, by whom and of which digest; neither company nor contact."""
    company_id = seen(either_server)
    update(either_server, company_id, "contact.email", "contact.name", name="Ann", email="ann@busag.example")
    with admin(either_server) as stub:
        newest = stub.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(page_size=1), timeout=TIMEOUT)
    (entry,) = newest.audit_entries
    assert (entry.action, entry.details) == ("UpdateCompany", "contact.name, contact.email")
    assert len(entry.subject_digest) == 32
    assert not any(text in str(entry) for text in (company_id, "Ann", "busag"))


def test_companies_are_listed_page_by_page(either_server: ServerProcess) -> None:
    """In order of their ids, each once, whatever characters an id has."""
    marked = {seen(either_server, f"{mark}{new_id()}") for mark in ("a", "B", "é", "'", '"', "a ")}
    with admin(either_server) as stub:
        request = c.ListCompaniesRequest(page_size=2)
        found: list[str] = []
        while True:
            page = stub.ListCompanies(request, timeout=TIMEOUT)
            found += [company.company_id for company in page.companies]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        for token in ("x", "elsewhere", "W10=", "WyJjb21wYW5pZXMiLCAxXQ==", "e30=", "é"):
            foreign = c.ListCompaniesRequest(page_token=token)
            refused = refusal(partial(stub.ListCompanies, foreign, timeout=TIMEOUT))
            assert refused.details.reason == "PAGE_TOKEN_INVALID", token
    assert marked <= set(found)
    assert len(found) == len(set(found))


def test_an_operator_notes_whom_to_reach(either_server: ServerProcess) -> None:
    """`set` changes what is named and clears what is empty, `list` shows it."""
    company_id = seen(either_server)
    run_admin(either_server, "company", "set", "--company", company_id, "--name", "Ann", "--phone", "+41")
    done = admin_json(
        either_server, "company", "set", "--company", company_id, "--phone", "", "--email", "a@b"
    )
    assert done["company"]["contact"] == {"name": "Ann", "email": "a@b", "phone": "", "note": ""}
    shown = run_admin(either_server, "company", "list").stdout
    (line,) = [line for line in shown.splitlines() if company_id in line]
    assert "a@b" in line
    run_admin(either_server, "company", "set", "--company", company_id, code=2)
