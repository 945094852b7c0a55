"""What happens when the host forks: the connection is closed before, and the child begins anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable


class Forkable(Protocol):
    """What must know of forks."""

    def before_fork(self) -> None:
        """Get ready; takes a few ms where something is being sent."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew: of all threads only the one that forked is left, and the parent keeps its files."""


_known: WeakSet[Forkable] = WeakSet()


def watch(forkable: Forkable) -> None:
    """Tell it of every fork from now on."""
    if not _registered:
        os.register_at_fork(
            before=lambda: _each(lambda known: known.before_fork()),
            after_in_parent=lambda: _each(lambda known: known.after_fork_in_parent()),
            after_in_child=lambda: _each(lambda known: known.after_fork_in_child()),
        )
        _registered.append(True)
    _known.add(forkable)


_registered: list[bool] = []


def _each(act: Callable[[Forkable], None]) -> None:
    for forkable in list(_known):
        act(forkable)
