"""One line for each failure."""

import re
from dataclasses import fields

from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from physml.runs import configs
from physml.runs.check import did_you_mean
from physml.runs.errors import CheckError, ConfigError, TrainingError
from physml.runs.faults import explained

# What sets keys of the data that no choice of data sets.
SETTING = {"data.fold": "sweep=folds sets it, and trains one fold alone if data.fold.number=… is added"}


def explain(error: BaseException) -> tuple[str, int]:
    """Return one line that tells what is wrong, and the exit code: 2 for bad input, 1 for what failed later."""
    if isinstance(error, ConfigError | CheckError | TrainingError):
        return str(error), 2 if isinstance(error, ConfigError) else 1
    if fault := explained(error):
        return fault, 1
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_config(error), 2
    if isinstance(error, YAMLError):
        return f"a config is not YAML: {' '.join(str(error).split())}: mend the file", 2
    if isinstance(error, OverrideParseException):
        return f"{error.override!r} is not an override ({_first_line(error)}): write key=value", 2
    if isinstance(error, HydraException | ConfigCompositionException | OmegaConfBaseException):
        return _configuration(error), 2
    if isinstance(error, OSError | ValueError | FloatingPointError | ImportError):
        text = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, OSError) and error.strerror and error.filename:
            text = f"{error.filename}: {error.strerror}: choose another place or mend its permissions"
        return text, 2
    return f"{type(error).__name__}: {' '.join(str(error).split())} (unexpected: --debug shows the traceback)", 1


def _missing_config(error: MissingConfigException) -> str:
    name = str(error.missing_cfg_file)
    group, _, choice = name.partition("/") if name.partition("/")[0] in _groups() else name.rpartition("/")
    options = sorted({*(error.options if "/" not in choice and error.options else ()), *_choices(group)})
    more = f", … ({len(options)} in all: see physml list)" if len(options) > 20 else ""
    listed = ", ".join(options[:20]) + more or "none"
    return f"no {group or 'config'} {choice!r}{did_you_mean(choice, options)}; there are {listed}"


def _configuration(error: BaseException) -> str:
    text = str(error)
    inner = str(error.__cause__) if error.__cause__ else ""
    if extra := _missing_extra(text + inner):
        return extra
    if value := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{value[1]}: needs a value: add {value[1]}=…"
    if missing := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(missing[1], text + inner)
    if key := re.search(r"Could not delete from config. '([^']+)' does not exist", text):
        parent, _, name = key[1].rpartition(".")
        known = _keys(parent)
        return f"no key {key[1]!r} to delete{did_you_mean(name, known)}; there are {', '.join(known) or 'none'}"
    if refused := re.search(r"In '([^']+)'.*\bKey '([^']+)' not in '(\w+)'", text + inner, re.S):
        known = [field.name for field in fields(getattr(configs, refused[3]))]
        return (
            f"{refused[1]}.yaml: no key {refused[2]!r}{did_you_mean(refused[2], known)}; there are {', '.join(known)}"
        )
    if group := re.search(r"Could not override '?([^'\s.]+)'?.*No match in the defaults list", text, re.S):
        return (
            f"{group[1]!r} is not a config group{did_you_mean(group[1], _groups())}; there are {', '.join(_groups())}"
        )
    return " ".join((text + " " + inner).split())


def _missing_extra(text: str) -> str:
    """What to install, if Hydra could not build a sweeper or launcher as an extra is missing."""
    if "Are you sure that module" in text:
        from physml.runs.build import raise_missing_extra

        try:
            raise_missing_extra(ImportError(text))
        except ModuleNotFoundError as missing:
            return str(missing)
    return ""


def _unknown_key(key: str, text: str) -> str:
    """Tell apart a misspelt key and one that is right but not yet in the config."""
    parts = key.split(".")
    if "No match in the defaults list" in text or (len(parts) == 1 and key not in _groups()):
        known = sorted({*(_groups() if _composed() == "train" else ()), *_keys("")})
        return f"no key or config group {key!r}{did_you_mean(key, known)}; there are {', '.join(known)}"
    while len(parts) > 1 and not isinstance(_select(".".join(parts[:-1])), dict):
        parts.pop()
    parent, name = ".".join(parts[:-1]), parts[-1]
    present, accepted = _keys(parent), _arguments(parent)
    if name in accepted and name not in present:
        unset = ".".join(parts)
        if unset == key:
            return f"{key!r} is not set in this config yet: write +{key}=… to add it"
        setting = SETTING.get(unset, f"write '+{unset}={{_target_: …}}' to add it")
        return f"no key {key!r}, as {unset!r} is not set in this config: {setting}"
    if isinstance(_select(f"task.{key.rpartition('.')[0]}"), dict):
        return f"no key {key!r} (did you mean 'task.{key}'?)"
    where = f"{parent} has {', '.join(present) or 'no keys'}" if parent else f"there are {', '.join(present)}"
    return f"no key {key!r}{did_you_mean(name, [*present, *accepted])}; {where}"


def _groups() -> list[str]:
    return sorted(folder.name for folder in configs.config_directory().iterdir() if folder.is_dir())


def _choices(group: str) -> list[str]:
    folder = configs.config_directory() / group
    return [file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml")]


def _keys(parent: str) -> list[str]:
    node = _select(parent)
    return list(node) if isinstance(node, dict) else []


def _arguments(parent: str) -> list[str]:
    node = _select(parent)
    if not isinstance(node, dict) or "_target_" not in node:
        return []
    from hydra.utils import get_object

    from physml.runs.check import accepted

    return list(accepted(get_object(node["_target_"]))[0])


def _composed() -> str:
    """Return the name of the config that the running command composes; the words of a training come without it."""
    import sys

    return sys.argv[1] if sys.argv[1:] and sys.argv[1] in ("eval", "simulate") else "train"


def _select(path: str) -> object:
    """Return the part at `path` of the config that the command line's choices of groups alone would compose."""
    import sys

    from physml.cli.compose import compose_config
    from physml.cli.words import split_config_dir

    groups = _groups()
    try:
        words, config_dir = split_config_dir(sys.argv[1:])
        choices = [word for word in words if word.split("=")[0].lstrip("+").split("@")[0] in groups and "," not in word]
        node: object = compose_config(_composed(), choices, config_dir)
    except Exception:  # the choices may be wrong too; then there is no hint, and the first error stands
        return None
    for part in path.split(".") if path else []:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0]
