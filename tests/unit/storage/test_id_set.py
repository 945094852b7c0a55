"""Sets of ids hold what they were given, as sets of texts do."""

from __future__ import annotations

import tracemalloc
from random import Random
from uuid import UUID

from aboveboard_server.storage.id_set import IdSet


def test_it_holds_what_a_set_would() -> None:
    """Ids of few bytes, so that they often end where another begins, added and taken out in any order."""
    random = Random(0)  # the same ones each time
    pool = [str(UUID(bytes=bytes(random.choices((0, 1), k=16)))) for _ in range(300)]
    ids, model = IdSet(), set[str]()
    for _ in range(5_000):
        one = random.choice(pool)
        if random.random() < 0.5:
            ids.add(one)
            model.add(one)
        else:
            ids.discard(one)
            model.discard(one)
        assert len(ids) == len(model)
    assert set(ids) == model
    assert [one in ids for one in pool] == [one in model for one in pool]


def test_it_holds_what_is_no_uuid() -> None:
    """As a journal may tell of that somebody else has made: it is found, and takes no more room."""
    ids = IdSet(["d1", "d2" * 400])
    assert "d1" in ids
    assert "d2" * 400 in ids
    assert "d3" not in ids
    assert len(ids) == 2


def test_an_id_takes_few_bytes() -> None:
    """A set of texts takes 160 for each of so many."""
    random = Random(0)  # as above
    count = 200_000
    tracemalloc.start()
    ids = IdSet(str(UUID(int=random.getrandbits(128))) for _ in range(count))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(ids) == count
    assert used < 100 * count
