/**
 * How Qwen Code shows tools to its model: a list of names and descriptions in a text, a tool that searches for their schemas, and
 * one that calls them.
 */
const LINE = /^- "(mcp__[^"]+)": "([^"]*)"$/gm;

export const searched = {
  shown({ tools, body }) {
    if (!tools.some(({ name }) => name === 'tool_call')) return [];
    const texts = body.messages.flatMap(({ content }) => (Array.isArray(content) ? content.map(({ text }) => text) : [content]));
    return [...texts.join('\n').matchAll(LINE)].map(([, name, description]) => ({ name, description }));
  },
  replies({ tools, shown, isCalled, args }) {
    const called = shown.find(isCalled);
    if (called === undefined) return [];
    const { name } = called;
    const tool = (wanted) => tools.find((other) => other.name === wanted);
    return [
      { call: tool('tool_search'), args: { query: `select:${name}` } },
      { call: tool('tool_call'), args: { name, arguments: args } },
    ];
  },
  /** Adds the schemas that a search has found. */
  learn(shown, [found = '']) {
    for (const [, text] of found.matchAll(/<function>(.*)<\/function>/g)) {
      const { name, parametersJsonSchema } = JSON.parse(text);
      const tool = shown.find((other) => other.name === name);
      if (tool !== undefined) tool.schema = parametersJsonSchema;
    }
  },
};
