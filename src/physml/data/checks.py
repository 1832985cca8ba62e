"""Checks that arrays are what a network was told to expect."""

import torch

from physml.data.arrays import Arrays


def checked(arrays: Arrays, in_shape: list[int], origin: str) -> Arrays:
    """Return `arrays` after checking that ``x`` has the shape declared and that all numbers are finite.

    Args:
        arrays: The arrays of one split.
        in_shape: Shape of ``x`` without the dimension of events or points.
        origin: Where the arrays come from, for the message.

    Raises:
        ValueError: ``x`` is missing or of another shape, or an array holds NaN or infinity.
    """
    everything = arrays.events | arrays.points
    if "x" not in everything:
        raise ValueError(f"{origin}: expected an array 'x', got only {', '.join(sorted(everything)) or 'none'}")
    shape = list(everything["x"].shape[1:])
    if shape != list(in_shape):
        other = f", or train with data.in_shape={shape}" if shape else ""
        raise ValueError(
            f"{origin}: x has shape {shape} per event, expected {list(in_shape)}: use data of this shape{other}"
        )
    return finite(arrays, origin)


def finite(arrays: Arrays, origin: str) -> Arrays:
    """Return `arrays` after checking that all their numbers are finite.

    Raises:
        ValueError: An array holds NaN or infinity.
    """
    for name, array in (arrays.events | arrays.points).items():
        if array.is_floating_point() and not torch.isfinite(array).all():
            bad = int((~torch.isfinite(array)).reshape(len(array), -1).any(dim=1).sum())
            raise ValueError(
                f"{origin}: array {name!r} holds NaN or infinity in {bad} of {len(array)} rows, "
                "expected finite numbers: remove or repair those rows"
            )
    return arrays
