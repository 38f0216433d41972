/** Hosts that do not show all tools to their model at first: it searches for those that it needs. */

const QWEN_LINE = /^- "(mcp__[^"]+)": "([^"]*)"$/gm;
const CLAUDE_LINE = /^mcp__\S+$/gm;

const named = (tools, wanted) => tools.find(({ name }) => name === wanted);

/** All texts of the messages of a request. */
const textsOf = ({ messages }) =>
  messages.flatMap(({ content }) => (Array.isArray(content) ? content.map(({ text = '' }) => text) : [content])).join('\n');

/**
 * Qwen Code: a list of names and descriptions in a text, a tool that searches for their schemas, and one that calls them. What is
 * found does not become a tool of the request.
 */
export const searchedByQwen = {
  shown({ tools, body }) {
    if (named(tools, 'tool_call') === undefined) return [];
    return [...textsOf(body).matchAll(QWEN_LINE)].map(([, name, description]) => ({ name, description }));
  },
  replies({ tools, shown, isCalled, args }) {
    const called = shown.find(isCalled);
    if (called === undefined) return [];
    const { name } = called;
    return [
      { call: named(tools, 'tool_search'), args: { query: `select:${name}` } },
      { call: named(tools, 'tool_call'), args: { name, arguments: args } },
    ];
  },
  /** Adds the schemas that a search has found. */
  learn(shown, [found = '']) {
    for (const [, text] of found.matchAll(/<function>(.*)<\/function>/g)) {
      const { name, parametersJsonSchema } = JSON.parse(text);
      const tool = named(shown, name);
      if (tool !== undefined) tool.schema = parametersJsonSchema;
    }
  },
};

/** Claude Code: a list of names in a text, and a tool that makes those that are found tools of the next request. */
export const searchedByClaude = {
  shown: ({ tools }) => tools,
  replies({ tools, body, isCalled, args }) {
    const search = named(tools, 'ToolSearch');
    const names = [...new Set([...textsOf(body).matchAll(CLAUDE_LINE)].map(([name]) => name))];
    if (search === undefined || !names.some((name) => isCalled({ name }))) return [];
    return [
      { call: search, args: { query: `select:${names.join(',')}`, max_results: names.length } },
      { call: tools.find(isCalled), args },
    ];
  },
};
