"""The "Disable Telemetry" tick box: in force here at once, and told to the service as soon as it can be."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aboveboard.ingest.v1.ingest_service_pb2 import SetCollectionPreferenceRequest as Request
from aboveboard_client import patience
from aboveboard_client.consent import SERVICE, USER
from aboveboard_client.failure import TOKEN_REQUIRED, CallFailed, Withdrawn
from aboveboard_client.locks import locked
from aboveboard_client.pending import Pending, Wish
from aboveboard_client.preference import Answer, Scope
from aboveboard_client.retries import ALL, Retries

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from aboveboard_client.delivery import Delivery
    from aboveboard_client.parts import Parts

    Call = Callable[[str, Request], Any]

RPC = "SetCollectionPreference"
STAYS_OFF = (
    "telemetry stays off: a refusal is in force that was set elsewhere, or before refusals had tokens;"
    " whoever runs the service can lift it"
)


ELSEWHERE = "telemetry stays off: it was refused at another scope too"


@dataclass(frozen=True)
class Outcome:
    """What became of a wish: the Deletion it began, a problem in words, or that it is to be told again."""

    deletion_id: str = ""
    problem: str = ""
    told: bool = True


class Wishes:
    """Keeps the latest wish of each scope until the service has been told, each scope by itself."""

    def __init__(self, parts: Parts, delivery: Delivery) -> None:
        self._parts = parts
        self._delivery = delivery
        self._pending = Pending(parts.state)
        self._retries = Retries(parts.settings.timing)
        self._being_told = False

    @property
    def pending(self) -> bool:
        """Whether there is a wish that the service was not told yet, and that nobody is telling it now."""
        return not self._being_told and bool(self._pending)

    def disable(self, scope: Scope | None, *, erase_history: bool, timeout: float) -> Answer:
        """Stop everything, then tell; see Client.disable."""
        problems = [self._stop(timeout)]
        self._parts.spool.purge()
        if erase_history:
            try:
                self._parts.log.erase()
            except OSError as error:
                problems.append(f"the log of what was sent could not be deleted: {error}")
        # Again, where a full disk did not let it be written: purging has made room.
        self._parts.consent.refresh()
        return self._wish(
            self._meant(scope), Request.PREFERENCE_DISABLED, erase=erase_history, problems=problems
        )

    def enable(self, scope: Scope | None) -> Answer:
        """Lift the user's own refusal at this scope, then tell; see Client.enable."""
        scope = self._meant(scope)
        problems = []
        try:
            if self._pending.refused() - {scope}:
                problems.append(ELSEWHERE)
            else:
                self._parts.consent.allow(USER)
        except OSError as error:
            problems.append(f"telemetry stays off: {error}")
        return self._wish(scope, Request.PREFERENCE_ENABLED, erase=False, problems=problems)

    def tell(self) -> float:
        """Tell the service what is due; return how many seconds may pass until the next is. Withdrawn."""
        if not self.pending:
            return math.inf
        if wait := self._retries.wait(ALL):
            return wait
        try:
            with self._telling(timeout=0.0):
                for wish in self._pending.due():
                    if not self._retries.wait(wish.scope):
                        self._tell(wish, self._delivery.call)
            self._retries.settle(ALL)
            left = [wish.scope for wish in self._pending.due()]
        except OSError as error:
            if not isinstance(error, TimeoutError):  # then another process is telling it
                self._parts.tally.trouble("wishes", "telemetry preference not told yet: %s", error)
            self._retries.put_off(ALL, CallFailed("UNKNOWN", str(error)))
            left = [ALL]
        return min(map(self._retries.wait, left), default=math.inf)

    def _stop(self, timeout: float) -> str:
        """Forbid, and wait until no process of this machine is sending any more."""
        problem = ""
        try:
            self._parts.consent.forbid(USER)
        except OSError as error:
            problem = f"that telemetry is off could not be kept: {error}"
        if not self._parts.transport.pass_gate(patience.left(timeout)):
            return f"{problem}; a call under way did not end"
        try:
            if self._parts.state.folder.is_dir():
                with locked(self._parts.state.folder / "sending.lock", timeout=timeout):
                    pass
        except OSError as error:
            problem = f"{problem}; another process may still be sending: {error}"
        finally:
            self._parts.transport.gate.release()
        return problem.removeprefix("; ")

    def _wish(
        self,
        scope: Scope | None,
        preference: Request.Preference.ValueType,
        *,
        erase: bool,
        problems: list[str],
    ) -> Answer:
        outcome = Outcome(told=False)
        # The sender leaves it to us: once we have returned nothing of it may still be on its way.
        self._being_told = True
        try:
            if scope is None:
                problems.append(
                    "the service was not told: a deployment must say the scope, USER or DEPLOYMENT"
                )
            else:
                wish = self._pending.add(int(scope), int(preference), erase=erase)
                with self._telling(timeout=self._parts.settings.timing.rpc):
                    outcome = self._tell_up_to(wish)
                problems.append(outcome.problem)
        except Withdrawn as why:
            problems.append(f"the service was not told: {why}")
        except OSError as error:
            problems.append(f"the service was not told yet: {error}")
        finally:
            self._being_told = False
        return Answer(
            collecting=self._parts.consent.refresh(),
            told=outcome.told,
            deletion_id=outcome.deletion_id,
            problem="; ".join(filter(None, problems)),
        )

    def _tell_up_to(self, last: Wish) -> Outcome:
        """Tell what was to be told before it, where it is time, and then a wish; return its outcome."""
        due = self._pending.due()
        if last not in due:
            # The sender of another process has just told it.
            return Outcome()
        for wish in due[: due.index(last)]:
            if not self._retries.wait(wish.scope):
                self._tell(wish, self._delivery.call_alone)
        return self._tell(last, self._delivery.call_alone)

    def _meant(self, scope: Scope | None) -> Scope | None:
        """Return the scope that is meant: an anonymous server has only one."""
        if scope is None and self._parts.settings.source.HasField("server"):
            return Scope.SERVER
        return scope

    def _telling(self, timeout: float) -> AbstractContextManager[None]:
        """One process at a time: a wish that replaces another must not overtake it."""
        return locked(self._parts.state.folder / "telling.lock", timeout=timeout)

    def _tell(self, wish: Wish, call: Call) -> Outcome:
        """Tell a wish, and put it off where it is to be told again; Withdrawn, OSError."""
        try:
            outcome = self._tell_one(wish, call)
        except CallFailed as failure:
            self._retries.put_off(wish.scope, failure)
            problem = f"the service was not told yet: {failure}"
            kind = f"preference {wish.scope} {failure.code}"
            self._parts.tally.trouble(kind, "telemetry preference: %s", problem)
            return Outcome(problem=problem, told=False)
        self._retries.settle(wish.scope)
        return outcome

    def _tell_one(self, wish: Wish, call: Call) -> Outcome:
        """Tell a wish and forget it; CallFailed where it is to be told again, Withdrawn, OSError."""
        problem = ""
        try:
            response = call(RPC, self._request(wish))
        except CallFailed as failure:
            if failure.code == "UNIMPLEMENTED" and wish.erase:
                # That service cannot erase yet; the opt-out itself must not wait for it.
                problem = f"history was not erased: {failure}"
                response = call(RPC, self._request(replace(wish, erase=False)))
            elif failure.reason == TOKEN_REQUIRED or failure.code == "INVALID_ARGUMENT":
                return self._refused(wish, failure)
            else:
                raise
        self._pending.done(wish, lifted=not wish.disables)
        self._parts.consent.obey(response.collection_status)
        return Outcome(response.deletion_id, problem)

    def _refused(self, wish: Wish, failure: CallFailed) -> Outcome:
        """Give up a wish that the service will not take, however often it is told; OSError."""
        problem = str(failure)
        if failure.reason == TOKEN_REQUIRED:
            problem = f"{STAYS_OFF} ({failure.reason})"
            # As the service's refusal: the next time it is asked it may say that it was lifted.
            self._parts.consent.forbid(SERVICE)
        self._pending.done(wish)
        self._parts.tally.trouble(f"preference {failure.reason}", "telemetry preference: %s", problem)
        return Outcome(problem=problem)

    def _request(self, wish: Wish) -> Request:
        settings = self._parts.settings
        return Request(
            source=settings.source,
            scope=Request.Scope.ValueType(wish.scope),
            preference=Request.Preference.ValueType(wish.preference),
            erase_history=wish.erase,
            write_key=settings.write_key,
            preference_token=wish.token,
        )
