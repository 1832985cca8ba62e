"""Where a particle shower leaves its energy: published profiles, sampled as spots of equal energy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Material:
    """Constants of a homogeneous absorber; the defaults are tungsten's.

    Source: Particle Data Group, Atomic and Nuclear Properties of Materials, tungsten.

    Args:
        radiation_length: X₀ in cm.
        interaction_length: Nuclear interaction length λ_I in cm, of the nucleons in a cascade.
        pion_interaction_length: Interaction length λ_π of a charged pion in cm.
        moliere_radius: R_M in cm.
        critical_energy: E_c of electrons in GeV.
        atomic_number: Z.
    """

    radiation_length: float = 0.3504
    interaction_length: float = 9.946
    pion_interaction_length: float = 11.33
    moliere_radius: float = 0.9327
    critical_energy: float = 7.97e-3
    atomic_number: float = 74.0


def electromagnetic_maximum(energy: Array, material: Material) -> Array:
    r"""Return the typical depth of an electromagnetic shower's maximum, whose logarithm is the mean of that of T.

    .. math:: e^{\langle \ln T \rangle} = \ln y - 0.812, \quad y = E / E_c

    Units: `energy` in GeV, T in radiation lengths.

    Source: Grindhammer and Peters 1993, hep-ex/0001020 (homogeneous media), with the coefficients of Geant4's
    ``GVFlashHomoShowerTuning``.
    """
    return np.log(energy / material.critical_energy) - 0.812


def electromagnetic_shape(energy: Array, material: Material) -> Array:
    r"""Return the typical exponent α of an electromagnetic shower's longitudinal profile, in the same sense.

    .. math:: e^{\langle \ln \alpha \rangle} = 0.81 + (0.458 + 2.26 / Z) \ln y, \quad y = E / E_c

    Units: `energy` in GeV.

    Source: as `electromagnetic_maximum`.
    """
    return 0.81 + (0.458 + 2.26 / material.atomic_number) * np.log(energy / material.critical_energy)


def sample_longitudinal(rng: np.random.Generator, energy: Array, material: Material) -> tuple[Array, Array]:
    r"""Draw the shape α and maximum T of single electromagnetic showers.

    Their profile is a gamma distribution in the depth t; ln T and ln α fluctuate together as a normal distribution:

    .. math::
        f(t) = \frac{(\beta t)^{\alpha - 1} \beta e^{-\beta t}}{\Gamma(\alpha)}, \quad \beta = (\alpha - 1) / T

        \sigma_{\ln T} = (-1.4 + 1.26 \ln y)^{-1}, \quad \sigma_{\ln\alpha} = (-0.58 + 0.86 \ln y)^{-1}, \quad
        \rho = 0.705 - 0.023 \ln y

    Units: `energy` in GeV, at least 1 GeV (below it the normal approximation fails); T in radiation lengths.

    Source: Longo and Sestili 1975 for f; as `electromagnetic_maximum` for the fluctuations.

    Args:
        rng: Source of randomness.
        energy: Energies E of the showers, shape (showers,).
        material: The absorber.

    Returns:
        α and T, each of shape (showers,); α ≥ 1.1 so that the maximum exists.
    """
    log_y = np.log(energy / material.critical_energy)
    rho = 0.705 - 0.023 * log_y
    first, second = rng.standard_normal((2, *energy.shape))
    second = rho * first + np.sqrt(1 - rho**2) * second
    maximum = electromagnetic_maximum(energy, material) * np.exp(first / (-1.4 + 1.26 * log_y))
    shape = electromagnetic_shape(energy, material) * np.exp(second / (-0.58 + 0.86 * log_y))
    return np.maximum(shape, 1.1), maximum


def radial_parameters(energy: Array, tau: Array, material: Material) -> tuple[Array, Array, Array]:
    r"""Return the weight p and the radii R_C and R_T of an electromagnetic shower's core and tail at a depth.

    .. math::
        R_C = 0.0251 + 0.00319 \ln E + (0.1162 - 0.000381 Z)\,\tau

        R_T = (0.659 - 0.00309 Z)\left(e^{-2.59(\tau - 0.645)} + e^{(0.3585 + 0.0412 \ln E)(\tau - 0.645)}\right)

        p = (2.632 - 0.00094 Z) \exp(u - e^u), \quad u = \frac{0.401 + 0.00187 Z - \tau}{1.313 - 0.0686 \ln E}

    Units: `energy` in GeV, τ = t/T, radii in Molière radii.

    Source: as `electromagnetic_maximum`.
    """
    log_e, z = np.log(energy), material.atomic_number
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * z) * tau
    tail = np.exp(-2.59 * (tau - 0.645)) + np.exp((0.3585 + 0.0412 * log_e) * (tau - 0.645))
    u = (0.401 + 0.00187 * z - tau) / (1.313 - 0.0686 * log_e)
    return (2.632 - 0.00094 * z) * np.exp(u - np.exp(u)), core, (0.659 - 0.00309 * z) * tail


def contained_fraction(radius: Array, weight: Array, core: Array, tail: Array) -> Array:
    r"""Return the fraction of the energy within a radius of the shower's axis.

    .. math:: F(r) = \int_0^r f = p \frac{r^2}{r^2 + R_C^2} + (1 - p) \frac{r^2}{r^2 + R_T^2}, \quad
        f(r) = p \frac{2 r R_C^2}{(r^2 + R_C^2)^2} + (1 - p) \frac{2 r R_T^2}{(r^2 + R_T^2)^2}

    Units: all lengths in the same unit.

    Source: Grindhammer and Peters 1993, hep-ex/0001020.

    Example:
        >>> float(contained_fraction(1.0, 0.5, 1.0, 1.0))
        0.5
    """
    square = np.square(radius)
    return weight * square / (square + np.square(core)) + (1 - weight) * square / (square + np.square(tail))


def sample_radius(rng: np.random.Generator, weight: Array, core: Array, tail: Array) -> Array:
    """Draw distances from the axis, distributed as `contained_fraction` says, by inverting each of its two terms."""
    u = rng.random(np.shape(weight))
    return np.where(rng.random(np.shape(weight)) < weight, core, tail) * np.sqrt(u / (1 - u))


def electromagnetic_fraction(energy: Array) -> Array:
    r"""Return the mean fraction of a charged pion's energy that its cascade turns into electromagnetic showers.

    .. math:: f_{em} = 1 - (E / E_0)^{m - 1}, \quad E_0 = 1\ \mathrm{GeV}, \quad m = 0.83

    Domain: energies above 1 GeV. Units: `energy` in GeV.

    Source: Groom 2007 (Nucl. Instrum. Meth. A 572, 633), after Gabriel et al. 1994.

    Example:
        >>> round(float(electromagnetic_fraction(100.0)), 3)
        0.543
    """
    return 1 - np.power(energy, -0.17)


def sample_pion_spots(
    rng: np.random.Generator,
    energy: Array,
    sampling_term: float = 0.3,
    material: Material | None = None,
    hadronic_radius: float = 0.3,
    concentration: float = 6.0,
    latest_start: float = np.inf,
    hadronic_response: float = 1.0,
) -> tuple[NDArray[np.int64], Array]:
    r"""Draw the energy spots of charged-pion showers that enter at the origin along z.

    A pion interacts at a depth distributed as exp(−z/λ_π), at most `latest_start`. From there a fraction of its energy,
    with the mean `electromagnetic_fraction` and a beta distribution about it, follows the electromagnetic profiles; the
    rest follows the hadronic gamma distribution and one radial term:

    .. math:: f_h(s) \propto s^{a - 1} e^{-0.978 s}, \quad s = (z - z_0) / \lambda_I, \quad a = 0.786 + 0.427 \ln E

    The number of spots is a Poisson number of mean V/a_s², each worth a_s²; of the hadronic part only h/e is visible:

    .. math::
        V = E \left(f_{em} + (1 - f_{em}) \frac{h}{e}\right), \quad
        \left(\frac{\sigma_V}{\langle V \rangle}\right)^2 = \frac{a_s^2}{\langle V \rangle} + b^2, \quad
        b = \left|1 - \frac{h}{e}\right| \sigma_{f_{em}} \frac{E}{\langle V \rangle}

    With h/e = 1 the calorimeter compensates: it is linear, and the constant term b vanishes. Otherwise ⟨V⟩/E rises with
    the energy as f_em does. The pion's ionisation before its interaction is left out.

    Units: energies in GeV of the electromagnetic scale, lengths in cm, `sampling_term` in √GeV, `hadronic_radius` in
    λ_I. Energies above 1 GeV.

    Source: Bock, Hansl-Kozanecka and Shah 1981 for f_h, its numbers as in Kulchitsky and Vinogradov 1999,
    hep-ex/9903019; the spots and the radial form after Grindhammer, Rudowicz and Peters 1990 (GFLASH); ⟨V⟩ as in Groom
    2007 (Nucl. Instrum. Meth. A 572, 633). The hadronic radius (92 % of the hadronic part within one λ_I) and the width
    of the beta distribution are choices.

    Args:
        rng: Source of randomness.
        energy: Energies E of the pions, shape (showers,).
        sampling_term: a_s.
        material: The absorber (default: tungsten).
        hadronic_radius: Radius that holds half of the hadronic part.
        concentration: Sum of the beta distribution's two parameters: a larger one means smaller fluctuations of f_em.
        latest_start: Pions that interact deeper are left out.
        hadronic_response: h/e.

    Returns:
        The shower of each spot, shape (spots,) and rising, and positions x, y, z, shape (3, spots).

    Raises:
        ValueError: An energy is not above 1 GeV.
    """
    energy = np.asarray(energy, dtype=np.float64)
    if np.any(energy <= 1.0):
        raise ValueError(f"pion energies are expected above 1 GeV, got {energy.min()}: raise the lowest energy")
    material = material or Material()
    mean = electromagnetic_fraction(energy)
    fraction = rng.beta(mean * concentration, (1 - mean) * concentration)
    interacting = -np.expm1(-latest_start / material.pion_interaction_length)
    start = -material.pion_interaction_length * np.log1p(-interacting * rng.random(energy.shape))

    def spots_of(part: Array) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(energy)), rng.poisson(part / sampling_term**2))

    shower = spots_of(energy * fraction)
    # The parametrisation is one of showers above about 1 GeV; a softer electromagnetic part is given that shape.
    part = np.maximum(energy * fraction, 1.0)
    shape, maximum = sample_longitudinal(rng, part, material)
    depth = rng.standard_gamma(shape[shower]) * (maximum / (shape - 1))[shower]
    radius = sample_radius(rng, *radial_parameters(part[shower], depth / maximum[shower], material))

    hadronic = spots_of(hadronic_response * energy * (1 - fraction))
    hadronic_depth = rng.standard_gamma((0.786 + 0.427 * np.log(energy))[hadronic]) / 0.978
    u = rng.random(hadronic.shape)
    hadronic_distance = hadronic_radius * np.sqrt(u / (1 - u))

    owner = np.concatenate([shower, hadronic])
    z = np.concatenate([depth * material.radiation_length, hadronic_depth * material.interaction_length])
    r = np.concatenate([radius * material.moliere_radius, hadronic_distance * material.interaction_length])
    phi = rng.uniform(0.0, 2 * np.pi, owner.shape)
    order = np.argsort(owner, kind="stable")
    position = np.stack([r * np.cos(phi), r * np.sin(phi), z + start[owner]])
    return owner[order], position[:, order]
