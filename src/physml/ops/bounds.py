"""Refusing sizes, steps and widths with which nothing could be computed."""


def check_at_least(least: float, **numbers: float) -> None:
    """Refuse numbers below a bound, and NaN.

    Args:
        least: The bound.
        numbers: What is checked, by the names that the user knows.

    Raises:
        ValueError: A number is too small or NaN.

    Example:
        >>> check_at_least(1, blocks=0)
        Traceback (most recent call last):
        ValueError: expected blocks >= 1, got 0: raise it
    """
    for name, number in numbers.items():
        if not number >= least:
            raise ValueError(f"expected {name} >= {least}, got {number}: raise it")


def check_positive(**numbers: float) -> None:
    """Refuse numbers that are not above 0, and NaN.

    Args:
        numbers: What is checked, by the names that the user knows.

    Raises:
        ValueError: A number is 0, negative or NaN.

    Example:
        >>> check_positive(dt=-0.1)
        Traceback (most recent call last):
        ValueError: expected dt > 0, got -0.1: raise it
    """
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"expected {name} > 0, got {number}: raise it")
