#!/usr/bin/env bash
# python-frontmatter fails with a TypeError on a key such as `no`, `on` or `1`.
#
# YAML 1.1 reads `no: 1` as a boolean key, and the package passes keys on as names of arguments. Who loads
# files of strangers has to catch TypeError beside the errors of YAML.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check python-frontmatter==1.3.0 PyYAML==6.0.3
"$place/venv/bin/python" - <<'EOF'
import frontmatter

for key in ("no", "on", "1"):
    try:
        post = frontmatter.loads(f"---\n{key}: a\n---\nHello\n")
    except TypeError as error:
        assert "keywords must be strings" in str(error), error
    else:
        raise AssertionError(f"{key} is read: {post.metadata}")
EOF
echo "still so: python-frontmatter==1.3.0 PyYAML==6.0.3"
