#!/usr/bin/env bash
# sacrebleu scores only the first answer, and says 100, when references are listed by answer.
#
# `corpus_bleu` wants one list for each set of references. Given one list for each answer, which is how
# most data sets hold them, it raises no error and reads the first answer alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check sacrebleu==2.6.0
"$place/venv/bin/python" - <<'EOF'
import sacrebleu

answers = ["the cat sat on the mat", "wrong words here now ok", "nothing at all like it"]
references = ["the cat sat on the mat", "a dog ran in the park", "it was a bright cold day"]
right = sacrebleu.corpus_bleu(answers, [references]).score
swapped = sacrebleu.corpus_bleu(answers, [[text] for text in references]).score
assert right < 50, right
assert swapped > 99.9, swapped
EOF
echo "still so: sacrebleu==2.6.0"
