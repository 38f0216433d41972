"""The functions of examples/everything/mcp.json in Python: the same names, the same answers."""

import asyncio
import base64
import json
import os
import re

RED_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# Content.


def simpleText():
    return "This is a simple text response for testing."


def image():
    return base64.b64decode(RED_PIXEL)


def audio():
    return {"data": SILENCE, "mimeType": "audio/wav"}


def embeddedResource():
    return {"uri": "test://embedded-resource", "text": "This is an embedded resource content."}


def resourceLink():
    return {"uri": "test://static-text", "name": "static-text", "mimeType": "text/plain"}


def multipleContentTypes():
    resource = {"uri": "test://mixed-content-resource", "mimeType": "application/json", "text": '{"test":"data","value":123}'}
    return {
        "content": [
            {"type": "text", "text": "Multiple content types test:"},
            {"type": "image", "data": RED_PIXEL, "mimeType": "image/png"},
            {"type": "resource", "resource": resource},
        ]
    }


def failing():
    raise RuntimeError("This tool intentionally returns an error for testing")


def measure(text):
    return {"characters": len(text), "words": len(text.split())}


def mismeasure():
    return {"characters": "many"}


def describeArguments(**arguments):
    return "JSON Schema 2020-12 tool called with: " + compact(arguments)


def greetRegion(region="nowhere"):
    return f"Hello from {region}!"


def meta(context):
    return {"content": [{"type": "text", "text": compact(context.meta)}], "_meta": {"example.org/answered-by": "test_meta"}}


# Progress, logs and cancellation.


async def logging(context):
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        context.log("info", message)
        await asyncio.sleep(0.05)
    return "Tool with logging executed successfully"


def everyLevel(context):
    for level in ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"):
        context.log(level, {"level": level}, "everything")
    return "logged"


async def progress(context):
    for step in (0, 50, 100):
        context.progress(step, 100, f"Completed step {step} of 100")
        await asyncio.sleep(0.05)
    return "Tool with progress executed successfully"


WAITS = {"started": 0, "finished": 0, "cancelled": 0}


async def wait(ms):
    WAITS["started"] += 1
    try:
        await asyncio.sleep(ms / 1000)
    except asyncio.CancelledError:
        WAITS["cancelled"] += 1
        raise
    WAITS["finished"] += 1
    return f"Waited {ms} ms."


def waited():
    return WAITS


async def reconnection():
    await asyncio.sleep(0.1)
    return "Reconnection test completed successfully."


# Asking the user.


def schema_of(properties, required=None):
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


def question(text):
    return [{"role": "user", "content": {"type": "text", "text": text}}]


def answered(answer):
    return f"action={answer['action']}, content={compact(answer.get('content', {}))}"


def sampling(prompt, context):
    answer = context.inputs.get("answer")
    if answer:
        return "LLM response: " + answer["content"]["text"]
    return context.input_required({"answer": context.sample(question(prompt), 100)})


def elicitation(message, context):
    answer = context.inputs.get("answer")
    if answer:
        return "User response: " + answered(answer)
    schema = schema_of({"response": {"type": "string", "description": "User's response"}})
    return context.input_required({"answer": context.elicit(message, schema)})


def with_form(message, schema):
    def ask(context):
        form = context.inputs.get("form")
        if form:
            return "Elicitation completed: " + answered(form)
        return context.input_required({"form": context.elicit(message, schema)})

    return ask


elicitationDefaults = with_form(
    "Please review and update the form fields with defaults",
    schema_of(
        {
            "name": {"type": "string", "description": "User name", "default": "John Doe"},
            "age": {"type": "integer", "description": "User age", "default": 30},
            "score": {"type": "number", "description": "User score", "default": 95.5},
            "status": {"type": "string", "description": "User status", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "description": "Verification status", "default": True},
        },
        [],
    ),
)


def titled(noun):
    return [{"const": f"value{at}", "title": f"{nth} {noun}"} for at, nth in enumerate(("First", "Second", "Third"), 1)]


OPTIONS = ["option1", "option2", "option3"]

