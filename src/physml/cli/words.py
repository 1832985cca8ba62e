"""Words of the command line, taken apart without Hydra."""

from difflib import get_close_matches
from pathlib import Path


def split_config_dir(arguments: list[str]) -> tuple[list[str], str | None]:
    """Return the arguments without ``--config-dir DIR``, and the folder of the user's own configs that it names.

    Raises:
        ValueError: There is no such folder.
    """
    rest, folder = [], None
    words = iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        if flag in ("--config-dir", "-cd"):
            folder = str(Path(value if equals else next(words, "")).resolve())
            if not Path(folder).is_dir():
                raise ValueError(f"{folder}: no such folder: --config-dir expects the folder of your own configs")
        else:
            rest.append(word)
    return rest, folder


def take_force(arguments: list[str]) -> tuple[list[str], bool]:
    """Return the arguments without ``--force``, and whether it was among them."""
    return [word for word in arguments if word != "--force"], "--force" in arguments


def key_values(arguments: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, str]:
    """Return the words ``key=value`` as a dict.

    Raises:
        ValueError: A word is not of this form, its key is unknown, or a required one is missing.
    """
    known, found = required + optional, {}
    for word in arguments:
        key, equals, value = word.partition("=")
        if not equals or key not in known:
            raise ValueError(f"{word!r}: {unknown(key, known)}")
        found[key] = value
    if missing := [key for key in required if not found.get(key)]:
        raise ValueError(
            f"{', '.join(f'{key}=…' for key in missing)} is missing: expected {_usage(required, optional)}"
        )
    return found


def unknown(word: str, known: tuple[str, ...]) -> str:
    """Return the rest of a message about an unknown word: the nearest known one, and all of them."""
    close = get_close_matches(word, known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown{hint}; there are {', '.join(known)}"


def _usage(required: tuple[str, ...], optional: tuple[str, ...]) -> str:
    return " ".join([f"{key}=…" for key in required] + [f"[{key}=…]" for key in optional])
