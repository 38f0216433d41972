"""One call of a function: from its message to its answer."""

import sys
from types import GeneratorType

from . import wire
from .context import Context
from .loading import last_line, stack_of
from .output import current_call
from .values import NotSendable, result_of, to_bytes


class Function:
    """A loaded function."""

    __slots__ = ("asynchronous", "built", "is_tool", "kind", "name", "partition", "passes_partition", "quick", "target", "uses_context")

    def __init__(self, kind, name, target, partition):
        self.kind = kind
        self.name = name
        #: Returns what is called, made for one call.
        self.target = target
        self.partition = partition
        #: The key of its class and setting; None: it has no class.
        self.built = None
        self.is_tool = kind == "tool"
        self.asynchronous = False
        self.uses_context = False
        #: Prompts: the engine adds the partition to the arguments.
        self.passes_partition = False
        #: Whether its last call took less than a millisecond. Such calls share a thread.
        self.quick = False

    def call(self, call, connection):
        """Calls the function. A coroutine or a generator is returned as it is."""
        function = self.target()
        given = call.body.get("input")
        kind = self.kind
        if kind == "tool" or kind == "prompt":
            named = given if isinstance(given, dict) else {}
            if self.passes_partition and "partition_key" not in named:
                named["partition_key"] = self.partition
            if self.uses_context and "context" not in named:
                named["context"] = Context(call, connection, self.partition)
            return function(**named) if kind == "tool" else function(self.name, **named)
        if self.uses_context:
            return function(given, context=Context(call, connection, self.partition))
        return function(given)


class Call:
    """A call that the daemon waits for."""

    __slots__ = ("body", "caller", "cancelled", "ended", "function", "number", "on_cancel", "task", "uuid", "wants_progress")

    def __init__(self, number, body, function, caller):
        self.number = number
        self.body = body
        self.function = function
        self.caller = caller
        self.uuid = body.get("uuid")
        self.wants_progress = body.get("progress") is True
        self.cancelled = False
        self.ended = False
        #: An Event to set when the call is cancelled.
        self.on_cancel = None
        #: The asyncio task that runs it.
        self.task = None

    def cancel(self):
        """Tells the function that its answer is not wanted any more. Coroutines are cancelled by the loop's thread."""
        self.cancelled = True
        if self.on_cancel is not None:
            self.on_cancel.set()


def _step_progress(context, step, count):
    """Sends what a generator yields: a number, a text, or a dict with progress, total and message."""
    if isinstance(step, (int, float)) and not isinstance(step, bool):
        context.progress(step)
    elif isinstance(step, str):
        context.progress(count, message=step)
    elif isinstance(step, dict):
        context.progress(step.get("progress", count), step.get("total"), step.get("message"))


def _is_progress(value):
    """Whether a value is the generator of a function. `(x for x in y)` is a list that was not made yet."""
    return type(value) is GeneratorType and value.gi_code.co_name != "<genexpr>"


class Cancelled(Exception):
    """Ends a generator whose call was cancelled."""


def run_generator(call, generator, connection):
    """Runs a generator to its end. Returns what it returns."""
    context = Context(call, connection, call.function.partition)
    count = 0
    while True:
        if call.cancelled:
            generator.close()
            raise Cancelled("the call was cancelled")
        try:
            step = next(generator)
        except StopIteration as end:
            return end.value
        count += 1
        _step_progress(context, step, count)


async def run_async_generator(call, generator, connection):
    """Runs an asynchronous generator, which cannot return a value: its last one is the result, the others are progress."""
    context = Context(call, connection, call.function.partition)
    count, last = 0, None
    async for step in generator:
        if count > 0:
            _step_progress(context, last, count)
        count, last = count + 1, step
    return last


async def run_awaitable(call, value, connection):
    """Awaits what a function has returned; None: it was not called yet. Returns the result."""
    current_call.set(call)
    if value is None:
        value = call.function.call(call, connection)
    while hasattr(value, "__await__"):
        value = await value
    if hasattr(value, "__anext__"):
        return await run_async_generator(call, value, connection)
    if _is_progress(value):
        return run_generator(call, value, connection)
    return value


def run(call, connection):
    """Runs a function in this thread. Returns its value, which may be a coroutine."""
    token = current_call.set(call)
    try:
        value = call.function.call(call, connection)
        return run_generator(call, value, connection) if _is_progress(value) else value
    finally:
        current_call.reset(token)


def error_body(error, kind=None):
    """The body of an ERROR."""
    body = {"name": type(error).__name__, "message": last_line(error)}
    if kind is not None:
        body.update(kind=kind, message=str(error))
    else:
        stack = stack_of(error)
        if stack is not None:
            body["stack"] = stack
    return to_bytes(body)


def answer(call, value, connection):
    """Puts the RESULT of a call, or the ERROR if its value cannot be sent."""
    try:
        body, attachments = result_of(value, call.function.is_tool)
        size = len(body) + sum(map(len, attachments))
        if size + 8 > connection.max_message:
            raise NotSendable("it returned %d bytes; at most %d can be sent" % (size, connection.max_message))
    except NotSendable as error:
        connection.put(wire.ERROR, call.number, error_body(error, "return_value"))
    except BaseException as error:  # a member of the value that raises when it is read, or no memory
        connection.put(wire.ERROR, call.number, error_body(error))
    else:
        connection.put(wire.RESULT, call.number, body, attachments)


def finish(call, connection):
    """Sends the rest of what a call has printed. Its answer is put next."""
    for stream in (sys.stdout, sys.stderr):
        finish_line = getattr(stream, "finish", None)  # the function may have put a stream of its own there
        if finish_line is not None:
            finish_line(call)
    call.ended = True
