"""A repository whose target branch lists keys, and people who sign with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.gate.approvals.signed import read_signed, repository_id
from promptops.gate.approvals.statement import NAMESPACE, ChangeStatement, write_statement
from promptops.gate.approvals.store import change_folder, keep_statement
from promptops.gate.policy import read_policy
from promptops.gate.proposal import read_change
from promptops.git.signing.ssh import sign
from promptops.repository.repository import open_repository
from tests.gate.world import TRIAGE, World, prompt
from tests.keys import allow, ssh_key
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptops.gate.policy import Policy
    from promptops.gate.rules import Approvals, Change
    from promptops.repository.repository import Repository

Found = TypeVar("Found")

SIGNERS = ".promptops/allowed_signers"
GROUPS = ".promptops/groups.toml"
PEOPLE = (
    '[people]\njane = ["@prompt-owner", "jane@example.com"]\nkim = ["@lead", "kim@example.com"]\n'
)
TIME = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Signing:
    """A world of the gate whose prompts' owner signs statements with a key."""

    world: World
    _known: dict[object, Any] = field(default_factory=dict)

    @classmethod
    def make(cls, path: Path, files: Mapping[str, str] | None = None) -> Signing:
        listed = {SIGNERS: allow("jane", "kim"), GROUPS: PEOPLE}
        begun = {**listed, **(files or {})}

        def build(folder: Path) -> None:
            world = World.make(folder, begun)
            world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
            world.repo.pack()

        copy_template(build, path, path.parents[1], repr(sorted(begun.items())))
        return cls(World(Repo(path)))

    @property
    def repository(self) -> Repository:
        return open_repository(self.world.repo.path)

    @property
    def name(self) -> str:
        """What statements call the repository."""
        return self._once("name", self._read_name)

    def _read_name(self) -> str:
        policy = self.policy()
        return repository_id(self.repository, policy.config, policy.commit)

    def policy(self, base: str = "main") -> Policy:
        return self._once(("policy", base), partial(self._read_policy, base))

    def _read_policy(self, base: str) -> Policy:
        repository = self.repository
        return read_policy(repository, self.world.ends(base, base).base)

    def change(self, head: str = "change", base: str = "main") -> Change:
        return self._once(("change", head, base), partial(self._read_change, head, base))

    def _read_change(self, head: str, base: str) -> Change:
        repository = self.repository
        ends = self.world.ends(head, base)
        policy = read_policy(repository, ends.base)
        return read_change(repository, policy, ends.base, ends.head, ends.target)

    def _once(self, what: object, find: Callable[[], Found]) -> Found:
        """Find something out once for each state of branches, tags and configuration."""
        folder = self.world.repo.path / ".git"
        files = [folder / "HEAD", folder / "config", folder / "packed-refs", folder / "shallow"]
        files += [one for kind in ("heads", "tags") for one in folder.glob(f"refs/{kind}/**/*")]
        files.append(self.world.repo.path / "promptops.toml")
        state = tuple((one, one.read_bytes()) for one in files if one.is_file())
        if (what, state) not in self._known:
            self._known[what, state] = find()
        found: Found = self._known[what, state]
        return found

    def statement(self, approver: str = "jane@example.com", **values: Any) -> ChangeStatement:
        """What approves the change as it is, but for `values`."""
        change = self.change()
        tree = f"{change.head}^{{tree}}"
        statement = ChangeStatement(
            repository=self.name,
            branch=change.target,
            base=change.base,
            tree=self._once(tree, partial(self.world.repo.rev, tree)),
            contents={path.path: path.after for path in change.paths},
            approver=approver,
            time=TIME,
        )
        return replace(statement, **values)

    def put(
        self,
        statement: ChangeStatement,
        key: str = "jane",
        *,
        namespace: str = NAMESPACE,
        signature: bytes | None = None,
    ) -> str:
        """Put a statement, signed by that key, where those about `main` lie; give the ref."""
        payload = write_statement(statement)
        armour = sign(payload, ssh_key(key), namespace) if signature is None else signature
        folder = change_folder(self.name, "main")
        return keep_statement(self.repository, folder, payload, armour, local=True)

    def read(self, head: str = "change", *, fetch: bool = False) -> Approvals:
        return read_signed(self.repository, self.policy(), self.change(head), fetch=fetch)

    def counting(self, head: str = "change") -> list[str]:
        """Who approved everything that the change has now."""
        change = self.change(head)
        return [
            one.approver
            for one in self.read(head).found
            if one.contents is not None
            and all(
                path.path in one.contents
                and one.contents[path.path] == path.after
                and path.path not in one.lapsed
                for path in change.paths
            )
        ]
