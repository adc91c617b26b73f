"""What `verify`, `trace` and `blame` print, and with which exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase, copy_showcase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def showcase(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    return copy_showcase(tmp_path / "repo", tmp_path_factory.getbasetemp())


def test_verify_says_that_all_is_consistent(showcase: Showcase) -> None:
    done = run(showcase.repo, "verify")

    assert done.exit_code == 0
    assert done.stdout == snapshot(
        "checked 4 releases and 2 environments (5 deployments): all consistent\n"
    )
    assert done.stderr == ""


def test_verify_prints_place_fault_and_remedy_and_says_no(showcase: Showcase) -> None:
    showcase.rewrite(files={"README.md": "hello"})

    done = run(showcase.repo, "verify", "staging")

    assert done.exit_code == 1
    assert masked(done.stdout.splitlines()) == snapshot(
        [
            "error: promptops/staging: deployment 4: README.md does not belong in a deployment [stray-file]",
            "  hint: the branch was edited by hand; promptops rollback --env staging --to-deployment 3 restores the state before",
            "checked 1 release and 1 environment (4 deployments): 1 error",
        ]
    )


def test_the_remedy_of_verify_heals(showcase: Showcase) -> None:
    showcase.rewrite(files={"README.md": "hello"})

    done = run(
        showcase.repo, "rollback", "--env", "staging", "--to-deployment", "3", "--reason", "heal"
    )

    assert done.exit_code == 0, done.stderr
    tip = run(showcase.repo, "trace", f"{TRIAGE}@staging")
    assert tip.exit_code == 0


def test_verify_as_json_counts_and_lists(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-d", f"prompts/{TRIAGE}@2.0.0")

    done = run(showcase.repo, "verify", "--format", "json")

    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["schema"] == "promptops.verify/v1"
    assert (document["consistent"], document["errors"], document["releases"]) == (False, 1, 3)
    (finding,) = document["findings"]
    assert finding["check"] == "missing-tag"
    assert finding["ref"] == f"prompts/{TRIAGE}@2.0.0"


def test_verify_of_what_cannot_be_checked_is_no_success(showcase: Showcase, tmp_path: Path) -> None:
    showcase.repo.publish(tmp_path / "remote.git")
    clone = showcase.repo.clone(tmp_path / "clone", "--depth=1", "--no-single-branch")
    clone.git("remote", "set-url", "origin", (tmp_path / "remote.git").as_uri())

    done = run(clone, "verify")

    assert done.exit_code == 2
    assert masked(done.stdout.splitlines()[-1]) == snapshot(
        "checked 4 releases and 2 environments (2 deployments): 2 things could not be checked"
    )


def test_trace_reads_as_a_chain(showcase: Showcase) -> None:
    done = run(showcase.repo, "trace", f"{TRIAGE}@production")

    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0] == f"{TRIAGE}@1.0.0"
    assert lines[1].startswith("sha256:")
    assert [line.split()[:2] for line in lines if line and not line.startswith(" ")][2:-1] == [
        ["ok", "digest"],
        ["ok", "deployments"],
        ["ok", "release"],
        ["ok", "commit"],
        ["ok", "authors"],
        ["absent", "approvals"],
        ["absent", "evidence"],
    ]
    assert lines[-1] == snapshot(
        "the chain is intact, as far as it was recorded (not: approvals, evidence)"
    )
    assert max(map(len, lines)) <= 80


def test_trace_names_the_first_broken_link_last(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-d", f"prompts/{TRIAGE}@1.0.0")

    done = run(showcase.repo, "trace", f"{TRIAGE}@production")
    document = json.loads(
        run(showcase.repo, "trace", f"{TRIAGE}@production", "--format", "json").stdout
    )

    assert done.exit_code == 1
    assert masked(done.stdout.splitlines()[-1]) == snapshot(
        "the chain breaks at release: the tag prompts/support/triage@1.0.0 is gone"
    )
    assert (document["schema"], document["broken"]) == ("promptops.trace/v2", "release")
    assert [one["status"] for one in document["links"]][:3] == ["ok", "ok", "broken"]


def test_trace_of_nothing_could_not_run(showcase: Showcase) -> None:
    done = run(showcase.repo, "trace", "0123456789abcdef")

    assert done.exit_code == 2
    assert masked(done.stderr) == snapshot("""\
error: no release and no deployment here has the digest <digest>
 hint: a digest of the work tree was never released; otherwise run git fetch --tags, then try again
