"""A class whose methods are tools, a resource and a prompt."""

LINK = {"module_name": "mcp_function_demo", "class_name": "MCPFunctionDemo"}


def number(description):
    return {"type": "number", "description": description}


#: A bundle may carry its configuration: `mcp-daemon bundle push` and `loadMcpConfiguration` read it.
MCP_CONFIGURATION = {
    "tools": [
        {
            "name": "hello",
            "description": "Greet someone",
            "inputSchema": {
                "type": "object",
                "properties": {"name": {"type": "string", "description": "Who is greeted", "default": "World"}},
            },
        },
        {
            "name": "add_numbers",
            "description": "Add two numbers",
            "inputSchema": {
                "type": "object",
                "properties": {"a": number("First number"), "b": number("Second number")},
                "required": ["a", "b"],
            },
        },
    ],
    "resources": [
        {"uri": "status://server", "name": "Server Status", "description": "Status info", "mimeType": "text/plain"},
    ],
    "prompts": [
        {
            "name": "example-prompt",
            "description": "An example prompt template",
            "arguments": [{"name": "arg1", "description": "What the prompt is about", "required": True}],
        },
    ],
    "module_links": [
        {"type": "tool", "name": "hello", "function_name": "hello", "return_type": "text", **LINK},
        {"type": "tool", "name": "add_numbers", "function_name": "add_numbers", "return_type": "text", **LINK},
        {"type": "resource", "name": "Server Status", "function_name": "read_resource", **LINK},
        {"type": "prompt", "name": "example-prompt", "function_name": "get_prompt", **LINK},
    ],
    "modules": [{"package_name": "mcp_function_demo", "setting": {}, **LINK}],
}


class MCPFunctionDemo:
    """An instance is built for each call."""

    def __init__(self, logger, **setting):
        self.logger = logger
        self.setting = setting
        # A class that has these two gets the tenant that the call belongs to.
        self.endpoint_id = None
        self.part_id = None

    def hello(self, **arguments):
        """A tool gets its arguments by name. They fit the inputSchema, and its defaults are filled in."""
        self.logger.info("greeting %s for %s", arguments["name"], self.endpoint_id)
        return f"Hello, {arguments['name']}!"

    def add_numbers(self, a, b):
        """What is no text becomes the text that Python makes of it: 5.0"""
        return float(a) + float(b)

    def read_resource(self, uri):
        """A resource gets its URI."""
        if uri != "status://server":
            raise LookupError(f"there is no resource {uri}")
        return "The server is up."

    def get_prompt(self, name, **arguments):
        """A prompt gets its name, and its arguments by name."""
        return f"This is the prompt {name}, about {arguments['arg1']}."
