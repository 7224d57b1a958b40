"""What a round may ask: a number of regions, or of pixels. Only this module cares which of the two it is."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segloop.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Budget:
    """What one round may ask: a number of regions or a number of pixels.

    Raises:
        SettingsError: none or both, or a negative one.
    """

    regions: int | None = None
    pixels: int | None = None

    def __post_init__(self) -> None:
        """Exactly one, 0 or more."""
        given = [value for value in (self.regions, self.pixels) if value is not None]
        if len(given) != 1 or given[0] < 0:
            raise SettingsError(
                f"give one budget of 0 or more, got {self.regions} regions, {self.pixels} pixels"
            )

    @classmethod
    def of_fraction(cls, fraction: float, *, pool_pixels: int) -> Self:
        """`fraction` of all pixels of the pool, rounded down."""
        if not 0 <= fraction <= 1:
            raise SettingsError(f"budget_fraction = {fraction} is outside 0 .. 1")
        return cls(pixels=int(fraction * pool_pixels))

    @property
    def amount(self) -> int:
        """The number, whichever its unit."""
        return self.pixels or self.regions or 0

    @property
    def unit(self) -> str:
        """What the number counts, for messages."""
        return "regions" if self.pixels is None else "pixels"

    def part(self, share: float) -> "Budget":
        """`share` of it, rounded down."""
        return self._of(int(share * self.amount))

    def less(self, amount: int) -> "Budget":
        """What is left when `amount` of the same unit is spent."""
        return self._of(self.amount - amount)

    def _of(self, amount: int) -> "Budget":
        """Another amount of the same unit."""
        return Budget(regions=amount) if self.pixels is None else Budget(pixels=amount)

    def costs(self, areas: NDArray[np.int64]) -> NDArray[np.int64]:
        """What each of some regions takes of the budget, int64 (N,), from their areas in pixels, (N,)."""
        return np.ones_like(areas) if self.pixels is None else areas

    def num_regions(self, areas: NDArray[np.int64]) -> float:
        """Regions that the budget pays for where these areas, int64 (N,) in pixels, are typical."""
        return self.amount * len(areas) / max(1, int(self.costs(areas).sum()))
