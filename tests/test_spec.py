"""The page, its vectors and its readers, held against the program and against plain tools."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from promptops.delivery.environments import parse_deployment
from promptops.delivery.release import parse_release
from promptops.delivery.state import State, format_lock, format_undo, parse_lock, parse_undo
from promptops.errors import IntegrityError, PromptopsError, UsageError
from promptops.gate.approvals.statement import parse_statement, write_statement
from promptops.git.message import format_message, parse_message
from promptops.prompt.closure import collect_closure, load_closure
from promptops.prompt.digest import compute_digest
from promptops.prompt.faults import find_faults
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import check_environment, name_fault, parse_ref
from promptops.prompt.version import Version, parse_range
from promptops.runtime.sources.snapshot import SnapshotView, format_snapshot, parse_snapshot
from tests import vectors
from tests.cli.running import run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.prompt.closure import Closure

DOCS = Path(__file__).parent.parent / "docs"
VECTORS: dict[str, Any] = json.loads(vectors.FILE.read_text(encoding="ascii"))
SHELL = shutil.which("dash") or "/bin/sh"


def of(group: str) -> Any:
    """The vectors of a group, as parameters with names where they have any."""
    return [
        pytest.param(one, id=one.get("why") or one.get("range") or one.get("ref"))
        for one in VECTORS[group]
    ]


def closure_of(vector: dict[str, Any]) -> Closure:
    """The closure that a vector's files are."""
    files = {path: text.encode() for path, text in vector["files"].items()}
    closure = collect_closure(vector["name"], files.get)
    assert closure is not None
    return closure


# The program against the vectors


def test_the_file_holds_what_the_program_says() -> None:
    assert vectors.FILE.read_text(encoding="ascii") == vectors.format_vectors(vectors.make()), (
        "if the format is meant to change: python -m tests.vectors"
    )


@pytest.mark.parametrize("vector", of("prompts"))
def test_a_prompt_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    closure = closure_of(vector)
    assert list(find_faults(closure)) == []
    assert closure.files.keys() == vector["files"].keys()
    assert closure.compute_digest() == vector["digest"]
    prompt = load_prompt(closure)
    assert prompt.data == vector["frontmatter"]
    assert prompt.render(vector["inputs"]) == vector["messages"]
    assert prompt.request(vector["inputs"]) == vector["request"]


@pytest.mark.parametrize("vector", of("invalid_prompts"))
def test_an_invalid_prompt_has_faults(vector: dict[str, Any]) -> None:
    assert list(find_faults(closure_of(vector)))


@pytest.mark.parametrize("vector", of("refused_inputs"))
def test_refused_inputs_give_no_messages(vector: dict[str, Any]) -> None:
    prompt = load_prompt(closure_of(vector))
    with pytest.raises(PromptopsError):
        prompt.render(vector["inputs"])


def test_names_are_good_or_bad() -> None:
    assert [name for name in VECTORS["names"]["good"] if name_fault(name)] == []
    assert [name for name in VECTORS["names"]["bad"] if not name_fault(name)] == []
    for name in VECTORS["environments"]["good"]:
        assert check_environment(name) == name
    for name in VECTORS["environments"]["bad"]:
        with pytest.raises(UsageError):
            check_environment(name)


def test_versions_are_in_order() -> None:
    versions = [Version.parse(text) for text in VECTORS["versions"]["ascending"]]
    assert all(lower < higher for lower, higher in pairwise(versions))
    assert [str(version) for version in versions] == VECTORS["versions"]["ascending"]


@pytest.mark.parametrize("text", VECTORS["versions"]["bad"])
def test_a_bad_version_is_refused_by_program_and_schema(text: str) -> None:
    with pytest.raises(UsageError):
        Version.parse(text)
    file = prompt_text(version=json.dumps(text)).encode()
    closure = load_closure("a", {"a.md": file})
    assert closure is not None
    assert "invalid-version" in {fault.check for fault in find_faults(closure)}


@pytest.mark.parametrize("vector", of("ranges"))
def test_a_range_holds_its_versions(vector: dict[str, Any]) -> None:
    found = parse_range(vector["range"])
    assert [text for text in vector["in"] if Version.parse(text) not in found] == []
    assert [text for text in vector["out"] if Version.parse(text) in found] == []


@pytest.mark.parametrize("text", VECTORS["bad_ranges"])
def test_a_bad_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_range(text)


