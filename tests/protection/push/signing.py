"""Keys, and approvals signed with them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from promptops.gate.approvals.statement import NAMESPACE, DeploymentStatement, write_statement
from promptops.gate.approvals.store import change_folder, deployment_folder
from promptops.git.signing.ssh import sign
from tests.protection.push.server import NAME, Server

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.approvals.statement import ChangeStatement

DEPLOYERS = """\
[environments.staging]
deployers = ["jane@example.com", "@acme/release"]
"""
GROUPS = """\
[people]
jane = ["jane@example.com", "@jane"]
bob = ["bob@example.com", "@bob"]
eve = ["eve@example.com", "@eve"]

[teams]
"@acme/release" = ["@acme/leads"]
"@acme/leads" = ["bob"]
"""
PEOPLE = ("jane", "bob", "eve", "stranger")
SIGNERS = ".promptops/allowed_signers"


def make_key(path: Path) -> Path:
    """Make a key; give the private one."""
    args = ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(["ssh-keygen", *args], check=True)
    return path


def public(key: Path) -> str:
    """Give the public key, as a list of allowed signers has it."""
    return key.with_name(f"{key.name}.pub").read_text().strip()


def build_keys(folder: Path) -> None:
    """Make everybody a key in a folder."""
    for who in PEOPLE:
        make_key(folder / who)


def list_signers(folder: Path, *people: str, options: str = "") -> str:
    """Give a list of allowed signers."""
    return "".join(f"{who}@example.com {options}{public(folder / who)}\n" for who in people)


def open_deploying(folder: Path, keys: Path) -> Server:
    """Open a server where jane and a team may deploy to staging."""
    files = {
        "promptops.toml": DEPLOYERS,
        ".promptops/groups.toml": GROUPS,
        SIGNERS: list_signers(keys, "jane", "bob", "eve"),
    }
    return Server.open(folder, files=files)


def seal(server: Server, key: Path, statement: ChangeStatement | DeploymentStatement) -> str:
    """Sign a statement in the clone; give the refspec that pushes it."""
    data = write_statement(statement)
    data += sign(data, key, NAMESPACE)
    blob = server.clone.git("hash-object", "-w", "--stdin", stdin=data)
    if isinstance(statement, DeploymentStatement):
        folder = deployment_folder(statement.repository, statement.environment, statement.prompt)
    else:
        folder = change_folder(statement.repository, statement.branch)
    return f"{blob}:refs/promptops/approvals/{folder.name}/{blob}"


def approve(server: Server, key: Path, digest: str, approver: str, version: str = "1.0.0") -> str:
    """Sign that a release may go live in staging; give the refspec that pushes it."""
    statement = DeploymentStatement(
        repository="acme",
        environment="staging",
        prompt=NAME,
        version=version,
        digest=digest,
        approver=approver,
        time="2026-01-31T12:00:00Z",
    )
    return seal(server, key, statement)
