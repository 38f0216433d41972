/** Clients that have logged in by themselves stay logged in when the daemon starts again. */
import { allow, attempt, codeIn, exchange, listTools, refresh, register } from '../../../express/test/auth/server/support.js';
import { TempFolder, toolsConfig } from '../support.js';

const temp = new TempFolder();
afterEach(() => temp.remove());

/** Starts the daemon on one port and one folder of data. @returns its URL, and how to stop it */
async function start(port: string): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const child = temp.start(['--port', port, '--data-dir', 'data'], { env: { MCP_TRANSPORT: undefined } });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (data) => {
      log += String(data);
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(log)));
  });
  return {
    url,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Calls the tool `one`. */
const callOne = (url: string, token: string): Promise<Response> =>
  fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'one' },
    },
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
      params: {
        ...{ name: 'one', arguments: {} },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  });

it('a client goes on with its tokens after a restart', async () => {
  await temp.write('mcp.json', toolsConfig('functions', 'one'));
  await temp.write('functions.mjs', `export const one = () => 'one';`);
  const first = await start('0');
  const clientId = String((await register(first.url)).json['client_id']);
  const begun = attempt(first.url, clientId);
  const { json } = await exchange(begun, codeIn((await allow(begun, { username: 'admin', password: 'admin123' })).url));
  const tokens = { clientId, access: String(json['access_token']), refresh: String(json['refresh_token']) };
  expect((await listTools(first.url, tokens.access)).status).toBe(200);
  expect((await callOne(first.url, tokens.access)).status).toBe(200);
  await first.stop();
  const shown = await temp.run(['calls', 'show', 'last', '--json', '--data-dir', 'data']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'one', updated_by: 'admin', client_id: clientId });

  const second = await start(new URL(first.url).port);
  expect((await listTools(second.url, tokens.access)).status).toBe(200);
  const renewed = await refresh(second.url, tokens);
  expect(renewed.status).toBe(200);
  expect((await listTools(second.url, String(renewed.json['access_token']))).status).toBe(200);
  expect((await refresh(second.url, tokens)).json['error']).toBe('invalid_grant');
  expect((await listTools(second.url, String(renewed.json['access_token']))).status).toBe(401);
  await second.stop();
});
