/** Numbers in schemas that JavaScript cannot represent are listed as they were written. */
import type { JsonRpcResponse } from '@mcp-daemon/core';
import { encode } from '@mcp-daemon/core';

import { listen } from './http-servers.js';
import type { Bench } from './support.js';
import { closeBenches, fake, openBench } from './support.js';

afterEach(closeBenches);

const BIG = '18446744073709551615';
const TOOL = `{"name":"big","inputSchema":{"type":"object","properties":{"n":{"type":"integer","maximum":${BIG}}}}}`;

async function listed(bench: Bench): Promise<string> {
  const session = bench.daemon.open({ send: () => undefined });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  await session.receive({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const answer = await session.receive({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  session.close();
  return encode(answer as JsonRpcResponse);
}

it('over stdin and stdout', async () => {
  const bench = openBench({ mcpServers: { fake: fake(`tool=${TOOL}`) } });
  expect(await listed(bench)).toContain(`"maximum":${BIG}}`);
});

it('over HTTP', async () => {
  const served = await listen((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      if (req.method !== 'POST') return void res.writeHead(405).end();
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id?: number; method: string };
      if (id === undefined) return void res.writeHead(202).end();
      const results: Record<string, string> = {
        initialize: '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"big","version":"1"}}',
        'tools/list': `{"tools":[${TOOL}]}`,
      };
      const result = results[method];
      const members = result === undefined ? '"error":{"code":-32601,"message":"no"}' : `"result":${result}`;
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},${members}}`);
    });
  });
  const bench = openBench({ mcpServers: { web: { url: served.url, prefix: '' } } });
  expect(await listed(bench)).toContain(`"maximum":${BIG}}`);
  await bench.close();
  await served.close();
});
