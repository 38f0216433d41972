"""The context of a call, for functions that have a parameter of that name."""

import threading

from . import wire
from .values import json_of, to_bytes

_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


class Context:
    """What a function may ask and do beside its arguments."""

    __slots__ = ("_call", "_connection", "_event", "partition")

    def __init__(self, call, connection, partition):
        self._call = call
        self._connection = connection
        self._event = None
        #: The tenant that the call belongs to.
        self.partition = partition

    @property
    def cancelled(self):
        """Whether the client cancelled the call or left, or its time is up. Coroutines are cancelled as well."""
        return self._call.cancelled

    def wait(self, seconds):
        """Sleeps, for a function that is no coroutine. Returns True at once when the call is cancelled, else False."""
        if self._event is None:
            self._call.on_cancel = self._event = threading.Event()
            if self._call.cancelled:
                self._event.set()
        return self._event.wait(seconds)

    def progress(self, progress, total=None, message=None):
        """Sends progress, if the client asked for it."""
        call = self._call
        if not call.wants_progress or call.ended:
            return
        body = {"progress": progress}
        if total is not None:
            body["total"] = total
        if message is not None:
            body["message"] = str(message)
        self._send(wire.PROGRESS, to_bytes(body))

    def log(self, level, data, logger=None):
        """Sends a log message to the client, if it wants that level: debug, info, notice, warning, error, critical, alert, emergency."""
        wanted = self._call.caller.get("logLevel")
        if level not in _LEVELS:
            raise ValueError("the level %r is not one of %s" % (level, ", ".join(_LEVELS)))
        if wanted not in _LEVELS or _LEVELS.index(level) < _LEVELS.index(wanted):
            return
        name = b"" if logger is None else b',"logger":' + to_bytes(str(logger))
        self._send(wire.LOG, b'{"level":%b,"data":%b%b}' % (to_bytes(level), json_of(data), name))

    def resource_updated(self, uri):
        """Notifies the clients that subscribed to the resource."""
        self._send(wire.RESOURCE_UPDATED, to_bytes({"uri": str(uri)}))

    def _send(self, kind, body):
        if self._call.ended:
            return
        self._connection.put(kind, self._call.number, body)
        self._connection.flush()

    @staticmethod
    def input_required(requests, state=None):
        """What a function returns to ask the user. It is then called again, from its first line, with the answers in `inputs`."""
        wish = {"resultType": "input_required", "inputRequests": requests}
        return wish if state is None else {**wish, "state": state}

    @staticmethod
    def elicit(message, schema):
        """A question: a form for the user. The answer has "action": "accept", "decline" or "cancel", and "content"."""
        return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}

    @staticmethod
    def sample(messages, max_tokens, **more):
        """A question: a message for the client's model. The answer has "role", "content" and "model"."""
        return {"method": "sampling/createMessage", "params": {**more, "messages": messages, "maxTokens": max_tokens}}

    @staticmethod
    def list_roots():
        """A question: the folders that the client works in. The answer has "roots"."""
        return {"method": "roots/list"}

    @property
    def inputs(self):
        """The client's answers so far, by the names of the questions."""
        return self._call.body.get("inputs") or {}

    @property
    def state(self):
        """The state of the last `input_required`."""
        return self._call.body.get("state")

    @property
    def variables(self):
        """The variables of the resource template that matched. For a completion: the other arguments."""
        return self._call.body.get("variables") or {}

    @property
    def meta(self):
        """The request's `_meta`."""
        return self._call.body.get("meta") or {}

    @property
    def uuid(self):
        """The uuid of the call's record."""
        return self._call.uuid

    @property
    def subject(self):
        """Who calls."""
        return self._call.body.get("subject")

    @property
    def traceparent(self):
        """The trace of the call (W3C Trace Context); None: there is none."""
        return self._call.body.get("traceparent")

    @property
    def client(self):
        """Name and version of the client program, as it says."""
        return self._call.caller.get("client")

    @property
    def client_capabilities(self):
        """The client's capabilities: what it can be asked for."""
        return self._call.caller.get("capabilities") or {}

    @property
    def protocol_version(self):
        """The protocol version of the request."""
        return self._call.caller.get("protocolVersion")
