"""The configuration: `promptops.toml`, or `[tool.promptops]` in `pyproject.toml`, or the defaults.

Unknown keys are errors, because a misspelt rule that silently does not apply is worse than no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import ConfigurationError, UsageError, quote
from promptops.git.refs import check_ref_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.repository.settings.alerts import AlertSettings
    from promptops.repository.settings.cache import CacheSettings
    from promptops.repository.settings.conversations import ConversationSettings
    from promptops.repository.settings.eval import EvalSettings
    from promptops.repository.settings.guards import GuardSettings
    from promptops.repository.settings.log import LogSettings
    from promptops.repository.settings.models import ModelSettings
    from promptops.repository.settings.safety import SafetySettings
    from promptops.repository.settings.telemetry import TelemetrySettings
    from promptops.repository.settings.timeouts import TimeoutSettings

CONFIG_FILE = "promptops.toml"
PYPROJECT_FILE = "pyproject.toml"
# The name under which evals, replays and drills count their spending, apart from real environments.
EVAL_ENVIRONMENT = "eval"
# The OpenPGP keys whose approvals count, as `gpg --armor --export` writes them.
OPENPGP_KEYS_FILE = ".promptops/allowed_keys.asc"
SEVERITIES = ("error", "warning", "note", "off")


class Environment(NamedTuple):
    """The rules of an environment.

    Attributes:
        name: the environment.
        source: the environment in which the version must be live first, or None.
        merged: whether a release's commit must be on the default branch.
        deployers: who may deploy: principals of the allowed signers file, `@logins`, and teams of
            the groups file; empty: everyone who may push.
        approvals: how many people other than the deployer must approve a release.
        evals: whether a release must have evidence that its evals passed.
    """

    name: str
    source: str | None = None
    merged: bool = False
    deployers: tuple[str, ...] = ()
    approvals: int = 0
    evals: bool = False


class EvalRule(NamedTuple):
    """The evals that changes of some prompts require.

    Attributes:
        pattern: the names of the prompts: one name, or a glob such as `support/*`.
        evals: how a change without evidence is treated, one of `EVALS`; None: as for other prompts.
        live: whether only live answers count, not cassettes; None: as for other prompts.
    """

    pattern: str
    evals: str | None = None
    live: bool | None = None


class Gate(NamedTuple):
    """The rules that a change must satisfy before it may be merged.

    Attributes:
        approvals: the source of approvals, one of `APPROVALS`.
        dialect: the CODEOWNERS dialect, `github` or `gitlab`; None: decided by `choose_dialect`.
        groups: the file with the members of teams and the names of people.
        signers: the file of allowed signers.
        repository: this repository's id in signed statements; None: its first commit.
        evals: how a change without evidence of passed evals is treated, one of `EVALS`.
        govern: more paths that need an owner's approval: files, folders, or globs.
        branches: the branches that a server's hook guards with the gate; empty: the default branch.
        committers: whether people who committed to a change may approve it.
        samples: the minimum number of samples of an eval suite.
        eval: rules for some prompts instead of `evals`; the last match applies.
        versions: one of `VERSIONS`: whether each change writes its version number, or releases
            write those of all changed prompts.
    """

    approvals: str = "auto"
    dialect: str | None = None
    groups: str = ".promptops/groups.toml"
    signers: str = ".promptops/allowed_signers"
    repository: str | None = None
    evals: str = "off"
    govern: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    committers: bool = False
    samples: int = 0
    eval: tuple[EvalRule, ...] = ()
    versions: str = "change"


APPROVALS = ("auto", "off", "github", "gitlab", "signed", "file")
EVALS = ("off", "warn", "block")
VERSIONS = ("change", "release")
DIALECTS = ("github", "gitlab")


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one repository.

    Attributes:
        prompts: the folder with the prompts, relative to the repository's top.
        evals: the folder with the eval suites, relative to the repository's top.
        environments: in order of promotion; versions reach the last one last.
        default_environment: the default of `resolve`, `run`, `export` and the library.
        remote: the remote whose environments and releases are authoritative.
        push: whether `release` pushes its tags by default.
        checks: check id -> severity or `off`.
        path_checks: pairs of a path pattern and such a mapping.
        gate: the rules for merging a change.
        path: the configuration file; None for the defaults.
        names_remote: whether the file sets `remote`.
        tables: the runtime tables of the file, by name, not validated yet; use the properties
            `models`, `guards`, `alerts`, `cache`, `eval` and `log`.
    """

    prompts: str = "prompts"
    evals: str = "evals"
    environments: tuple[Environment, ...] = (
        Environment("staging"),
        Environment("production", merged=True),
    )
    default_environment: str = "production"
    remote: str = "origin"
    push: bool = False
    checks: Mapping[str, str] = field(default_factory=dict)
    path_checks: tuple[tuple[str, Mapping[str, str]], ...] = ()
    gate: Gate = field(default_factory=Gate)
    path: str | None = None
    names_remote: bool = False
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def eval(self) -> EvalSettings:
        """The table `[eval]`."""
        settings: EvalSettings = self._settings("eval")
        return settings

    @property
    def models(self) -> ModelSettings:
        """The table `[models]`."""
        settings: ModelSettings = self._settings("models")
        return settings

    @property
    def guards(self) -> GuardSettings:
        """The table `[guards]`."""
        settings: GuardSettings = self._settings("guards")
        return settings

    @property
    def alerts(self) -> AlertSettings:
        """The table `[alerts]`; without it no alert is sent."""
        settings: AlertSettings = self._settings("alerts")
        return settings

    @property
    def cache(self) -> CacheSettings:
        """The table `[cache]`; without it nothing is cached."""
        from promptops.repository.settings.cache import CacheSettings

        return self.tables.get("cache") or CacheSettings()

    @property
    def conversations(self) -> ConversationSettings:
        """The table `[conversations]`."""
        settings: ConversationSettings = self._settings("conversations")
        return settings

    @property
    def log(self) -> LogSettings:
        """The table `[log]`."""
        settings: LogSettings = self._settings("log")
        return settings

    @property
    def safety(self) -> SafetySettings:
        """The table `[safety]`; without it, no safety measures apply."""
        settings: SafetySettings = self._settings("safety")
        return settings

    @property
    def telemetry(self) -> TelemetrySettings:
        """The table `[telemetry]`; without it nothing is exported."""
        settings: TelemetrySettings = self._settings("telemetry")
        return settings

    @property
    def timeouts(self) -> TimeoutSettings:
        """The table `[timeouts]`."""
        settings: TimeoutSettings = self._settings("timeouts")
        return settings

    def _settings(self, name: str) -> Any:  # noqa: ANN401 - each table has a type of its own
        found = self.tables.get(name)
        return _read_table(name, {}, "") if found is None else found

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The environments' names in order of promotion."""
        return tuple(environment.name for environment in self.environments)

    def environment(self, name: str) -> Environment:
        """Return the rules of the environment `name`. Raises UsageError if there is none."""
        from promptops.suggestion import nearest

        for environment in self.environments:
            if environment.name == name:
                return environment
        known = ", ".join(self.environment_names)
        near = nearest(name, self.environment_names)
        raise UsageError(
            f"there is no environment '{name}'",
            hint=f"did you mean '{near}'?" if near else f"the environments are: {known}",
        )

    def environment_before(self, name: str) -> Environment | None:
        """Return the environment from which versions are promoted to `name`; None for the first."""
        index = self.environments.index(self.environment(name))
        return self.environments[index - 1] if index else None


