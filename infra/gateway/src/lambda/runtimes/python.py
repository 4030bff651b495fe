"""Runs a Python handler for Ferrogate: takes events from the Lambda Runtime API and posts what the handler makes of them.

Answers, errors and log lines are those of AWS's own Python runtimes. Frames of this file are left out of stack traces,
and the function's folder is written as /var/task, as it would be there.
"""

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

TASK_ROOT = os.environ["LAMBDA_TASK_ROOT"]
# What the log indents with, so that leading blanks survive wherever it is shown.
NO_BREAK_SPACE = "\u00a0"


class Fault(Exception):
    """An error that the runtime itself reports."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace or []


def know_local_names():
    """Makes names below `localhost` mean this machine, as RFC 6761 has it: not every C library's resolver does.

    `domainName` in the events of API Gateway is such a name, and handlers post to connections through it.
    """
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *arguments, **options):
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and name.lower().rstrip(".").endswith(".localhost"):
            host = "127.0.0.1"
        return resolve(host, *arguments, **options)

    socket.getaddrinfo = getaddrinfo


class RuntimeApi:
    """One connection to the Runtime API, kept for the life of the process.

    The other end always announces a body's length, so this is all of HTTP that is needed; the standard library's
    client would take several times as long for each event, and longer to be imported.
    """

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = address.encode()
        self.ask = self._head("GET", "/2018-06-01/runtime/invocation/next") + b"\r\n"
        self.buffer = b""

    def _head(self, method, path):
        return b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method.encode(), path.encode(), self.host)

    def _post(self, path, body, content_type, error_type):
        head = self._head("POST", path) + b"Content-Type: %s\r\nContent-Length: %d\r\n" % (
            content_type.encode(),
            len(body),
        )
        if error_type is not None:
            # A header holds no line breaks nor letters beyond Latin-1; a class name may.
            name = error_type.encode("ascii", "replace").replace(b"\n", b" ").replace(b"\r", b" ")
            head += b"Lambda-Runtime-Function-Error-Type: " + name + b"\r\n"
        return head + b"\r\n" + body

    def _read(self):
        """One answer: its status, its headers by their names in lower case, its body."""
        buffer = self.buffer
        while True:
            end = buffer.find(b"\r\n\r\n")
            if end >= 0:
                break
            buffer += self._receive()
        lines = buffer[:end].split(b"\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        length = int(headers.get(b"content-length", b"0"))
        begin = end + 4
        if len(buffer) - begin < length:
            parts = [buffer[begin:]]
            missing = length - len(parts[0])
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            buffer, begin = b"".join(parts), 0
        self.buffer = buffer[begin + length :]
        return int(lines[0].split(b" ", 2)[1]), headers, buffer[begin : begin + length]

    def _receive(self):
        part = self.socket.recv(1 << 18)
        if not part:
            # Nobody is there to run for.
            flush()
            os._exit(1)
        return part

    def next(self):
        """Waits for the first event."""
        self.socket.sendall(self.ask)
        return self._read()

    def finish(self, path, body, content_type="application/json", error_type=None):
        """Posts an outcome and waits for the next event, both with one write."""
        self.socket.sendall(self._post(path, body, content_type, error_type) + self.ask)
        status, _, answer = self._read()
        if status >= 300:
            print("The Runtime API has refused the outcome: %d %s" % (status, answer.decode("utf-8", "replace")))
        return self._read()

    def init_error(self, body, error_type):
        self.socket.sendall(self._post("/2018-06-01/runtime/init/error", body, "application/json", error_type))
        self._read()


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # The function has put something else in its place, or closed it.
            pass


def shown(text):
    """Text as on AWS: its folders for those of this machine."""
    for real, there in FOLDERS:
        text = text.replace(real, there)
    return text


def folders():
    known = []
    for root in (TASK_ROOT, os.path.realpath(TASK_ROOT)):
        known.append((os.path.join(root, ""), "/var/task/"))
    known.append((os.path.join(sys.base_prefix, "lib", "python"), "/var/lang/lib/python"))
    return known


FOLDERS = folders()


def stack(trace):
    """The frames of a traceback as AWS writes them, from the function's first one on."""
    frames = traceback.extract_tb(trace)
    own = {__file__}
    if "asyncio" in sys.modules:
        folder = os.path.dirname(sys.modules["asyncio"].__file__)
        own.update(os.path.join(folder, name) for name in ("base_events.py", "runners.py"))
    first = next((n for n, frame in enumerate(frames) if frame.filename not in own), len(frames))
    return traceback.format_list(
        [(shown(frame.filename), frame.lineno, frame.name, frame.line) for frame in frames[first:]]
    )


def error_object(message, error_type, trace, request_id=""):
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def failure(error, request_id=""):
    """What is reported of an exception."""
    if isinstance(error, Fault):
        return error_object(error.message, error.error_type, error.trace, request_id)
    return error_object(str(error), type(error).__name__, stack(error.__traceback__), request_id)


def log_failure(reported):
    lines = ["[ERROR] " + reported["errorType"]]
    if reported["errorMessage"]:
        lines[0] += ": " + reported["errorMessage"]
    lines.append("Traceback (most recent call last):")
    for element in reported["stackTrace"]:
        for line in element.splitlines():
            text = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    sys.stdout.write("\n".join(lines) + "\n")


