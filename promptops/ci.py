"""Stand in for `promptops.protection.ci` in workflows of version 0.1; dropped with 0.3."""

import runpy

if __name__ == "__main__":
    runpy.run_module("promptops.protection.ci", run_name="__main__")
