"""A conversation: passes earlier messages to a prompt, and stores its answers."""

from __future__ import annotations

from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import ConflictError, RefusedError, UsageError
from promptops.prompt.histories import find_histories
from promptops.prompt.tokens import estimate_tokens
from promptops.runtime.conversation.bodies import open_body, seal_body
from promptops.runtime.conversation.entries import (
    HAND_OVER,
    MESSAGE,
    SUMMARY,
    ConversationBounds,
    ConversationEntry,
    ExpectedTail,
    Owner,
)
from promptops.runtime.conversation.hand_over import (
    INPUT as HAND_OVER_INPUT,
)
from promptops.runtime.conversation.hand_over import (
    HandOver,
    make_hand_over,
    read_hand_over,
    version_of,
)
from promptops.runtime.conversation.window import begin_with_user, take_newest
from promptops.runtime.log.content import to_json
from promptops.runtime.log.log import LogError
from promptops.runtime.safety.marking import remove_delimiters

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from promptops.runtime.conversation.entries import ConversationEvent, ConversationStore, Tail
    from promptops.runtime.log.encryption import Keyring
    from promptops.runtime.registry import Registry
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.interface import Caller, StreamPart
    from promptops.runtime.run.result import Run

# Special inputs that a prompt may declare.
SUMMARY_INPUT = "summary"
TRANSCRIPT_INPUT = "transcript"
# The label of runs in the log, by which a conversation's runs are found.
LABEL = "conversation"

_ROLES = ("user", "assistant", "tool")
_MAX_ID = 200
_MESSAGE_TOKENS = 4
# If summaries failed for long, there are more messages than a prompt can read at once.
_MAX_SUMMED = 500
_SUMMED_WINDOWS = 4
_SUMMARY = "Summary of the conversation so far:\n{text}"


class ConversationTools(NamedTuple):
    """The dependencies of a conversation.

    Attributes:
        registry: runs prompts.
        store: the store.
        bounds: the maximum age and size.
        tokens: the approximate number of tokens of history that a prompt gets.
        summary: the prompt that summarizes older messages; None: they are left out.
        keyring: encrypts stored messages; None: no encryption.
        clock: seconds since 1970.
    """

    registry: Registry
    store: ConversationStore
    bounds: ConversationBounds
    tokens: int
    summary: str | None
    keyring: Keyring | None
    clock: Callable[[], float]


