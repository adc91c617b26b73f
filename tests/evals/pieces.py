"""What several tests of evals use: prompts in memory, played models, and any JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from promptops.evals.cap import CostCap
from promptops.evals.pace import Pace
from promptops.evals.question import AskingTools, QuestionPlace
from promptops.evals.tape import Journal, Tape, TapePlace
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.repository.prices import Prices
from promptops.repository.settings.models import EndpointSettings, ModelSettings
from promptops.runtime.models import Models
from promptops.runtime.models.model import Answer, Usage
from promptops.runtime.resolution import ResolvedPrompt
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from promptops.prompt.prompt import Prompt
    from promptops.runtime.models.model import Model, Request

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
MODEL = "house/one"
"""A model that costs a micro-dollar for each token of a question, and two for each of an answer."""
SETTINGS = ModelSettings(
    endpoints={"house": EndpointSettings("house", input_price=1_000_000, output_price=2_000_000)}
)


def make_prompt(name: str = "ask", body: str = "Answer {{ question }}", **keys: str) -> Prompt:
    """Return a prompt that no file holds; `keys` are lines of its frontmatter, "" for none."""
    lines = {"model": MODEL, "max_tokens": "50", **keys}
    text = prompt_text(body=body, **{key: value for key, value in lines.items() if value})
    closure = load_closure(name, {f"{name}.md": text.encode()})
    assert closure is not None
    return load_prompt(closure)


def resolve(name: str = "ask", body: str = "Answer {{ question }}", **keys: str) -> ResolvedPrompt:
    """Return such a prompt as a work tree gives it."""
    return ResolvedPrompt(f"{name}@working", make_prompt(name, body, **keys), None, "a test")


def make_answer(text: str = "yes", tokens: tuple[int, int] | None = (10, 5)) -> Answer:
    """Return an answer; `tokens` are those of the question and of the answer."""
    usage = Usage(None, None, None, "unknown") if tokens is None else Usage(*tokens, 0, "measured")
    return Answer(text, (), "stop", usage)


class PlayedModels(Models):
    """Models that a test plays: `requests` has each request, and `reply` answers it or raises."""

    def __init__(self, reply: Callable[[Request], Awaitable[Answer]] | None = None) -> None:
        super().__init__(SETTINGS, root=None, environment={})
        self.requests: list[Request] = []
        self._reply = reply

    def get(self, name: str) -> Model:
        """Return the models themselves, which are every model."""
        return self  # type: ignore[return-value]  # only `acall` is called

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return what the test wants, or an answer with the model's name."""
        assert deadline > 0
        self.requests.append(request)
        return make_answer(request.model) if self._reply is None else await self._reply(request)


def make_tools(models: PlayedModels, *, cap: int | None = None, **values: Any) -> AskingTools:
    """Return tools for asking, without files; the cap is in micro-dollars."""
    journal = Journal(None, "", "a", resumes=False)
    return AskingTools(models, Prices(SETTINGS), CostCap(cap), Pace(4), journal, **values)


def make_place(trial: int = 1, *, sample: str = "a", tape: Tape | None = None) -> QuestionPlace:
    """Return the place of a question about a sample."""
    found = Tape("a") if tape is None else tape
    return QuestionPlace(found, TapePlace(sample, MODEL, "change"), trial)
