"""The process: how it finds the daemon, and how it ends with it."""

import os
import signal
import sys

from .wire import Connection

_PARENT = os.getppid()
_THREADS = 32  # calls of functions that are no coroutines, at once


def connect():
    """Connects to the daemon, and takes the variables away from the code of bundles. Returns (connection, token, threads)."""
    path = os.environ.pop("MCP_RUNNER_SOCKET", None)
    fd = os.environ.pop("MCP_RUNNER_FD", None)
    token = os.environ.pop("MCP_RUNNER_TOKEN", "")
    threads = int(os.environ.pop("MCP_RUNNER_THREADS", "") or _THREADS)
    if path:
        import socket

        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(path)
        return Connection(client.detach()), token, threads
    if fd:
        return Connection(int(fd)), token, threads
    sys.exit("This program is started by mcp-daemon: neither MCP_RUNNER_SOCKET nor MCP_RUNNER_FD is set.")


def prepare():
    """Makes the kernel end this process with the one that started it, for code that never lets another thread run."""
    try:
        import faulthandler

        faulthandler.enable(2)  # what Python code ran when C code crashed
    except (ImportError, OSError, ValueError):
        pass  # without stderr there is nowhere to write it
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    except (ImportError, OSError, AttributeError):
        return  # the end of the socket is enough, but for code that blocks all threads
    if os.getppid() != _PARENT:
        end_process(0)


def end_process(code):
    """Ends this process now, whatever its other threads do, and the processes that its functions started."""
    try:
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
    finally:
        os._exit(code)


def leave_in_forks(connection):
    """Takes the socket away from processes that functions fork."""
    os.register_at_fork(after_in_child=connection.leave)
