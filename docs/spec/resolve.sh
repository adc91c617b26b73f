#!/bin/sh
# A promptops runtime in shell: prints the prompt file that is live, or fails.
# Usage: resolve.sh REPOSITORY REF NAME        REF: refs/remotes/origin/promptops/production
set -eu
cd "$1"; ref=$2; name=$3
entry=$(git show "$ref:promptops.lock" | sed -n "\#^  \"$(printf %s "$name" | sed 's/[.]/\\./g')\": {#,\#^  }#p")
[ -n "$entry" ] || { echo "$name is not live" >&2; exit 1; }
printf %s "$entry" | grep -q '"paused": null' || { echo "$name is paused" >&2; exit 1; }
value() { printf '%s\n' "$entry" | sed -n "s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" | head -n 1; }
folder="releases/$name@$(value version)"
digest=$({ echo promptops-digest-v1
    git ls-tree -r --name-only "$ref" "$folder/" | LC_ALL=C sort | while IFS= read -r path; do
        printf '%s  %s\n' "$(git show "$ref:$path" | sha256sum | cut -c 1-64)" "${path#"$folder"/}"
    done; } | sha256sum | cut -c 1-64)
[ "sha256:$digest" = "$(value digest)" ] || { echo "$name was altered" >&2; exit 1; }
git show "$ref:$folder/$name.md"
