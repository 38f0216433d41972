"""Frames on the socket to the daemon."""

import os
import select
import threading
from collections import deque
from struct import Struct

# From the daemon.
WELCOME, LOAD, CALL, ABORT, CALLER, FORGET, END = range(1, 8)
# To the daemon.
(HELLO, LOADED, FAILED, BEGUN, RESULT, ERROR, PROGRESS, LOG, DIAGNOSTIC, OUTPUT, RESOURCE_UPDATED) = range(64, 75)

MORE, ATTACHMENTS = 1, 2

_HEADER = Struct("<IBBI")
_LENGTH = Struct("<I")
_REST = 6  # bytes of the header that the length counts
_MAX_BODY = 262_144
_WRITE = 1_048_576  # bytes gathered for one write, about


class WireError(Exception):
    """The daemon sent something that is not a frame, or the socket is not ours any more."""


class Connection:
    """The socket to the daemon. `put` may be called by any thread, `messages` by one."""

    def __init__(self, fd):
        # Far from the numbers that programs expect to be theirs, and not inherited by the programs that functions start.
        self._fd = _move_up(fd)
        os.set_blocking(self._fd, True)
        self._inode = os.fstat(self._fd).st_ino
        self._pending = deque()
        self._lock = threading.Lock()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self.max_message = 64 * 1024 * 1024
        #: Whether this is a process that a function forked. It must not speak with the daemon.
        self.forked = False

    @property
    def waiting(self):
        """Whether there are frames that were put and not yet sent."""
        return bool(self._pending)

    def put(self, kind, number, body, attachments=()):
        """Adds a message to what `flush` sends. Messages of one thread stay in order."""
        flags = 0
        if attachments:
            flags = ATTACHMENTS
            body = b"".join([_LENGTH.pack(len(body)), body, *attachments])
        size = len(body)
        if size <= _MAX_BODY:
            self._pending.append(_HEADER.pack(size + _REST, kind, flags, number) + body)
            return
        view = memoryview(body)
        frames = []
        for start in range(0, size, _MAX_BODY):
            part = view[start : start + _MAX_BODY]
            more = MORE if start + _MAX_BODY < size else 0
            frames.append(_HEADER.pack(len(part) + _REST, kind, flags | more, number))
            frames.append(part)
        self._pending.extend(frames)  # at once, so that no other thread's frame gets between header and part

    def flush(self):
        """Sends all messages that were put. It waits while the daemon does not read."""
        pending = self._pending
        while pending:
            with self._lock:
                frames, size = [], 0
                while pending and size < _WRITE:
                    frame = pending.popleft()
                    frames.append(frame)
                    size += len(frame)
                if frames:
                    self._write(frames[0] if len(frames) == 1 else b"".join(frames))

    def drain(self):
        """Sends all messages that were put, and waits for those that another thread has taken to send."""
        self.flush()
        with self._lock:
            pass

    def _write(self, data):
        if self.forked:
            return
        if os.fstat(self._fd).st_ino != self._inode:
            raise WireError("the descriptor of the daemon's socket belongs to another file")
        sent = os.write(self._fd, data)
        if sent < len(data):
            view = memoryview(data)
            while sent < len(view):
                sent += os.write(self._fd, view[sent:])

    def messages(self, tick):
        """Yields lists of (type, id, body, whether it has attachments), one list for each read, until the daemon closes the socket.

        tick: called before each wait. It returns the most milliseconds to wait; None: any time.
        """
        rest = b""
        parts = {}
        while True:
            wait = tick()
            if wait is not None and not self._poll.poll(wait):
                continue
            if os.fstat(self._fd).st_ino != self._inode:
                raise WireError("the descriptor of the daemon's socket belongs to another file")
            chunk = os.read(self._fd, 262_144)
            if not chunk:
                return
            data = rest + chunk if rest else chunk
            found = []
            rest = data[_split(data, found, parts, self.max_message) :]
            if found:
                yield found

    def leave(self):
        """Gives the socket up in a process that a function forked."""
        self.forked = True
        self._pending.clear()
        self._lock = threading.Lock()
        try:
            if os.fstat(self._fd).st_ino == self._inode:
                os.close(self._fd)
        except OSError:
            pass  # the function has closed it


def _split(data, found, parts, limit):
    """Reads the whole frames in data. Returns where the first incomplete one begins."""
    at, end = 0, len(data)
    while end - at >= 10:
        length, kind, flags, number = _HEADER.unpack_from(data, at)
        if length < _REST or length > _MAX_BODY + _REST:
            raise WireError("a frame of %d bytes" % length)
        stop = at + 4 + length
        if stop > end:
            break
        body = data[at + 10 : stop]
        at = stop
        if not WELCOME <= kind <= END:
            raise WireError("a frame of the unknown type %d" % kind)
        if flags & ATTACHMENTS and kind != CALL:
            raise WireError("attachments, which only calls have")
        key = (kind, number)
        if flags & MORE or key in parts:
            earlier = parts.setdefault(key, bytearray())
            earlier += body
            if len(earlier) > limit:
                raise WireError("a message of more than %d bytes" % limit)
            if flags & MORE:
                continue
            body = bytes(parts.pop(key))
        found.append((kind, number, body, bool(flags & ATTACHMENTS)))
    return at


def attached(body):
    """The JSON of a body, and its attachments."""
    (size,) = _LENGTH.unpack_from(body)
    return body[4 : 4 + size], body[4 + size :]


def _move_up(fd):
    """Moves a descriptor to a high number, as far as the limit of open files allows, and closes the old one."""
    import fcntl

    for lowest in (900, 200, 3):
        try:
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError:
            continue
        os.close(fd)
        return moved
    os.set_inheritable(fd, False)
    return fd