@pytest.mark.parametrize("vector", of("refs"))
def test_a_ref_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    ref = parse_ref(vector["ref"])
    kind = ref.selector.kind.value if ref.selector else None
    text = ref.selector.text if ref.selector else None
    assert (ref.name, kind, text) == (vector["name"], vector["kind"], vector["selector"])


@pytest.mark.parametrize("text", VECTORS["bad_refs"])
def test_a_bad_ref_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_ref(text)


@pytest.mark.parametrize("vector", of("messages_written"))
def test_a_message_is_written_as_its_vector_says(vector: dict[str, Any]) -> None:
    trailers = [(key, value) for key, value in vector["trailers"]]
    assert format_message(vector["title"], vector["text"], trailers) == vector["message"]
    found = parse_message(vector["message"])
    assert [key for key, _ in found.trailers] == [key for key, _ in trailers]
    assert found.text == vector["text"].replace("\r\n", "\n").strip("\n")


@pytest.mark.parametrize("vector", of("messages_read"))
def test_a_message_is_read_as_its_vector_says(vector: dict[str, Any]) -> None:
    found = parse_message(vector["message"])
    assert (found.title, found.text) == (vector["title"], vector["text"])
    assert [list(trailer) for trailer in found.trailers] == vector["trailers"]


def test_a_release_tag_says_what_its_vector_says() -> None:
    vector = VECTORS["release_tag"]
    version = Version.parse(vector["version"])
    release = parse_release(vector["name"], version, "0" * 40, vector["object"].encode())
    for key in ("commit", "digest", "folder", "model", "change", "notes"):
        assert getattr(release, key) == vector[key]
    assert str(release.base) == vector["base"]
    assert release.tagger.name == vector["tagger"]
    with pytest.raises(IntegrityError):
        parse_release("support/other", version, "0" * 40, vector["object"].encode())


def test_a_deployment_says_what_its_vector_says() -> None:
    vector = VECTORS["deployment"]
    found = parse_deployment(vector["environment"], "0" * 40, vector["object"].encode())
    for key in ("number", "parent", "action", "reason"):
        assert getattr(found, key) == vector[key]
    changes = [[change.name, change.before, change.after] for change in found.changes]
    assert changes == vector["changes"]
    author = (found.author.name, found.author.time_seconds)
    assert author == (vector["deployed_by"], vector["deployed_at"])
    with pytest.raises(IntegrityError, match="another environment"):
        parse_deployment("staging", "0" * 40, vector["object"].encode())


@pytest.mark.parametrize("vector", of("locks"))
def test_a_lock_is_read_and_written_to_the_byte(vector: dict[str, Any]) -> None:
    state = State(parse_lock(vector["lock"].encode()), parse_undo(vector["undo"].encode()))
    assert format_lock(state).decode() == vector["lock"]
    assert format_undo(state).decode() == vector["undo"]


@pytest.mark.parametrize("vector", of("bad_locks"))
def test_a_bad_lock_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        parse_lock(vector["lock"].encode())


@pytest.mark.parametrize("vector", of("bad_snapshots"))
def test_a_bad_snapshot_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        parse_snapshot(vector["text"].encode(), "it")


def test_a_snapshot_is_read_and_written_to_the_byte() -> None:
    vector = VECTORS["snapshot"]
    snapshot = parse_snapshot(vector["text"].encode(), "a snapshot")
    assert format_snapshot(snapshot).decode() == vector["text"]
    resolved = SnapshotView(snapshot, source="a snapshot").resolve(parse_ref(vector["ref"]))
    assert resolved.render() == vector["messages"]
    altered = vector["text"].replace("Hello", "Hullo")
    with pytest.raises(IntegrityError):
        parse_snapshot(altered.encode(), "a snapshot")


@pytest.mark.parametrize("vector", of("statements"))
def test_a_statement_is_read_and_written_to_the_byte(vector: dict[str, Any]) -> None:
    statement = parse_statement(vector["line"].encode())
    assert write_statement(statement).decode() == vector["line"]
    document = json.loads(vector["line"])
    keys = ("environment", "prompt") if document["kind"] == "deployment" else ("branch",)
    about = "\0".join(document[key] for key in ("repository", *keys))
    key = hashlib.sha256(about.encode()).hexdigest()[:32]
    assert vector["shelf"] == f"{document['kind']}/{key}"


@pytest.mark.parametrize("vector", of("bad_statements"))
def test_a_bad_statement_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        parse_statement(vector["line"].encode())


# The vectors against plain tools, without the program