def load_config(read: Callable[[str], bytes | None]) -> Config:
    """Read the configuration. `read` returns a top-level file's bytes, or None.

    Raises ConfigurationError, which names file and key.
    """
    found = _read_file(read)
    return Config() if found is None else read_config_table(found[1], found[0])


def read_config_table(table: object, path: str) -> Config:
    """Read a parsed configuration; `path` is the file name for errors."""
    return _ConfigReading(path).config(table)


def read_runtime_tables(read: Callable[[str], bytes | None]) -> dict[str, Any]:
    """Return the parts of the configuration that runs outside of the repository need, as JSON
    values.

    Raises ConfigurationError if the configuration is invalid.
    """
    found = _read_file(read)
    if found is None:
        return {}
    path, table = found
    read_config_table(table, path)
    if not set(_RUNTIME_TABLES) & set(table):
        return {}
    return {key: value for key, value in table.items() if key in _EXPORTED}


def _names_environments_twice(data: bytes) -> bool:
    """Return whether a file has both forms, of which TOML's error says nothing."""
    lines = [line.replace(b" ", b"") for line in data.splitlines()]
    return any(line.startswith(b"environments=[") for line in lines) and any(
        line.startswith(b"[environments.") for line in lines
    )


def _read_file(read: Callable[[str], bytes | None]) -> tuple[str, Any] | None:
    """Return the configuration's path and table; None if there is no file."""
    for path in (CONFIG_FILE, PYPROJECT_FILE):
        data = read(path)
        if data is None or (path == PYPROJECT_FILE and b"promptops" not in data):
            continue
        # imported here: it takes milliseconds, and most repositories have no configuration
        import tomllib

        try:
            table: Any = tomllib.loads(data.decode())
        except UnicodeDecodeError as error:
            message = f"{path} is not UTF-8 text"
            raise ConfigurationError(message, hint="save the file as UTF-8") from error
        except (ValueError, RecursionError) as error:  # int() raises ValueError itself
            message = f"{path} is not TOML: {error}"
            hint = "correct the file, or see its syntax at toml.io"
            if _names_environments_twice(data):
                hint = "name environments in the list or in tables [environments.NAME], not in both"
            raise ConfigurationError(message, hint=hint) from error
        if path == PYPROJECT_FILE:
            # `tool` may be any TOML value, not only a table.
            tools = table.get("tool")
            table = tools.get("promptops") if isinstance(tools, dict) else None
        if table is not None:
            return path, table
    return None


