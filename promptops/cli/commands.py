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
    "status": Command("start", "Show what is changed, unreleased, or not live.", "status"),
    "init": Command("start", "Set a repository up for prompts.", "init"),
    "new": Command("start", "Write a new prompt with its eval suite.", "new"),
    "adopt": Command("start", "Take over prompts of other tools, files and code.", "adopt"),
    "doctor": Command("start", "Look for ways past the gate.", "doctor"),
    "hook": Command("start", "Check prompts before each commit.", "hook"),
    "demo": Command("start", "Watch everything happen in a temporary repository.", "demo"),
    "completion": Command("start", "Complete verbs and names in your shell.", "completion"),
    "help": Command("start", "Show help on one verb.", "help"),
    "version": Command("start", "Show the version.", "version"),
    "validate": Command("write", "Check prompts.", "validate"),
    "diff": Command("write", "Show what a change means, and the bump it needs.", "diff"),
    "render": Command("write", "Print the messages for given inputs.", "render"),
    "list": Command("write", "List prompts, or what is live where.", "list_prompts"),
    "show": Command("write", "Show one prompt with everything it needs.", "show"),
    "bump": Command("write", "Write the version number that the change needs.", "bump"),
    "blame": Command("write", "Show release and author of every line.", "blame"),
    "checks": Command("write", "List the checks, or explain one.", "checks"),
    "schema": Command("write", "Print a JSON Schema, for editors and other tools.", "schema"),
    "owners": Command("review", "Say who owns what, by CODEOWNERS.", "owners"),
    "eval": Command("review", "Run eval suites: is a change better or worse?", "eval"),
    "gate": Command("review", "Say whether a change may merge.", "gate"),
    "approve": Command("review", "Sign that a change may merge, or a release go live.", "approve"),
    "release": Command("release", "Freeze versions as release tags.", "release"),
    "yank": Command("release", "Mark a release as not to be used.", "yank"),
    "changelog": Command("release", "Print the release notes of a prompt.", "changelog"),
    "promote": Command("deploy", "Make versions live in an environment.", "promote"),
    "rollback": Command("deploy", "Go back to what was live before.", "rollback"),
    "retire": Command("deploy", "Take prompts out of an environment.", "retire"),
    "pause": Command("deploy", "Pause prompts in an environment.", "pause"),
    "resume": Command("deploy", "Let paused prompts answer again.", "resume"),
    "history": Command("deploy", "Show who put what live, when and why.", "history"),
    "incident": Command("deploy", "Write what changed lately, and how to undo it.", "incident"),
    "run": Command("use", "Run a prompt: ask a model, within the limits.", "run"),
    "serve": Command("use", "Serve prompts over HTTP.", "serve"),
    "mcp": Command("use", "Serve prompts to editors and agents, over MCP.", "mcp"),
    "readiness": Command("use", "Say whether a team is ready for production.", "readiness"),
    "drill": Command("use", "Rehearse what must work when something fails.", "drill"),
    "site": Command("use", "Write the registry as a static site.", "site"),
    "stubs": Command("use", "Write types of prompts for programs that call them.", "stubs"),
    "resolve": Command("use", "Say exactly what a prompt ref means.", "resolve"),
    "export": Command("use", "Write a snapshot, or prompts for other tools.", "export"),
    "verify": Command("use", "Check releases and environments against each other.", "verify"),
    "trace": Command("use", "Follow a version, digest or output back to its authors.", "trace"),
    "runs": Command("use", "Look at what was run, and count it.", "runs"),
    "conversations": Command("use", "Look at conversations, and remove them.", "conversations"),
    "metrics": Command("use", "Print the counts of runs for Prometheus.", "metrics"),
    "guards": Command("use", "Look at limits, and what is spent of them.", "guards"),
    "alerts": Command("use", "Tell people when a limit trips or a model fails.", "alerts"),
    "reviews": Command("use", "Look at runs that wait for a person.", "reviews"),
    "complete": Command("", "Print what may follow on a command line.", "complete"),
}

# Groups that are commands by themselves.
BOTH = frozenset({"serve"})

# The verbs of each group.
GROUPS: dict[str, dict[str, Command]] = {
    "alerts": {
        "test": Command("", "Send a test through every channel.", "alerts.send_test"),
    },
    "guards": {
        "show": Command("", "Show how much of each limit is spent.", "guards.show"),
        "reset": Command("", "Let runs go on before a limit frees.", "guards.reset"),
    },
    "eval": {
        "run": Command("", "Run eval suites and compare with a baseline.", "eval.run"),
        "plan": Command(
            "", "Say how large a loss a suite notices, and what that takes.", "eval.plan"
        ),
        "generate": Command("", "Draft samples from a prompt's inputs.", "eval.generate"),
        "from-runs": Command("", "Draft samples from recorded runs.", "eval.from_runs"),
        "nightly": Command("", "Run what is live, beside its earlier nights.", "eval.nightly"),
        "trends": Command("", "Show how nightly evals went.", "eval.trends"),
        "noise": Command("", "Run one state twice: what is no difference?", "eval.noise"),
        "bisect": Command("", "Find the release that broke something.", "eval.bisect"),
        "calibrate": Command("", "Measure a judge against people's labels.", "eval.calibrate"),
        "merge": Command("", "Put shards of a run together, into one verdict.", "eval.merge"),
    },
    "serve": {
        "keys": Command("", "Make, list and revoke the keys of the service.", "serve.keys"),
    },
    "serve keys": {
        "add": Command("", "Make a key.", "serve.keys.add"),
        "list": Command("", "List keys.", "serve.keys.list_keys"),
        "revoke": Command("", "Revoke a key.", "serve.keys.revoke"),
    },
    "runs": {
        "list": Command("", "List runs, the newest first.", "runs.list_runs"),
        "show": Command("", "Show everything about one run.", "runs.show"),
        "tail": Command("", "Watch runs as they end.", "runs.tail"),
        "stats": Command("", "Count runs: cost, errors and latency.", "runs.stats"),
        "export": Command("", "Write runs for other programs.", "runs.export"),
        "replay": Command("", "Run recorded inputs with another version.", "runs.replay"),
        "reply": Command("", "Hand in results of tools, and go on.", "runs.reply"),
        "prune": Command("", "Remove old runs.", "runs.prune"),
        "erase": Command("", "Remove everything of one user.", "runs.erase"),
        "rotate": Command("", "Encrypt the log with a new key.", "runs.rotate"),
    },
    "conversations": {
        "list": Command(
            "", "List conversations, the last changed first.", "conversations.list_conversations"
        ),
        "show": Command("", "Show what was said in one.", "conversations.show"),
        "export": Command("", "Write conversations for other programs.", "conversations.export"),
        "expire": Command("", "Remove those whose time is over.", "conversations.expire"),
        "erase": Command("", "Remove what was said in some.", "conversations.erase"),
        "rotate": Command("", "Encrypt them with a new key.", "conversations.rotate"),
    },
    "reviews": {
        "list": Command("", "List reviews, the longest waiting first.", "reviews.list_reviews"),
        "show": Command("", "Show what is to be reviewed.", "reviews.show"),
        "answer": Command("", "Accept, correct or reject an answer.", "reviews.answer"),
        "export": Command("", "Write answers as samples of an eval suite.", "reviews.export"),
    },
}
