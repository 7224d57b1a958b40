import math

import torch

from segloop.prototypes import class_prototypes, negative_distribution


def test_prototypes_are_the_plain_mean_of_each_class() -> None:
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(50, 7, generator=generator, requires_grad=True)
    classes = torch.randint(4, (50,), generator=generator)
    classes[classes == 2] = 1  # class 2 has no pixel
    prototypes = class_prototypes(embeddings, classes, num_classes=4)
    for class_index in range(4):
        rows = [embeddings[i] for i in range(50) if classes[i] == class_index]
        expected = sum(rows, torch.zeros(7)) / max(len(rows), 1)
        torch.testing.assert_close(prototypes[class_index], expected.detach())
    assert not prototypes.requires_grad


def test_prototypes_of_half_precision_are_summed_in_single() -> None:
    embeddings = torch.full((100_000, 2), 3.0, dtype=torch.bfloat16)
    prototypes = class_prototypes(embeddings, torch.zeros(100_000, dtype=torch.int64), num_classes=1)
    assert prototypes.dtype == torch.float32
    torch.testing.assert_close(prototypes, torch.full((1, 2), 3.0))


def test_negative_distribution_is_a_softmax_of_cosines_without_the_own_class() -> None:
    prototypes = torch.randn(4, 6, generator=torch.Generator().manual_seed(3))
    found = negative_distribution(prototypes, temperature=0.5)
    for i in range(4):
        cosines = [
            float(prototypes[i] @ prototypes[j] / (prototypes[i].norm() * prototypes[j].norm()))
            for j in range(4)
        ]
        exponentials = [0.0 if j == i else math.exp(cosines[j] / 0.5) for j in range(4)]
        expected = torch.tensor([value / sum(exponentials) for value in exponentials])
        torch.testing.assert_close(found[i], expected)


def test_two_classes_have_each_other_as_negatives() -> None:
    found = negative_distribution(torch.randn(2, 3), temperature=0.5)
    torch.testing.assert_close(found, torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
