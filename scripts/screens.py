"""Type every verb in a terminal, in a pipe and with both streams joined, and keep the screens.

    nox -s screens                       all commands, into a temporary folder
    nox -s screens -- out 'runs*'        those that match, into the folder `out`

Works in the repository of `promptops demo`. For each command the folder gets a file with what a
terminal of 80 by 24 and one of 120 by 40 (tmux) show, the exit code, standard output and standard
error in a pipe, and both joined. At the end stands what no screen may have: tracebacks, lines of
messages that are wider than the terminal, words broken by it, colours in a pipe. The rest is for
eyes. Needs tmux.
"""

from __future__ import annotations

import fnmatch
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promptops.cli.commands import COMMANDS, GROUPS
from promptops.cli.examples import EXAMPLES

SIZES = ((80, 24), (120, 40))
# Verbs that go on until they are stopped, or that would make another demo.
NEVER_END = ("promptops demo", "promptops serve", "promptops mcp", "promptops runs tail", "--watch")
# What is wrong, asked from the wrong place, or about something that is not there.
MISTAKES = (
    "promptops",
    "promptops nothing",
    "promptops promot support/triage",
    "promptops show support/triag",
    "promptops show support/triage@9.9.9",
    "promptops show support/triage@nowhere",
    "promptops show 'Support/Triage'",
    "promptops show",
    "promptops show a b",
    "promptops status --nothing",
    "promptops list --format yaml",
    "promptops diff support/triage@1.0.0..7.0.0",
    "promptops render support/triage",
    "promptops render support/triage --var tikcet=x",
    "promptops render support/triage --var ticket=@missing.txt",
    "promptops promote support/triage",
    "promptops promote support/triage@9.9.9 --to production",
    "promptops promote support/triage --to nowhere",
    "promptops rollback support/triage --env staging",
    "promptops release support/triage",
    "promptops retire support/triage",
    "promptops history nothing/here",
    "promptops trace 0123456789ab",
    "promptops run support/triage --var ticket=x --model nobody/here",
    "promptops eval run nothing",
    "promptops validate nothing.md",
    "promptops validate README.md",
    "promptops -C / status",
    "promptops -C /nowhere status",
    "promptops adopt nowhere",
    "promptops guards reset",
    "promptops runs show 0000",
    "promptops alerts test",
    "git promptops status",
)
_ESCAPE = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")
_DONE = "screens: exit code"


def main(words: list[str]) -> int:
    """Write the screens; return 1 if one has what none may have."""
    if shutil.which("tmux") is None:
        print("error: tmux is not installed", file=sys.stderr)
        return 2
    out = Path(words[0] if words else tempfile.mkdtemp(prefix="promptops-screens-")).resolve()
    wanted = words[1] if len(words) > 1 else "*"
    out.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="promptops-demo-") as folder:
        repository = make_repository(Path(folder))
        for number, command in enumerate(list_commands()):
            verb = command.removeprefix("promptops").strip()
            if not fnmatch.fnmatch(verb, wanted):
                continue
            slug = re.sub(r"[^a-z0-9]+", "-", verb.lower()).strip("-")[:60] or "bare"
            text, found = try_command(command, repository)
            (out / f"{number:03}-{slug}.txt").write_text(text)
            faults += [f"{number:03}-{slug}: {fault}" for fault in found]
            print(f"{number:03} {command}", flush=True)
    print(f"\n{out}")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def list_commands() -> list[str]:
    """Return every help page, every example that ends, and every mistake."""
    pages = [f"promptops {verb} --help" for verb in COMMANDS if verb != "complete"]
    pages += [f"promptops {one} --help" for one in EXAMPLES if " " in one]
    examples = [line for lines in EXAMPLES.values() for line in lines]
    ending = [line for line in examples if not any(part in line for part in NEVER_END)]
    groups = [f"promptops {one}" for one in GROUPS if f"promptops {one}" not in NEVER_END]
    return list(dict.fromkeys(["promptops --help", *pages, *ending, *groups, *MISTAKES]))


