"""Where every random number of a round comes from: one generator per (project seed, round, purpose).

Server and simulation derive their generators here alone, so that the same project picks the same regions in
both. The integers are part of stored history: append, never renumber.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a generator is for; two purposes never share a stream."""

    COLD_START = 1
    SELECTION = 2
    TRAINING = 3
    INITIAL_WEIGHTS = 4
    SCORING = 5
    AUDIT = 6
    AGREEMENT = 7
    SCENE = 8
    ANNOTATOR = 9


def generator(seed: int, round_number: int, purpose: Purpose) -> np.random.Generator:
    """A fresh generator, the same for the same three numbers on every machine."""
    return np.random.default_rng([seed, round_number, int(purpose)])


def torch_seed(seed: int, round_number: int, purpose: Purpose) -> int:
    """A seed in 0 .. 2**63 - 1 for `torch.Generator.manual_seed`."""
    return int(generator(seed, round_number, purpose).integers(0, 2**63 - 1, dtype=np.int64))
