"""What functions print and log: sent to the daemon, with the call that it belongs to."""

import contextvars
import io
import os
import sys
import threading

from . import wire
from .values import to_bytes

_LONGEST = 65_536  # characters of one OUTPUT message

#: The call that this thread or coroutine runs.
current_call = contextvars.ContextVar("mcp_call", default=None)


def running_call():
    """The call that the present code runs for; None: it runs for none, or its call has ended."""
    call = current_call.get() or getattr(threading.current_thread(), "_mcp_call", None)
    return None if call is None or call.ended else call


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr. Whole lines are sent at once, the start of a line with its end or with the call's."""

    encoding = "utf-8"
    errors = "replace"
    newlines = None

    def __init__(self, name, fd, connection):
        self._name = name
        self._fd = fd
        self._connection = connection
        self._lock = threading.RLock()
        self._starts = {}
        self.buffer = _Bytes(self)

    @property
    def name(self):
        return "<%s>" % self._name

    def fileno(self):
        return self._fd

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        if self._connection.forked:
            return _write_all(self._fd, text)
        call = running_call()
        with self._lock:
            whole = self._starts.pop(call, "") + text
            end = len(whole) if len(whole) > _LONGEST else whole.rfind("\n") + 1
            if end < len(whole):
                self._starts[call] = whole[end:]
        if end:
            self._send(call, whole[:end])
        return len(text)

    def flush(self):
        self.finish(running_call())

    def finish(self, call):
        """Sends the start of a line that is still waiting for its end."""
        if call in self._starts:
            with self._lock:
                text = self._starts.pop(call, "")
            if text:
                self._send(call, text)

    def _send(self, call, text):
        number = 0 if call is None else call.number
        for start in range(0, len(text), _LONGEST):
            body = to_bytes({"stream": self._name, "text": text[start : start + _LONGEST]})
            self._connection.put(wire.OUTPUT, number, body)
        self._connection.flush()


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`: bytes are sent as text, as far as they are text."""

    def __init__(self, stream):
        self._stream = stream
        self.raw = self

    def writable(self):
        return True

    def fileno(self):
        return self._stream.fileno()

    def write(self, data):
        self._stream.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def flush(self):
        self._stream.flush()


def _write_all(fd, text):
    os.write(fd, text.encode("utf-8", "replace"))
    return len(text)


def capture(connection):
    """Puts streams in the place of sys.stdout and sys.stderr, and ends sys.stdin."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    if nothing != 0:
        os.dup2(nothing, 0)
        os.close(nothing)
    sys.stdout = Stream("stdout", 1, connection)
    sys.stderr = Stream("stderr", 2, connection)
    _follow_threads()
    return sys.stdout, sys.stderr


def _follow_threads():
    """Makes what a thread prints belong to the call that started it."""
    start = threading.Thread.start

    def start_for_call(self):
        self._mcp_call = running_call()
        return start(self)

    threading.Thread.start = start_for_call


def follow_pools():
    """The same for threads of pools, which are started by one call and work for others. Called when a module was imported."""
    pools = sys.modules.get("concurrent.futures.thread")
    if pools is None or hasattr(pools.ThreadPoolExecutor.submit, "_mcp"):
        return
    submit = pools.ThreadPoolExecutor.submit

    def submit_for_call(self, function, /, *arguments, **named):
        call = running_call()

        def work(*arguments, **named):
            token = current_call.set(call)
            try:
                return function(*arguments, **named)
            finally:
                current_call.reset(token)

        return submit(self, work if call is not None else function, *arguments, **named)

    submit_for_call._mcp = True
    pools.ThreadPoolExecutor.submit = submit_for_call


def capture_logging(connection):
    """Sends what is logged with the `logging` module to the daemon's log. Returns the logger that classes get."""
    import logging

    names = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"))

    class ToDaemon(logging.Handler):
        def emit(self, record):
            try:
                fields = {"logger": record.name}
                call = running_call()
                if call is not None:
                    fields["call"] = call.uuid
                if record.exc_info and record.exc_info[0] is not None:
                    fields["stack"] = logging.Formatter().formatException(record.exc_info)
                level = next((name for least, name in names if record.levelno >= least), "debug")
                body = to_bytes({"level": level, "message": record.getMessage(), "fields": fields})
                connection.put(wire.DIAGNOSTIC, 0, body)
                connection.flush()
            except Exception:
                self.handleError(record)

    logging.basicConfig(level=logging.INFO, handlers=[ToDaemon()])
    return logging.getLogger("mcp_daemon")
