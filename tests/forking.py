"""Fork while another thread uses a native library for the first time."""

from __future__ import annotations

import subprocess
import sys

_FORKS = """
import os, threading, time
import promptops.runtime.registry

def use():
    {use}

children = []
thread = threading.Thread(target=use)
thread.start()
while thread.is_alive() or len(children) < 3:
    child = os.fork()
    if child == 0:
        use()
        os._exit(0)
    children.append(child)
    time.sleep(0.0005)
thread.join()
end = time.monotonic() + 30
hung = 0
for child in children:
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            hung += 1
            os.kill(child, 9)
            os.waitpid(child, 0)
            break
        time.sleep(0.001)
print(hung)
"""


def count_hung(use: str, processes: int = 5) -> int:
    """Return how many children hung that were forked while a thread ran `use`, one line of code.

    Args:
        use: what the thread does, and then each child.
        processes: how many processes try it.
    """
    args = [sys.executable, "-c", _FORKS.format(use=use)]
    done = [
        subprocess.run(args, capture_output=True, text=True, check=True, timeout=300)
        for _ in range(processes)
    ]
    assert [one.stderr for one in done] == [""] * processes
    return sum(int(one.stdout) for one in done)