class LogFilter(logging.Filter):
    """Gives each record the request id of the invocation that it was made in."""

    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True


class LogHandler(logging.Handler):
    def emit(self, record):
        sys.stdout.write(self.format(record))


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
        )
    )
    log_filter = LogFilter()
    handler.addFilter(log_filter)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"):
        root.setLevel(level)
    return log_filter


class Fields:
    """An object with some fields, each None unless it is given."""

    names = ()

    def __init__(self, values):
        for name in self.names:
            setattr(self, name, values.get(name))

    def __repr__(self):
        return "%s([%s])" % (type(self).__name__, ",".join("%s=%s" % (n, getattr(self, n)) for n in self.names))


class CognitoIdentity(Fields):
    names = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(Fields):
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(Fields):
    names = ("custom", "env", "client")

    def __init__(self, values):
        super().__init__(values)
        if isinstance(self.client, dict):
            self.client = Client(self.client)


class LambdaContext:
    """The handler's second argument."""

    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
    tenant_id = None

    def __init__(self, request_id, headers):
        self.aws_request_id = request_id
        self.invoked_function_arn = text(headers, b"lambda-runtime-invoked-function-arn")
        self._deadline = int(headers.get(b"lambda-runtime-deadline-ms", b"0"))
        client = parsed(headers, b"lambda-runtime-client-context", "Client Context")
        self.client_context = ClientContext(client) if isinstance(client, dict) else None
        identity = parsed(headers, b"lambda-runtime-cognito-identity", "Cognito Identity") or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        )
        fields = ",".join("%s=%s" % (name, getattr(self, name)) for name in names.split())
        return "LambdaContext([%s])" % fields


def text(headers, name):
    value = headers.get(name)
    return None if value is None else value.decode("utf-8", "replace")


def parsed(headers, name, what):
    value = headers.get(name)
    if not value:
        return None
    try:
        return json.loads(value)
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (what, error))


class Encoder:
    """JSON as AWS's runtimes write it: numbers of the type Decimal as they are; from Python 3.12 on, letters too."""

    def __init__(self):
        version = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python3.")[2]
        self.ascii = not (version.isdigit() and int(version) >= 12)
        self.encode = json.JSONEncoder(ensure_ascii=self.ascii, default=self._other).encode
        self.decimals = []

    def _other(self, value):
        # DynamoDB's numbers. Whoever has one has imported the module.
        decimal = sys.modules.get("decimal")
        if decimal is None or not isinstance(value, decimal.Decimal):
            raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
        if value.is_nan():
            return float("nan")
        self.decimals.append(str(value))
        return self._mark(len(self.decimals) - 1)

    def _mark(self, number):
        return "decimal %d of %s" % (number, MARK)

    def __call__(self, value):
        self.decimals.clear()
        encoded = self.encode(value)
        for number, digits in enumerate(self.decimals):
            encoded = encoded.replace('"%s"' % self._mark(number), digits, 1)
        # Half a surrogate pair has no bytes in UTF-8; its escape is JSON's too.
        return encoded.encode("utf-8", "backslashreplace")


# Stands where a Decimal goes until the JSON is complete; nobody else knows it.
MARK = os.urandom(16).hex()
to_json = Encoder()


def load(handler):
    """The function that `module.function`, or `folder/module.function`, names."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error))
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        if os.path.exists(os.path.join(TASK_ROOT, "requirements.txt")):
            sys.stdout.write(
                "Ferrogate installs no requirements: `pip install -r requirements.txt -t .` in the function's folder puts"
                " them beside its code, as they are in a package\n"
            )
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, shown(str(error))))
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (shown(error.filename or ""), error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


class Loop:
    """Awaits what `async def` handlers return, on one event loop for the life of the process: a client that was opened
    in one invocation serves the next."""

    loop = None

    def __call__(self, awaitable):
        import asyncio

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)

        async def outcome():
            return await awaitable

        return self.loop.run_until_complete(outcome())


run = Loop()


def invoke(handler, request_id, headers, body):
    """The outcome of one event: the last part of where to post it, what to post, its content type, its error's type."""
    try:
        context = LambdaContext(request_id, headers)
        try:
            event = json.loads(body)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
        result = handler(event, context)
        if hasattr(result, "__await__"):
            result = run(result)
        if isinstance(result, bytes):
            return "response", result, "application/unknown", None
        try:
            return "response", to_json(result), "application/json", None
        except Exception as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)
    except Exception as error:
        reported = failure(error, request_id)
        log_failure(reported)
        return "error", to_json(reported), "application/json", reported["errorType"]


def main():
    know_local_names()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    # Nothing is left behind in the function's folder.
    sys.dont_write_bytecode = True
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    sys.path.insert(0, TASK_ROOT)
    log_filter = set_up_logging()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        reported = failure(error)
        log_failure(reported)
        flush()
        api.init_error(to_json(reported), reported["errorType"])
        sys.exit(1)
    _, headers, body = api.next()
    while True:
        request_id = text(headers, b"lambda-runtime-aws-request-id")
        log_filter.request_id = request_id
        trace_id = text(headers, b"lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        outcome, answer, content_type, error_type = invoke(handler, request_id, headers, body)
        flush()
        path = "/2018-06-01/runtime/invocation/%s/%s" % (request_id, outcome)
        _, headers, body = api.finish(path, answer, content_type, error_type)


if __name__ == "__main__":
    main()
