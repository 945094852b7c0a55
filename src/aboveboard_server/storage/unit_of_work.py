"""Units of work: plain functions over a session, run in one transaction, wherever the store can write.

`storage.work` holds them. On SQLite only the writer process may write, so that a unit travels there by its
name; on PostgreSQL it runs in a thread. Either way it is the same function.
"""

from __future__ import annotations

import importlib
import pickle
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text

from aboveboard_server.errors import ServiceError
from aboveboard_server.storage import incarnations

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = "aboveboard_server.storage.work."
_FORBIDS = "forbids"
_OBEYS = "obeys"
_URGENT = "urgent"
_EPOCH = "epoch"


def forbids(unit: Function) -> Function:
    """Mark a unit that changes what may be stored: opt-outs, tombstones, or the sources that rows point to.

    While it runs no other transaction stores events, and each one after it obeys it.
    """
    setattr(unit, _FORBIDS, True)
    return unit


def obeys(unit: Function) -> Function:
    """Mark a unit that stores for a source, as a commit of events does.

    No unit that forbids runs beside it, and its process knows all that was forbidden before.
    """
    setattr(unit, _OBEYS, True)
    return unit


def urgent(unit: Function) -> Function:
    """Mark a unit that reads little of what must be known in seconds: it waits for nobody else."""
    setattr(unit, _URGENT, True)
    return unit


def is_urgent(unit: Callable[..., Any]) -> bool:
    """Whether a unit that reads must not wait for others."""
    return getattr(unit, _URGENT, False)


def is_obeying(unit: Callable[..., Any]) -> bool:
    """Whether a unit stores for a source."""
    return getattr(unit, _OBEYS, False)


def is_forbidding(unit: Callable[..., Any]) -> bool:
    """Whether a unit changes what may be stored."""
    return getattr(unit, _FORBIDS, False)


def next_epoch(session: Session) -> None:
    """Begin a new epoch, which a unit that forbids stamps on what it changes.

    No other one begins meanwhile: such a unit runs alone.
    """
    connection, incarnation = session.connection(), incarnations.new_incarnation()
    recent = connection.execute(text("SELECT recent_incarnations FROM ingest_epoch")).scalar_one()
    statement = text(
        "UPDATE ingest_epoch SET epoch = epoch + 1, incarnation = :incarnation, recent_incarnations = :recent"
        " RETURNING epoch"
    )
    values = {"incarnation": incarnation, "recent": incarnations.with_next(bytes(recent), incarnation)}
    session.info[_EPOCH] = connection.execute(statement, values).scalar_one()


def epoch_of(session: Session) -> int:
    """Return the epoch that this transaction began; KeyError where its unit does not forbid."""
    epoch: int = session.info[_EPOCH]
    return epoch


def run(session: Session, unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a unit in the transaction that is open, and write what the session still holds."""
    if is_forbidding(unit):
        next_epoch(session)
    done = unit(session, *args, **kwargs)
    session.flush()
    return done


def pack(unit: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return a call of a unit as bytes, for our own other half."""
    if not unit.__module__.startswith(PACKAGE):
        raise ValueError(f"{unit.__module__} is not under {PACKAGE}")
    return pickle.dumps((unit.__module__, unit.__qualname__, args, kwargs))


def unpack(call: bytes) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return the unit that `pack` was given, and its arguments."""
    module, name, args, kwargs = pickle.loads(call)  # noqa: S301  # from our own other half, over a socket pair
    return getattr(importlib.import_module(module), name), args, kwargs


def pack_outcome(outcome: Any) -> bytes:
    """Return what a unit has returned, or the ServiceError it has raised, as bytes."""
    return pickle.dumps(outcome)


def unpack_outcome(outcome: bytes) -> Any:
    """Return what a unit has returned; raise the ServiceError that it has raised."""
    found = pickle.loads(outcome)  # noqa: S301  # as above
    if isinstance(found, ServiceError):
        raise found
    return found
