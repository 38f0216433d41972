import { checkConfig } from '@mcp-daemon/core';

import { readServers } from '../../src/hosts/read-servers.js';

/** The servers of a file, which our config file must take. */
function read(text: string, file: string): ReturnType<typeof readServers> {
  const found = readServers(text, file);
  expect(checkConfig({ mcpServers: found.servers })).toEqual([]);
  return found;
}

describe("the servers of a host's file", () => {
  it('of Claude Desktop are taken over as they are', () => {
    const entry = { command: 'npx', args: ['-y', 'server', '/tmp'], env: { KEY: 'value' } };
    expect(read(JSON.stringify({ mcpServers: { files: entry } }), 'claude_desktop_config.json')).toEqual({
      servers: { files: entry },
      notes: [],
    });
  });

  it('of Claude Code have variables, with defaults', () => {
    const entry = { type: 'http', url: '${BASE:-https://example.com}/mcp', headers: { Authorization: 'Bearer ${TOKEN}' } };
    expect(read(JSON.stringify({ mcpServers: { web: entry } }), '.mcp.json').servers).toEqual({
      web: { url: '${BASE:-https://example.com}/mcp', headers: { Authorization: 'Bearer ${env:TOKEN}' } },
    });
  });

  it('of VS Code have inputs and folders, and the file has comments', () => {
    const text = `{
      // what the host asks for
      "inputs": [{ "type": "promptString", "id": "api-key" }],
      "servers": { "my files": { "command": "node", "args": ["\${workspaceFolder}/server.js"], "env": { "KEY": "\${input:api-key}", "HOME": "\${userHome}" } }, }
    }`;
    expect(read(text, '.vscode/mcp.json')).toEqual({
      servers: {
        'my-files': { command: 'node', args: ['./server.js'], env: { KEY: '${env:API_KEY}', HOME: '${env:HOME}' } },
      },
      notes: [
        'my files: the host asked for "api-key"; set the environment variable API_KEY',
        'my files: is called my-files here',
      ],
    });
  });

  it('of Codex are TOML, with names of variables', () => {
    const text = [
      '[mcp_servers.docs]',
      'command = "docs-server"',
      'args = ["--port", "1"]',
      'env_vars = ["TOKEN"]',
      'enabled_tools = ["search"]',
      '[mcp_servers.docs.env]',
      'LEVEL = "debug"',
      '[mcp_servers.web]',
      'url = "https://example.com/mcp"',
      'bearer_token_env_var = "WEB_TOKEN"',
      'enabled = false',
      'env_http_headers = { "X-Team" = "TEAM" }',
    ].join('\n');
    expect(read(text, 'config.toml').servers).toEqual({
      docs: {
        command: 'docs-server',
        args: ['--port', '1'],
        env: { TOKEN: '${env:TOKEN}', LEVEL: 'debug' },
        allow: ['search'],
      },
      web: {
        url: 'https://example.com/mcp',
        headers: { Authorization: 'Bearer ${env:WEB_TOKEN}', 'X-Team': '${env:TEAM}' },
        disabled: true,
      },
    });
  });

  it('of opencode have the command as a list', () => {
    const entry = { type: 'local', command: ['bun', 'server.ts'], environment: { KEY: '{env:KEY}' } };
    expect(read(JSON.stringify({ mcp: { tool: entry } }), 'opencode.json').servers).toEqual({
      tool: { command: 'bun', args: ['server.ts'], env: { KEY: '${env:KEY}' } },
    });
  });

  it('that cannot be taken over are noted, and a file without any is refused', () => {
    expect(readServers('{"mcpServers":{"a":{}}}', '.mcp.json').notes).toEqual([
      'a: has neither a command nor a url; it is left out',
    ]);
    expect(() => readServers('{"other":{}}', 'x.json')).toThrow('x.json has no MCP servers');
    expect(() => readServers('a = ', 'x.toml')).toThrow('x.toml is no TOML');
    expect(() => readServers('[]', 'x.json')).toThrow('x.json has no JSON object');
  });
});