class NotKeptError(LogError):
    """A prompt answered, but question and answer could not be appended.

    Attributes:
        run: the run, with its answer.
    """

    page = "docs/conversations.md"

    def __init__(self, message: str, run: Run, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run = run


class Conversation:
    """One conversation, made by `Registry.conversation`. Threads and processes may share it.

    Attributes:
        id: the application's name for it.
    """

    def __init__(self, conversation: str, owner: Owner, tools: ConversationTools) -> None:
        """Create the conversation with its id, its owner and its dependencies."""
        if not 0 < len(conversation) <= _MAX_ID or not conversation.isprintable():
            raise UsageError(
                f"a conversation's id has 1 to {_MAX_ID} printable characters",
                hint="use your application's id for it",
            )
        self.id = conversation
        self._owner = owner
        self._ways = tools

    def __repr__(self) -> str:
        """`<Conversation ID>`."""
        return f"<Conversation {self.id}>"

    # Messages

    def add(self, role: str, content: str, *, by: str | None = None) -> int:
        """Append one message; return the number of its row.

        Args:
            role: `user`, `assistant` or `tool`.
            content: the message.
            by: the speaker; None: the conversation's user.

        Raises:
            UsageError: there is no such role.
            RefusedError: the message exceeds the maximum size, or the conversation belongs to
                another user.
            LogError: the store is unusable.
        """
        message = {"role": role, "content": content}
        number = self.append([message], by=by)
        assert number is not None  # noqa: S101 - nothing was expected
        return number

    def append(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        by: str | None = None,
        after: int | None = None,
    ) -> int:
        """Append messages atomically.

        Args:
            messages: with `role` and `content`, as `{% history %}` takes them.
            by: the speaker; None: the conversation's user.
            after: the expected number of the last row.

        Returns the number of the last row.

        Raises:
            ConflictError: something else was appended after `after`.
            UsageError, RefusedError, LogError: as `add`.
        """
        said = by if by is not None else self._owner.user or ""
        entries = [self._entry(message, said) for message in messages]
        return self._append(entries, ExpectedTail(number=after))

    def history(self) -> list[dict[str, Any]]:
        """Return the newest messages that fit, oldest first, for `{% history %}`.

        A summary of older messages comes first, as a user message.
        """
        return self._history(self._tail(), inline_summary=True)

    @property
    def number(self) -> int:
        """The number of the last row; 0 if empty."""
        return self._tail().number

    @property
    def summary(self) -> str | None:
        """The summary of messages older than the history, or None."""
        row = self._tail().summary
        return None if row is None else str(self._open(row))

    def events(self, *, limit: int = 1000) -> Sequence[ConversationEvent]:
        """Return the conversation's events without message texts, oldest first."""
        self._check_owner()
        return self._ways.store.rows(self.id, limit=limit)

    def erase(self, *, by: str) -> bool:
        """Delete the messages' texts; the events stay as a record.

        Returns whether there is such a conversation.
        """
        self._check_owner()
        return self._ways.store.erase(self.id, by=by, now=self._ways.clock())

    # Running prompts

    def run(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        said: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Run:
        """Run a prompt with the conversation as its history; append question and answer.

        Args:
            ref: the prompt, which must have one `{% history %}`. Its inputs `summary` and
                `hand_over` are filled too, if declared.
            inputs: its other inputs.
            said: the user's message; None: the prompt's last user message.
            key: as in `Registry.run`; None without a user: the conversation's id.
            model: a model to use instead of the prompt's.

        A run that calls tools is not appended: send the tool results with `reply`, and pass the
        last answer to `record`.

        Raises:
            NotKeptError: the prompt answered, but that could not be appended; the error has the
                run.
            UsageError: the prompt has no history, or several.
            PromptopsError: as `Registry.run`; LogError: the store is unusable.
        """
        self.shorten()
        filled = self._fill(self._ways.registry.find(ref), inputs)
        run = self._ways.registry.open_runner().run(ref, filled, self._caller(key), model)
        self._record_answer(run, said)
        return run

    async def arun(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        said: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Run:
        """As `run`, on an event loop."""
        import asyncio

        await asyncio.to_thread(self.shorten)
        prompt = await self._ways.registry.find_async(ref)
        filled = await asyncio.to_thread(self._fill, prompt, inputs)
        runner = await asyncio.to_thread(self._ways.registry.open_runner)
        run = await runner.arun(ref, filled, self._caller(key), model)
        await asyncio.to_thread(self._record_answer, run, said)
        return run

    def stream(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        said: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Iterator[StreamPart]:
        """As `run`, but stream the answer. An abandoned answer is not appended."""
        self.shorten()
        filled = self._fill(self._ways.registry.find(ref), inputs)
        runner = self._ways.registry.open_runner()
        pieces: Any = runner.stream(ref, filled, self._caller(key), model)
        with closing(pieces):
            for piece in pieces:
                if piece.run is not None:
                    self._record_answer(piece.run, said)
                yield piece

    async def astream(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        said: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> AsyncIterator[StreamPart]:
        """As `stream`, on an event loop."""
        import asyncio

        await asyncio.to_thread(self.shorten)
        prompt = await self._ways.registry.find_async(ref)
        filled = await asyncio.to_thread(self._fill, prompt, inputs)
        runner = await asyncio.to_thread(self._ways.registry.open_runner)
        pieces: Any = runner.astream(ref, filled, self._caller(key), model)
        async with aclosing(pieces):
            async for piece in pieces:
                if piece.run is not None:
                    await asyncio.to_thread(self._record_answer, piece.run, said)
                yield piece

    def record(self, run: Run, *, said: str | None = None) -> int:
        """Append a run's question and answer, as `run` does; return the last row's number."""
        question = _last_question(run) if said is None else said
        by = str(version_of(run.prompt))
        entries = []
        if question is not None:
            entries.append(
                self._entry({"role": "user", "content": question}, self._owner.user or "")
            )
        entries.append(self._entry({"role": "assistant", "content": run.text}, by))
        return self._append(entries, ExpectedTail())

    # Summaries

    def shorten(self) -> bool:
        """Summarize the older half of the history if it is too long.

        Running a prompt in the conversation does it automatically. Returns whether there is a new
        summary. If the summary's prompt fails, the old summary stays, and the run is in the log.
        """
        ways = self._ways
        if ways.summary is None:
            return False
        tail = self._tail()
        if not tail.is_cut:
            return False
        newest, _ = take_newest(reversed(tail.messages), ways.tokens // 2)
        after = 0 if tail.summary is None else tail.summary.covers
        older = ways.store.between(self.id, after, newest[0].number, limit=_MAX_SUMMED)
        older, _ = take_newest(reversed(older), ways.tokens * _SUMMED_WINDOWS)
        text = self._sum_up(tail, older)
        if text is None:
            return False
        entry = ConversationEntry(
            SUMMARY,
            self._seal(text),
            tokens=_count(text),
            by=ways.summary,
            covers=newest[0].number - 1,
        )
        known = 0 if tail.summary is None else tail.summary.number
        # Another process may have been faster; then its summary is kept.
        return self._store([entry], ExpectedTail(summary=known)) is not None

    def _sum_up(self, tail: Tail, older: Sequence[ConversationEvent]) -> str | None:
        from promptops.errors import PromptopsError

        ways = self._ways
        assert ways.summary is not None  # noqa: S101 - only called with one
        try:
            prompt = ways.registry.find(ways.summary)
            known = "" if tail.summary is None else str(self._open(tail.summary))
            given = {
                TRANSCRIPT_INPUT: "\n".join(_say(self._open(row)) for row in older),
                SUMMARY_INPUT: known,
            }
            inputs = {name: value for name, value in given.items() if name in prompt.inputs}
            run = ways.registry.open_runner().run(ways.summary, inputs, self._caller(None), None)
        except PromptopsError:
            return None
        return run.text or None

    # Hand-overs

    def hand_over(
        self,
        source: Run | ResolvedPrompt | str,
        target: str,
        *,
        reason: str,
        data: Mapping[str, Any] | None = None,
    ) -> HandOver:
        """Record a hand-over for the prompt that takes over the conversation.

        Secrets and personal data in it are masked, as in the run log. `run` passes it to a prompt
        with an input `hand_over`; it must be valid for that input's schema.

        Args:
            source: the run, the prompt or the ref of the prompt that hands over.
            target: the ref of the prompt that takes over.
            reason: why.
            data: the data to pass on, as JSON values.

        Raises:
            RefusedError: it is larger than 16 kB, or invalid for the target's input.
            PromptopsError: a ref cannot be resolved; LogError: the store is unusable.
        """
        from promptops.runtime.run.result import Run

        registry = self._ways.registry
        if isinstance(source, str):
            source = registry.find(source)
        giving = source.prompt if isinstance(source, Run) else source
        taking = registry.find(target)
        record = make_hand_over(
            giving, taking, reason=reason, data=data or {}, at=self._ways.clock()
        )
        entry = ConversationEntry(
            HAND_OVER, self._seal(record.to_data()), by=f"{record.source} -> {record.target}"
        )
        self._append([entry], ExpectedTail(), record.at)
        return record

    def handed_over(self) -> HandOver | None:
        """Return the newest hand-over, or None."""
        row = self._tail().hand_over
        if row is None:
            return None
        return read_hand_over(self._open(row), row.at)

    # Inside

    def _tail(self) -> Tail:
        ways = self._ways
        return ways.store.tail(self.id, owner=self._owner, tokens=ways.tokens, now=ways.clock())

    def _store(
        self, entries: Sequence[ConversationEntry], expected: ExpectedTail, now: float | None = None
    ) -> int | None:
        ways = self._ways
        return ways.store.append(
            self.id,
            entries,
            owner=self._owner,
            bounds=ways.bounds,
            now=ways.clock() if now is None else now,
            expected=expected,
        )

    def _append(
        self, entries: Sequence[ConversationEntry], expected: ExpectedTail, now: float | None = None
    ) -> int:
        most = self._ways.bounds.bytes
        for one in entries:
            if len(one.body) > most:
                raise RefusedError(
                    f"the message has {len(one.body)} bytes; a conversation may have at most "
                    f"{most}",
                    hint="raise kilobytes in [conversations]",
                )
        number = self._store(entries, expected, now)
        if number is None:
            raise ConflictError(
                f"conversation {self.id} has newer rows than {expected.number}",
                hint="read its history again, and retry",
            )
        return number

    def _record_answer(self, run: Run, said: str | None) -> None:
        if run.tool_calls:
            return
        try:
            self.record(run, said=said)
        except (LogError, RefusedError) as error:
            raise NotKeptError(
                f"the answer of run {run.id} is not in conversation {self.id}: {error.message}",
                run,
                hint="pass the error's `run` to `record` when the store works again",
            ) from error

    def _check_owner(self) -> None:
        """Raise RefusedError if the conversation belongs to another owner."""
        ways = self._ways
        ways.store.tail(self.id, owner=self._owner, tokens=1, now=ways.clock())

    def _caller(self, key: str | None) -> Caller:
        from promptops.runtime.run.interface import Caller

        key = key if key is not None or self._owner.user is not None else self.id
        return Caller(self._owner.user, self._owner.tenant, key, labels={LABEL: self.id})

    def _fill(
        self, prompt: ResolvedPrompt, inputs: Mapping[str, object] | None
    ) -> dict[str, object]:
        names = find_histories(prompt.prompt)
        if len(names) != 1:
            raise UsageError(
                f"{prompt.name} has {len(names) or 'no'} {{% history %}}, and needs one",
                hint="write {% history %} where earlier messages belong",
            )
        tail = self._tail()
        filled = dict(inputs or {})
        takes_summary = SUMMARY_INPUT in prompt.inputs and SUMMARY_INPUT not in filled
        filled[names[0]] = self._history(tail, inline_summary=not takes_summary)
        if takes_summary:
            filled[SUMMARY_INPUT] = "" if tail.summary is None else self._open(tail.summary)
        if (
            tail.hand_over is not None
            and HAND_OVER_INPUT in prompt.inputs
            and HAND_OVER_INPUT not in filled
        ):
            filled[HAND_OVER_INPUT] = self._open(tail.hand_over)
        return filled

    def _history(self, tail: Tail, *, inline_summary: bool) -> list[dict[str, Any]]:
        said = [self._open(row) for row in begin_with_user(tail.messages)]
        if tail.summary is not None and inline_summary:
            text = _SUMMARY.format(text=self._open(tail.summary))
            said.insert(0, {"role": "user", "content": text})
        return said

    def _entry(self, message: Mapping[str, Any], by: str) -> ConversationEntry:
        role = message.get("role")
        if role not in _ROLES:
            raise UsageError(
                f"a message of a conversation cannot have the role {role!r}",
                hint=f"one of: {', '.join(_ROLES)}",
            )
        data = dict(message)
        return ConversationEntry(
            MESSAGE, self._seal(data), role=role, tokens=_count_message(data), by=by
        )

    def _seal(self, value: object) -> bytes:
        return seal_body(value, self._ways.keyring)

    def _open(self, row: ConversationEvent) -> Any:  # noqa: ANN401 - each kind has its own
        assert row.body is not None  # noqa: S101 - stores give only rows that have one
        return open_body(row.body, self._ways.keyring)


def _last_question(run: Run) -> str | None:
    """Return the last user message of the rendered prompt."""
    for message in reversed(run.messages):
        if message.get("role") == "user":
            content = message.get("content")
            return remove_delimiters(content) if isinstance(content, str) else None
    return None


def _say(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    text = content if isinstance(content, str) else to_json(content).decode(errors="replace")
    return f"{message['role']}: {text}"


def _count(text: str) -> int:
    return estimate_tokens(text) + _MESSAGE_TOKENS


def _count_message(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    plain = isinstance(content, str) and len(message) == 2
    return _count(content if plain else to_json(message).decode(errors="replace"))  # type: ignore[arg-type]
