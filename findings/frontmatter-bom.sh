#!/usr/bin/env bash
# python-frontmatter reads a file that begins with a byte order mark as one without frontmatter.
#
# Windows editors write the mark. No error is raised: the metadata are empty, and the frontmatter, with
# whatever it says of models and authors, becomes part of the text.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check python-frontmatter==1.3.0
"$place/venv/bin/python" - <<'EOF'
import pathlib
import tempfile

import frontmatter

TEXT = "---\nmodel: a\n---\nHello\n"
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, "prompt.md")
    path.write_bytes(TEXT.encode("utf-8"))
    assert frontmatter.load(path).metadata == {"model": "a"}
    path.write_bytes(TEXT.encode("utf-8-sig"))
    post = frontmatter.load(path)
    assert post.metadata == {}, post.metadata
    assert "model: a" in post.content, post.content
EOF
echo "still so: python-frontmatter==1.3.0"
