"""Each refusal is lifted at its own scope alone, and every one that was not told yet is told, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.hosts import QUICK, wait_for

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_CREATE
from aboveboard.event.v1.test_asset_pb2 import ElementStat
from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource
from aboveboard_client import Client, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.scripted import ScriptedService

    Make = Callable[..., Client]

DISABLED = Request.PREFERENCE_DISABLED
AWAY = "127.0.0.1:9"


@pytest.fixture
def connects(service: ScriptedService, tmp_path: Path) -> Iterator[Make]:
    """Makes clients of one user of a deployment, and closes them in the end."""
    source = DeploymentSource(solution="Connects", company_id="c", deployment_id="d", user_id="u")
    made: list[Client] = []

    def make(endpoint: str = "") -> Client:
        made.append(Client(endpoint or service.address, source, directory=tmp_path, timing=QUICK))
        return made[-1]

    yield make
    for client in made:
        client.close(0)


def stat() -> ElementStat:
    return ElementStat(element_id="1", change_type=CHANGE_TYPE_CREATE)


def told(service: ScriptedService) -> list[tuple[Scope, bool, bool]]:
    """Return of each wish its scope, whether it disables, and whether it erases."""
    return [
        (Scope(wish.scope), wish.preference == DISABLED, wish.erase_history) for wish in service.preferences
    ]


@pytest.mark.parametrize("endpoint", ["", AWAY])
@pytest.mark.parametrize("refused", [Scope.USER, Scope.DEPLOYMENT])
def test_what_was_refused_at_one_scope_is_not_lifted_at_another(
    service: ScriptedService, connects: Make, refused: Scope, endpoint: str
) -> None:
    """Told of it or not, before a restart and after: off it stays, though the service would collect."""
    client = connects(endpoint)
    assert client.disable(refused).told == (not endpoint)
    other = Scope.DEPLOYMENT if refused == Scope.USER else Scope.USER
    for again in (client, connects(endpoint)):
        answer = again.enable(other)
        assert not answer.collecting
        assert "another scope" in answer.problem
        assert not again.record(stat())
    assert not connects(endpoint).collecting
    assert client.enable(refused).collecting
    assert client.record(stat())


def test_both_refused_both_must_be_lifted(connects: Make) -> None:
    """In any order; the first of them says what is left."""
    client = connects()
    client.disable(Scope.USER)
    client.disable(Scope.DEPLOYMENT)
    assert not client.enable(Scope.DEPLOYMENT).collecting
    assert client.enable(Scope.USER).collecting


def test_a_refusal_whose_scope_was_lifted_while_away_holds_no_other_up(connects: Make) -> None:
    """What is lifted counts as lifted here at once, told or not."""
    client = connects(AWAY)
    client.disable(Scope.USER)
    client.disable(Scope.DEPLOYMENT)
    client.enable(Scope.USER)
    assert client.enable(Scope.DEPLOYMENT).collecting


def test_untold_wishes_are_told_in_order(service: ScriptedService, connects: Make) -> None:
    """By the next run, one a scope, the latest of each; what was to be erased is."""
    client = connects(AWAY)
    client.disable(Scope.DEPLOYMENT, erase_history=True)
    client.disable(Scope.USER)
    client.disable(Scope.DEPLOYMENT)
    client.close(0)
    connects()
    wait_for(lambda: len(service.preferences) == 2)
    assert told(service) == [(Scope.USER, True, False), (Scope.DEPLOYMENT, True, True)]


def test_an_earlier_wish_is_told_before_a_new_one(service: ScriptedService, connects: Make) -> None:
    """Where the service is back before the thread has noticed, the host's call tells both, in order."""
    client = connects(AWAY)
    client.disable(Scope.DEPLOYMENT)
    client.close(0)
    # Closed, so that no thread of it tells anything.
    again = connects()
    again.disable(Scope.USER)
    wait_for(lambda: len(service.preferences) >= 2)
    assert told(service) == [(Scope.DEPLOYMENT, True, False), (Scope.USER, True, False)]