def digest_by_hand(files: dict[str, str]) -> str:
    """Section 2, word by word."""
    total = hashlib.sha256(b"promptops-digest-v1\n")
    for path in sorted(path.encode() for path in files):
        content = files[path.decode()].replace("\r\n", "\n").replace("\r", "\n").encode()
        total.update(hashlib.sha256(content).hexdigest().encode() + b"  " + path + b"\n")
    return f"sha256:{total.hexdigest()}"


@pytest.mark.parametrize("vector", of("prompts"))
def test_a_digest_is_what_a_few_lines_compute(vector: dict[str, Any]) -> None:
    assert digest_by_hand(vector["files"]) == vector["digest"]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
@pytest.mark.parametrize("vector", of("prompts"))
def test_a_digest_is_what_coreutils_compute(tmp_path: Path, vector: dict[str, Any]) -> None:
    for path, text in vector["files"].items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.replace("\r\n", "\n").encode())
    recipe, *_ = re.findall(r"```sh\n(.*?)```", read_page(), re.DOTALL)
    done = subprocess.run(
        [SHELL, "-c", recipe], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert f"sha256:{done.stdout.split()[0]}" == vector["digest"]


def write_by_hand(value: Any) -> str:
    """JSON as section 10 digests it."""
    if isinstance(value, dict):
        items = (f"{write_by_hand(key)}:{write_by_hand(value[key])}" for key in sorted(value))
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write_by_hand, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(map(escape_by_hand, value)) + '"'
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


def escape_by_hand(character: str) -> str:
    """One character of a text."""
    short = dict(zip('"\\\b\t\n\f\r', ["\\" + letter for letter in '"\\btnfr'], strict=True))
    if character in short:
        return short[character]
    is_odd = character < " " or "\ud800" <= character <= "\udfff"
    return f"\\u{ord(character):04x}" if is_odd else character


def test_a_snapshots_digest_is_what_a_few_lines_compute() -> None:
    document = json.loads(VECTORS["snapshot"]["text"])
    digest = document.pop("digest")
    written = write_by_hand(document).encode()
    assert f"sha256:{hashlib.sha256(written).hexdigest()}" == digest
    (release,) = document["releases"].values()
    assert digest_by_hand(release["files"]) == release["digest"]


def read_page() -> str:
    """The page."""
    return (DOCS / "SPEC.md").read_text(encoding="utf-8")


def test_the_examples_on_the_page_have_the_form_that_it_prescribes() -> None:
    lock, undo, snapshot = re.findall(r"```json\n(.*?)```", read_page(), re.DOTALL)
    assert format_lock(State(parse_lock(lock.encode()))).decode() == lock
    assert format_undo(State({}, parse_undo(undo.encode()))).decode() == undo
    shown = json.loads(snapshot)
    assert json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False) + "\n" == snapshot
    real = json.loads(VECTORS["snapshot"]["text"])
    assert shown.keys() == real.keys()
    for group in ("environments", "releases"):
        (one,), (other,) = shown[group].values(), real[group].values()
        assert one.keys() == other.keys()


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


# The readers against real environment branches


class Reader(Protocol):
    """Runs one of the two readers."""

    def __call__(self, repo: Repo, ref: str, name: str) -> subprocess.CompletedProcess[bytes]: ...


