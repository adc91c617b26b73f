"""A provider on loopback, and each transport as a caller of it."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.models.model import Endpoint
from promptops.runtime.models.openai import Channel, OpenAIModel
from tests.runtime.models.transports import Caller
from tests.runtime.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("openai sync", "openai async")
LITELLM = ("litellm sync", "litellm async")
HAS_LITELLM = importlib.util.find_spec("litellm") is not None


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as one:
        yield one


@pytest.fixture(
    params=[
        *OURS,
        *(
            pytest.param(
                name,
                marks=[
                    pytest.mark.skipif(not HAS_LITELLM, reason="LiteLLM is not installed"),
                    # LiteLLM's own habits.
                    pytest.mark.filterwarnings("ignore"),
                ],
            )
            for name in LITELLM
        ),
    ]
)
def caller(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Caller]:
    one = Caller(request.param, provider.base_url, {})
    yield one
    one.model.close()


@pytest.fixture(params=OURS)
def ours(request: pytest.FixtureRequest, provider: Provider) -> Iterator[Caller]:
    one = Caller(request.param, provider.base_url, {})
    yield one
    one.model.close()


@pytest.fixture
def channel(provider: Provider) -> Channel:
    return Channel(Endpoint(provider.base_url), None, {})


@pytest.fixture
def model(channel: Channel) -> Iterator[OpenAIModel]:
    one = OpenAIModel("wire-model", channel)
    yield one
    one.close()
