"""What happens when the host forks: the child begins anew, and where it cannot send it leaves that."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable


class Forkable(Protocol):
    """What must know of forks."""

    def before_fork(self) -> None:
        """Look how things stand; waits for nothing."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew: of all threads only the one that forked is left, and the parent keeps its files."""


_known: WeakSet[Forkable] = WeakSet()
_registered: list[bool] = []


def watch(forkable: Forkable) -> None:
    """Tell it of every fork from now on."""
    if not _registered:
        _registered.append(True)
        if "grpc" not in sys.modules:
            # By default grpc's core stops its threads at every fork, writes to stderr where it cannot, and
            # may hold the fork up for ever. A host that wants that has set the variable, or loaded grpc.
            os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
        os.register_at_fork(
            before=lambda: _each(lambda known: known.before_fork()),
            after_in_parent=lambda: _each(lambda known: known.after_fork_in_parent()),
            after_in_child=lambda: _each(lambda known: known.after_fork_in_child()),
        )
    _known.add(forkable)


def _each(act: Callable[[Forkable], None]) -> None:
    for forkable in list(_known):
        act(forkable)
