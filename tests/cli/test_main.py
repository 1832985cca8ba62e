import runpy
import subprocess
import sys

import pytest

import physml
from physml.cli.main import COMMANDS, run


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command(command, words):
    done = command(*words)
    assert done.code == 0
    assert all(f"  {name} " in done.out for name in COMMANDS)
    assert done.err == ""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "train"])
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_for_a_command(command, name, word):
    done = command(name, word)
    assert (done.code, done.out, done.err) == (0, f"{COMMANDS[name]}\n", "")


def test_the_version(command):
    assert command("--version").out == f"physml {physml.__version__}\n"


def test_an_unknown_command(command):
    done = command("trian")
    assert done.code == 2
    assert done.complaint == (
        "'trian' is not a command (did you mean 'train'?); there are train, eval, predict, simulate, list, check"
    )


def fail(error):
    def function(arguments):
        raise error

    return function


def test_a_failure_becomes_a_line_and_a_code(capsys):
    with pytest.raises(SystemExit) as end:
        run(fail(ValueError("too\nlong")), [], debug=False)
    assert end.value.code == 2
    assert capsys.readouterr().err == "physml: too long\n"


def test_an_interruption(capsys):
    with pytest.raises(SystemExit) as end:
        run(fail(KeyboardInterrupt()), [], debug=False)
    assert end.value.code == 130
    assert capsys.readouterr().err == "physml: interrupted\n"


def test_debugging_lets_the_failure_through():
    with pytest.raises(ValueError, match="too"):
        run(fail(ValueError("too")), [], debug=True)


def test_a_reader_that_has_had_enough_is_no_failure():
    program = "import sys; from physml.cli.main import main; sys.argv = ['physml', 'list']; main()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


HEAVY = ("torch", "lightning", "hydra", "omegaconf", "numpy", "wandb", "matplotlib")


def imported(words, names):
    """Return the exit code of a command, and which of some packages it imports."""
    code = (
        f"import sys; sys.argv = ['physml', *{words!r}]\n"
        "from physml.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "else: code = 0\n"
        f"print(code, [name for name in {names!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("words", [["--help"], ["predict", "--help"], ["list"], ["--version"], ["trian"]])
def test_quick_answers_import_nothing_heavy(words):
    assert imported(words, HEAVY) == ("2 []" if words == ["trian"] else "0 []")


@pytest.mark.parametrize(
    "words",
    [
        ["simulate", "system=calorimetr", "output=no.npz"],
        ["eval", "run=nowhere"],
        ["predict", "run=nowhere", "input=a.npz", "output=b.npz"],
    ],
)
def test_a_misspelt_word_is_answered_before_torch_is_imported(words):
    assert imported(words, ("torch",)) == "2 []"


def test_run_as_a_module_it_is_known_by_its_file(monkeypatch, capsys):
    # By its name as a module Lightning would start the other processes of a DDP run without the word `train`.
    monkeypatch.setattr(sys, "argv", ["physml", "--version"])
    monkeypatch.delitem(sys.modules, "physml.cli.main")
    assert runpy.run_module("physml.cli.main", run_name="__main__")["__spec__"] is None
