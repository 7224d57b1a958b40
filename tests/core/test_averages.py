import torch
from torch import nn

from segloop.averages import start_average, update_average_
from segloop.devices import seeded


def _network(seed: int) -> nn.Sequential:
    with seeded(seed):
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))


def test_the_average_is_that_of_a_plain_loop_buffers_too() -> None:
    network = _network(0)
    average = start_average(network)
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    for step in range(6):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter))
        network(torch.randn(2, 3, 8, 8))  # moves the running statistics
        update_average_(average, network, step=step, decay=0.7)
        kept = min(1 - 1 / (step + 1), 0.7)
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                expected[name] = kept * expected[name] + (1 - kept) * value
            else:
                expected[name] = value.clone()
    assert int(expected["1.num_batches_tracked"]) == 6
    for name, value in average.state_dict().items():
        torch.testing.assert_close(value, expected[name])


def test_the_first_average_is_the_network_itself_and_nothing_is_shared() -> None:
    network = _network(1)
    average = start_average(_network(2))
    update_average_(average, network, step=0, decay=0.99)
    for own, other in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        assert torch.equal(own, other)
        assert own.data_ptr() != other.data_ptr()
    assert not average.training
    assert not any(parameter.requires_grad for parameter in average.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())
