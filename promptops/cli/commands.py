"""The list of verbs, with help summaries and modules.

A verb with an entry in GROUPS is a group: `promptops runs list` is the verb `list` of the group
`runs`, in the package `promptops.cli.runs`. A group in BOTH is a command by itself too.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One verb.

    Attributes:
        section: the key of its heading in SECTIONS; empty for verbs of a group and for verbs meant
            for programs.
        summary: one line, as `--help` shows it.
        module: the module below `promptops.cli`; its function of the same name is the command. For
            a group, the package.
    """

    section: str
    summary: str
    module: str


SECTIONS = {
    "start": "Start",
    "write": "Write",
    "review": "Review",
    "release": "Release",
    "deploy": "Deploy",
    "use": "Use and look back",
}

# In each section, the most used verbs come first.
COMMANDS: dict[str, Command] = {
    "status": Command("start", "Show what is not committed, released or live.", "status"),
    "init": Command("start", "Set up a repository for prompts.", "init"),
    "new": Command("start", "Write a new prompt with its eval suite.", "new"),
    "adopt": Command("start", "Import prompts from files, code and other tools.", "adopt"),
    "doctor": Command("start", "Find ways to bypass the gate.", "doctor"),
    "hook": Command("start", "Check prompts before each commit.", "hook"),
    "demo": Command("start", "Run the guided tour in a temporary repository.", "demo"),
    "completion": Command("start", "Print a completion script for your shell.", "completion"),
    "help": Command("start", "Show help for a verb.", "help"),
    "version": Command("start", "Show the version.", "version"),
    "validate": Command("write", "Check prompts.", "validate"),
    "diff": Command("write", "Compare prompts; show the version bump needed.", "diff"),
    "render": Command("write", "Render a prompt with given inputs.", "render"),
    "list": Command("write", "List prompts, or what is live where.", "list_prompts"),
    "show": Command("write", "Show a prompt's metadata, inputs and releases.", "show"),
    "bump": Command("write", "Update version numbers to fit the changes.", "bump"),
    "blame": Command("write", "Show who wrote each line, and in which release.", "blame"),
    "checks": Command("write", "List checks, or explain one.", "checks"),
    "schema": Command("write", "Print a JSON Schema for editors and tools.", "schema"),
    "owners": Command("review", "Show who owns which files; check CODEOWNERS.", "owners"),
    "eval": Command("review", "Run eval suites and compare the results.", "eval"),
    "gate": Command("review", "Decide whether a change may merge.", "gate"),
    "approve": Command("review", "Sign an approval of a change or a deployment.", "approve"),
    "release": Command("release", "Create release tags.", "release"),
    "yank": Command("release", "Withdraw a release.", "yank"),
    "changelog": Command("release", "Print release notes.", "changelog"),
    "promote": Command("deploy", "Make versions live in an environment.", "promote"),
    "rollback": Command("deploy", "Go back to the previous versions.", "rollback"),
    "retire": Command("deploy", "Take prompts out of an environment.", "retire"),
    "pause": Command("deploy", "Pause prompts in an environment.", "pause"),
    "resume": Command("deploy", "Resume paused prompts.", "resume"),
    "history": Command("deploy", "Show deployments: who, when, what and why.", "history"),
    "incident": Command(
        "deploy", "Write an incident report: changes and how to undo them.", "incident"
    ),
    "run": Command("use", "Run a prompt, within the limits.", "run"),
    "serve": Command("use", "Serve prompts over HTTP.", "serve"),
    "mcp": Command("use", "Serve prompts to editors and agents over MCP.", "mcp"),
    "readiness": Command("use", "Check whether a team is ready for production.", "readiness"),
    "drill": Command("use", "Rehearse a failure.", "drill"),
    "site": Command("use", "Generate a static site of the registry.", "site"),
    "stubs": Command("use", "Generate typed client code for prompts.", "stubs"),
    "resolve": Command("use", "Resolve a prompt ref to a version and digest.", "resolve"),
    "export": Command("use", "Export a snapshot, or prompts for other tools.", "export"),
    "verify": Command("use", "Verify releases and environments.", "verify"),
    "trace": Command("use", "Trace a version, digest, run or output to its authors.", "trace"),
    "runs": Command("use", "List, show, export and count runs.", "runs"),
    "conversations": Command("use", "Show, export and remove conversations.", "conversations"),
    "metrics": Command("use", "Print run metrics for Prometheus.", "metrics"),
    "guards": Command("use", "Show and reset limits.", "guards"),
    "alerts": Command("use", "Test the channels for alerts.", "alerts"),
    "reviews": Command("use", "Review runs that wait for a person.", "reviews"),
    "complete": Command("", "Print completions for a command line.", "complete"),
}

