"""A verdict as a comment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.delivery.evidence import EvalEvidence
from promptops.gate.costs import COSTS_NOTE, measure_change
from promptops.gate.markdown import verdict_to_markdown
from promptops.gate.missing import HOPELESS
from promptops.gate.rules import Approvals, judge
from promptops.prompt.diff import diff_prompts
from promptops.prompt.finding import Finding, Position, Severity
from promptops.repository.prices import Prices
from promptops.repository.settings.models import ModelSettings
from tests.gate.pieces import (
    NEXT,
    PLAIN,
    approve,
    decide,
    edit,
    many_unbumped,
    propose,
    rules,
    state,
    touched,
)
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.gate.rules.change import PromptChange


def test_a_comment_says_who_approved_and_who_is_waited_for() -> None:
    one, two = edit(PLAIN, NEXT, name="one"), edit(None, NEXT, name="two")
    change = propose(one, two, paths=[touched("CODEOWNERS")])
    by = rules("* @lead\n/prompts/ @owner\n")
    text = verdict_to_markdown(decide(change, by, approve(change)))
    lines = text.split("\n")
    assert masked(lines[:2]) == snapshot(
        [
            "<!-- promptops gate -->",
            "### ❌ Prompts: may not merge: the approval of `@lead` missing",
        ]
    )
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@lead` missing

**Missing**

- `@lead` approves `CODEOWNERS`

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `one` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | `@owner` |
| `two` | new, 1.1.0 |  | `@owner` |

<details><summary>What the model will read</summary>

`one`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    assert masked(lines) == snapshot(
        [
            "<!-- promptops gate -->",
            "### ❌ Prompts: may not merge: the approval of `@lead` missing",
            "",
            "**Missing**",
            "",
            "- `@lead` approves `CODEOWNERS`",
            "",
            "| Prompt | Version | Change | Approved by |",
            "| --- | --- | --- | --- |",
            "| `one` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | `@owner` |",
            "| `two` | new, 1.1.0 |  | `@owner` |",
            "",
            "<details><summary>What the model will read</summary>",
            "",
            "`one`, `message 1 (user) changed`:",
            "",
            "```diff",
            "-Answer {{ question }}",
            "+Answer {{ question }} well",
            "```",
            "",
            "</details>",
            "",
            "**To run**",
            "",
            "```sh",
            "promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge",
            "```",
            "",
            "<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>",
        ]
    )
    assert masked(lines[-1]) == snapshot(
        "<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>"
    )
    allowed = verdict_to_markdown(decide(change, by, approve(change), approve(change, "@lead")))
    assert masked(allowed) == snapshot("""\
<!-- promptops gate -->
### ✅ Prompts: may merge

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `one` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | `@owner` |
| `two` | new, 1.1.0 |  | `@owner` |

<details><summary>What the model will read</summary>

`one`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    assert "approves" not in allowed


@pytest.mark.parametrize(
    ("sources", "approvers", "cell"),
    [
        (("file",), ["@owner"], "`@owner`"),
        (("file",), ["@stranger"], "—"),
        (("file",), [], "—"),
        ((), [], "not checked"),
        ((), ["@owner"], "`@owner`"),
    ],
)
def test_the_table_says_whose_approval_is_there(
    sources: tuple[str, ...], approvers: list[str], cell: str
) -> None:
    change = propose(edit(PLAIN, NEXT))
    found = [approve(change, name) for name in approvers]
    text = verdict_to_markdown(decide(change, None, *found, sources=sources))
    assert f"minor bump: done | {cell} |" in text


def test_one_file_without_its_approval_is_enough_to_say_that_it_was_not_checked() -> None:
    one = replace(edit(PLAIN, NEXT), changed=("prompts/_tone.md", "prompts/triage.md"))
    change = propose(one, paths=[touched("prompts/_tone.md")])
    by = rules("* @owner\n/prompts/_tone.md @tone\n")
    text = verdict_to_markdown(decide(change, by, approve(change), sources=()))
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ✅ Prompts: may merge

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `triage` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | not checked |

<details><summary>What the model will read</summary>

`triage`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

- ⚠️ `approvals were not checked` (`unchecked-approval`)
  `run the gate in the forge's CI, or pass --approvals signed or file`
- No approval needed from `@tone`: `prompts/_tone.md`

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")


