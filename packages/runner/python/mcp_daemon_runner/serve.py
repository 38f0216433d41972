"""Serves the daemon: reads its messages, loads functions and runs their calls.

Three kinds of threads: the reader reads messages and ends the process when the daemon is gone. The main thread imports modules and
runs coroutines, in its event loop. Workers run functions that are no coroutines, each one at a time.

Functions that return within a millisecond share one worker: changing threads would cost more than the call. If one of them takes
longer, the reader wakes another worker, which goes on with the calls behind it and sends the answers that are ready.
"""

import json
import os
import sys
import threading
import time
from collections import deque
from queue import SimpleQueue

from . import wire
from .call import Call, Cancelled, Function, answer, error_body, finish, run, run_awaitable
from .end import end_process, leave_in_forks, prepare
from .loading import Built, LoadError, find, import_module, is_coroutine_function, names_in, parameters_of, wants_context
from .output import capture, capture_logging
from .values import to_bytes

_BATCH = 32  # quick calls that one worker takes at once
_QUICK = 0.001  # seconds
_TICKS = (2, 2, 4, 8, 16, 32, 64)  # milliseconds between two looks at calls that wait for a worker
_decode = json.JSONDecoder().decode


class Server:
    """The state of the child."""

    def __init__(self, connection, threads):
        self._connection = connection
        self._max_threads = threads
        self._threads = 0
        self._functions = {}
        self._callers = {}
        self._calls = {}
        self._built = {}
        self._logger = None
        self._ending = False
        self._main = SimpleQueue()
        self._loop = None
        self._current_task = None
        self._flushing = False
        # Calls and other work for workers that have not begun; and calls that the daemon knows to begin now.
        self._queue = deque()
        self._begun = deque()
        self._lock = threading.Lock()
        self._idle = deque()
        self._wake = SimpleQueue()
        self._draining = set()
        self._ticks = 0

    # --- The reader -----------------------------------------------------------------------------------------------------------

    def read(self):
        """Reads until the daemon is gone, and ends the process."""
        try:
            prepare()
            for messages in self._connection.messages(self._tick):
                for kind, number, body, has_texts in messages:
                    self._take(kind, number, _with_texts(body) if has_texts else _decode(body.decode()))
                self._employ()
        except BaseException as error:
            _last_words(error)
            end_process(1)
        end_process(0)

    def _take(self, kind, number, body):
        if kind == wire.CALL:
            function = self._functions.get(body["fn"])
            if function is None:
                raise wire.WireError("a call of the function %r, which is not loaded" % body["fn"])
            call = Call(number, body, function, self._callers.get(body.get("caller")) or {})
            self._calls[number] = call
            if function.asynchronous:
                self._post(call)
            else:
                self._queue.append(call)
        elif kind == wire.ABORT:
            self._abort(number)
        elif kind == wire.LOAD:
            self._post(lambda: self._load(number, body))
        elif kind == wire.CALLER:
            self._callers.setdefault(number, {}).clear()
            self._callers[number].update(body)
        elif kind == wire.FORGET:
            self._forget(number)
        elif kind == wire.WELCOME:
            self._connection.max_message = body["maxMessageBytes"]
        elif kind == wire.END:
            self._ending = True
            self._end_if_idle()

    def _abort(self, number):
        call = self._calls.get(number)
        if call is None:
            return  # its answer is on its way
        call.cancel()
        if call.task is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel, call)
            return
        try:
            with self._lock:
                self._queue.remove(call)
        except ValueError:
            return  # it runs, and has been told
        self._fail(call, Cancelled("the call was cancelled"))
        threading.Thread(target=self._connection.flush, daemon=True).start()

    @staticmethod
    def _cancel(call):
        if not call.ended:
            call.task.cancel()

    def _forget(self, number):
        """Forgets a function, and the instances of its class if no other function needs them."""
        forgotten = self._functions.pop(number, None)
        if forgotten is not None and all(each.built != forgotten.built for each in list(self._functions.values())):
            self._built.pop(forgotten.built, None)

    def _tick(self):
        """Looks for work that nobody does. Returns the milliseconds until the next look; None: there is none."""
        waiting = len(self._queue) + len(self._begun)
        if not waiting and not self._connection.waiting:
            self._ticks = 0
            return None
        if self._ticks > 0:
            for _ in range(min(waiting + 1, 2**self._ticks)):
                if not self._hire():
                    break
        self._ticks += 1
        return _TICKS[min(self._ticks, len(_TICKS)) - 1]

    def _employ(self):
        """Wakes workers for the calls that have just come."""
        self._ticks = 0
        slow = sum(1 for work in self._queue if not (type(work) is Call and work.function.quick))
        wanted = slow or (1 if self._queue else 0)
        for _ in range(wanted - len(self._draining)):  # those that drain the queue take one each
            if not self._hire():
                return

    def _hire(self):
        """Wakes a worker, or starts one. False: all are busy, and there are as many as may be."""
        try:
            self._idle.popleft()
        except IndexError:
            if self._threads >= self._max_threads:
                return False
            self._threads += 1
            threading.Thread(target=self._work, name="mcp-worker-%d" % self._threads, daemon=True).start()
            return True
        self._wake.put(None)
        return True

    # --- Workers --------------------------------------------------------------------------------------------------------------

    def _work(self):
        me = threading.get_ident()
        try:
            while True:
                self._draining.add(me)
                work = self._next_work()
                if work is not None:
                    self._do(work, me)
                    continue
                self._connection.flush()
                self._draining.discard(me)
                self._idle.append(me)
                if self._queue or self._begun:  # they came before the reader could see that this worker is idle
                    try:
                        self._idle.remove(me)
                        continue
                    except ValueError:
                        pass  # the reader has just woken it
                self._wake.get()
        except BaseException as error:
            _last_words(error)
            end_process(1)

    def _next_work(self):
        try:
            return self._begun.popleft()
        except IndexError:
            pass
        batch = []
        with self._lock:
            queue = self._queue
            while queue and len(batch) < _BATCH:
                quick = type(queue[0]) is Call and queue[0].function.quick
                if batch and not quick:
                    break
                batch.append(queue.popleft())
                if not quick:
                    break
        if not batch:
            return None
        if type(batch[0]) is Call:
            self._announce(batch)
        if len(batch) > 1:
            self._begun.extend(batch[1:])
        return batch[0]

    def _announce(self, calls):
        self._connection.put(wire.BEGUN, calls[0].number, b'{"ids":%b}' % to_bytes([call.number for call in calls]))
        self._connection.flush()

    def _do(self, work, me):
        if type(work) is not Call:
            self._draining.discard(me)
            work()
            return
        function = work.function
        if not function.quick:
            self._draining.discard(me)
        started = time.perf_counter()
        try:
            if work.cancelled:
                raise Cancelled("the call was cancelled")
            value = run(work, self._connection)
        except BaseException as error:  # SystemExit and KeyboardInterrupt, too: they end the call, not the process
            self._leave_fork(error)
            self._fail(work, error)
        else:
            self._leave_fork(None)
            if hasattr(value, "__await__") or hasattr(value, "__anext__"):
                self._post(lambda: self._start(work, value))
            else:
                self._succeed(work, value)
        function.quick = time.perf_counter() - started < _QUICK
        if not function.quick:
            self._connection.flush()

    def _leave_fork(self, error):
        """Ends a process that a function forked and that comes back from the function: it has no part in our work."""
        if self._connection.forked:
            code = getattr(error, "code", 1) if error is not None else 0
            os._exit(code if isinstance(code, int) else 0 if code is None else 1)

    # --- The main thread ------------------------------------------------------------------------------------------------------

    def _post(self, work):
        """Gives work to the main thread: a call of a coroutine function, or a function without parameters."""
        self._main.put(work)
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._do_posted)

    def run_main(self, logger):
        """Does the work of the main thread, until the daemon wants no more."""
        self._logger = logger
        while self._loop is None:
            work = self._main.get()
            if work is None:
                return
            self._do_main([work])
        while self._run_loop():
            pass

    def _need_loop(self):
        """Makes the event loop. It runs when the present work is done."""
        if self._loop is None:
            import asyncio

            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            self._loop, self._current_task = loop, asyncio.current_task
            loop.call_soon_threadsafe(self._do_posted)
        return self._loop

    def _run_loop(self):
        """Runs the loop until something stops it. False: it was us."""
        self._loop.run_forever()
        if self._main is None:
            return False
        if self._loop.is_closed():
            self._loop = None
            self._need_loop()
        return True

    def _do_posted(self):
        posted = []
        while not self._main.empty():
            work = self._main.get()
            if work is None:
                self._main = None
                self._loop.stop()
                break
            posted.append(work)
        self._do_main(posted)

    def _do_main(self, posted):
        calls = [work for work in posted if type(work) is Call]
        if calls:
            self._announce(calls)
        for work in posted:
            if type(work) is not Call:
                work()
                self._connection.flush()
            else:
                self._start(work)

    def _start(self, call, value=None):
        """Starts the task of a call. value: what its function has returned, if it was called already."""
        loop = self._need_loop()
        loop.create_task(self._run_task(call, value))

    async def _run_task(self, call, value):
        try:
            # From here on the task can be cancelled. One that is cancelled before its first step would never get here.
            call.task = self._current_task()
            if call.cancelled:
                if hasattr(value, "close"):
                    value.close()
                raise Cancelled("the call was cancelled")
            value = await run_awaitable(call, value, self._connection)
        except BaseException as error:  # also SystemExit, which would end the loop
            self._leave_fork(error)
            self._fail(call, error)
        else:
            self._leave_fork(None)
            self._succeed(call, value)
        if not self._flushing:  # one write for all calls that end in this turn of the loop
            self._flushing = True
            self._loop.call_soon(self._flush_turn)

    def _flush_turn(self):
        self._flushing = False
        self._connection.flush()

    # --- Loading --------------------------------------------------------------------------------------------------------------

    def _load(self, number, body):
        try:
            if os.getcwd() != body["root"]:
                os.chdir(body["root"])  # a child that was started before it was known what it loads
            # Beside the code it could be stale: Python compares whole seconds and sizes. The cache belongs to this very code.
            sys.dont_write_bytecode = not body.get("cache")
            sys.pycache_prefix = body.get("cache")
            module = import_module(body["module_name"], body.get("package_name"), body["root"], body.get("file"))
            if "asyncio" in sys.modules:
                self._need_loop()
            self._link(number, body, module)
        except LoadError as error:
            self._refuse(number, error)

    def _link(self, number, body, module):
        name, class_name = body["function_name"], body.get("class_name")
        function = Function(body.get("kind", "tool"), body.get("name", name), None, body["partition"])
        if not class_name:
            found = find(module, name, lambda member: callable(member) and not isinstance(member, type))
            if found is None:
                raise LoadError("function_not_found", _missing("function", name, module, body))
            function.target = lambda: found
            self._loaded(number, function, found)
            return
        cls = find(module, class_name, lambda member: isinstance(member, type))
        if cls is None:
            raise LoadError("function_not_found", _missing("class", class_name, module, body))
        key = (cls, json.dumps(body.get("setting"), sort_keys=True))
        built = self._built.get(key)
        if built is None:
            built = self._built[key] = Built(cls, body.get("setting") or {}, body["partition"], self._logger)
        function.built = key
        function.target = lambda: getattr(built.take(), name)

        def check():
            try:
                method = built.check(name, class_name, body["module_name"])
            except LoadError as error:
                self._refuse(number, error)
            else:
                self._loaded(number, function, method)

        # An instance is built where its function will run: some things, such as connections to SQLite, stay with their thread.
        if is_coroutine_function(getattr(cls, name, None)) or getattr(cls, "MCP_SHARED", False):
            self._in_loop(check)
        else:
            self._queue.append(check)
            self._hire()

    def _in_loop(self, work):
        """Does work where `asyncio.get_running_loop()` works."""
        self._need_loop().call_soon(lambda: (work(), self._connection.flush()))

    def _loaded(self, number, function, found):
        function.asynchronous = is_coroutine_function(found)
        function.uses_context = wants_context(found)
        if function.kind == "prompt":
            parameters, takes_all = parameters_of(found)
            function.passes_partition = takes_all or "partition_key" in parameters
        self._functions[number] = function
        self._connection.put(wire.LOADED, number, b"{}")

    def _refuse(self, number, error):
        body = {"code": error.code, "message": str(error)}
        if error.stack is not None:
            body["stack"] = error.stack
        self._connection.put(wire.FAILED, number, to_bytes(body))

    # --- Answers --------------------------------------------------------------------------------------------------------------

    def _succeed(self, call, value):
        finish(call, self._connection)
        answer(call, value, self._connection)
        self._close(call)

    def _fail(self, call, error):
        finish(call, self._connection)
        self._connection.put(wire.ERROR, call.number, error_body(error))
        self._close(call)

    def _close(self, call):
        self._calls.pop(call.number, None)
        if self._ending:
            self._end_if_idle()

    def _end_if_idle(self):
        if not self._calls and self._main is not None:
            self._post(None)


