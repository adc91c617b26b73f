#!/bin/sh
# A promptops runtime in shell: prints the prompt file that is live, or fails.
# Usage: resolve.sh REPOSITORY REF NAME        REF: refs/remotes/origin/promptops/production
set -eu
export LC_ALL=C
cd "$1"; ref=$2; name=$3
fail() { printf '%s %s\n' "$name" "$1" >&2; exit 1; }
case $name in '' | *[!a-z0-9._/-]*) fail 'is not a prompt name' ;; esac
# The branch may move meanwhile: everything is read from one commit.
at=$(git rev-parse --verify --quiet --end-of-options "$ref^{commit}") || fail "has no $ref here"
lock=$(git cat-file blob "$at:promptops.lock")
printf '%s\n' "$lock" | grep -q '^ "schema": "promptops.lock/v1"$' || fail 'has an unknown lock'
entry=$(printf '%s\n' "$lock" | sed -n "\#^  \"$(printf %s "$name" | sed 's/[.]/\\./g')\": {#,\#^  }#p")
[ -n "$entry" ] || fail 'is not live'
printf '%s\n' "$entry" | grep -q '^   "paused": null$' || fail 'is paused'
value() { printf '%s\n' "$entry" | sed -n "s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" | head -n 1; }
folder="releases/$name@$(value version)"
digest=$({ echo promptops-digest-v1
    git ls-tree -r -z --name-only "$at" "$folder/" | tr '\0' '\n' | sort | while IFS= read -r path; do
        printf '%s  %s\n' "$(git cat-file blob "$at:$path" | sha256sum | cut -c 1-64)" "${path#"$folder"/}"
    done; } | sha256sum | cut -c 1-64)
[ "sha256:$digest" = "$(value digest)" ] || fail 'was altered'
git cat-file blob "$at:$folder/$name.md"