""")


def test_blame_prints_release_author_date_and_line(showcase: Showcase) -> None:
    showcase.repo.write("prompts/_shared/tone.md", "Be kind.\nBe calm.\n")

    done = run(showcase.repo, "blame", TRIAGE)

    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0] == f"{TRIAGE}.md"
    assert lines[2] == snapshot("  2.0.0          Jane Doe  2026-01-01     2  version: 2.0.0")
    assert masked(lines[-3:]) == snapshot(
        [
            "_shared/tone.md",
            "  1.0.0          Jane Doe  2026-01-01     1  Be kind.",
            "  (uncommitted)                           2  Be calm.",
        ]
    )


def test_blame_as_json_has_every_line(showcase: Showcase) -> None:
    document = json.loads(run(showcase.repo, "blame", TRIAGE, "--format", "json").stdout)

    assert document["schema"] == "promptops.blame/v1"
    assert document["lines"][1] == {
        "path": f"{TRIAGE}.md",
        "line": 2,
        "text": "version: 2.0.0",
        "state": "released",
        "version": "2.0.0",
        "commit": showcase.repo.rev(f"prompts/{TRIAGE}@2.0.0^{{}}"),
        "author": {"name": "Jane Doe", "email": "jane@example.com"},
        "time": "2026-01-01T00:00:00Z",
    }


def test_blame_in_a_shallow_clone_could_not_run(showcase: Showcase, tmp_path: Path) -> None:
    clone = showcase.repo.clone(tmp_path / "clone", "--depth=1")

    done = run(clone, "blame", TRIAGE)

    assert done.exit_code == 2
    assert masked(done.stderr.splitlines()[0]) == snapshot(
        "error: this clone is shallow: its history ends before the commits that wrote most lines"
    )


def test_trace_leads_from_an_output_to_its_approvals(
    showcase: Showcase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    asked = ("run", f"{TRIAGE}@production", "--var", "ticket=Hi", "--model", "echo/any")
    said = run(showcase.repo, *asked, "--format", "json")
    document = json.loads(said.stdout)
    answer = tmp_path / "answer.txt"
    answer.write_text(f"\n{document['text']}\n\n")

    by_output = run(showcase.repo, "trace", "--output", str(answer))
    by_id = run(showcase.repo, "trace", document["id"])

    assert (by_output.exit_code, by_id.exit_code) == (0, 0)
    assert by_output.stdout.splitlines()[0] == f"{TRIAGE}@1.0.0"
    assert masked(by_output.stdout) == snapshot("""\
support/triage@1.0.0
<digest>
ok        output      word for word the answer of run
                      <uuid>
ok        run         succeeded, <time> UTC, echo/any
                      model: echo/any was asked for
ok        served by   deployment 1 of production had it live
ok        digest      <digest>, computed again from 2 files at commit
                      <id>
ok        deployments live in production
                      staging: deployment 1, promote by Jane Doe, 2026-01-01
                      00:00 UTC: promote 1.0.0
                      until deployment 2, promote by Jane Doe, 2026-01-01 00:00
                      UTC: promote 1.1.0
                      production: deployment 1, promote by Jane Doe, 2026-01-01
                      00:00 UTC: promote 1.0.0
ok        release     2026-01-01 00:00 UTC by Jane Doe <jane@example.com>, not
                      signed
                      tag prompts/support/triage@1.0.0, object <id>
ok        commit      <id> by Jane Doe, merged into main
                      Write support/triage 1.0.0
ok        authors     Jane Doe, in 1 commit
                      <id> 2026-01-01 Jane Doe: Write support/triage
                      1.0.0
absent    approvals   none recorded
absent    evidence    none recorded

the chain is intact, as far as it was recorded (not: approvals, evidence)
""")
    assert document["id"] in by_output.stdout
    assert masked(by_id.stdout) == snapshot("""\
support/triage@1.0.0
<digest>
ok        run         succeeded, <time> UTC, echo/any
                      model: echo/any was asked for
ok        served by   deployment 1 of production had it live
ok        digest      <digest>, computed again from 2 files at commit
                      <id>
ok        deployments live in production
                      staging: deployment 1, promote by Jane Doe, 2026-01-01
                      00:00 UTC: promote 1.0.0
                      until deployment 2, promote by Jane Doe, 2026-01-01 00:00
                      UTC: promote 1.1.0
                      production: deployment 1, promote by Jane Doe, 2026-01-01
                      00:00 UTC: promote 1.0.0
ok        release     2026-01-01 00:00 UTC by Jane Doe <jane@example.com>, not
                      signed
                      tag prompts/support/triage@1.0.0, object <id>
ok        commit      <id> by Jane Doe, merged into main
                      Write support/triage 1.0.0
ok        authors     Jane Doe, in 1 commit
                      <id> 2026-01-01 Jane Doe: Write support/triage
                      1.0.0
absent    approvals   none recorded
absent    evidence    none recorded

the chain is intact, as far as it was recorded (not: approvals, evidence)
""")
    answer.write_text("something else")
    unknown = run(showcase.repo, "trace", "--output", str(answer))
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert unknown.stderr == snapshot("""\
error: no run in the log answered this text
 hint: pass the whole answer and nothing else; erased runs are not found
""")


def test_trace_takes_one_beginning(showcase: Showcase) -> None:
    for arguments in ((), (f"{TRIAGE}@1.0.0", "--output", "x")):
        done = run(showcase.repo, "trace", *arguments)
        assert done.exit_code == 2
        assert "give a version, a digest or a run" in done.stderr
