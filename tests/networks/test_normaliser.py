import torch

from physml.networks.normaliser import Normaliser


def test_it_knows_nothing_at_first():
    vectors = torch.randn(5, 3, 2)
    torch.testing.assert_close(Normaliser(2)(vectors), vectors)


def test_batches_of_any_size_give_the_statistics_of_all_vectors():
    vectors = 3 + 1e-3 * torch.randn(100, 2, dtype=torch.float64)
    normaliser = Normaliser(2).double()
    for part in (vectors[:10], vectors[10:11], vectors[11:].reshape(-1, 89, 2)):
        normaliser.observe(part)
    torch.testing.assert_close(normaliser.mean, vectors.mean(0))
    torch.testing.assert_close(normaliser.variance, vectors.var(0, correction=0))
    scaled = normaliser(vectors)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(2, dtype=torch.float64), atol=1e-9, rtol=0)
    torch.testing.assert_close(scaled.std(0, correction=0), torch.ones(2, dtype=torch.float64))


def test_two_processes_with_unequal_parts_have_common_statistics(together):
    vectors = 3 + 1e-3 * torch.randn(100, 2, dtype=torch.float64)

    def observed(parts):
        normaliser = Normaliser(2).double()
        for part in parts:
            normaliser.observe(part)
        return normaliser

    for normaliser in together(observed, [(vectors[:10], vectors[:0]), (vectors[10:60], vectors[60:])]):
        assert float(normaliser.count) == 100
        torch.testing.assert_close(normaliser.mean, vectors.mean(0))
        torch.testing.assert_close(normaliser.variance, vectors.var(0, correction=0))


def test_nothing_teaches_nothing():
    normaliser = Normaliser(2)
    normaliser.observe(torch.zeros(0, 2))
    assert normaliser.mean.tolist() == [0.0, 0.0]
    assert normaliser.variance.tolist() == [1.0, 1.0]


def test_it_stops_when_it_has_seen_enough():
    normaliser = Normaliser(1, limit=10)
    normaliser.observe(torch.zeros(12, 1))
    normaliser.observe(torch.ones(12, 1))
    assert normaliser.mean.tolist() == [0.0]
    assert float(normaliser.count) == 12


def test_it_is_saved_with_the_weights():
    first, second = Normaliser(2), Normaliser(2)
    first.observe(torch.randn(9, 2))
    second.load_state_dict(first.state_dict())
    vectors = torch.randn(4, 2)
    torch.testing.assert_close(first(vectors), second(vectors))


def test_a_constant_component_stays_finite():
    normaliser = Normaliser(1)
    normaliser.observe(torch.full((4, 1), 2.0))
    assert torch.isfinite(normaliser(torch.full((4, 1), 2.0))).all()


def test_no_vectors_leave_it_as_it_was():
    normaliser = Normaliser(2)
    normaliser.observe(torch.zeros(0, 2))
    assert float(normaliser.count) == 0
    normaliser.observe(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    assert normaliser.mean.tolist() == [2.0, 4.0]