elicitationEnums = with_form(
    "Please select options from the enum fields",
    schema_of(
        {
            "untitledSingle": {"type": "string", "description": "Select one option", "enum": OPTIONS},
            "titledSingle": {"type": "string", "description": "Select one option with titles", "oneOf": titled("Option")},
            "legacyEnum": {
                "type": "string",
                "description": "Select one option (legacy)",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {
                "type": "array",
                "description": "Select multiple options",
                "minItems": 1,
                "maxItems": 3,
                "items": {"type": "string", "enum": OPTIONS},
            },
            "titledMulti": {
                "type": "array",
                "description": "Select multiple options with titles",
                "minItems": 1,
                "maxItems": 3,
                "items": {"anyOf": titled("Choice")},
            },
        },
        [],
    ),
)

NAME_FORM = schema_of({"name": {"type": "string"}})


def name_in(answer):
    return (answer.get("content") or {}).get("name", "stranger")


def inputElicitation(context):
    answer = context.inputs.get("user_name")
    if answer:
        return f"Hello, {name_in(answer)}!"
    return context.input_required({"user_name": context.elicit("What is your name?", NAME_FORM)})


def inputSampling(context):
    answer = context.inputs.get("sample_request")
    if answer:
        return "Sampling result: " + answer["content"]["text"]
    return context.input_required({"sample_request": context.sample(question("What is the capital of France?"), 100)})


def inputListRoots(context):
    answer = context.inputs.get("roots_request")
    if answer:
        return f"Found {len(answer['roots'])} root(s)"
    return context.input_required({"roots_request": context.list_roots()})


def inputState(context):
    if "confirm" in context.inputs and (context.state or {}).get("asked"):
        return "state-ok: requestState validated"
    confirm = context.elicit("Please confirm", schema_of({"ok": {"type": "boolean"}}))
    return context.input_required({"confirm": confirm}, {"asked": True})


def inputMany(context):
    given = context.inputs
    if given.keys() >= {"user_name", "greeting", "client_roots"}:
        roots = len(given["client_roots"]["roots"])
        return f"Name: {name_in(given['user_name'])}; Greeting: {given['greeting']['content']['text']}; Roots: {roots}"
    wishes = {
        "user_name": context.elicit("What is your name?", NAME_FORM),
        "greeting": context.sample(question("Generate a greeting"), 100),
        "client_roots": context.list_roots(),
    }
    return context.input_required(wishes, {"asked": True})


def inputRounds(context):
    step1, step2 = context.inputs.get("step1"), context.inputs.get("step2")
    if not step1:
        return context.input_required({"step1": context.elicit("Step 1: What is your name?", NAME_FORM)}, {"round": 1})
    if not step2:
        schema = schema_of({"color": {"type": "string"}})
        return context.input_required({"step2": context.elicit("Step 2: What is your favorite color?", schema)}, {"round": 2})
    color = (step2.get("content") or {}).get("color", "no color")
    return f"Multi-round complete for {name_in(step1)} who likes {color}"


def inputCapabilities(context):
    if context.inputs:
        return "capabilities-ok: received " + ",".join(context.inputs)
    has, wishes = context.client_capabilities, {}
    if "elicitation" in has:
        wishes["elicit_input"] = context.elicit("Elicitation input", schema_of({"value": {"type": "string"}}))
    if "sampling" in has:
        wishes["sample_input"] = context.sample(question("Sample request"), 100)
    return context.input_required(wishes) if wishes else "No supported capabilities declared"


def needsSampling(context):
    if "sampling" in context.client_capabilities:
        return "Success"
    return context.input_required({"answer": context.sample(question("Are you there?"), 100)})


def streamingElicitation(context):
    context.progress(50, 100)
    if "answer" in context.inputs:
        return "Streaming complete"
    return context.input_required({"answer": context.elicit("Go on?", schema_of({"yes": {"type": "boolean"}}))})


def loggingTool(context):
    context.log("info", "Diagnostic trace logging activated")
    return "Logging evaluated"


# Long calls.


def greet(name):
    return f"Hello, {name}!"


async def slowCompute(seconds, context, label="nothing"):
    steps = max(1, -(-int(seconds * 1000) // 1000))
    for step in range(1, steps + 1):
        await asyncio.sleep(seconds / steps)
        context.progress(step, steps, f"{step} of {steps} s")
    return f"Computed {label} in {seconds} s"


async def failingJob():
    await asyncio.sleep(0.5)
    raise ValueError("This job always fails")


async def protocolErrorJob(context):
    await asyncio.sleep(0.2)
    return context.input_required({"impossible": {"method": "does/not/exist"}})


def confirmDelete(filename, context):
    confirm = context.inputs.get("confirm")
    if not confirm:
        question = context.elicit(f"Delete {filename}?", schema_of({"confirm": {"type": "boolean"}}))
        return context.input_required({"confirm": question})
    accepted = confirm["action"] == "accept" and (confirm.get("content") or {}).get("confirm")
    return f"Deleted {filename}" if accepted else f"Kept {filename}"


def multiInput(context):
    first, second = context.inputs.get("first"), context.inputs.get("second")
    if first and second:
        return f"{name_in(first)} and {name_in(second)}"
    wishes = {"first": context.elicit("First name?", NAME_FORM), "second": context.elicit("Second name?", NAME_FORM)}
    return context.input_required(wishes)


async def toolWithTask(context):
    answer = context.inputs.get("user_name")
    if not answer:
        return context.input_required({"user_name": context.elicit("What is your name?", NAME_FORM)})
    await asyncio.sleep(0.4)
    return f"Hello, {name_in(answer)}!"


# Resources.


def staticText(uri):
    return "This is the content of the static text resource."


def staticBinary(uri):
    return base64.b64decode(RED_PIXEL)


def template(uri, context):
    found = context.variables["id"]
    if found == "nothing":
        return None  # the resource does not exist
    return compact({"id": found, "templateTest": True, "data": f"Data for ID: {found}"})


WATCHED = ["Watched resource content"]


def watchedResource(uri):
    return WATCHED[0]


def changeWatched(content, context):
    WATCHED[0] = content
    context.resource_updated("test://watched-resource")
    return "changed"


def completeId(typed):
    return [each for each in ("100", "101", "123", "200") if each.startswith(typed)]


# Prompts. The last parameter takes the partition, which prompts get as well.


def simplePrompt(name, **more):
    return "This is a simple prompt for testing."


def promptWithArguments(name, arg1, arg2, **more):
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def promptWithResource(name, resourceUri, **more):
    text = "Embedded resource content for testing."
    return [
        {"type": "resource", "resource": {"uri": resourceUri, "mimeType": "text/plain", "text": text}},
        "Please process the embedded resource above.",
    ]


def promptWithImage(name):
    return [{"type": "image", "data": RED_PIXEL, "mimeType": "image/png"}, "Please analyze the image above."]


def inputPrompt(name, context):
    answer = context.inputs.get("user_context")
    if answer:
        return "Prompt with context: " + (answer.get("content") or {}).get("context", "none")
    schema = schema_of({"context": {"type": "string"}})
    return context.input_required({"user_context": context.elicit("What context should the prompt use?", schema)})


# Changing the catalog.

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mcp.json")


def toggle(kind, entry, function_name):
    with open(FILE, encoding="utf-8") as file:
        config = json.load(file)
    before = len(config[kind])
    for key in (kind, "module_links"):
        config[key] = [each for each in config[key] if each["name"] != entry["name"]]
    added = len(config[kind]) == before
    if added:
        config[kind].append(entry)
        link = {"type": re.sub("s$", "", kind), "name": entry["name"], "module_name": "everything", "function_name": function_name}
        config["module_links"].append(link)
    with open(FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)
    os.rename(FILE + ".new", FILE)
    return f"{entry['name']} was {'added' if added else 'removed'}"


def triggerToolChange():
    tool = {"name": "test_dynamic_tool", "description": "Comes and goes", "inputSchema": {"type": "object"}}
    return toggle("tools", tool, "simpleText")


def triggerPromptChange():
    return toggle("prompts", {"name": "test_dynamic_prompt", "description": "Comes and goes"}, "simplePrompt")
