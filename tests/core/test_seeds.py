from segloop.seeds import Purpose, generator, torch_seed


def test_generators_repeat_and_differ_by_each_of_their_numbers() -> None:
    first = generator(3, 1, Purpose.TRAINING).integers(0, 2**62)
    assert first == generator(3, 1, Purpose.TRAINING).integers(0, 2**62)
    others = [
        generator(seed, number, purpose).integers(0, 2**62)
        for seed, number, purpose in [
            (4, 1, Purpose.TRAINING),
            (3, 2, Purpose.TRAINING),
            (3, 1, Purpose.SCORING),
        ]
    ]
    assert len({first, *others}) == 4


def test_torch_seeds_fit_torch() -> None:
    assert all(0 <= torch_seed(seed, 0, Purpose.TRAINING) < 2**63 for seed in range(20))


def test_purposes_keep_their_numbers() -> None:
    assert [int(purpose) for purpose in Purpose] == list(range(1, len(Purpose) + 1))
