"""What the service was not told yet of preferences, and the tokens that lift what it was told.

Kept in the state beside the spool, and so shared by its processes, durable, and for its owner only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request

if TYPE_CHECKING:
    from aboveboard_client.state import State

WISHES, TOKENS, REFUSED = "wishes", "tokens", "refused"
# Where one wish was kept, without a token, before there were tokens.
OLD_WISH = "wish"
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Wish:
    """A preference as it is told; `token` is empty where none is known."""

    scope: int
    preference: int
    erase: bool
    token: bytes = b""

    @property
    def disables(self) -> bool:
        """Whether it switches collection off."""
        return self.preference == Request.PREFERENCE_DISABLED


class Pending:
    """One wish a scope, in the order in which they are to be told, one token a scope, and what is refused."""

    def __init__(self, state: State) -> None:
        self._state = state
        # What could not be written yet, as while another process holds the state.
        self._unwritten: list[tuple[int, int, bool]] = []

    def __bool__(self) -> bool:
        """Whether the service is to be told of anything."""
        values = self._state.read()
        return bool(self._unwritten or values.get(WISHES) or values.get(OLD_WISH))

    def due(self) -> list[Wish]:
        """Return what is to be told; a refusal from before the tokens is given one first. OSError."""
        unwritten, self._unwritten = self._unwritten, []
        for place, (scope, preference, erase) in enumerate(unwritten):
            try:
                self._add(scope, preference, erase=erase)
            except OSError:
                self._unwritten[:0] = unwritten[place:]
                raise
        if OLD_WISH in self._state.read():
            with self._state.changing() as values:
                if old := _wish(values.pop(OLD_WISH, None)):
                    token = _token(values, old.scope, make=True) if old.disables else b""
                    earlier = Wish(old.scope, old.preference, old.erase, token)
                    _keep(values, [earlier, *_wishes(values)])
        return _wishes(self._state.read())

    def refused(self) -> set[int]:
        """Return the scopes that were refused here and not lifted here, told or not; OSError."""
        scopes = _refused(self._state.load())
        for scope, preference, _ in self._unwritten:
            (scopes.add if preference == Request.PREFERENCE_DISABLED else scopes.discard)(scope)
        return scopes

    def add(self, scope: int, preference: int, *, erase: bool) -> Wish:
        """Keep a wish in place of that of the same scope, and its token; OSError, and it is written later.

        A refusal that is repeated before it was told still erases what it was to erase.
        """
        try:
            return self._add(scope, preference, erase=erase)
        except OSError:
            self._unwritten.append((scope, preference, erase))
            raise

    def _add(self, scope: int, preference: int, *, erase: bool) -> Wish:
        with self._state.changing() as values:
            disables = preference == Request.PREFERENCE_DISABLED
            refused = _refused(values)
            values[REFUSED] = sorted(refused | {scope} if disables else refused - {scope})
            token = _token(values, scope, make=disables)
            others, erased = [], erase
            for earlier in _wishes(values):
                if earlier.scope != scope:
                    others.append(earlier)
                else:
                    erased |= disables and earlier.erase
            wish = Wish(scope, preference, erased, token)
            _keep(values, [*others, wish])
        return wish

    def done(self, wish: Wish, *, lifted: bool = False) -> None:
        """Forget a wish that was told, and with `lifted` its token, unless another replaced it; OSError."""
        with self._state.changing() as values:
            wishes = _wishes(values)
            if wish not in wishes:
                return
            wishes.remove(wish)
            _keep(values, wishes)
            if lifted:
                values[TOKENS] = {k: v for k, v in _tokens(values).items() if k != str(wish.scope)}


def _token(values: dict[str, Any], scope: int, *, make: bool) -> bytes:
    """Return the token of a scope, made where there is none if that is asked for; else empty."""
    token = _bytes(_tokens(values).get(str(scope)))
    if not token and make:
        token = secrets.token_bytes(TOKEN_BYTES)
        values[TOKENS] = _tokens(values) | {str(scope): token.hex()}
    return token


def _refused(values: dict[str, Any]) -> set[int]:
    """Read the scopes; where an earlier version wrote none, those with a token that is not being lifted."""
    written = values.get(REFUSED)
    if isinstance(written, list):
        return {scope for scope in written if isinstance(scope, int)}
    lifted = {wish.scope for wish in _wishes(values) if not wish.disables}
    return {int(scope) for scope in _tokens(values) if scope.isdecimal()} - lifted


def _tokens(values: dict[str, Any]) -> dict[str, Any]:
    found = values.get(TOKENS)
    return found if isinstance(found, dict) else {}


def _bytes(written: object) -> bytes:
    """Read a token; empty where it is none."""
    try:
        token = bytes.fromhex(written) if isinstance(written, str) else b""
    except ValueError:
        return b""
    return token if len(token) == TOKEN_BYTES else b""


def _wishes(values: dict[str, Any]) -> list[Wish]:
    written = values.get(WISHES)
    return [wish for entry in written if (wish := _wish(entry))] if isinstance(written, list) else []


def _wish(entry: object) -> Wish | None:
    """Read a wish; None where it is none."""
    match entry:
        case {"scope": int(scope), "preference": int(preference), "erase": bool(erase), **rest}:
            return Wish(scope, preference, erase, _bytes(rest.get("token")))
    return None


def _keep(values: dict[str, Any], wishes: list[Wish]) -> None:
    values[WISHES] = [
        {"scope": wish.scope, "preference": wish.preference, "erase": wish.erase, "token": wish.token.hex()}
        for wish in wishes
    ]