def test_a_comment_waits_for_nobody_where_nobody_was_asked() -> None:
    careful = edit(PLAIN, prompt_text("1.1.0", requires_review="true"))
    change = propose(careful, paths=[touched("CODEOWNERS")])
    lines = verdict_to_markdown(decide(change, sources=())).split("\n")
    # What takes a review in any case is waited for, no matter who was asked.
    assert masked(lines) == snapshot(
        [
            "<!-- promptops gate -->",
            "### ❌ Prompts: may not merge: the approval of `@owner` missing",
            "",
            "**Missing**",
            "",
            "- `@owner` approves `prompts/triage.md`",
            "",
            "| Prompt | Version | Change | Approved by |",
            "| --- | --- | --- | --- |",
            "| `triage` | 1.0.0 -> 1.1.0 | documentation change, patch bump: done | not checked |",
            "",
            "- `triage`: **documentation** `requires_review`: it concerns how changes are approved (nothing → `true`)",
            "",
            "**To run**",
            "",
            "```sh",
            "promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge",
            "```",
            "",
            "- ⚠️ `approvals were not checked` (`unchecked-approval`)",
            "  `run the gate in the forge's CI, or pass --approvals signed or file`",
            "- No approval needed from `@nobody`: `CODEOWNERS`",
            "",
            "<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>",
        ]
    )
    assert sum(" approves " in line or line.startswith("- No approval") for line in lines) == 2


def test_an_approver_of_several_files_is_named_once() -> None:
    one = replace(edit(PLAIN, NEXT), changed=("prompts/_tone.md", "prompts/triage.md"))
    change = propose(one, paths=[touched("prompts/_tone.md")])
    by = rules("* @a @b")
    text = verdict_to_markdown(decide(change, by, approve(change, "@b"), approve(change, "@a")))
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ✅ Prompts: may merge

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `triage` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | `@a`, `@b` |

<details><summary>What the model will read</summary>

`triage`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")


def test_a_comment_about_nothing_says_so() -> None:
    nothing = "The change touches no prompt and nothing that governs them."
    assert nothing in verdict_to_markdown(decide(propose()))
    governed = verdict_to_markdown(decide(propose(paths=[touched("CODEOWNERS")])))
    assert nothing not in governed
    assert "| Prompt |" not in governed
    assert nothing not in verdict_to_markdown(decide(propose(edit(PLAIN, NEXT))))


def test_a_comment_is_never_too_long() -> None:
    prompts = [edit(PLAIN, NEXT, name=f"p{at:02}") for at in range(31)]
    change = propose(*prompts)
    text = verdict_to_markdown(decide(change))
    assert "| `p29` |" in text
    assert "| `p30` |" not in text
    assert "| … and 1 more | | | |" in text
    assert "- `@owner` approves `prompts/p00.md`, `prompts/p01.md`, `prompts/p02.md`" in text
    assert "`prompts/p02.md` and 28 more" in text
    few = verdict_to_markdown(decide(propose(*prompts[:30])))
    assert "more |" not in few
    three = verdict_to_markdown(decide(propose(*prompts[:3])))
    assert masked(three) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@owner` missing

**Missing**

- `@owner` approves `prompts/p00.md`, `prompts/p01.md`, `prompts/p02.md`

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `p00` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — |
| `p01` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — |
| `p02` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — |

<details><summary>What the model will read</summary>

`p00`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

`p01`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

`p02`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    owners = "".join(f"/x{at:02} @o{at:02}\n" for at in range(31))
    crowd = propose(paths=[touched(f"x{at:02}") for at in range(31)])
    text = verdict_to_markdown(decide(crowd, rules(owners)))
    assert "- `@o29` approves `x29`\n- … and 1 more\n" in text


def _with(*findings: Finding) -> str:
    return verdict_to_markdown(replace(decide(propose()), findings=findings))


def test_findings_come_gravest_first_with_place_and_hint() -> None:
    text = _with(
        Finding("c", Severity.NOTE, "third", "a"),
        Finding("b", Severity.WARNING, "second", "a", None, "do it"),
        Finding("a", Severity.ERROR, "first", "a", Position(3, 1, 3, 2)),
    )
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: a fix of 1 error missing

**Missing**

- ❌ `a` line 3: `first` (`a`)

The change touches no prompt and nothing that governs them.

- ⚠️ `second` (`b`)
  `do it`
- 💡 `third` (`c`)

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    assert text.index("first") < text.index("second")


def test_what_comes_from_files_cannot_forge_anything() -> None:
    text = _with(Finding("a", Severity.ERROR, "`@all`\n# no", "a", None, "x\n- ✅ fine"))
    assert "\n# no" not in text
    assert "\n- ✅" not in text
    assert "x" * 300 in _with(Finding("a", Severity.ERROR, "x" * 300, "a"))
    long = _with(Finding("a", Severity.ERROR, "x" * 301, "a"))
    assert "x" * 300 + "…" in long
    assert "x" * 301 not in long
    assert "…" not in _with(Finding("a", Severity.ERROR, "x" * 300, "a"))


def test_a_comment_shows_what_the_model_will_read_and_a_partials_change_once() -> None:
    one, two = (_by_partial(name, "tone") for name in ("one", "two"))
    text = verdict_to_markdown(decide(propose(one, two, edit(PLAIN, NEXT, name="own"))))
    folded = text[text.index("<details>") : text.index("</details>")]
    assert folded.count("-Be kind.\n+Be brief.\n") == 1
    assert folded == snapshot("""\
<details><summary>What the model will read</summary>

`_tone.md`, used by 2 prompts:

```diff
-Be kind.
+Be brief.
```

`own`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

""")
    assert "`one`" not in folded
    assert "<details>" not in verdict_to_markdown(decide(propose(edit(None, NEXT))))


def test_a_message_that_differs_by_more_than_a_partial_shows_the_rest() -> None:
    change = _by_partial("one", "tone", own="Answer {{ question }} at once")
    text = verdict_to_markdown(decide(propose(change)))
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@owner` missing

