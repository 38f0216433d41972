"""The child program that runs functions written in Python.

The daemon starts it, and speaks docs/runner-protocol.md with it. It needs Python 3.9 or newer, and nothing but the standard library.

    python3 child.py                                   serves the daemon whose socket the environment names
    python3 child.py --configuration MODULE --root DIR prints the MCP_CONFIGURATION of a module as JSON
"""

import sys


def main():
    if sys.version_info < (3, 9):
        sys.exit("Python 3.9 or newer is needed; %s is Python %s" % (sys.executable, sys.version.split()[0]))
    # Python put this file's folder in front of the path, where functions must not find our modules in place of theirs.
    here = sys.path.pop(0)
    sys.path.insert(0, here)
    try:
        if len(sys.argv) > 1:
            from mcp_daemon_runner.describe import main as run
        else:
            from mcp_daemon_runner.serve import main as run
    finally:
        sys.path.remove(here)
    run()


if __name__ == "__main__":
    main()
