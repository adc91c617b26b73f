"""What the verbs of `serve` share: where the keys are."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from promptops.cli.session import current
from promptops.errors import NotARepositoryError
from promptops.server.keyfile import VARIABLE, KeyFile, find_keys

KeysOption = Annotated[
    str | None,
    typer.Option(
        "--keys",
        metavar="FILE",
        help=f"The file of keys; {VARIABLE}, else one in the repository's Git folder.",
        show_default=False,
    ),
]


def open_keyfile(given: str | None) -> KeyFile:
    """Return the file of keys, which need not exist."""
    common = None
    if not given and not os.environ.get(VARIABLE):
        try:
            common = current().repository.git.common_dir
        except NotARepositoryError:
            common = None
    return KeyFile(find_keys(given, os.environ, common_dir=common))
