"""How long `promptops site` takes: all pages, and again after one prompt has changed.

    python benchmarks/site.py [PROMPTS] [VERSIONS]

The goals are 30 s for 1,000 prompts with 10 versions each, and 2 s after one change: as a command,
and until a page of `site --serve --watch` is there. Processor time stands in brackets. The time of
`promptops status`, which reads the same repository, stands beside them.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repositories import Shape, make_promptops, prompt_name


def main(prompts: int = 1000, versions: int = 10) -> None:
    """Make a repository, write its site twice, and print the seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "repository"
        make_promptops(folder, Shape(prompts, versions, deployments=20))
        subprocess.run(["git", "-C", str(folder), "reset", "--quiet", "--hard"], check=True)
        site = Path(name) / "site"
        status = _time(folder, "status", "--format", "json")
        whole = _time(folder, "site", "-o", str(site))
        file = folder / "prompts" / f"{prompt_name(0)}.md"
        text = file.read_text("utf-8")
        file.write_text(text.replace("You triage", "You sort"), "utf-8")
        again = _time(folder, "site", "-o", str(site))
        size = sum(path.stat().st_size for path in site.rglob("*.html"))
        print(
            f"{prompts:,} prompts, {versions} versions: {whole} (goal for 1,000 and 10: 30 s), "
            f"after one change {again} (goal 2 s); {size / 1e6:.1f} MB; status {status}"
        )
        print(f"served, until the page of a changed file is there: {_time_preview(folder, file)}")


def _time(folder: Path, *words: str) -> str:
    """Run a command; return the seconds it took, and in brackets those of processors."""
    begun, before = time.monotonic(), os.times()
    command = [sys.executable, "-m", "promptops", "-C", str(folder), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    used = sum(after[2:4]) - sum(before[2:4])
    return f"{time.monotonic() - begun:.1f} s ({used:.1f})"


def _time_preview(folder: Path, file: Path) -> str:
    """Return how long it takes, five times, until a change of a file is seen."""
    command = [sys.executable, "-m", "promptops", "-C", str(folder)]
    served = [*command, "site", "--serve", "--watch", "--port", "0"]
    with subprocess.Popen(served, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(found for line in process.stderr if (found := _read_address(line)))
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]))
        cookie = _ask(connection, f"/?token={address[2]}")[1].partition(";")[0]
        path = f"/state?page=prompts/{prompt_name(0)}.html"
        time.sleep(3)  # until the first look is over
        seconds = []
        for number in range(5):
            before = json.loads(_ask(connection, path, cookie)[0])["page"]
            file.write_text(f"{file.read_text('utf-8').rstrip()} {number}\n", "utf-8")
            begun = time.monotonic()
            while json.loads(_ask(connection, path, cookie)[0])["page"] == before:
                time.sleep(0.02)
            seconds.append(time.monotonic() - begun)
        process.terminate()
    return f"{min(seconds):.2f} to {max(seconds):.2f} s (goal 2 s)"


def _read_address(line: str) -> re.Match[str] | None:
    return re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", line)


def _ask(connection: http.client.HTTPConnection, path: str, cookie: str = "") -> tuple[str, str]:
    """Return the body of an answer, and the cookie that it sets."""
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    return answer.read().decode(), answer.headers.get("Set-Cookie", "")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
