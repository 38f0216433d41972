/** The official SDKs refuse a whole list, or a whole result, for one member of an annotation or icon that they do not expect. */
import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, createTransportPair, defineCatalog, definePrompt, defineResource, defineTool } from '@mcp-daemon/core';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** As `datetime.isoformat()` of Python writes it; and as Python's JSON has what is not set. */
const GIVEN = { lastModified: '2025-01-12T15:00:58.123456', priority: null, audience: ['user', 'system'] };
const SHOWN = { lastModified: '2025-01-12T15:00:58.123456Z', audience: ['user'] };
const icons = [{ src: 'data:,', sizes: '16x16 32x32' as never }];
const link = { type: 'resource_link', name: 'link', uri: 'x://r', annotations: { lastModified: '2025-01-12' } };

const catalog = defineCatalog({
  functions: [
    defineTool({ name: 't', annotations: { title: 'T', readOnlyHint: null }, icons, run: () => ({ content: [link] }) }),
    defineResource({ name: 'r', uri: 'x://r', annotations: GIVEN, run: () => 'text' }),
    defineResource({ name: 'e', uriTemplate: 'x://e/{id}', annotations: GIVEN, run: () => 'text' }),
    definePrompt({ name: 'p', run: () => [{ role: 'user', content: link }] }),
  ],
});

const connected = async (daemon: Daemon): Promise<Transport> => {
  const [near, far] = createTransportPair();
  await daemon.connect(far);
  return near as Transport;
};

const CLIENTS = {
  'SDK v1': () => new ClientV1({ name: 'test', version: '1' }),
  'SDK v2 with a handshake': () => new ClientV2({ name: 'test', version: '1' }),
  'SDK v2 of 2026-07-28': () =>
    new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
};

describe.each(Object.entries(CLIENTS))('%s', (_name, create) => {
  it('gets lists and results whose annotations and icons would be refused as they were written', async () => {
    const daemon = createDaemon({ catalog });
    const client = create();
    await client.connect(await connected(daemon));
    const content = { ...link, annotations: { lastModified: '2025-01-12T00:00:00Z' } };
    expect((await client.listTools()).tools).toMatchObject([
      { annotations: { title: 'T' }, icons: [{ src: 'data:,', sizes: ['16x16', '32x32'] }] },
    ]);
    expect((await client.listResources()).resources).toMatchObject([{ annotations: SHOWN }]);
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ annotations: SHOWN }]);
    expect(await client.callTool({ name: 't', arguments: {} })).toMatchObject({ content: [content] });
    expect(await client.getPrompt({ name: 'p' })).toMatchObject({ messages: [{ content }] });
    await client.close();
    await daemon.close();
  });
});
