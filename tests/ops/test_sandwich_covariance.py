import torch

from physml.ops.sandwich_covariance import sandwich_covariance


def test_it_is_the_scatter_of_repeated_fits(seed):
    # A line through points whose noise grows along it, and two exact equations' worth of prior on nothing.
    x = torch.linspace(0, 1, 200, dtype=torch.float64)
    design, noise = torch.stack([torch.ones_like(x), x], dim=1), 0.1 + x
    fits, claims = [], []
    for _ in range(400):
        y = 1 + 2 * x + noise * torch.randn(200, dtype=torch.float64)
        w = torch.linalg.lstsq(design, y[:, None]).solution[:, 0]
        fits.append(w)
        claims.append(sandwich_covariance(design @ w - y, design, [0, 1], 0.0))
    torch.testing.assert_close(torch.stack(claims).mean(0), torch.stack(fits).T.cov(), rtol=0.2, atol=0)


def test_a_part_is_a_part_of_the_whole(seed):
    jacobian, r = torch.randn(30, 4, dtype=torch.float64), torch.randn(30, dtype=torch.float64)
    whole = sandwich_covariance(r, jacobian, [0, 1, 2, 3], 0.1)
    torch.testing.assert_close(sandwich_covariance(r, jacobian, [3, 1], 0.1), whole[[3, 1]][:, [3, 1]])


def test_too_few_residuals_tell_nothing():
    assert sandwich_covariance(torch.ones(3), torch.ones(3, 3), [0], 1.0).isnan().all()