# Groups that are commands by themselves.
BOTH = frozenset({"serve"})

# The verbs of each group.
GROUPS: dict[str, dict[str, Command]] = {
    "alerts": {
        "test": Command("", "Send a test alert.", "alerts.send_test"),
    },
    "guards": {
        "show": Command("", "Show what is spent of each limit.", "guards.show"),
        "reset": Command("", "Reset what is spent of a limit.", "guards.reset"),
    },
    "eval": {
        "run": Command("", "Run eval suites and compare with a baseline.", "eval.run"),
        "plan": Command("", "Estimate which loss a suite can detect.", "eval.plan"),
        "generate": Command("", "Draft samples from a prompt's inputs.", "eval.generate"),
        "from-runs": Command("", "Draft samples from recorded runs.", "eval.from_runs"),
        "nightly": Command("", "Run the evals of what is live, every night.", "eval.nightly"),
        "trends": Command("", "Show the results of nightly evals over time.", "eval.trends"),
        "noise": Command("", "Run suites twice to measure the noise.", "eval.noise"),
        "bisect": Command("", "Find the release that broke a suite.", "eval.bisect"),
        "calibrate": Command("", "Compare a judge with human labels.", "eval.calibrate"),
        "merge": Command("", "Merge the shards of a run.", "eval.merge"),
    },
    "serve": {
        "keys": Command("", "Create, list and revoke API keys.", "serve.keys"),
    },
    "serve keys": {
        "add": Command("", "Create a key.", "serve.keys.add"),
        "list": Command("", "List keys.", "serve.keys.list_keys"),
        "revoke": Command("", "Revoke a key.", "serve.keys.revoke"),
    },
    "runs": {
        "list": Command("", "List runs, the newest first.", "runs.list_runs"),
        "show": Command("", "Show a run.", "runs.show"),
        "tail": Command("", "Follow runs as they end.", "runs.tail"),
        "stats": Command("", "Count runs: cost, errors and latency.", "runs.stats"),
        "export": Command("", "Export runs.", "runs.export"),
        "replay": Command("", "Run recorded inputs with another version.", "runs.replay"),
        "reply": Command("", "Send tool results to a waiting run.", "runs.reply"),
        "prune": Command("", "Remove old runs.", "runs.prune"),
        "erase": Command("", "Erase all runs of a user.", "runs.erase"),
        "rotate": Command("", "Encrypt the log with a new key.", "runs.rotate"),
    },
    "conversations": {
        "list": Command(
            "", "List conversations, newest first.", "conversations.list_conversations"
        ),
        "show": Command("", "Show a conversation.", "conversations.show"),
        "export": Command("", "Export conversations.", "conversations.export"),
        "expire": Command("", "Remove expired conversations.", "conversations.expire"),
        "erase": Command("", "Erase conversations.", "conversations.erase"),
        "rotate": Command("", "Encrypt conversations with a new key.", "conversations.rotate"),
    },
    "reviews": {
        "list": Command("", "List reviews, the longest waiting first.", "reviews.list_reviews"),
        "show": Command("", "Show a review.", "reviews.show"),
        "answer": Command("", "Accept, correct or reject an answer.", "reviews.answer"),
        "export": Command("", "Export answers as samples of an eval suite.", "reviews.export"),
    },
}