def _with_texts(body):
    """A call whose long texts are behind its JSON."""
    body, texts = wire.attached(body)
    call = _decode(body.decode())
    at = 0
    for text in call["texts"]:
        call["input"][text["at"]] = texts[at : at + text["size"]].decode()
        at += text["size"]
    return call


def _missing(what, name, module, body):
    return 'module "%s" has no %s "%s"; it has %s' % (body["module_name"], what, name, names_in(module))


def _last_words(error):
    """Says on the real stderr why the process ends: the daemon may not read the socket any more."""
    try:
        os.write(2, ("mcp-daemon python child: %s: %s\n" % (type(error).__name__, error)).encode())
    except OSError:
        pass  # there is no stderr any more either


def main():
    """Serves the daemon whose socket the environment names."""
    from .end import connect

    connection, token, threads = connect()
    hello = {"protocol": 1, "token": token, "runtime": "python", "version": sys.version.split()[0], "pid": os.getpid()}
    connection.put(wire.HELLO, 0, to_bytes(hello))
    connection.flush()
    leave_in_forks(connection)
    server = Server(connection, threads)
    threading.Thread(target=server.read, name="mcp-reader", daemon=True).start()
    capture(connection)
    server.run_main(capture_logging(connection))
    connection.drain()  # a worker may be sending the last answer
    sys.exit(0)
