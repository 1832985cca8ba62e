import pytest
import torch

from physml.ops.levenberg_marquardt import levenberg_marquardt_step, normal_matrix


def rosenbrock(w):
    return torch.stack([10 * (w[1] - w[0] ** 2), 1 - w[0]])


def minimise(residual, w, steps, damping=1.0):
    for _ in range(steps):
        jacobian = torch.autograd.functional.jacobian(residual, w)
        step, damping = levenberg_marquardt_step(
            residual(w), jacobian, damping, lambda dw, w=w: float(residual(w + dw).square().sum())
        )
        w = w + step
    return w, damping


def test_it_finds_the_minimum_of_a_curved_valley():
    w, _ = minimise(rosenbrock, torch.tensor([-1.2, 1.0], dtype=torch.float64), 40)
    torch.testing.assert_close(w, torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-10)


def test_the_sum_of_squares_never_rises():
    w, damping, sums = torch.tensor([-1.2, 1.0], dtype=torch.float64), 1e-6, []
    for _ in range(20):
        sums.append(float(rosenbrock(w).square().sum()))
        w, damping = minimise(rosenbrock, w, 1, damping)
    assert sums == sorted(sums, reverse=True)


def test_at_a_minimum_it_stays_and_raises_the_damping():
    w, damping = minimise(rosenbrock, torch.ones(2, dtype=torch.float64), 1, damping=1.0)
    assert w.tolist() == [1, 1]
    assert damping > 1


def test_a_singular_jacobian_is_no_obstacle(seed):
    a, b = torch.randn(6, 4, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    a[:, 3] = a[:, 2]
    w, _ = minimise(lambda w: a @ w - b, torch.zeros(4, dtype=torch.float64), 60)
    best = torch.linalg.lstsq(a, b[:, None], driver="gelsd").solution[:, 0]
    torch.testing.assert_close(a @ w, a @ best)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_normal_matrix_is_the_lower_half_of_the_product(seed, dtype):
    jacobian = torch.randn(7, 5, dtype=dtype)
    torch.testing.assert_close(normal_matrix(jacobian), (jacobian.T @ jacobian).tril())
