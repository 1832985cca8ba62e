"""The command line: ``physml COMMAND …``.

Only the standard library is imported here, so that ``physml --help`` and the shell's completion answer at once.
"""

import os
import sys
from importlib import import_module

COMMANDS = {
    "train": "train, then test with the best checkpoint: physml train experiment=NAME [key=value …] [-m]",
    "eval": "test a finished run again: physml eval run=DIR [key=value …]",
    "predict": "apply a finished run to a file: physml predict run=DIR input=FILE output=FILE.npz [batch_size=N]",
    "simulate": "write samples or a solution of a system: physml simulate system=NAME output=FILE [+system.KEY=VALUE]",
    "list": "what there is, one line each: physml list [experiments|networks|data|constraints|systems]",
    "check": "prove a property: physml check config|residual|resume|cluster [experiment=NAME] [key=value …]",
}


def main() -> None:
    """Run the command that the arguments name, and turn each failure into one line and an exit code."""
    # Must be set before torch is imported: OpenMP threads that wait for each other soon sleep instead of spinning.
    # Where other programs need the cores too, spinning was seen to make a training ten times slower.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    arguments = sys.argv[1:]
    debug = "--debug" in arguments or os.environ.get("HYDRA_FULL_ERROR") == "1"
    arguments = [argument for argument in arguments if argument != "--debug"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_help())
        return
    if arguments[0] == "--version":
        from physml import __version__

        print(f"physml {__version__}")
        return
    command, *rest = arguments
    if command not in COMMANDS:
        from difflib import get_close_matches

        close = get_close_matches(command, COMMANDS, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        sys.exit(_complain(f"{command!r} is not a command{hint}; there are {', '.join(COMMANDS)}"))
    if command != "train" and {"-h", "--help"} & set(rest):  # of a training Hydra tells more
        print(COMMANDS[command])
        return
    run(import_module(f"physml.cli.{command}").main, rest, debug)


def run(function, arguments: list[str], debug: bool) -> None:
    """Call `function` with the arguments; a failure becomes one line on the standard error and an exit code."""
    try:
        function(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(_complain("interrupted", 130))
    except Exception as error:
        if debug:
            raise
        from physml.cli.failures import explain

        message, code = explain(error)
        sys.exit(_complain(message, code))


def _complain(message: str, code: int = 2) -> int:
    for line in message.splitlines():
        print(f"physml: {line}", file=sys.stderr)
    return code


def _help() -> str:
    lines = ["physml COMMAND [arguments] – physics machine learning", ""]
    lines += [f"  {name:10}{text}" for name, text in COMMANDS.items()]
    lines += [
        "",
        "  --debug   show the traceback of a failure",
        "  --version",
        "",
        "Start with: physml list; physml train",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    # With ``python -m`` Lightning would start the other processes of a DDP run by this name, and not by ``sys.argv``.
    __spec__ = None
    main()
