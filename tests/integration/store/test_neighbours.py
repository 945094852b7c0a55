"""Look-alikes are found over any number of pages of others, and only those that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.batches import batch_of
from tests.support.clients import deployment_source, element

from aboveboard_server.privacy import neighbours
from aboveboard_server.storage.ports import SubjectRecord

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore

PAIRS = [
    *((name, "d1") for name in ("acme", "ACME", "Ac me", "acme2", "zzz", "b", "c", "d", "e", "f")),
    *(("acme", name) for name in ("D1", "d 1", "d2", "d3", "d4", "e1")),
]


@pytest.mark.parametrize("page", [1, 2, 3, 2_000])
async def test_pages_end_where_the_ids_do(
    store: EventStore, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """A page that ends with the last id, or is full of others, hides nothing."""
    monkeypatch.setattr(neighbours, "PAGE", page)
    await store.commit([batch_of(deployment_source(*pair), element()) for pair in PAIRS])
    asked = SubjectRecord("COMPANY", b"", company_id="acme")
    found = await neighbours.neighbours_of(store, asked)
    assert sorted(one.company_id for one in found) == ["ACME", "Ac me"]

    asked = SubjectRecord("DEPLOYMENT", b"", company_id="acme", deployment_id="d1")
    found = await neighbours.neighbours_of(store, asked)
    assert sorted((one.deployment.company_id, one.deployment.deployment_id) for one in found) == [
        ("ACME", "d1"),
        ("Ac me", "d1"),
        ("acme", "D1"),
        ("acme", "d 1"),
    ]
    unknown = SubjectRecord("DEPLOYMENT", b"", company_id="nobody", deployment_id="d1")
    server = SubjectRecord("SERVER", b"", server_uuid="0195f3d8-7165-41ec-8d28-2641d35f62cd")
    assert [await neighbours.neighbours_of(store, one) for one in (unknown, server)] == [[], []]
