#!/usr/bin/env bash
# git-cliff counts on from the tag of another thing, and calls the next version of the application
# `prompts/support/triage@1.1.1`.
#
# In a repository with several kinds of tags it takes the nearest one, whatever its name, and exits 0.
# `tag_pattern` in its configuration keeps it to the application's own tags.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check git-cliff==2.14.2
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git init --quiet --initial-branch=main "$place/repo"
cd "$place/repo"
git commit --quiet --allow-empty --message "feat: begin"
git tag --annotate --message x v0.3.0
git commit --quiet --allow-empty --message "feat: a prompt"
git tag --annotate --message x prompts/support/triage@1.1.0
git commit --quiet --allow-empty --message "fix: the application"
next=$("$place/venv/bin/git-cliff" --bumped-version 2>/dev/null)
[ "$next" = "prompts/support/triage@1.1.1" ] || { echo "changed: the next version is $next"; exit 1; }
printf '[git]\ntag_pattern = "^v[0-9]"\n' >cliff.toml
next=$("$place/venv/bin/git-cliff" --bumped-version 2>/dev/null)
[ "$next" = "v0.3.1" ] || [ "$next" = "v0.4.0" ] || { echo "changed: with tag_pattern it is $next"; exit 1; }
echo "still so: git-cliff==2.14.2"
