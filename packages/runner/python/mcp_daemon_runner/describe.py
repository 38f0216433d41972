"""Prints the MCP_CONFIGURATION of a module, which Python packages carry in place of mcp_configuration.json."""

import os
import sys


def main():
    """`child.py --configuration MODULE --root DIR`: JSON on stdout, `null` if the module has no such attribute. Exit code 1: a
    message on stderr says why not."""
    import argparse

    parser = argparse.ArgumentParser(prog="child.py", description="Prints the MCP_CONFIGURATION of a module as JSON.")
    parser.add_argument("--configuration", metavar="MODULE", required=True, help="the name of the module")
    parser.add_argument("--root", metavar="DIR", required=True, help="the folder with the code")
    parser.add_argument("--package", metavar="NAME", help="the package that the module may be in")
    options = parser.parse_args()
    # What the module prints, and what it prints at its end, must not get between the JSON.
    out = os.dup(1)
    os.dup2(2, 1)
    os._exit(_print(out, options))


def _print(out, options):
    from .loading import LoadError, find, import_module
    from .values import NotSendable, plain_of, to_bytes

    try:
        module = import_module(options.configuration, options.package, os.path.abspath(options.root))
        found = find(module, "MCP_CONFIGURATION", lambda member: member is not None)
        left = memoryview(to_bytes(plain_of(found)) + b"\n")
        while left:
            left = left[os.write(out, left) :]
    except LoadError as error:
        sys.stderr.write("%s\n%s\n" % (error, error.stack or "") if error.stack else "%s\n" % error)
    except NotSendable as error:
        sys.stderr.write("MCP_CONFIGURATION of module %s is not JSON: %s\n" % (options.configuration, str(error).replace("it returned", "it has")))
    else:
        return 0
    sys.stderr.flush()
    return 1
