"""Finds modules, classes and functions, as the Python engine does."""

import importlib
import os
import sys
import threading

from .output import follow_pools
from .values import setting_of

_COROUTINE = 0x80 | 0x100 | 0x200  # CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR
_HERE = os.path.dirname(os.path.abspath(__file__))


class LoadError(Exception):
    """Code that cannot be used. `code` and `stack` are sent with the message."""

    def __init__(self, code, message, stack=None):
        super().__init__(message)
        self.code = code
        self.stack = stack


def last_line(error):
    """The last line of an exception's traceback."""
    import traceback

    try:
        lines = traceback.format_exception_only(type(error), error)
    except BaseException:
        return type(error).__name__
    return lines[-1 if isinstance(error, SyntaxError) else 0].strip()


def reason_of(error):
    """The last line of an exception's traceback, with the place in the code of this module's folder where it was raised."""
    import traceback

    root = os.path.realpath(os.curdir)
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    for name, line in reversed(frames):
        file = os.path.relpath(os.path.realpath(name), root)
        if name.endswith(".py") and not file.startswith(os.pardir) and "site-packages" not in file:
            return "%s (%s, line %s)" % (last_line(error), file, line)
    return last_line(error)


def stack_of(error):
    """The traceback of an exception, without the frames of this program."""
    import traceback

    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, trace))[-20_000:]
    except BaseException:
        return None


def add_path(root):
    """Makes the modules of a bundle importable: after the standard library, before what is installed on this machine."""
    at = next((at for at, folder in enumerate(sys.path) if folder.endswith(("site-packages", "dist-packages"))), len(sys.path))
    for folder in (os.path.join(root, "site-packages"), root):
        if folder not in sys.path and (folder == root or os.path.isdir(folder)):
            sys.path.insert(at, folder)


def _name_of(file, root):
    """The name under which a file of the root is imported; None: it has none."""
    relative = os.path.relpath(file, root)
    parts = relative[: -len(".py")].split(os.sep) if relative.endswith(".py") else []
    if parts[-1:] == ["__init__"]:
        parts.pop()
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def _import_file(file, name):
    """Imports a file under a name of its own."""
    import importlib.util

    alias = "mcp_file_" + "".join(char if char.isalnum() else "_" for char in file)
    if alias in sys.modules:
        return sys.modules[alias]
    inside = [os.path.dirname(file)] if os.path.basename(file) == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(alias, file, submodule_search_locations=inside)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("No module named %r" % name, name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[alias] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(alias, None)
        raise
    return module


def _try_import(name):
    """A module; None: there is none of this name. A module that it imports and that is missing is an error."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            return None
        raise


def import_module(module_name, package_name, root, file=None):
    """Imports a module. Raises LoadError `module_not_found` or `module_failed`."""
    add_path(root)
    importlib.invalidate_caches()
    name = module_name[:-3] if module_name.endswith(".py") else module_name
    name = name.strip("./").replace("/", ".")
    names = [name] if package_name in (None, "", name) else [name, "%s.%s" % (package_name, name)]
    try:
        if file is not None:
            known = _name_of(file, root)
            module = None if known is None else _try_import(known)
            if module is None or os.path.realpath(getattr(module, "__file__", None) or "") != os.path.realpath(file):
                module = _import_file(file, name)
        else:
            module = next((found for found in map(_try_import, names) if found is not None), None)
    except BaseException as error:  # SystemExit, too: a module must not end the program
        raise LoadError(
            "module_failed", 'module "%s" could not be loaded: %s' % (module_name, reason_of(error)), stack_of(error)
        ) from error
    finally:
        follow_pools()
    if module is None:
        raise LoadError(
            "module_not_found",
            'module "%s" was not found: there is no %s.py and no folder %s in %s or its site-packages, '
            "and %s has no such module" % (module_name, name.replace(".", "/"), name.replace(".", "/"), root, sys.executable),
        )
    return module


def names_in(module):
    """Some of the names that a module has, for messages."""
    names = [name for name in vars(module) if not name.startswith("_")]
    return ", ".join(names[:10]) or "nothing"


def _submodule(module):
    """The submodule that has the same name as its package; None: there is none."""
    name = module.__name__.rpartition(".")[2]
    found = getattr(module, name, None)
    if isinstance(found, type(sys)):
        return found
    return _try_import("%s.%s" % (module.__name__, name)) if hasattr(module, "__path__") else None


def find(module, name, accepts):
    """A member of a module, or of its submodule of the same name; None: neither has one that is accepted."""
    found = getattr(module, name, None)
    if accepts(found):
        return found
    try:
        inner = _submodule(module)
    except BaseException as error:
        message = 'module "%s" could not be loaded: %s' % (module.__name__, reason_of(error))
        raise LoadError("module_failed", message, stack_of(error)) from error
    found = getattr(inner, name, None)
    return found if accepts(found) else None


class Built:
    """A class with its setting, and its instances: one for each call, or a single one if the class is `MCP_SHARED`."""

    def __init__(self, cls, setting, partition, logger):
        self._cls = cls
        self._setting = setting
        self._logger = logger
        self._ids = _ids(partition)
        self._spare = None
        self._lock = threading.Lock()
        self._shared = None
        self._is_shared = bool(getattr(cls, "MCP_SHARED", False))

    def _build(self):
        instance = self._cls(self._logger, **setting_of(self._setting))
        if hasattr(instance, "endpoint_id") and hasattr(instance, "part_id"):
            instance.endpoint_id, instance.part_id = self._ids
        return instance

    def take(self):
        """An instance for one call."""
        if not self._is_shared:
            spare, self._spare = self._spare, None
            if spare is not None and spare[0] == threading.get_ident():
                return spare[1]
            return self._build()
        if self._shared is None:
            with self._lock:
                if self._shared is None:
                    self._shared = self._build()
        return self._shared

    def check(self, name, class_name, module_name):
        """Builds an instance, and looks for the function in it. The instance serves the next call of this thread."""
        try:
            instance = self.take()
        except BaseException as error:
            message = 'class "%s" of module "%s" could not be built: %s' % (class_name, module_name, reason_of(error))
            raise LoadError("module_failed", message, stack_of(error)) from error
        method = getattr(instance, name, None)
        if not callable(method):
            raise LoadError(
                "function_not_found", 'class "%s" of module "%s" has no function "%s"' % (class_name, module_name, name)
            )
        self._spare = None if self._is_shared else (threading.get_ident(), instance)
        return method


def _ids(partition):
    """What the engine sets as `endpoint_id` and `part_id`."""
    endpoint, _, part = partition.partition("#")
    return endpoint, part or partition


def is_coroutine_function(function):
    """Whether calling it gives a coroutine or an asynchronous generator."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        function = getattr(getattr(function, "func", None) or type(function), "__call__", None)
        code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & _COROUTINE)


def parameters_of(function):
    """The parameters of a function by name, and whether it takes any name. Nothing is known of functions written in C."""
    import inspect

    try:
        found = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}, False
    return found, any(each.kind is each.VAR_KEYWORD for each in found.values())


def wants_context(function):
    """Whether a function has a parameter `context` that is for us, and not for an argument of that name."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is not None and not hasattr(function, "__wrapped__"):
        if "context" not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            return False  # without loading `inspect`
    found, _ = parameters_of(function)
    parameter = found.get("context")
    if parameter is None or parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        return False
    if parameter.default not in (parameter.empty, None):
        return False
    note = parameter.annotation
    text = note if isinstance(note, str) else getattr(note, "__name__", str(note))
    return note is parameter.empty or "Context" in text or text.rpartition(".")[2] in ("Any", "object")
