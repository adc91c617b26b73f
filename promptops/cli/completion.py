"""`promptops completion`: print a shell's completion script.

The script calls `promptops complete` (see `complete.py`), so it does not depend on the verbs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from promptops.cli.session import emit

_BASH = """\
_promptops() {
    local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} prefix=
    local -a words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    # Readline takes `@` for the end of a word.
    if [[ $COMP_WORDBREAKS == *@* && ${words[-1]} == *@* ]]; then prefix=${words[-1]%@*}@; fi
    local IFS=$'\\n'
    COMPREPLY=($(promptops complete -- "${words[@]:1}" 2>/dev/null))
    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
}
complete -o default -F _promptops promptops
"""
_ZSH = """\
#compdef promptops
_promptops() {
    local -a found
    found=("${(@f)$(promptops complete -- "${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
    if (( ${#found[1]} )); then compadd -Q -- "${found[@]}"; else _files; fi
}
if [ "$funcstack[1]" = "_promptops" ]; then _promptops "$@"; else compdef _promptops promptops; fi
"""
_FISH = """\
function __promptops_complete
    set -l words (commandline -opc) (commandline -ct)
    promptops complete -- $words[2..-1] 2>/dev/null
end
complete -c promptops -a '(__promptops_complete)'
"""
_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName promptops -ScriptBlock {
    param($word, $ast, $position)
    $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($word -eq '') { $words += '' }
    promptops complete -- @words 2>$null | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
"""


class Shell(StrEnum):
    """The supported shells."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


_SCRIPTS = {
    Shell.BASH: _BASH,
    Shell.ZSH: _ZSH,
    Shell.FISH: _FISH,
    Shell.POWERSHELL: _POWERSHELL,
}


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish|powershell", show_default=False)],
) -> None:
    """Print a script that completes verbs, options, prompts, versions and environments.

    Save the output where your shell loads completions.
    """
    emit(_SCRIPTS[shell].rstrip(), is_verbatim=True)
