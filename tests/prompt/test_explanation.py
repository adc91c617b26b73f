"""What is said of values that the frontmatter's contract refuses."""

from __future__ import annotations

import pytest

from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.metadata import check_metadata, frontmatter_schema
from tests.prompt.pieces import REQUIRED, judge, read

BAD = [
    ("version: 1.10", "invalid-version", 10, "YAML reads 1.10 as the number 1.1", "1.10.0"),
    ("version: 1", "invalid-version", 10, "YAML reads 1 as the number 1", "1.0.0"),
    ("version: .5", "invalid-version", 10, "the number 0.5", "such as 1.4.0"),
    ("version: v1.0.0", "invalid-version", 10, "'v1.0.0' is not a version", "1.0.0"),
    ("version: true", "invalid-version", 10, "the version is not a text", "three numbers"),
    ("version:", "invalid-version", 9, "the version is not a text", "three numbers"),
    ("version: 010", "surprising-yaml", 10, "another notation", '"010"'),
    ("description: 1", "mistyped-key", 14, "'description' is not a text", "quote it"),
    ("description:", "mistyped-key", 13, "'description' is not a text", "leave the key out"),
    ("description: ''", "mistyped-key", 14, "'description' is empty", "give it a value"),
    ("author: [a]", "mistyped-key", 9, "'author' is not a text", None),
    ("requires_review: 'true'", "mistyped-key", 18, "is not true or false", "leave out the quotes"),
    ("requires_review: yes", "surprising-yaml", 18, "YAML reads yes as", "true for the switch"),
    ("status: Active", "mistyped-key", 9, "not one of draft, active, deprecated", "'active'"),
    ("tags: support", "mistyped-key", 7, "'tags' is not a list", "write [support]"),
    ("tags: [1]", "mistyped-key", 8, "'tags.0' is not a text", "quote it"),
    ("tags: [a, b, a]", "mistyped-key", 14, "'tags' has 'a' twice", "keep one"),
    ("tags: ['']", "mistyped-key", 8, "'tags.0' is empty", "give it a value"),
    ("model: 4", "mistyped-key", 8, "'model' is not a text", "quote it"),
    ("fallbacks: m", "mistyped-key", 12, "'fallbacks' is not a list", "write [m]"),
    ("temperature: 3", "mistyped-key", 14, "'temperature' is 3, more than 2", None),
    ("temperature: -1", "mistyped-key", 14, "'temperature' is -1, less than 0", None),
    ("temperature: '0.2'", "mistyped-key", 14, "is not a number", "write 0.2, without quotes"),
    ("temperature: 1e-1", "surprising-yaml", 14, "YAML 1.2 as a number", "0.1 for the number"),
    ("temperature: hot", "mistyped-key", 14, "is not a number", None),
    ("top_p: 2", "mistyped-key", 8, "'top_p' is 2, more than 1", None),
    ("max_tokens: 400.0", "mistyped-key", 13, "is not a whole number", "write 400"),
    ("max_tokens: 1.5", "mistyped-key", 13, "is not a whole number", None),
    ("max_tokens: 0", "mistyped-key", 13, "'max_tokens' is 0, less than 1", None),
    ("stop: 5", "mistyped-key", 7, "'stop' is not a text or a list of texts", "quote it"),
    ("stop: []", "mistyped-key", 7, "'stop' is empty", "leave the key out"),
    ("seed: 1.0", "mistyped-key", 7, "'seed' is not a whole number", "write 1"),
    ("timeout: 0", "mistyped-key", 10, "'timeout' is 0; it must be more than 0", None),
    ("parameters: []", "mistyped-key", 13, "'parameters' is not a mapping", None),
    ("parameters: {model: x}", "mistyped-key", 14, "'parameters.model' cannot", "top level"),
    ("parameters: {messages: []}", "mistyped-key", 14, "'parameters.messages'", "the body"),
    ("inputs:", "mistyped-key", 8, "'inputs' is not a mapping", "leave the key out"),
    ("inputs: {a-b: string}", "mistyped-key", 10, "'a-b' cannot be the name", "letters, digits"),
    ("inputs: {a: strin}", "mistyped-key", 13, "not a type name or a JSON Schema", "'string'"),
    ("inputs: {a: 1}", "mistyped-key", 13, "'inputs.a' is not a type name", "types are string"),
    ("inputs: {a: {type: strin}}", "mistyped-key", 20, "'inputs.a.type' is not a type", "'string'"),
    ("inputs: {a: {untrusted: x}}", "mistyped-key", 25, "'inputs.a.untrusted' is not true", None),
    ("inputs: {a: {redact: x}}", "mistyped-key", 22, "'inputs.a.redact' is not true", None),
    ("inputs: {a: {description: 1}}", "mistyped-key", 27, "description' is not a text", "quote it"),
    ("output: 5", "mistyped-key", 9, "'output' is not a JSON Schema or the path of one", None),
    ("tools: x", "mistyped-key", 8, "'tools' is not a list", "write [x]"),
    ("routes: {}", "mistyped-key", 9, "'routes' is not a list", None),
    ("routes: [{model: m}]", "missing-key", 10, "'routes.0' has no 'when'", "add 'when'"),
    ("routes: [{when: a}]", "mistyped-key", 10, "exactly one of model, prompt and reply", None),
    ("routes: [{when: a, model: m, replay: r}]", "unknown-key", 30, "'replay' in 'routes.0'",
     "'reply'"),
    ("escalate: {when: a}", "missing-key", 11, "'escalate' has no 'model'", "add 'model'"),
    ("review: {when: ''}", "mistyped-key", 16, "'review.when' is empty", "give it"),
    ("review: {when: a, xyz: b}", "unknown-key", 19, "'xyz' in 'review'", "'when'"),
    ("review: {when: a, model: b}", "unknown-key", 19, "'model' in 'review'", "'when'"),
    ("choose: {by: speed, among: [a]}", "mistyped-key", 14, "'choose.by' is not one of cost", None),
    ("choose: {by: cost}", "missing-key", 9, "'choose' has no 'among'", "add 'among'"),
    ("repair: 9", "mistyped-key", 9, "'repair' is", None),
    ("reply: 5", "mistyped-key", 8, "'reply' is not a text, an object or a list", "quote it"),
    ("rules: {}", "mistyped-key", 8, "'rules' is empty", "leave the key out"),
    ("rules: {forbit: [a]}", "unknown-key", 9, "'forbit' in 'rules'", "'forbid'"),
    ("limitations: 5", "mistyped-key", 14, "a text or a list of texts", "quote it"),
    ("evals: 1", "mistyped-key", 8, "'evals' is not a text", "quote it"),
    ("ignore: {a: 1}", "mistyped-key", 13, "'ignore.a' is not a text", "quote it"),
    (
        "ignore: [x]",
        "mistyped-key",
        9,
        "'ignore' is not a mapping",
        "write the reason to each check: {check-id: reason}",
    ),
    ("metadata: x", "mistyped-key", 11, "'metadata' is not a mapping", None),
    ("tempratur: 1", "unknown-key", 1, "unknown key 'tempratur'", "'temperature'"),
    ("team: a", "unknown-key", 1, "unknown key 'team'", "below 'metadata'"),
    ("name: a", "unknown-key", 1, "unknown key 'name'", "the name is the path, "),
    ("yes: a", "surprising-yaml", 1, "the key yes as true or false", 'write "yes"'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "check", "column", "message", "hint"), BAD)
def test_bad_values_are_one_finding_in_their_place(
    line: str, check: str, column: int, message: str, hint: str | None
) -> None:
    document = read(line)
    (finding,) = judge(line)
    assert finding.check == check
    assert message in finding.message
    assert hint in (finding.hint or "") if hint else finding.hint is None
    assert finding.position is not None
    last = document.text.split("\n").index(line) + 1
    assert (finding.position.line, finding.position.column) == (last, column)


def test_every_key_has_a_good_and_a_bad_example_here() -> None:
    assert {line.split(":")[0] for line, *_ in BAD} >= set(frontmatter_schema()["properties"])


def test_missing_keys_are_each_named_with_a_line_to_add() -> None:
    findings = list(check_metadata(read_document("a.md", b"---\ntags: []\n---\n")))
    assert [finding.message for finding in findings] == [f"'{key}' is missing" for key in REQUIRED]
    assert all(finding.hint and finding.hint.startswith("add a line") for finding in findings)


@pytest.mark.slow
def test_masses_of_faults_are_cut_off() -> None:
    for line in ("\n".join(f"k{n}: 1" for n in range(3000)), "tags: [" + "1, " * 3000 + "1]"):
        assert 10 < len(judge(line)) <= 100
