"""What a round draws its random numbers from: one generator per (project seed, round, purpose).

Server and simulation get these generators here alone, so that the same project picks the same regions in
both. The seed of a round is drawn from one of them, and training (`segloop.batches`,
`segloop.training_state`) and dropout passes (`segloop.inference`) derive theirs from that seed. An audit's
numbers follow from file names, whatever the seed (`segloop.audit`). The integers are part of stored history:
append, never renumber.
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