@pytest.fixture(scope="session")
def compiled(typescript: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the TypeScript reader as JavaScript, strictly type-checked on the way.

    What was compiled once is kept beside the compiler: it takes seconds.
    """
    text = (DOCS / "spec" / "resolve.ts").read_bytes()
    flags = ["strict", "noUncheckedIndexedAccess", "noUnusedLocals", "erasableSyntaxOnly"]
    options = {"target": "es2022", "lib": "es2022", "module": "nodenext", "types": "node"}
    recipe = hashlib.sha256(repr((text, flags, options)).encode()).hexdigest()
    kept = typescript / f"resolve-{recipe[:16]}.mjs"
    if kept.exists():
        return kept
    folder = tmp_path_factory.mktemp("compiled")
    source = folder / "resolve.mts"
    source.write_bytes(text)
    modules = typescript / "node_modules"
    command = ["node", str(modules / "typescript" / "bin" / "tsc"), str(source), "--skipLibCheck"]
    command += [word for name, value in options.items() for word in (f"--{name}", value)]
    command += ["--typeRoots", str(modules / "@types"), *(f"--{flag}" for flag in flags)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout
    aside = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.copy(folder / "resolve.mjs", aside)
    aside.replace(kept)
    return kept


def node_version() -> tuple[int, int]:
    """The version of node; zeros without one."""
    node = shutil.which("node")
    if node is None:
        return 0, 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = said.strip().lstrip("v").split(".")[:2]
    return int(major), int(minor)


@pytest.fixture(scope="session")
def node_command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the words that run the TypeScript reader: as it is, where node can do that."""
    if node_version() < (22, 6):
        return ["node", str(request.getfixturevalue("compiled"))]
    # By this name node need not guess that it is a module.
    source = tmp_path_factory.mktemp("reader") / "resolve.mts"
    shutil.copy(DOCS / "spec" / "resolve.ts", source)
    return ["node", "--no-warnings", "--experimental-strip-types", str(source)]


@pytest.fixture(params=["shell", "typescript"])
def reader(request: pytest.FixtureRequest) -> Reader:
    """Give one reader, then the other."""
    if request.param == "shell":
        if shutil.which("sha256sum") is None:
            pytest.skip("there is no sha256sum, which the shell reader needs")
        command = [SHELL, str(DOCS / "spec" / "resolve.sh")]
    else:
        command = request.getfixturevalue("node_command")

    def read(repo: Repo, ref: str, name: str) -> subprocess.CompletedProcess[bytes]:
        words = [*command, str(repo.path), ref, name]
        return subprocess.run(words, capture_output=True, check=False)

    return read


BRANCH = "refs/heads/promptops/staging"
TRIAGE = prompt_text(
    body='Answer {{ question }} {% include "_shared/größe \'1\'.md" %}{% include "_a/b.md" %}'
)
TOOL = '{"type": "function", "function": {"name": "f"}}\n'


def deploy(repo: Repo, *words: str) -> None:
    """Run the command line and insist that it works."""
    done = run(repo, *words)
    assert done.exit_code == 0, done.output


def build(repo: Repo) -> None:
    """Let the program write a staging branch with something of everything."""
    names = ["support/triage", "a.b", "split", "stopped"]
    repo.commit(
        {
            "prompts/support/triage.md": TRIAGE.replace("\n", "\r\n"),
            "prompts/_shared/größe '1'.md": "groß\r\n",
            "prompts/_a/b.md": "b\rc",
            "prompts/a.b.md": prompt_text(tools="[_tools/f.json]"),
            "prompts/_tools/f.json": TOOL,
            "prompts/axb.md": prompt_text(body="another: {{ question }}"),
            "prompts/split.md": prompt_text(),
            "prompts/stopped.md": prompt_text(),
        }
    )
    deploy(repo, "release", *names, "axb")
    deploy(repo, "promote", *names, "--to", "staging", "--yes")
    repo.commit({"prompts/split.md": prompt_text(version="1.1.0", body="new {{ question }}")})
    deploy(repo, "release", "split")
    deploy(repo, "promote", "split@1.1.0", "--to", "staging", "--share", "10", "--yes")
    reason = 'say "paused": null'
    deploy(repo, "pause", "stopped", "--env", "staging", "--reason", reason, "--yes")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the place of the repository that the tests copy, made by the first of them."""
    return tmp_path_factory.mktemp("deployed") / "repo"


@pytest.fixture
def deployed(model: Path, tmp_path: Path) -> Repo:
    """Give a repository whose staging branch the program wrote."""
    if not model.exists():
        aside = Repo.init(model.with_name("unfinished"))
        build(aside)
        aside.path.rename(model)
    copy_folder(model, tmp_path / "repo")
    return Repo(tmp_path / "repo")


@pytest.mark.story
def test_a_reader_prints_the_file_that_is_live(deployed: Repo, reader: Reader) -> None:
    deployed.commit({"prompts/a.b.md": prompt_text(version="2.0.0", body="{{ question }}!")})
    expected = {
        "support/triage": TRIAGE,
        "a.b": prompt_text(tools="[_tools/f.json]"),
        # The longer-standing of two live versions.
        "split": prompt_text(),
    }
    for name, text in expected.items():
        done = reader(deployed, BRANCH, name)
        assert (done.returncode, done.stdout.decode()) == (0, text), done.stderr


@pytest.mark.slow
def test_a_shallow_clone_of_the_branch_is_all_that_a_reader_needs(
    deployed: Repo, reader: Reader, tmp_path: Path
) -> None:
    options = ["--bare", "--depth=1", "--single-branch", "--branch=promptops/staging"]
    clone = deployed.clone(tmp_path / "clone.git", *options)
    done = reader(clone, BRANCH, "support/triage")
    assert (done.returncode, done.stdout.decode()) == (0, TRIAGE), done.stderr


@pytest.mark.story
def test_a_reader_refuses_what_is_not_to_be_used(deployed: Repo, reader: Reader) -> None:
    refused = {
        # Released, and like a live name to a careless pattern.
        "axb": "axb is not live",
        "support": "support is not live",
        "triage": "triage is not live",
        "stopped": "stopped is paused",
        "": "",
        "-n": "",
        'split": {#p;s#x': "",
        "__proto__": "",
    }
    for name, message in refused.items():
        done = reader(deployed, BRANCH, name)
        assert done.returncode != 0
        assert done.stdout == b""
        assert message in done.stderr.decode()
    for ref in ("refs/heads/promptops/production", "--help"):
        done = reader(deployed, ref, "a.b")
        assert done.returncode != 0
        assert done.stdout == b""


def edit(repo: Repo, changes: Iterable[tuple[str, str | None]]) -> None:
    """Edit files of the branch by hand, as one more commit."""
    env = {"GIT_INDEX_FILE": str(repo.path / ".git" / "edited")}
    repo.git("read-tree", BRANCH, env=env)
    for path, text in changes:
        if text is None:
            repo.git("update-index", "--force-remove", path, env=env)
            continue
        blob = repo.git("hash-object", "-w", "--stdin", stdin=text)
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
    tree = repo.git("write-tree", env=env)
    commit = repo.git("commit-tree", "-p", BRANCH, "-F", "-", tree, stdin="by hand")
    repo.git("update-ref", BRANCH, commit)


FOLDER = "releases/a.b@1.0.0"


@pytest.mark.story
@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{FOLDER}/a.b.md", prompt_text(body="altered {{ question }}")),
        (f"{FOLDER}/_tools/f.json", TOOL + "\n"),
        (f"{FOLDER}/_tools/f.json", None),
        (f"{FOLDER}/more.md", ""),
        (f"{FOLDER}/a.b.md", None),
        ("promptops.lock", None),
        ("promptops.lock", '{\n "prompts": {},\n "schema": "promptops.lock/v2"\n}\n'),
    ],
    ids=["prompt", "tool", "tool gone", "one more", "prompt gone", "lock gone", "another lock"],
)
def test_a_reader_refuses_what_was_altered(
    deployed: Repo, reader: Reader, path: str, text: str | None
) -> None:
    assert reader(deployed, BRANCH, "a.b").returncode == 0
    edit(deployed, [(path, text)])
    done = reader(deployed, BRANCH, "a.b")
    assert done.returncode != 0
    assert done.stdout == b""


@pytest.mark.slow
def test_a_reader_refuses_another_digest_in_the_lock(deployed: Repo, reader: Reader) -> None:
    lock = json.loads(deployed.git("show", f"{BRANCH}:promptops.lock"))
    lock["prompts"]["a.b"]["live"][0]["digest"] = compute_digest({"a.b.md": b"another"})
    edit(deployed, [("promptops.lock", json.dumps(lock, indent=1, sort_keys=True) + "\n")])
    done = reader(deployed, BRANCH, "a.b")
    assert done.returncode != 0
    assert "a.b was altered" in done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("\n", "promptops.lock is valid, but not written as promptops writes it"),
        (',\n   "paused": null\n', "promptops.lock is not JSON: the key 'paused' is given twice"),
    ],
)
def test_verify_names_a_lock_that_readers_could_take_in_two_ways(
    deployed: Repo, added: str, words: str
) -> None:
    assert run(deployed, "verify").exit_code == 0
    lock = deployed.git("show", f"{BRANCH}:promptops.lock") + "\n"
    message = deployed.git("log", "-1", "--format=%B", BRANCH)
    other = lock.replace('   "paused": null\n', f'   "paused":  null{added}')
    edit(deployed, [("promptops.lock", other)])
    tree = deployed.rev(f"{BRANCH}^{{tree}}")
    commit = deployed.git("commit-tree", "-p", f"{BRANCH}~2", "-F", "-", tree, stdin=message)
    deployed.git("update-ref", BRANCH, commit)
    done = run(deployed, "verify")
    assert done.exit_code == 1
    assert words in done.output


def test_the_typescript_reader_passes_the_strict_type_check(compiled: Path) -> None:
    assert compiled.is_file()


def test_every_vector_group_is_tried() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [group for group in VECTORS if group != "schema" and f'"{group}"' not in source] == []
