"""Bad input to Lambda's control plane, and what boto3 waits for and pages through."""

import struct

from client import *

functions = boto3.client("lambda")
errors = functions.exceptions

# Waiters, versions, conflicts.
created = create(functions, "hello")
assert created["State"] in ("Pending", "Active"), created
functions.get_waiter("function_active_v2").wait(FunctionName="hello")
refused(errors.ResourceConflictException, "Function already exist: hello", create, functions=functions, name="hello")
functions.update_function_code(FunctionName="hello", ZipFile=package({"main.py": HELLO.replace("hello", "again")}))
functions.get_waiter("function_updated_v2").wait(FunctionName="hello")
assert json.load(functions.invoke(FunctionName="hello")["Payload"])["body"] == "again"
refused(errors.ResourceNotFoundException, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody",
        functions.get_function, FunctionName="nobody")
refused(errors.ResourceNotFoundException, "", functions.invoke, FunctionName="nobody")
refused(errors.InvalidParameterValueException, "ruby3.3 is not run here", create, functions=functions, name="red", Runtime="ruby3.3")
refused(errors.InvalidParameterValueException, "layers are not mounted", create, functions=functions, name="layered",
        Layers=["arn:aws:lambda:us-east-1:000000000000:layer:a:1"])

# Limits: a function that may not run refuses with the error that SDKs retry.
functions.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
once = boto3.client("lambda", config=boto3.session.Config(retries={"max_attempts": 1, "mode": "standard"}))
answer = refused(once.exceptions.TooManyRequestsException, "Rate Exceeded", once.invoke, FunctionName="hello")
assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429, answer
functions.delete_function_concurrency(FunctionName="hello")
assert functions.invoke(FunctionName="hello")["StatusCode"] == 200


def link(name, target):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o120777 << 16
        writer.writestr(info, target)
    return archive.getvalue()


def bomb():
    """Nothing but zeroes: 300 MB in 300 KB, above Lambda's 250 MB."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        with writer.open("main.py", "w") as entry:
            for _ in range(300):
                entry.write(bytes(1 << 20))
    return archive.getvalue()


def lying():
    """An archive whose directory says that its entry is small."""
    data = bytearray(package({"main.py": "#" * 100_000}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24:at + 28] = struct.pack("<I", 10)
    return bytes(data)


# Packages that are none.
for name, archive, said in [
    ("no-zip", b"this is no archive", "Could not unzip uploaded file"),
    ("nothing", b"", ""),
    ("climbing", package({"../../escape.py": HELLO}), ""),
    ("absolute", package({"/etc/escape.py": HELLO}), ""),
    ("linked", link("main.py", "/etc/passwd"), ""),
    ("bomb", bomb(), "Unzipped size must be smaller than 262144000 bytes"),
    ("lying", lying(), ""),
]:
    refused(errors.InvalidParameterValueException, said, functions.create_function, FunctionName=name,
            Runtime="python3.12", Handler="main.handler", Role=ROLE, Code={"ZipFile": archive})
    refused(errors.ResourceNotFoundException, "", functions.get_function, FunctionName=name)
# A handler that is not in its package is said when it is created; what an edit takes away, at the next call, as on AWS.
refused(errors.InvalidParameterValueException, "there is no main.py", create, functions=functions, name="handlerless",
        files={"other.py": HELLO})
create(functions, "edited")
functions.get_waiter("function_active_v2").wait(FunctionName="edited")
functions.update_function_code(FunctionName="edited", ZipFile=package({"other.py": HELLO}))
functions.get_waiter("function_updated_v2").wait(FunctionName="edited")
answer = functions.invoke(FunctionName="edited")
error = json.load(answer["Payload"])
assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Runtime.ImportModuleError"), error

# Pagination.
for number in range(4):
    create(functions, f"page-{number}")
pages = list(functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 4}))
names = sorted(function["FunctionName"] for page in pages for function in page["Functions"])
assert len(pages) == 2 and names == ["edited", "hello"] + [f"page-{number}" for number in range(4)], names
assert boto3.client("lambda", region_name="eu-west-1").list_functions()["Functions"] == []
