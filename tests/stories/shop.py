"""The repository in which the pages of the documentation run: a team's, with a past.

Two prompts have signed releases and are live in two environments, one has an eval suite, and the run log
holds some runs. `make_shop` builds it once; a page gets a copy.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import promptops
from tests.cli.running import accept
from tests.repositories import Repo
from tests.templates import copy_folder

if TYPE_CHECKING:
    from pathlib import Path

TRIAGE = """\
---
version: 1.0.0
description: Sort a support ticket by topic and urgency.
author: jane@example.com
model: openai/gpt-4o-mini
max_tokens: 200
inputs:
  ticket: {type: string, maxLength: 8000, untrusted: true}
  language: {type: string, default: English}
---
{% system %}
You sort support tickets. Answer in {{ language }}.
{% include "_shared/tone.md" %}
{% endsystem %}
{% user %}
{{ ticket }}
{% enduser %}
"""
DUNNING = """\
---
version: 1.0.0
description: Remind a customer of a bill.
author: jane@example.com
model: openai/gpt-4o-mini
max_tokens: 200
inputs:
  name: string
---
Write to {{ name }} that a bill is open. Be polite and brief.
"""
_SAMPLE = """\
  - name: {0}
    inputs: {{ticket: I write about {0}.}}
    expect:
      - contains: {0}
"""
SUITE = """\
schema: promptops.suite/v1
prompt: support/triage
samples:
""" + "".join(_SAMPLE.format(one) for one in ("money", "login", "parcels", "crashes", "thanks"))
ANSWERS = """\
rules:
  - when: {text: money}
    answer: money, urgent
  - answer: login, parcels, crashes or thanks
"""
FILES = {
    "prompts/support/triage.md": TRIAGE,
    "prompts/billing/dunning.md": DUNNING,
    "prompts/_shared/tone.md": "Be kind and brief.\n",
    "evals/support/triage.yaml": SUITE,
    "evals/_answers/support-triage.yaml": ANSWERS,
    "CODEOWNERS": "* @acme/platform\n/prompts/ @acme/support\n",
    ".promptops/groups.toml": '[teams]\n"@acme/support" = ["@wim", "@mo"]\n'
    '"@acme/platform" = ["@pat", "@kim"]\n',
    "promptops.toml": "# nothing but the defaults\n",
    "ticket.txt": "I was charged twice.\n",
}


def make_shop(folder: Path) -> None:
    """Write the repository `shop` and its remote `origin.git` into a folder."""
    repo = Repo.init(folder / "shop")
    repo.config("user.name", "Jane Doe")
    repo.config("user.email", "jane@example.com")
    key = folder / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)]
    subprocess.run(command, check=True)
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(key))
    repo.config("commit.gpgSign", "true")
    repo.config("tag.gpgSign", "true")
    public = key.with_suffix(".pub").read_text("ascii")
    repo.commit({**FILES, ".promptops/allowed_signers": f"jane@example.com {public}"}, "Begin")
    repo.publish(folder / "origin.git")
    # A copy of both finds its own remote.
    repo.git("remote", "set-url", "origin", "../origin.git")
    repo.git("branch", "--quiet", "--set-upstream-to", "origin/main")
    accept(repo, "release", "--all", "--push")
    accept(repo, "promote", "--all", "--to", "staging")
    accept(repo, "promote", "--all", "--to", "production", "--reason", "launch")
    text = TRIAGE
    for number, words in enumerate(("its topic", "topic and tone", "topic or tone"), 1):
        text = TRIAGE.replace("1.0.0", f"1.{number}.0").replace("topic", words)
        repo.commit({"prompts/support/triage.md": text}, f"Sort by {words}")
        repo.git("push", "--quiet")
        accept(repo, "release", "support/triage", "--push")
    accept(repo, "promote", "support/triage", "--to", "staging")
    reason = ("--reason", "sorts better")
    accept(repo, "promote", "support/triage", "--to", "production", *reason)
    _ask(repo, "support/triage", "u-42")
    # What was said in a conversation, and what waits for a person.
    with promptops.open(repo.path) as registry:
        talk = registry.conversation("c-42", user="u-42")
        talk.add("user", "I was charged twice.")
        talk.add("assistant", "I am sorry.")
    reviewed = text.replace(
        "max_tokens", "review: {when: \"inputs.language == 'English'\"}\nmax_tokens"
    )
    repo.write("prompts/support/triage.md", reviewed)
    _ask(repo, "support/triage@working", "u-43")
    repo.git("checkout", "--quiet", "prompts")


def _ask(repo: Repo, ref: str, user: str) -> None:
    for words in ("I was charged twice.", "My password is refused."):
        asked = ("--var", f"ticket={words}", "--model", "echo/any", "--user", user)
        accept(repo, "run", ref, *asked)


def copy_shop(template: Path, folder: Path) -> Repo:
    """Copy the repository and its remote; give the repository."""
    copy_folder(template, folder)
    return Repo(folder / "shop")
