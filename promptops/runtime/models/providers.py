"""The addresses and key variables of providers with OpenAI's chat completions.

Addresses end before `/chat/completions`.
"""

from __future__ import annotations

from typing import NamedTuple


class Provider(NamedTuple):
    """One provider.

    Attributes:
        base_url: its API's address.
        key_variable: the environment variable with the key; None if none is needed.
        base_variable: an environment variable that overrides the address.
    """

    base_url: str
    key_variable: str | None
    base_variable: str | None = None


PROVIDERS = {
    "cerebras": Provider("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "deepseek": Provider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks_ai": Provider("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "lm_studio": Provider("http://127.0.0.1:1234/v1", None, "LM_STUDIO_API_BASE"),
    "mistral": Provider("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "ollama": Provider("http://127.0.0.1:11434/v1", None, "OLLAMA_API_BASE"),
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "openrouter": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together_ai": Provider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "vllm": Provider("http://127.0.0.1:8000/v1", None, "VLLM_API_BASE"),
    "xai": Provider("https://api.x.ai/v1", "XAI_API_KEY"),
}

# Providers with their own format, which they also use at another address.
NATIVE = frozenset(
    {
        "ai21",
        "anthropic",
        "azure",
        "azure_ai",
        "bedrock",
        "cohere",
        "cohere_chat",
        "databricks",
        "gemini",
        "huggingface",
        "ollama_chat",
        "oci",
        "replicate",
        "sagemaker",
        "snowflake",
        "vertex_ai",
        "watsonx",
    }
)
