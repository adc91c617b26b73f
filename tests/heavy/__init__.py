"""What needs a real model: `nox -s heavy` brings a small one, and the server of llama.cpp."""
