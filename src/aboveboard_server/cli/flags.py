"""Commands that take the same flags: said once, for a function that reads them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def with_flags_of(read: Callable[..., T]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command every flag of `read` beside its own; its first argument is what `read` makes of them."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        shared = inspect.signature(read, eval_str=True).parameters
        _, *own = inspect.signature(command, eval_str=True).parameters.values()

        def call(**given: Any) -> None:
            command(read(**{name: given.pop(name) for name in shared}), **given)

        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*shared.values(), *own)]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer looks at
        call.__name__, call.__doc__ = command.__name__, command.__doc__
        return call

    return decorate
