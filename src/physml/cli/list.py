"""``physml list``: what there is, one line each."""

from pathlib import Path

from physml.cli.words import split_config_dir, unknown
from physml.runs.configs import config_directory

KINDS = {
    "experiments": "experiment",
    "networks": "network",
    "data": "data",
    "constraints": "constraint",
    "systems": "system",
}


def main(arguments: list[str]) -> None:
    """Print the names and descriptions of all kinds, or of the kinds given.

    The configs are read as text: composing them would take Hydra and seconds.

    Raises:
        ValueError: There is no such kind.
    """
    kinds, own = split_config_dir(arguments)
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"{kind!r}: {unknown(kind, tuple(KINDS))}")
    folders = [config_directory(), *([Path(own)] if own else [])]
    for kind in kinds or KINDS:
        print(f"{kind}:")
        entries = _entries(folders, KINDS[kind])
        width = max(22, *map(len, entries)) + 2
        for name, line in sorted(entries.items()):
            print(f"  {name:{width}}{line}")


def _entries(folders: list[Path], group: str) -> dict[str, str]:
    """Return the first sentence of the comments of each config of a group by its name."""
    entries = {}
    for folder in folders:
        for file in (folder / group).rglob("*.yaml"):
            comments = [line[1:].strip() for line in file.read_text().splitlines() if line.startswith("#")]
            lines = [line for line in comments if not line.startswith("@package")]
            entries[file.relative_to(folder / group).with_suffix("").as_posix()] = " ".join(lines).partition(". ")[0]
    return entries
