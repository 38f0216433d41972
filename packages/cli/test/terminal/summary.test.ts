import { parseConfig } from '@mcp-daemon/core';

import { summary } from '../../src/terminal/summary.js';

test.each([
  ['1 tool, 2 mounted servers', { tools: [{ name: 't' }], module_links: [{ name: 't', module_name: 'm', function_name: 'f' }] }],
  ['2 mounted servers', {}],
])('a config file has %s', (text, more) => {
  const mcpServers = { one: { command: 'one' }, two: { url: 'http://127.0.0.1/mcp' } };
  expect(summary(parseConfig(JSON.stringify({ ...more, mcpServers })).definition)).toBe(text);
});
