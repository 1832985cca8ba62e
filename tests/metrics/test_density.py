import torch

from physml.metrics.density import divergence, negative_log_likelihood


def test_divergence_of_gaussians_is_the_known_one():
    # KL(N(0, 1) ‖ N(m, s)) = log s + (1 + m²) / 2s² − 1/2
    x = torch.randn(400_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    true, learned = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(0.5, 1.5)
    values = divergence(learned.log_prob(x), true.log_prob(x))
    expected = torch.distributions.kl_divergence(true, learned)
    assert abs(values.mean() - expected) < 4 * values.std() / len(values) ** 0.5
    assert torch.equal(divergence(true.log_prob(x), true.log_prob(x)), torch.zeros_like(x))


def test_negative_log_likelihood():
    assert negative_log_likelihood(torch.tensor([-1.0, 2.0])).tolist() == [1.0, -2.0]
