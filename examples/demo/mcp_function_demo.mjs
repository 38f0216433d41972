/** The functions that mcp.json names. The class is built once, when the first of them is called. */
export class MCPFunctionDemo {
  constructor({ setting }) {
    this.setting = setting;
    this.startedAt = new Date();
  }

  // A tool is called with its arguments. They fit the inputSchema, and its defaults are filled in.
  hello({ name }) {
    return `Hello, ${name}!`;
  }

  add_numbers({ a, b }) {
    return a + b;
  }

  // A resource is called with its URI.
  read_resource(uri) {
    return `This is ${uri}: the server is up since ${this.startedAt.toISOString()}.`;
  }

  // A prompt is called with its arguments, and returns a text or messages.
  get_prompt({ arg1 }) {
    return `This is the example prompt, about ${arg1}.`;
  }
}