**Missing**

- `@owner` approves `prompts/one.md`

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `one` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — |

<details><summary>What the model will read</summary>

`_tone.md`, used by 1 prompt:

```diff
-Be kind.
+Be brief.
```

`one`, `message 1 (user) changed`:

```diff
-Be kind.
+Be brief.
 \n\
 \n\
 \n\
 \n\
-Answer {{ question }}
+Answer {{ question }} at once
```

</details>

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")


def test_a_comment_shows_as_much_text_as_it_has_room_for() -> None:
    long = prompt_text("1.1.0", body="\n".join(f"{at} {'x' * 500}" for at in range(100)))
    text = verdict_to_markdown(decide(propose(edit(PLAIN, long, name="long"))))
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@owner` missing

**Missing**

- `@owner` approves `prompts/long.md`

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `long` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — |

<details><summary>What the model will read</summary>

More lines differ than fit here: `promptops diff` shows them all.

</details>

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    assert len(text) < 50_000


def _by_partial(name: str, partial: str, *, own: str = "Answer {{ question }}") -> PromptChange:
    include = f'{{% include "_{partial}.md" %}}\n\n\n\n\n'
    old = state(
        prompt_text("1.0.0", include + "Answer {{ question }}"), name, **{partial: "Be kind.\n"}
    )
    new = state(prompt_text("1.1.0", include + own), name, **{partial: "Be brief.\n"})
    change = replace(edit(PLAIN, NEXT, name=name), before=old, after=new)
    return replace(change, diff=diff_prompts(old.prompt, new.prompt))


def test_texts_share_the_room_of_a_comment() -> None:
    both = propose(_by_partial("one", "a"), _by_partial("two", "b"))
    text = verdict_to_markdown(decide(both))
    first = text[text.index("`_a.md`") : text.index("`_b.md`")].rstrip()
    for room, is_shown in ((len(first), (True, False)), (len(first) - 1, (False, False))):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("promptops.gate.markdown._MAX_TEXT", room)
            text = verdict_to_markdown(decide(both))
        assert tuple(f"`{one}`, used by" in text for one in ("_a.md", "_b.md")) == is_shown
        assert "More lines differ than fit here" in text


def test_a_comment_says_what_evals_came_to() -> None:
    change = propose(edit(PLAIN, NEXT))
    after = change.prompts[0].after
    assert after is not None
    assert after.prompt is not None
    digest = after.prompt.digest
    evidence = [
        EvalEvidence("one", digest, "evals/one.yaml", passed=True, samples=4),
        EvalEvidence("two", digest, "evals/two.yaml", passed=False, samples=4),
    ]
    text = verdict_to_markdown(judge(change, rules(), Approvals(("file",)), evidence=evidence))
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@owner` missing

**Missing**

- `@owner` approves `prompts/triage.md`

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `triage` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — |

<details><summary>What the model will read</summary>

`triage`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

- 🧪 Evals of `one`: `evals/one.yaml passed, 4 samples`
- ❌ Evals of `two`: `evals/two.yaml did not pass, 4 samples`

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    plain = verdict_to_markdown(judge(change, rules(), Approvals(("file",))))
    assert "\n\n\n" not in plain


def test_a_comment_has_the_exact_line_to_write() -> None:
    text = verdict_to_markdown(many_unbumped(1))
    assert masked(text.split("\n")[1]) == snapshot(
        "### ❌ Prompts: may not merge: 1 version number and the approval of `@owner` missing"
    )
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: 1 version number and the approval of `@owner` missing

**Missing**

