"""The questions of `gatestack init`, on a terminal, as a person answers them."""

import os
import pty
import re
import select
import termios

import pytest

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Longer than any answer takes; only a broken program waits for it.
PATIENCE = 60


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, folder, *arguments):
        self.seen = ""
        program = os.environ["GATESTACK"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", "AWS_REGION": "eu-west-3"}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(folder)
                os.execve(program, ["gatestack", *arguments], environment)
            finally:
                os._exit(127)

    def read(self):
        """What is written next; nothing at the end."""
        assert select.select([self.terminal], [], [], PATIENCE)[0], self.seen
        try:
            return os.read(self.terminal, 65536).decode()
        except OSError:
            return ""

    def until(self, words):
        """Waits for these words after those of the last time."""
        while words not in ESCAPES.sub("", self.seen):
            more = self.read()
            assert more, f"no {words!r} in {self.seen!r}"
            self.seen += more
        shown, self.seen = self.seen, ""
        return ESCAPES.sub("", shown)

    def type(self, text):
        # Before the program reads keys, the terminal itself would act on Ctrl-C and Ctrl-D.
        while termios.tcgetattr(self.terminal)[3] & termios.ICANON:
            select.select([], [], [], 0.01)
        os.write(self.terminal, text.encode())

    def end(self):
        """The exit code, and all that was written since the last time."""
        while more := self.read():
            self.seen += more
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status), ESCAPES.sub("", self.seen)


@pytest.fixture
def start(tmp_path):
    folder = tmp_path / "My Claims"
    folder.mkdir()

    def start(*arguments):
        return Terminal(folder, *arguments)

    start.folder = folder
    return start


def lines(file):
    return file.read_text().splitlines()


def test_empty_answers_are_the_defaults(start):
    terminal = start("init")
    terminal.until("Name of the stack: (my-claims)")
    terminal.type("\r")
    terminal.until("from AWS_REGION")
    terminal.type("\r")
    code, shown = terminal.end()
    assert code == 0 and "Wrote the stack my-claims for eu-west-3" in shown, shown
    assert {'name   = "my-claims"', 'region = "eu-west-3"'} <= set(lines(start.folder / "stack.toml"))


def test_a_wrong_answer_is_asked_again(start):
    terminal = start("init")
    terminal.until("Name of the stack:")
    terminal.type("a/b\r")
    terminal.until("the name `a/b` holds `/`: write it as `a-b`")
    terminal.type("\x7f\x7f\x7fclaims\r")
    terminal.until("Region: (eu-west-3)")
    terminal.type("eu-wset-1\r")
    terminal.until("did you mean `eu-west-1`?")
    terminal.type("\x7f" * 9 + "eu-west-1\r")
    code, shown = terminal.end()
    assert code == 0, shown
    assert {'name   = "claims"', 'region = "eu-west-1"'} <= set(lines(start.folder / "stack.toml"))


@pytest.mark.parametrize("key, code", [("\x03", 130), ("\x04", 1), ("\x1b", 1)])
def test_what_stops_a_question_writes_nothing(start, key, code):
    terminal = start("init", "--name", "claims")
    # A given answer is no question.
    assert "Name of the stack" not in terminal.until("from AWS_REGION")
    terminal.type(key)
    ended, shown = terminal.end()
    assert ended == code and "stopped: nothing was changed" in shown, (ended, shown)
    assert list(start.folder.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["--yes"], ["--name", "claims", "--region", "eu-west-1"], ["--local", "--yes", "--template", "m2m-lambda"]]
)
def test_what_is_answered_is_not_asked(start, arguments):
    code, shown = start("init", *arguments).end()
    assert code == 0 and "?" not in shown, shown


def test_json_and_no_input_never_ask(start):
    for flag in ["--json", "--no-input"]:
        code, shown = start("init", flag).end()
        assert code == 1 and "no terminal to ask for the stack's name and Region on" in " ".join(shown.split()), shown


def test_files_in_the_way_are_told_before_a_question(start):
    (start.folder / "stack.toml").write_text("precious")
    code, shown = start("init").end()
    assert code == 1 and "stack.toml exists already" in shown and "Name of" not in shown, shown
