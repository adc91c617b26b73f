"""Whose approval counts for what: each rule by itself, without a repository."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.forge.codeowners import Dialect
from promptops.gate.markdown import verdict_to_markdown
from promptops.gate.missing import HOPELESS
from promptops.gate.rules import ApprovalEntry, ApprovalReason, Proposal, Requirement
from promptops.gate.rules.people import names_of, parse_groups
from tests.gate.pieces import (
    AUTHOR,
    PATH,
    approve,
    decide,
    edit,
    entry,
    errors,
    propose,
    reasons,
    rules,
    touched,
    unmet,
)
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.gate.rules import Approval, Change, Rules, Verdict

ONE = propose(paths=[touched()])
TWO = propose(paths=[touched(), touched("prompts/other.md")])

GROUPS = """\
[people]
jane = ["@jane", "@Jane-Work", "Jane@example.com"]
bob = ["@bob", "bob@example.com"]
[teams]
"@acme/prompts" = ["jane", "@acme/writers"]
"@acme/writers" = ["@bob"]
"@acme/empty" = []
"""


# Who may approve at all.


@pytest.mark.parametrize(
    ("author", "approver"),
    [
        (AUTHOR, AUTHOR),
        (AUTHOR, "Author@Example.com"),
        ("@author", "@AUTHOR"),
        ("jane@example.com", "@jane"),
        ("@jane-work", "jane"),
        ("@jane", "JANE@example.com"),
    ],
)
@pytest.mark.parametrize("is_from_the_forge", [False, True])
def test_the_author_may_not(author: str, approver: str, is_from_the_forge: bool) -> None:
    authors = ["bot@example.com" if is_from_the_forge else author]
    change = propose(paths=[touched()], authors=authors)
    by = rules("* @owner " + approver, groups=GROUPS)
    found: dict[str, Any] = {"author": author} if is_from_the_forge else {}
    verdict = decide(change, by, approve(change, approver), **found)
    assert reasons(verdict) == {approver: {"the author of the change"}}
    assert errors(verdict) == ["missing-approval"]


@pytest.mark.parametrize("is_from_the_forge", [False, True])
@pytest.mark.parametrize(
    ("committer", "approver"), [("@jane-work", "@jane"), ("bob@example.com", "@bob")]
)
def test_who_committed_may_approve_only_where_the_rules_say_so(
    committer: str, approver: str, is_from_the_forge: bool
) -> None:
    change = propose(paths=[touched()], committers=[] if is_from_the_forge else [committer])
    found: dict[str, Any] = {"committers": (committer,)} if is_from_the_forge else {}
    strict = rules(f"* {approver}", groups=GROUPS)
    verdict = decide(change, strict, approve(change, approver), **found)
    assert reasons(verdict) == {approver: {"committed to the change"}}
    assert not verdict.is_allowed
    lenient = replace(strict, committers_may=True)
    assert decide(change, lenient, approve(change, approver), **found).is_allowed


def test_the_author_may_not_where_committers_may() -> None:
    by = rules(f"* {AUTHOR}", committers_may=True)
    assert errors(decide(ONE, by, approve(ONE, AUTHOR))) == ["missing-approval"]


@pytest.mark.parametrize(
    ("address", "approver"),
    [
        ("12+jane@users.noreply.github.com", "@jane"),
        ("jane@users.noreply.github.com", "@Jane"),
        ("12+jane@users.noreply.git.example.com", "@jane"),
        ("12-jane@users.noreply.gitlab.com", "@jane"),
        ("12-jane@users.noreply.gitlab.com", "@12-jane"),
    ],
)
def test_a_private_address_is_no_second_person(address: str, approver: str) -> None:
    authored = propose(paths=[touched()], authors=names_of(address))
    by = rules(f"* {approver} {address}")
    assert not decide(authored, by, approve(authored, approver)).is_allowed
    # The other way round: signed with the address, proposed under the login.
    assert not decide(ONE, by, approve(ONE, address), author=approver).is_allowed
    assert not decide(ONE, by, approve(ONE, address), committers=(approver,)).is_allowed
    assert decide(ONE, by, approve(ONE, address), author="@another").is_allowed


def test_two_names_of_one_person_are_one_approval() -> None:
    section = "[Prompts][2]\n* @jane @jane-work jane@users.noreply.github.com @bob\n"
    by = rules(section, groups=GROUPS, dialect=Dialect.GITLAB)
    for names in (["@jane", "@jane-work"], ["@jane", "@JANE"], ["@jane"] * 3):
        verdict = decide(ONE, by, *(approve(ONE, name) for name in names))
        assert [len(need.given) for need in verdict.requirements] == [1]
        assert errors(verdict) == ["missing-approval"]
    private = approve(ONE, "jane@users.noreply.github.com")
    without = rules(section, dialect=Dialect.GITLAB)
    assert not decide(ONE, without, approve(ONE, "@jane"), private).is_allowed
    assert decide(ONE, by, approve(ONE, "@jane"), approve(ONE, "@bob")).is_allowed


@pytest.mark.parametrize(("may_write", "is_allowed"), [(True, True), (False, False), (None, True)])
def test_who_may_not_write_may_not_approve(may_write: bool | None, is_allowed: bool) -> None:
    verdict = decide(ONE, None, approve(ONE, may_write=may_write))
    assert verdict.is_allowed is is_allowed
    if not is_allowed:
        assert reasons(verdict) == {"@owner": {"may not write to the repository"}}


@pytest.mark.parametrize(
    ("owner", "approver", "is_owner"),
    [
        ("@owner", "@Owner", True),
        ("@Owner", "@owner", True),
        ("@owner", "@owner2", False),
        ("@owner", "owner", False),
        ("jane@example.com", "@jane", True),
        ("@jane", "Jane@example.com", True),
        ("@acme/prompts", "@jane", True),
        ("@acme/prompts", "@bob", True),
        ("@ACME/Writers", "bob@example.com", True),
        ("@acme/writers", "@jane", False),
        ("@acme/empty", "@jane", False),
        ("@acme/unknown", "@jane", False),
        ("@lead @acme/writers", "@bob", True),
    ],
)
def test_an_owner_is_one_by_name_or_by_team(owner: str, approver: str, is_owner: bool) -> None:
    verdict = decide(ONE, rules(f"* {owner}", groups=GROUPS), approve(ONE, approver))
    assert verdict.is_allowed is is_owner
    assert reasons(verdict) == ({} if is_owner else {approver: {"not an owner of it"}})


def test_the_forges_word_on_a_team_stands_before_the_groups_file() -> None:
    by = rules("* @Acme/Writers", groups=GROUPS)
    for members, is_allowed in [({"@bob"}, True), ({"@jane"}, False), (set(), False)]:
        teams = {"@acme/writers": frozenset(members)}
        assert decide(ONE, by, approve(ONE, "@bob"), teams=teams).is_allowed is is_allowed


def test_what_nobody_owns_takes_anybody_else() -> None:
    for owners in ("/src/ @dev\n", "/prompts/\n"):
        by = rules(owners)
        assert errors(decide(ONE, by)) == ["missing-approval"]
        assert errors(decide(ONE, by, approve(ONE, AUTHOR))) == ["missing-approval"]
        assert decide(ONE, by, approve(ONE, "@anybody")).is_allowed


# What an approval is of.


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"contents": None}, "it is unknown what was approved"),
        ({"contents": {}}, "did not approve this file"),
        ({"contents": {"prompts/other.md": entry("new")}}, "did not approve this file"),
        ({"contents": {PATH: entry("old")}}, "approved other content"),
        ({"contents": {PATH: entry("new", "100755")}}, "approved other content"),
        ({"contents": {PATH: None}}, "approved other content"),
        ({"lapsed": frozenset({PATH})}, "the target branch has changed it since"),
    ],
)
def test_only_what_was_seen_is_approved(more: dict[str, Any], reason: str) -> None:
    verdict = decide(ONE, None, approve(ONE, **more))
    assert reasons(verdict) == {"@owner": {reason}}
    assert errors(verdict) == ["missing-approval"]


def test_absence_is_approved_as_absence() -> None:
    change = propose(paths=[touched(after=None)])
    assert decide(change, None, approve(change)).is_allowed
    assert not decide(change, None, approve(change, contents={PATH: entry("old")})).is_allowed
    assert not decide(change, None, approve(change, contents={})).is_allowed


def test_what_lapsed_elsewhere_is_of_no_matter() -> None:
    assert decide(ONE, None, approve(ONE, lapsed=frozenset({"prompts/other.md"}))).is_allowed


def test_each_path_needs_its_own_approval() -> None:
    half = approve(TWO, contents={PATH: entry("new")})
    verdict = decide(TWO, None, half)
    assert unmet(verdict) == ["prompts/other.md"]
    rest = approve(TWO, "@owner", contents={"prompts/other.md": entry("new")})
    assert decide(TWO, None, half, rest).is_allowed


def test_the_last_rule_that_matches_decides() -> None:
    by = rules("/prompts/ @first\n/prompts/triage.md @last\n")
    assert unmet(decide(TWO, by, approve(TWO, "@first"))) == [PATH]
    assert unmet(decide(TWO, by, approve(TWO, "@last"))) == ["prompts/other.md"]
    (need,) = decide(ONE, by).requirements
    assert (need.owners, need.line, need.section, need.count) == (("@last",), 2, None, 1)


def test_without_a_file_nobody_can_be_asked() -> None:
    assert decide(ONE, rules(None)).requirements == ()
    assert decide(ONE, rules(None)).is_allowed


def test_what_only_merging_changes_has_nobody_to_ask() -> None:
    change = propose(paths=[touched(is_proposed=False)])
    assert decide(change).requirements == ()
    assert errors(decide(change, None, approve(change))) == ["moved-by-merge"]


# GitLab's sections.

SECTIONS = """\
* @nobody
[Prompts][2]
/prompts/ @one @two @three
!/prompts/free.md
^[Optional]
/prompts/ @maybe
[Legal] @lawyer
/prompts/triage.md
"""


@pytest.mark.parametrize(
    ("path", "approvers", "open_sections"),
    [
        (PATH, "@one @two @lawyer @nobody", []),
        (PATH, "@one @two @lawyer", [None]),
        (PATH, "@one @two @nobody", ["Legal"]),
        (PATH, "@one @lawyer @nobody", ["Prompts"]),
        (PATH, "@one @one @lawyer @nobody", ["Prompts"]),
        (PATH, "@maybe", [None, "Legal", "Prompts"]),
        (PATH, "", [None, "Legal", "Prompts"]),
        ("prompts/other.md", "@two @three @nobody", []),
        ("prompts/free.md", "@nobody", []),
        ("prompts/free.md", "@one @two", [None]),
    ],
)
def test_each_section_asks_for_itself(
    path: str, approvers: str, open_sections: list[str | None]
) -> None:
    change = propose(paths=[touched(path)])
    given_ones = [approve(change, name) for name in approvers.split()]
    verdict = decide(change, rules(SECTIONS, dialect=Dialect.GITLAB), *given_ones)
    found = [need.section for need in verdict.requirements if not need.is_met]
    assert sorted(found, key=str) == sorted(open_sections, key=str)
    assert verdict.is_allowed is (not open_sections)


def test_where_approval_is_optional_anybodys_is_needed() -> None:
    by = rules("^[Optional]\n* @maybe\n", dialect=Dialect.GITLAB)
    assert errors(decide(ONE, by)) == ["missing-approval"]
    assert decide(ONE, by, approve(ONE, "@anybody")).is_allowed


def test_a_rule_without_owners_is_not_approved_by_itself() -> None:
    by = rules("[Prompts]\n/prompts/\n[More]\n* @owner\n", dialect=Dialect.GITLAB)
    verdict = decide(ONE, by, approve(ONE, AUTHOR))
    assert len(unmet(verdict)) == 2
    assert decide(ONE, by, approve(ONE)).is_allowed


# Reviews and suppressions.

PLAIN = prompt_text("1.0.0")
NEXT = prompt_text("1.1.0", body="Answer {{ question }} well")
CAREFUL = {"requires_review": "true"}


@pytest.mark.parametrize(
    ("before", "after", "is_asked"),
    [
        (prompt_text(**CAREFUL), NEXT, True),
        (PLAIN, prompt_text("1.1.0", **CAREFUL), True),
        (None, prompt_text(**CAREFUL), True),
        (prompt_text(**CAREFUL), None, True),
        (PLAIN, NEXT, False),
        (prompt_text(requires_review="false"), NEXT, False),
        (PLAIN, None, False),
    ],
)
def test_a_demand_for_review_on_either_side_needs_an_owner(
    before: str | None, after: str | None, is_asked: bool
) -> None:
    change = propose(edit(before, after))
    unchecked = decide(change, None, sources=())
    assert errors(unchecked) == (["missing-review"] if is_asked else [])
    assert decide(change, None, approve(change)).is_allowed
    asked = [one for one in unchecked.requirements if one.reason is ApprovalReason.REVIEW]
    assert [(one.path, one.about) for one in asked] == [(PATH, "triage")] * is_asked


def test_a_review_is_of_every_file_of_the_prompt_that_changed() -> None:
    careful = replace(
        edit(PLAIN, prompt_text("1.1.0", **CAREFUL)),
        changed=("prompts/_tone.md", "prompts/_unseen.md", PATH),
    )
    paths = [
        touched("prompts/_tone.md"),
        touched("prompts/_unseen.md", is_proposed=False),
        touched("prompts/other.md"),
    ]
    change = propose(careful, paths=paths)
    by = rules("/prompts/ @others\n/prompts/triage.md @owner\n")
    asked = [one for one in decide(change, by).requirements if one.reason is ApprovalReason.REVIEW]
    # Whoever owns the partial is asked about it as an owner; the prompt's owners review all of it.
    assert [(one.path, one.owners) for one in asked] == [
        ("prompts/_tone.md", ("@owner",)),
        (PATH, ("@owner",)),
    ]
    half = approve(change, contents={PATH: entry("new")})
    assert "missing-review" in errors(decide(change, by, half))
    assert "missing-review" not in errors(decide(change, by, approve(change)))


IGNORING = prompt_text("1.0.1", ignore="{unused-input: it comes later, long-line: wide}")


@pytest.mark.parametrize(
    ("before", "after", "ignored"),
    [
        (PLAIN, IGNORING, ["long-line", "unused-input"]),
        (prompt_text(ignore="{long-line: wide}"), IGNORING, ["unused-input"]),
        (None, IGNORING, ["long-line", "unused-input"]),
        (IGNORING, PLAIN, []),
        (IGNORING, prompt_text("1.0.1", ignore="{long-line: another reason}"), []),
        (IGNORING, None, []),
        (PLAIN, prompt_text("1.0.1", ignore="[long-line]"), []),
    ],
)
def test_a_new_suppression_needs_an_owner(
    before: str | None, after: str | None, ignored: list[str]
) -> None:
    change = propose(edit(before, after))
    verdict = decide(change, None, sources=())
    asked = [one for one in verdict.requirements if one.reason is ApprovalReason.SUPPRESSION]
    assert [one.about for one in asked] == ignored
    assert [one.check for one in verdict.findings if one.check == "unapproved-suppression"] == [
        "unapproved-suppression"
    ] * len(ignored)
    approved = decide(change, None, approve(change))
    assert "unapproved-suppression" not in errors(approved)


def test_reviews_and_suppressions_take_one_owner_whatever_the_section_asks() -> None:
    change = propose(edit(PLAIN, prompt_text("1.1.0", ignore="{long-line: wide}", **CAREFUL)))
    by = rules("[Prompts][2]\n* @owner @two\n", dialect=Dialect.GITLAB)
    counts = {one.reason: one.count for one in decide(change, by).requirements}
    assert counts == {
        ApprovalReason.OWNERSHIP: 2,
        ApprovalReason.REVIEW: 1,
        ApprovalReason.SUPPRESSION: 1,
    }
    assert errors(decide(change, by, approve(change))) == ["missing-approval"]


def test_requirements_come_in_the_order_of_paths() -> None:
    change = propose(
        edit(PLAIN, prompt_text("1.1.0", **CAREFUL)), edit(PLAIN, NEXT, name="a"), paths=[]
    )
    found = [(one.path, one.reason.value) for one in decide(change).requirements]
    assert found == sorted(found)
    assert len(found) == 3


def test_a_requirement_is_met_by_enough_people() -> None:
    need = Requirement(PATH, ApprovalReason.OWNERSHIP, count=2)
    assert not need.is_met
    assert not replace(need, given=(approve(ONE),)).is_met
    assert replace(need, given=(approve(ONE), approve(ONE, "@b"))).is_met
    assert replace(need, given=(approve(ONE),) * 3).is_met


# What holds for any approvals.

_APPROVERS = ("@owner", "@two", "@jane", "@jane-work", "@bob", AUTHOR, "@committer", "@stranger")
_CHANGE = propose(
    edit(PLAIN, prompt_text("1.1.0", ignore="{long-line: wide}", **CAREFUL)),
    paths=[touched("prompts/other.md"), touched("CODEOWNERS")],
    committers=["@committer"],
)
_PATHS = tuple(one.path for one in _CHANGE.paths)
_OWNERS = "* @two\n[Prompts][2]\n/prompts/ @owner @acme/prompts\n[Files]\n/CODEOWNERS @bob\n"
_BY = rules(_OWNERS, groups=GROUPS, dialect=Dialect.GITLAB)
_SEEN = {one.path: one.after for one in _CHANGE.paths}


def _contents() -> st.SearchStrategy[dict[str, ApprovalEntry | None]]:
    values = st.sampled_from([entry("new"), entry("new"), entry("new"), entry("old"), None])
    return st.just(_SEEN) | st.dictionaries(st.sampled_from(_PATHS), values)


_APPROVALS = st.builds(
    lambda approver, contents, may_write, lapsed: approve(
        _CHANGE, approver, contents=contents, may_write=may_write, lapsed=lapsed
    ),
    st.sampled_from(_APPROVERS),
    _contents(),
    st.sampled_from([True, True, None, False]),
    st.frozensets(st.sampled_from(_PATHS), max_size=1),
)


@pytest.mark.story
@settings(deadline=None)
@given(st.lists(_APPROVALS, max_size=8), _APPROVALS)
def test_one_approval_more_never_lets_less_pass(found: list[Any], more: Any) -> None:
    before, after = decide(_CHANGE, _BY, *found), decide(_CHANGE, _BY, *found, more)
    assert set(unmet(after)) <= set(unmet(before))
    assert after.is_allowed >= before.is_allowed
    for old, new in zip(before.requirements, after.requirements, strict=True):
        assert len(old.given) <= len(new.given) <= len(old.given) + 1
        assert new.is_met >= old.is_met


@pytest.mark.story
@settings(deadline=None)
@given(st.lists(_APPROVALS, max_size=8), st.sampled_from([AUTHOR, "@committer", "@stranger"]))
def test_an_approval_by_somebody_who_may_not_changes_nothing(found: list[Any], who: str) -> None:
    before = decide(_CHANGE, _BY, *found)
    after = decide(_CHANGE, _BY, *found, approve(_CHANGE, who))
    assert [one.given for one in after.requirements] == [one.given for one in before.requirements]
    assert errors(after) == errors(before)


@pytest.mark.story
@settings(deadline=None)
@given(st.lists(_APPROVALS, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_approvals_does_not_matter(found: list[Any], random: Any) -> None:
    other = list(found)
    random.shuffle(other)
    assert decide(_CHANGE, _BY, *found).digest == decide(_CHANGE, _BY, *other).digest


def test_the_order_of_one_persons_approvals_does_not_matter() -> None:
    found = [
        approve(ONE, "@jane", where="https://example.com/1"),
        approve(ONE, "@jane-work"),
        approve(ONE, "@JANE", source="github"),
        approve(ONE, "@jane", where="https://example.com/2"),
    ]
    by = rules("* @jane", groups=GROUPS)
    digests = {decide(ONE, by, *order).digest for order in permutations(found)}
    assert len(digests) == 1


@pytest.mark.story
@settings(deadline=None)
@given(st.lists(_APPROVALS, max_size=8))
def test_nobody_counts_who_is_no_owner_or_had_a_hand_in_it(found: list[Any]) -> None:
    change: Change = _CHANGE
    for need in decide(change, _BY, *found).requirements:
        names = [one.approver for one in need.given]
        assert not {AUTHOR, "@committer", "@stranger"} & set(names)
        assert len(names) == len(set(names) - {"@jane-work"}) + ("@jane-work" in names)
        for one in need.given:
            assert one.may_write is not False
            assert one.contents is not None
            assert one.contents[need.path] == _SEEN[need.path]
            assert need.path not in one.lapsed


# Proposals that are merged together.

OTHER = "prompts/other.md"
QUEUE = propose(paths=[touched(), touched(OTHER)], authors=["queue@example.com"])
CROSSED = rules("* @jane @bob @kim\n", groups=GROUPS)


def part(
    name: str, *paths: str, by: str, hands: Iterable[str] = (), after: str = "new"
) -> Proposal:
    """A proposal that changes these paths, by somebody and with others."""
    contents = dict.fromkeys(paths, entry(after))
    people = frozenset({by, *hands})
    return Proposal(name, "c" * 40, contents, frozenset({by}), people)


def merge(
    change: Change, *proposals: Proposal, by: Rules = CROSSED, **given: str | Approval
) -> Verdict:
    """The verdict on proposals and approvals: for which proposal, by who gave it."""
    approvals = [
        approve(change, f"@{who}", proposal=one) if isinstance(one, str) else one
        for who, one in given.items()
    ]
    return decide(change, by, *approvals, proposals=proposals)


JANES = part("#1", PATH, by="@jane")
BOBS = part("#2", OTHER, by="@bob")


def test_each_proposal_bars_its_own_people_alone() -> None:
    assert merge(QUEUE, JANES, BOBS, bob="#1", jane="#2").is_allowed
    verdict = merge(QUEUE, JANES, BOBS, jane="#1", bob="#2")
    assert unmet(verdict) == [OTHER, PATH]
    assert {path: dict(out) for path, *out in left_out(verdict)} == {
        PATH: {"@bob": "approved another proposal", "@jane": "the author of the change"},
        OTHER: {"@bob": "the author of the change", "@jane": "approved another proposal"},
    }


def test_a_contributor_to_one_may_approve_the_other() -> None:
    helped = part("#1", PATH, by="@jane", hands=["@bob-at-home", "bob@example.com"])
    verdict = merge(QUEUE, helped, BOBS, bob="#1", jane="#2")
    assert unmet(verdict) == [PATH]
    assert reasons(verdict)["@bob"] == {"committed to the change", "the author of the change"}
    lenient = replace(CROSSED, committers_may=True)
    assert merge(QUEUE, helped, BOBS, by=lenient, bob="#1", jane="#2").is_allowed
    assert not merge(QUEUE, helped, BOBS, by=lenient, jane="#1").is_allowed


def test_an_approval_that_is_tied_to_no_proposal_is_of_its_content() -> None:
    signed = approve(QUEUE, "jane@example.com")
    assert unmet(merge(QUEUE, JANES, BOBS, jane=signed)) == [PATH]
    assert merge(QUEUE, JANES, BOBS, jane=signed, bob="#1").is_allowed


@pytest.mark.parametrize("proposal", ["#1", "#3", None])
def test_an_approval_of_one_counts_for_what_that_one_changes(proposal: str | None) -> None:
    verdict = merge(QUEUE, JANES, BOBS, kim=approve(QUEUE, "@kim", proposal=proposal))
    assert unmet(verdict) == {"#1": [OTHER], "#3": [OTHER, PATH], None: []}[proposal]


def test_what_two_proposals_change_neither_s_people_approve() -> None:
    both = part("#2", PATH, OTHER, by="@bob")
    for mine in (JANES, part("#1", PATH, by="@jane", after="otherwise")):
        for order in ((mine, both), (both, mine)):
            assert unmet(merge(QUEUE, *order, bob="#1", jane="#2")) == [PATH]
            assert unmet(merge(QUEUE, *order, bob="#1", kim="#2")) == []


@pytest.mark.parametrize(
    "proposals",
    [
        (part("#1", by="@jane"), BOBS),
        (part("#1", PATH, by="@jane", after="otherwise"), BOBS),
        (
            part("#1", PATH, by="@jane", after="otherwise"),
            part("#2", PATH, OTHER, by="@bob", after="x"),
        ),
        (replace(JANES, contents={PATH: None}), BOBS),
    ],
)
def test_what_none_of_them_makes_is_everybodys_work(proposals: tuple[Proposal, ...]) -> None:
    change = propose(paths=[touched(), touched(OTHER)], authors=["@kim"], committers=["@ann"])
    by = rules("* @jane @bob @kim @ann @eve\n", groups=GROUPS)
    given = {name: approve(change, f"@{name}") for name in ("jane", "bob", "kim", "ann")}
    verdict = merge(change, *proposals, by=by, **given)
    assert PATH in unmet(verdict)
    found = {path: dict(out) for path, *out in left_out(verdict)}[PATH]
    assert found == {
        "@ann": "committed to the change",
        **dict.fromkeys(("@bob", "@jane", "@kim"), "the author of the change"),
    }
    assert merge(change, *proposals, by=by, eve=approve(change, "@eve")).is_allowed
    assert PATH in unmet(merge(change, *proposals, by=by, eve=approve(ONE, "@eve", contents={})))


def test_a_proposal_that_cannot_be_told_may_have_changed_anything() -> None:
    unknown = replace(JANES, contents=None)
    verdict = merge(QUEUE, unknown, BOBS, bob="#1", jane="#2")
    assert unmet(verdict) == [OTHER, PATH]
    assert reasons(verdict) == {
        "@bob": {"the author of the change"},
        "@jane": {"the author of the change"},
    }
    assert merge(QUEUE, unknown, BOBS, kim="#1").is_allowed
    assert unmet(merge(QUEUE, unknown, BOBS, kim="#2")) == [PATH]
    # Whose commits in the entry are its commits, nobody knows.
    among = propose(paths=[touched(), touched(OTHER)], authors=["@kim"])
    assert unmet(merge(among, unknown, BOBS, kim="#2")) == [OTHER, PATH]
    assert unmet(merge(among, JANES, BOBS, kim="#2")) == [PATH]


def test_what_goes_by_one_of_them_is_that_one_s() -> None:
    change = propose(paths=[touched(after=None), touched(OTHER)])
    gone = replace(JANES, contents={PATH: None})
    assert merge(change, gone, BOBS, bob="#1", jane="#2").is_allowed
    assert unmet(merge(change, part("#1", by="@jane"), BOBS, bob="#1", jane="#2")) == [PATH]


def left_out(verdict: Verdict) -> Iterator[tuple[Any, ...]]:
    """Each path with who is left out there, and why."""
    for need in verdict.requirements:
        yield need.path, *((one.approver, why) for one, why in need.left_out)


@pytest.mark.parametrize(
    ("owners", "is_hopeless"),
    [
        (AUTHOR, True),
        (f"{AUTHOR} @second", False),
        ("@acme/team", False),  # who is in it nobody here knows
        ("@acme/alone", True),
        ("@acme/both", False),
        ("@@maintainer", False),  # a role of GitLab: nobody here knows who has it
        (f"{AUTHOR} @@maintainer", False),
        (f"{AUTHOR} @acme/team", False),
    ],
)
def test_what_nobody_could_ever_approve_is_told(owners: str, is_hopeless: bool) -> None:
    groups = f'[teams]\n"@acme/alone" = ["{AUTHOR}"]\n"@acme/both" = ["{AUTHOR}", "@x"]\n'
    change = propose(edit(prompt_text(), prompt_text("1.1.0", "New {{ question }}")))
    by = replace(rules(f"* {owners}\n"), groups=parse_groups(groups.encode()))
    verdict = decide(change, by)
    (need,) = verdict.requirements
    assert need.is_hopeless is is_hopeless
    hints = [one.hint or "" for one in verdict.findings if one.check == "missing-approval"]
    assert any("no owner can give it" in hint for hint in hints) is is_hopeless
    assert (HOPELESS in verdict_to_markdown(verdict)) is is_hopeless


def test_a_requirement_is_not_hopeless_until_it_was_judged() -> None:
    assert not Requirement(PATH, next(iter(ApprovalReason))).is_hopeless


def test_what_is_met_is_not_hopeless() -> None:
    change = propose(edit(prompt_text(), prompt_text("1.1.0", "New {{ question }}")))
    verdict = decide(change, rules(f"* {AUTHOR} @second\n"), approve(change, "@second"))
    (need,) = verdict.requirements
    assert need.is_met
    assert not need.is_hopeless
    later = replace(change, authors=frozenset({AUTHOR, "@second"}))
    (need,) = decide(later, rules(f"* {AUTHOR} @second\n"), approve(later, "@second")).requirements
    assert not need.is_met
    assert need.is_hopeless


def test_a_version_number_that_a_release_writes_takes_no_approval() -> None:
    one, other = touched(PATH), touched(OTHER)
    change = propose(paths=[replace(one, is_number=True), other])
    assert [need.path for need in decide(change, rules("* @owner\n")).requirements] == [OTHER]