- The author writes this version:
  - `prompts/p0.md`, line 2: `version: 1.1.0` (`changed-release`)
    `p0 1.0.0 is already released with other content`
- `@owner` approves `prompts/p0.md`

| Prompt | Version | Change | Approved by |
| --- | --- | --- | --- |
| `p0` | 1.0.0 | behaviour change, minor bump needed: 1.1.0 | — |

<details><summary>What the model will read</summary>

`p0`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} well
```

</details>

**To run**

```sh
promptops bump p0  # 1.1.0
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")


def test_a_comment_has_all_lines_to_write_with_the_reasons_of_a_few() -> None:
    for count, is_reasoned in ((1, True), (3, True), (4, False)):
        text = verdict_to_markdown(many_unbumped(count))
        what = "this version" if count == 1 else "these versions"
        assert f"- The author writes {what}:\n  - `prompts/p0.md`, line 2: " in text
        reason = "is already released with other content"
        assert (reason in text) is is_reasoned
    assert "author writes" not in verdict_to_markdown(decide(propose(edit(PLAIN, NEXT))))


def test_a_path_that_somebody_can_approve_does_not_make_another_hopeless() -> None:
    change = propose(paths=[touched("a"), touched("b")], authors=["@owner"])
    verdict = decide(change, rules("/a @owner @x\n/b @owner @x\n"))
    one, two = verdict.requirements
    for hopeless in ((True, False), (True, True), (False, False)):
        needs = (replace(one, is_hopeless=hopeless[0]), replace(two, is_hopeless=hopeless[1]))
        text = verdict_to_markdown(replace(verdict, requirements=needs))
        assert (HOPELESS in text) is any(hopeless)


@pytest.mark.parametrize(("count", "is_cut"), [(30, False), (31, True)])
def test_thirty_differences_of_values_are_shown(count: int, is_cut: bool) -> None:
    inputs = "".join(f"\n  i{at}: {{type: string, default: a}}" for at in range(count))
    others = inputs.replace("default: a", "default: b")
    change = edit(prompt_text(inputs=inputs), prompt_text("2.0.0", inputs=others))
    text = verdict_to_markdown(decide(propose(change)))
    assert ("more differences" in text) is is_cut


def test_a_comment_has_tokens_and_price_of_either_side() -> None:
    old = prompt_text("1.0.0", max_tokens="100")
    new = prompt_text("1.1.0", "Answer {{ question }} in a friendly way.", max_tokens="200")
    change = propose(edit(old, new))
    costs = measure_change(change, Prices(ModelSettings()))
    row = "— | 2 -> 7 | $0.06 -> $0.12 |"
    text = verdict_to_markdown(decide(change), costs)
    assert row in text
    assert masked(text) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@owner` missing

**Missing**

- `@owner` approves `prompts/triage.md`

| Prompt | Version | Change | Approved by | Tokens | 1,000 runs |
| --- | --- | --- | --- | --- | --- |
| `triage` | 1.0.0 -> 1.1.0 | behaviour change, minor bump: done | — | 2 -> 7 | $0.06 -> $0.12 |

<sub>Tokens are estimates of the prompt's own text, without inputs; the price of 1,000 runs is theirs and that of answers of max_tokens.</sub>

- `triage`: **behaviour** `max_tokens`: the model is called with other parameters (`100` → `200`)

<details><summary>What the model will read</summary>

`triage`, `message 1 (user) changed`:

```diff
-Answer {{ question }}
+Answer {{ question }} in a friendly way.
```

</details>

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
    assert f"\n\n<sub>{COSTS_NOTE}</sub>" in text
    assert "Tokens" not in verdict_to_markdown(decide(change))
    assert COSTS_NOTE not in verdict_to_markdown(decide(change))
    priceless = prompt_text("1.1.0", model="own/x")
    change = propose(edit(None, priceless))
    costs = measure_change(change, Prices(ModelSettings()))
    assert masked(verdict_to_markdown(decide(change), costs)) == snapshot("""\
<!-- promptops gate -->
### ❌ Prompts: may not merge: the approval of `@owner` missing

**Missing**

- `@owner` approves `prompts/triage.md`

| Prompt | Version | Change | Approved by | Tokens | 1,000 runs |
| --- | --- | --- | --- | --- | --- |
| `triage` | new, 1.1.0 |  | — | 2 |  |

<sub>Tokens are estimates of the prompt's own text, without inputs; the price of 1,000 runs is theirs and that of answers of max_tokens.</sub>

**To run**

```sh
promptops approve --base main --head cccccccccccc  # by an owner, or their approval on the forge
```

<sub>`cccccccccccc` into `main`, verdict `<digest>`</sub>\
""")
