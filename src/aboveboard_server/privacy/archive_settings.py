"""What an operator may set about the archive; weaker than the defaults only where that is said aloud."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aboveboard_server.errors import StartupError

EPSILON = 1.0
FAILURE_PROBABILITY = 1e-6
MIN_CONTRIBUTORS = 10
MIN_CLIPS = 2.25
# Beyond it sums would no longer be exact in every store and every JSON.
LARGEST_CLIP = 10**9


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How months are released. StartupError naming the setting where a value cannot be meant or is weaker.

    `solutions` and `event_types` fix the keys; without solutions nothing is released, no event types mean
    all. `clip` is the most events of one contributor that count in a month, over all cells;
    `contributors_share` is the part of `epsilon` that is spent on the contributor counts. These two decide
    about errors, not about privacy.
    """

    solutions: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    clip: int = 10_000
    contributors_share: float = 0.25
    epsilon: float = EPSILON
    min_contributors: int = MIN_CONTRIBUTORS
    min_clips: float = MIN_CLIPS
    failure_probability: float = FAILURE_PROBABILITY
    allow_weaker: bool = False

    def __post_init__(self) -> None:
        for setting, is_meant, rule in (
            ("solution", _are_names(self.solutions), "each once, none empty"),
            ("event-type", _are_names(self.event_types), "each once, none empty"),
            ("clip", 1 <= self.clip <= LARGEST_CLIP, f"from 1 to {LARGEST_CLIP}"),
            ("contributors-share", 0 < self.contributors_share < 1, "above 0 and below 1"),
            ("epsilon", 0 < self.epsilon < math.inf, "above 0"),
            ("min-contributors", self.min_contributors >= 1, "at least 1"),
            ("min-clips", 0 < self.min_clips < math.inf, "above 0"),
            ("failure-probability", 0 < self.failure_probability < 1, "above 0 and below 1"),
        ):
            if not is_meant:
                raise StartupError(f"--archive-{setting}: must be {rule}")
        if not self.allow_weaker:
            self._refuse_weaker()

    def _refuse_weaker(self) -> None:
        for setting, is_weaker, default in (
            ("epsilon", self.epsilon > EPSILON, EPSILON),
            ("min-contributors", self.min_contributors < MIN_CONTRIBUTORS, MIN_CONTRIBUTORS),
            ("min-clips", self.min_clips < MIN_CLIPS, MIN_CLIPS),
            ("failure-probability", self.failure_probability > FAILURE_PROBABILITY, FAILURE_PROBABILITY),
        ):
            if is_weaker:
                raise StartupError(
                    f"--archive-{setting}: weaker than {default:g}, the default; "
                    "--archive-allow-weaker allows it"
                )


def _are_names(names: tuple[str, ...]) -> bool:
    return all(names) and len(set(names)) == len(names)
