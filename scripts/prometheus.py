"""Fetch Prometheus for the tests of the dashboard, and print where its program is.

Debian's package, by apt: its archive's signatures and digests are checked there. On other systems
install Prometheus yourself, and name it in PROMPTOPS_PROMETHEUS.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "build" / "prometheus"


def main() -> int:
    """Fetch it where it is not there yet."""
    program = FOLDER / "usr" / "bin" / "prometheus"
    if program.exists():
        print(program)
        return 0
    apt, unpack = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or unpack is None:
        print("install Prometheus, and name its program in PROMPTOPS_PROMETHEUS", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run([apt, "-q", "download", "prometheus"], cwd=FOLDER, check=True, stdout=sys.stderr)
    [package] = FOLDER.glob("prometheus_*.deb")
    subprocess.run([unpack, "-x", str(package), str(FOLDER)], check=True)
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
