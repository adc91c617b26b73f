"""`promptops trace`: what it prints, and with which exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
