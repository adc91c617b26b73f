#!/usr/bin/env bash
# The PyPI package codeowners takes a mention in a comment for an owner, and a line with a bad owner for
# a path without one.
#
# GitHub ends a line at a token that begins with `#`, so "*.js @js # ping @security" has one owner.
# A report that lists owners with this parser names people whom GitHub would not ask.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check codeowners==0.9.0
"$place/venv/bin/python" - <<'EOF'
from codeowners import CodeOwners

rules = CodeOwners("* @all\n*.js @js # ping @security\nsrc/ not-an-owner\n")
assert rules.of("a.js") == [("USERNAME", "@js"), ("USERNAME", "@security")], rules.of("a.js")
assert rules.of("src/a") == [], rules.of("src/a")
EOF
echo "still so: codeowners==0.9.0"