_KEYS = (
    "prompts",
    "evals",
    "environments",
    "default_environment",
    "remote",
    "push",
    "checks",
    "gate",
)
# The runtime tables: `NAME` is read by `read_NAME` in the module `settings.NAME`, which is imported
# on first use.
_TABLES = (
    "alerts",
    "cache",
    "conversations",
    "eval",
    "guards",
    "log",
    "models",
    "safety",
    "telemetry",
    "timeouts",
)
# The tables that runs need anywhere, and the ones they refer to.
_RUNTIME_TABLES = (
    "alerts",
    "cache",
    "conversations",
    "guards",
    "log",
    "models",
    "safety",
    "telemetry",
)
_EXPORTED = (*_RUNTIME_TABLES, "default_environment", "environments", "prompts")


def _read_table(name: str, value: object, path: str) -> Any:  # noqa: ANN401 - as in Config
    """Return the settings of one table. Raises ConfigurationError."""
    from importlib import import_module

    module = import_module(f"promptops.repository.settings.{name}")
    return getattr(module, f"read_{name}")(value, path)


class _ConfigReading:
    """One pass over a configuration table; knows the file for its errors."""

    def __init__(self, path: str) -> None:
        self._path = path

    def _error(self, message: str, hint: str | None = None) -> ConfigurationError:
        return ConfigurationError(f"{self._path}: {message}", hint=hint)

    def config(self, table: object) -> Config:
        settings = self._table("the configuration", table)
        self._known(settings, (*_KEYS, *_TABLES), "")
        default = Config()
        environments = self._environments(settings.get("environments"))
        names = [environment.name for environment in environments]
        default_environment = self._text(
            settings,
            "default_environment",
            default.default_environment if default.default_environment in names else names[-1],
        )
        if default_environment not in names:
            raise self._error(
                f"default_environment is '{default_environment}', "
                "which is none of the environments",
                f"the environments are: {', '.join(names)}",
            )
        checks, path_checks = self._checks(settings.get("checks", {}))
        tables = {
            name: _read_table(name, settings[name], self._path)
            for name in _TABLES
            if name in settings
        }
        if "guards" in tables:
            self._known(
                tables["guards"].environments,
                (*names, EVAL_ENVIRONMENT),
                "guards.environments.",
            )
        return Config(
            prompts=self._folder(settings, "prompts", default.prompts),
            evals=self._folder(settings, "evals", default.evals),
            environments=environments,
            default_environment=default_environment,
            remote=self._text(settings, "remote", default.remote),
            push=self._flag(settings, "push", default=default.push),
            checks=checks,
            path_checks=path_checks,
            gate=self._gate(settings.get("gate", {})),
            path=self._path,
            names_remote="remote" in settings,
            tables=tables,
        )

    def _table(self, what: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(f"{what} is not a table")
        return value

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
        from promptops.suggestion import nearest

        for key in table:
            if key not in known:
                near = nearest(key, known)
                raise self._error(
                    f"unknown key '{prefix}{key}'",
                    f"did you mean '{prefix}{near}'?"
                    if near
                    else f"known keys: {', '.join(known)}",
                )

    def _text(self, table: Mapping[str, Any], key: str, default: str) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or not value or value.startswith("-"):
            raise self._error(f"{key} is not a name", f'write a text, such as {key} = "{default}"')
        return value

    def _folder(self, table: Mapping[str, Any], key: str, default: str) -> str:
        folder = self._text(table, key, default).strip("/")
        parts = folder.split("/")
        if "\\" in folder or any(part in {"", ".", "..", ".git"} for part in parts):
            raise self._error(
                f"{key} is '{table[key]}', which is not a folder below the repository's top",
                f'write a relative path with forward slashes, such as {key} = "{default}"',
            )
        return folder

    def _environments(self, value: object) -> tuple[Environment, ...]:
        """Read `environments`: a list of names, or a table for each name, in order of promotion."""
        default = Config().environments
        if value is None:
            return default
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            tables: dict[str, Any] = {name: {} for name in value}
            if len(tables) != len(value):
                raise self._error("an environment is listed twice", "list each of them once")
        else:
            tables = self._table("environments", value)
        if not tables:
            raise self._error(
                "there must be at least one environment", 'such as environments = ["production"]'
            )
        names = tuple(tables)
        return tuple(self._environment(name, tables[name], names) for name in names)

    def _environment(self, name: str, value: object, names: tuple[str, ...]) -> Environment:
        # Imported here: most configurations have no such table.
        from promptops.prompt.reference import check_environment

        try:
            check_environment(name)
        except UsageError as error:
            raise self._error(error.message, error.hint) from error
        table = self._table(f"environments.{name}", value)
        prefix = f"environments.{name}."
        self._known(table, ("from", "merged", "deployers", "approvals", "evals"), prefix)
        source = table.get("from")
        if source is not None and (source not in names or source == name):
            raise self._error(
                f"environments.{name}.from is '{source}', which is not another environment",
                f"the environments are: {', '.join(names)}",
            )
        return Environment(
            name,
            source,
            self._flag(table, "merged", default=name == names[-1], prefix=prefix),
            self._texts(table, "deployers", prefix),
            self._number(table, "approvals", prefix, "people"),
            self._flag(table, "evals", default=False, prefix=prefix),
        )

    def _gate(self, value: object) -> Gate:
        table = self._table("gate", value)
        default = Gate()
        known = Gate._fields
        self._known(table, known, "gate.")
        dialect = self._choice(table, "dialect", DIALECTS, "") if "dialect" in table else None
        repository = self._text(table, "repository", "") if "repository" in table else None
        return Gate(
            approvals=self._choice(table, "approvals", APPROVALS, default.approvals),
            dialect=dialect,
            groups=self._folder(table, "groups", default.groups),
            signers=self._folder(table, "signers", default.signers),
            repository=repository,
            evals=self._choice(table, "evals", EVALS, default.evals),
            govern=self._texts(table, "govern", "gate."),
            branches=self._branches(table),
            committers=self._flag(table, "committers", default=default.committers, prefix="gate."),
            samples=self._number(table, "samples", "gate.", "samples"),
            eval=self._eval_rules(table.get("eval", {})),
            versions=self._choice(table, "versions", VERSIONS, default.versions),
        )

    def _eval_rules(self, value: object) -> tuple[EvalRule, ...]:
        rules = []
        for pattern, settings in self._table("gate.eval", value).items():
            prefix = f"gate.eval.{quote(pattern)}."
            table = self._table(prefix.rstrip("."), settings)
            self._known(table, ("evals", "live"), prefix)
            word = self._choice(table, "evals", EVALS, "", prefix) if "evals" in table else None
            live = (
                self._flag(table, "live", default=False, prefix=prefix) if "live" in table else None
            )
            rules.append(EvalRule(pattern, word, live))
        return tuple(rules)

    def _branches(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        """Read names of branches. They are validated, because a server's hook reads them at each
        push.
        """
        branches = self._texts(table, "branches", "gate.")
        for branch in branches:
            try:
                check_ref_name(f"refs/heads/{branch}")
                is_name = not branch.startswith("refs/")
            except UsageError:
                is_name = False
            if not is_name:
                raise self._error(
                    f"gate.branches: {quote(branch)} is not a branch name",
                    'write each as `git branch` shows it, such as "main"; there are no patterns',
                )
        return branches

    def _choice(
        self,
        table: Mapping[str, Any],
        key: str,
        words: tuple[str, ...],
        default: str,
        prefix: str = "gate.",
    ) -> str:
        word = table.get(key, default)
        if word not in words:
            raise self._error(f"{prefix}{key} is {word!r}", f"choose one of: {', '.join(words)}")
        return str(word)

    def _number(self, table: Mapping[str, Any], key: str, prefix: str, of_what: str) -> int:
        value = table.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._error(f"{prefix}{key} is not a number of {of_what}", f"write {key} = 1")
        return value

    def _flag(self, table: Mapping[str, Any], key: str, *, default: bool, prefix: str = "") -> bool:
        value = table.get(key, default)
        if not isinstance(value, bool):
            raise self._error(
                f"{prefix}{key} is not true or false", f"write {key} = true, or leave it out"
            )
        return value

    def _texts(self, table: Mapping[str, Any], key: str, prefix: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self._error(f"{prefix}{key} is not a list of texts", f'write {key} = ["..."]')
        return tuple(value)

    def _checks(
        self, value: object
    ) -> tuple[dict[str, str], tuple[tuple[str, dict[str, str]], ...]]:
        everywhere: dict[str, str] = {}
        by_path: list[tuple[str, dict[str, str]]] = []
        for key, setting in self._table("checks", value).items():
            if isinstance(setting, dict):
                severities = {check: self._severity(check, word) for check, word in setting.items()}
                by_path.append((key, severities))
            else:
                everywhere[key] = self._severity(key, setting)
        return everywhere, tuple(by_path)

    def _severity(self, check: str, word: object) -> str:
        if not isinstance(word, str) or word not in SEVERITIES:
            raise self._error(
                f"checks.{check} is {word!r}", f"choose one of: {', '.join(SEVERITIES)}"
            )
        return word
