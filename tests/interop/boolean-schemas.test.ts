/** A client of 2025-11-25 refuses a whole list of tools for one property schema that is no object. */
import { createDaemon, createTransportPair, defineCatalog, defineTool } from '@mcp-daemon/core';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

it('SDK v1 lists tools with property schemas that are true or false', async () => {
  const schema: { [key: string]: unknown } = { type: 'object', properties: { any: true, none: false } };
  const tool = defineTool({ name: 't', inputSchema: schema, outputSchema: schema, run: () => ({ any: 1 }) });
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [tool] }) });
  const [near, far] = createTransportPair();
  await daemon.connect(far);
  const client = new Client({ name: 'old', version: '1' });
  await client.connect(near as Transport);
  const { tools } = await client.listTools();
  expect(tools).toMatchObject([
    { inputSchema: { properties: { any: {}, none: { not: {} } } }, outputSchema: { properties: { any: {}, none: { not: {} } } } },
  ]);
  expect(await client.callTool({ name: 't', arguments: { any: 1 } })).toMatchObject({ structuredContent: { any: 1 } });
  await client.close();
  await daemon.close();
});
