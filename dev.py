#!/usr/bin/env python3
"""Run the tour or the tests of a checkout, on a machine that has only Python and Git.

    python3 dev.py demo    the guided tour, in a temporary repository, offline
    python3 dev.py test    the tests (arguments go to pytest)

Both install what they need into `.venv` beside this file; nothing outside this folder changes. All
other tasks are in `noxfile.py`. Python 3.8 can parse this file, to be told that it is too old.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PARALLEL = ("--numprocesses", "auto", "--maxprocesses", "8", "--dist", "worksteal")
# A person's own settings must not bring packages in, or send them elsewhere.
STRAYS = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV")


def fail(message: str, hint: str) -> NoReturn:
    sys.stderr.write(f"error: {message}\nhint: {hint}\n")
    sys.exit(2)


def variables(**more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in STRAYS}
    ours = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0"}
    return {"PIP_RETRIES": "2", **inherited, **ours, **more}


def run(command: list[Path | str], cwd: Path, **more: str) -> int:
    with subprocess.Popen(list(command), cwd=str(cwd), env=variables(**more)) as process:
        while process.returncode is None:
            # Ctrl-C reaches the program too, which decides what to do about it.
            with contextlib.suppress(KeyboardInterrupt):
                process.wait()
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def capture(*command: Path | str) -> tuple[int, str]:
    """Run a program quietly; return its exit code and what it printed."""
    try:
        done = subprocess.run(command, env=variables(), capture_output=True, text=True, check=False)
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout + done.stderr


def prepare(*parts: str) -> None:
    """Make or keep `.venv`, and install what it lacks; a stamp in it lists what it holds."""
    if ENVIRONMENT.is_symlink() or (ENVIRONMENT.exists() and not ENVIRONMENT.is_dir()):
        fail(".venv is not a folder", "move it out of the way")
    ENVIRONMENT.mkdir(exist_ok=True)
    with (ENVIRONMENT / "dev.lock").open("ab") as file:
        with contextlib.suppress(ImportError):  # Windows: start it once at a time there.
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        stamp = ENVIRONMENT / "dev.json"
        held = json.loads(stamp.read_text() or '{"half": 1}') if stamp.exists() else {}
        ours = {"root": str(ROOT), "python": "{}.{}".format(*sys.version_info)}
        fits = capture(PYTHON, "-V")[1].startswith(f"Python {ours['python']}.")
        if not fits or (held and not ours.items() <= held.items()):
            make(stamp, held)
        if not held:
            add_pip()
        digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
        installed = held.get("parts", []) if held.get("project") == digest else []
        for part in (part for part in parts if part not in installed):
            sys.stderr.write(f"installing into .venv: {part}\n")
            install_part(part)
            installed = [*installed, part]
            stamp.write_text(json.dumps({**ours, "project": digest, "parts": installed}))


def make(stamp: Path, held: dict[str, Any]) -> None:
    """Recreate `.venv`, unless another program made the existing one."""
    contents = [path for path in ENVIRONMENT.iterdir() if path.name not in ("dev.json", "dev.lock")]
    if (contents and not held) or Path(sys.prefix).resolve() == ENVIRONMENT:
        fail(f"{ENVIRONMENT} does not fit, or was made by something else", "move it out of the way")
    sys.stderr.write("making .venv\n")
    stamp.write_text('{"half": 1}')  # Mark a partial environment as ours.
    for path in contents:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    held.clear()
    if capture(sys.executable, "-m", "venv", "--without-pip", ENVIRONMENT)[0] != 0:
        fail("Python cannot make a virtual environment", "install python3-venv")


def add_pip() -> None:
    """Bring pip into `.venv`; Debian keeps the module that does it in a package of its own."""
    host = (sys.executable, "-m", "pip", "--python", PYTHON, "install", "pip")
    ways = (PYTHON, "-m", "pip", "-V"), (PYTHON, "-m", "ensurepip"), host
    if all(capture(*way)[0] != 0 for way in ways):
        fail("this Python has neither ensurepip nor pip", "install python3-venv")


def install_part(part: str) -> None:
    import tomllib

    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    needed = ["--editable", str(ROOT)] if part == "program" else groups[part]
    code, output = capture(PYTHON, "-m", "pip", "install", "--no-compile", *needed)
    if code != 0:
        fail(f"pip cannot install what is needed: {output}", "is a package index in reach?")


def demo(arguments: list[str]) -> int:
    prepare("program")
    # With the person's own PATH, so that the tour can say what it takes to have the command there.
    return run([BIN / "promptops", "demo", *arguments], Path.cwd())


def test(arguments: list[str]) -> int:
    prepare("program", "test")
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    # Or each of the many processes compiles all tests and modules again.
    more = {"PATH": path, "PYTHONDONTWRITEBYTECODE": ""}
    return run([PYTHON, "-m", "pytest", *PARALLEL, *arguments], ROOT, **more)


def main(words: list[str]) -> int:
    if sys.version_info < (3, 11):
        newer = next(
            filter(shutil.which, map("python3.{}".format, range(20, 10, -1))), "python3.13"
        )
        fail("promptops needs Python 3.11 or newer", f"run: {newer} dev.py")
    found = re.search(r"(\d+)\.(\d+)", capture("git", "--version")[1])
    if found is None or (int(found[1]), int(found[2])) < (2, 38):
        fail("git is needed, 2.38 or newer", "install git")
    if words[:1] not in (["demo"], ["test"]):
        fail("the commands are: demo, test", "for everything else: nox --list")
    return (demo if words[0] == "demo" else test)(words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
