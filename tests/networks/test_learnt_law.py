import pytest
import torch

from physml.networks.learnt_law import LearntLaw, ParitySymmetricLaw, PhaseSymmetricLaw


def test_units_of_the_data_do_not_matter_once_they_are_known(seed):
    law, z, rate = LearntLaw(2, 2), torch.randn(50, 2, dtype=torch.float64), torch.randn(50, 2, dtype=torch.float64)
    law.calibrate(z, rate)
    before = law(z)
    assert law.scale.tolist() == pytest.approx((4 * z.std(0)).tolist())
    units, rate_units = torch.tensor([10.0, 0.1], dtype=torch.float64), torch.tensor([7.0, 0.5], dtype=torch.float64)
    law.calibrate(z * units, rate_units * rate)
    torch.testing.assert_close(law(z * units), rate_units * before)


def test_a_law_without_absolute_phase_turns_with_the_field_and_knows_no_units(seed):
    law, z, rate = PhaseSymmetricLaw(6), torch.randn(50, 6, dtype=torch.float64), torch.randn(50, 2).double()
    law.calibrate(z, rate)
    before = law(z)
    torch.testing.assert_close(law.rate_scale, rate.std(0))  # the unit of the residual
    turn = torch.polar(torch.tensor(1.0), torch.tensor(0.7)).to(torch.complex128)
    turned = torch.view_as_real(turn * torch.view_as_complex(z.view(50, 3, 2))).reshape(50, 6)
    expected = torch.view_as_real(turn * torch.view_as_complex(before.contiguous()))
    torch.testing.assert_close(law(turned), expected)
    assert (expected - before).abs().max() > 0.1
    law.calibrate(z * 3, 5 * rate)
    torch.testing.assert_close(law(z * 3), 5 * before)


def test_a_law_without_absolute_phase_reads_all_that_does_not_turn(seed):
    law = PhaseSymmetricLaw(4, hidden=[6])
    q = torch.randn(9, 2, dtype=torch.complex128)
    invariants = law._invariants(q)
    product = q[:, 0].conj() * q[:, 1]
    expected = [q[:, 0].abs() ** 2, product.real, q[:, 1].abs() ** 2, product.imag]
    torch.testing.assert_close(invariants, torch.stack(expected, dim=1))


@pytest.mark.parametrize(("inputs", "rates"), [(3, 2), (4, 1)])
def test_a_law_without_absolute_phase_needs_real_and_imaginary_parts(inputs, rates):
    with pytest.raises(ValueError, match=rf"expected pairs of real and imaginary parts .* got {inputs} and {rates}"):
        PhaseSymmetricLaw(inputs, rates)


def test_a_law_without_left_and_right_turns_its_sign_with_odd_inputs_and_with_no_others(seed):
    law = ParitySymmetricLaw(3, hidden=[6], odd=[0, 2])
    torch.nn.init.normal_(law.layers[0].bias)  # or all of the perceptron were odd
    z, rate = torch.randn(50, 3, dtype=torch.float64), torch.randn(50, 1, dtype=torch.float64)
    law.calibrate(z, rate)
    before = law(z)
    torch.testing.assert_close(law.rate_scale, rate.std(0))  # the unit of the residual
    torch.testing.assert_close(law(z * torch.tensor([-1.0, 1.0, -1.0])), -before)
    for others in ([1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]):
        assert (law(z * torch.tensor(others)) + before).abs().max() > 0.01
    law.calibrate(z * 3, 5 * rate)
    torch.testing.assert_close(law(z * 3), 5 * before)


def test_a_law_without_left_and_right_leaves_a_perceptron_that_is_odd_as_it_is(seed):
    law, z = ParitySymmetricLaw(3, hidden=[6], odd=[0, 1, 2]), torch.randn(9, 3, dtype=torch.float64)
    torch.testing.assert_close(law(z), law.whole(z))  # whose biases are still 0


@pytest.mark.parametrize("odd", [[], [3], [-1]])
def test_a_law_without_left_and_right_needs_to_know_what_is_odd(odd):
    with pytest.raises(ValueError, match=r"expected numbers of odd inputs, from 0 to 2, got .*: give those that turn"):
        ParitySymmetricLaw(3, odd=odd)


def test_what_does_not_vary_leaves_the_law_finite(seed):
    z, rate = torch.randn(50, 4, dtype=torch.float64), torch.randn(50, 2, dtype=torch.float64)
    z[:, 1] = 0
    law = LearntLaw(4, 2)
    law.calibrate(z, rate)
    assert law.scale[1] == 1
    assert law(z).isfinite().all()
    angle = torch.rand(50, dtype=torch.float64) * 6
    wave = torch.stack(
        [angle.cos(), angle.sin(), 0 * angle, 0 * angle], dim=1
    )  # of one wave nothing varies but the phase
    law = PhaseSymmetricLaw(4)
    law.calibrate(wave, rate)
    assert law(wave).isfinite().all()