def make_repository(folder: Path) -> Path:
    """Make the demo's repository, with what examples name beside it."""
    call = [sys.executable, "-m", "promptops", "demo", "--in", str(folder / "demo")]
    subprocess.run(call, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    repository = folder / "demo" / "repository"
    (repository / "ticket.txt").write_text("I was charged twice.\n")
    (repository / "app" / "prompts").mkdir(parents=True)
    (repository / "app" / "prompts" / "greet.txt").write_text("Hello {name}, write to {company}.\n")
    (repository / "src").mkdir()
    constant = 'SUMMARY_PROMPT = """You are a helpful assistant. Summarize: {text}"""\n'
    (repository / "src" / "app.py").write_text(constant)
    return repository


def try_command(command: str, repository: Path) -> tuple[str, list[str]]:
    """Return the screens of one command, each in a copy of the repository, and their faults."""
    parts, faults = [f"$ {command}"], []
    with tempfile.TemporaryDirectory(prefix="promptops-screen-") as place:
        for columns, rows in SIZES:
            here = copy(repository, Path(place) / f"{columns}")
            shown = in_terminal(command, here, columns, rows)
            parts.append(f"===== terminal {columns}x{rows}\n{shown}")
            faults += [
                f"{columns}x{rows}: {one}" for one in judge(f"$ {command}\n{shown}", columns)
            ]
        here = copy(repository, Path(place) / "pipe")
        done = in_pipe(command, here, is_joined=False)
        parts.append(f"===== pipe, exit code {done.returncode}: standard output\n{done.stdout}")
        parts.append(f"===== pipe: standard error\n{done.stderr}")
        faults += [f"pipe: {one}" for one in judge(done.stdout + done.stderr, 0)]
        here = copy(repository, Path(place) / "joined")
        parts.append(f"===== joined\n{in_pipe(command, here, is_joined=True).stdout}")
    return "\n".join(parts), faults


def copy(repository: Path, to: Path) -> Path:
    """Copy the repository and its remote, so that each try begins with the same state."""
    shutil.copytree(repository.parent, to, symlinks=True)
    here = to / repository.name
    subprocess.run(
        ["git", "-C", str(here), "remote", "set-url", "origin", str(to / "remote.git")], check=True
    )
    return here


def environment(**more: str) -> dict[str, str]:
    """Return a person's environment: our programs first on the path, no settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROMPTOPS")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return {**kept, "PATH": path, "LESS": "FRX", "TZ": "Europe/Berlin", **more}


def in_pipe(command: str, here: Path, *, is_joined: bool) -> subprocess.CompletedProcess[str]:
    """Run a command with pipes."""
    return subprocess.run(
        ["sh", "-c", command],
        cwd=here,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if is_joined else subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )


def in_terminal(command: str, here: Path, columns: int, rows: int) -> str:
    """Run a command in tmux; return everything that was shown, a page at a time in a pager.

    A question is answered with Enter, which is no.
    """
    name = f"promptops-{os.getpid()}-{columns}"
    inner = f"cd {shlex.quote(str(here))}; {command}; echo '{_DONE}' $?; sleep 60"
    tmux = ["tmux", "-L", name]
    begin = ["new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", inner]
    subprocess.run([*tmux, "-f", os.devnull, *begin], env=environment(TERM="xterm"), check=True)
    try:
        seen, before = "", ""
        for _ in range(400):
            time.sleep(0.1)
            seen = capture(tmux)
            last = seen.rstrip().rpartition("\n")[2]
            if last.startswith(_DONE):
                break
            if seen == before and (last == ":" or "(END)" in last):
                return f"{seen.rstrip()}\n[a pager waits here]\n"
            if seen == before and last.rstrip().endswith(("[y/N]:", "[y/N]", "?")):
                subprocess.run([*tmux, "send-keys", "Enter"], check=True)
            before = seen
        return seen.rstrip() + "\n"
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def capture(tmux: list[str]) -> str:
    """Return the text of the terminal, with what has left it at the top."""
    show = [*tmux, "capture-pane", "-p", "-S", "-2000"]
    return subprocess.run(show, capture_output=True, text=True, check=False).stdout


def judge(text: str, columns: int) -> list[str]:
    """Return what no screen may have."""
    faults = []
    if "Traceback (most recent call last)" in text:
        faults.append("a traceback")
    if columns == 0 and _ESCAPE.search(text):
        faults.append("colours in a pipe")
    # Data for programs is shown as it is, and so is what the shell says.
    if columns and not re.search(r"--format (json|csv)|schema|--dry-run|^sh:", text, re.MULTILINE):
        lines = text.split("\n")
        for line, following in itertools.pairwise(lines):
            # The terminal broke a line: full to its last column, in the middle of a word.
            if len(line) == columns and re.search(r"\w$", line) and re.match(r"\w", following):
                faults.append(f"a line is cut: {line[-30:]}|{following[:20]}")
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
