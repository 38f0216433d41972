/** Servers of both SDKs behind Streamable HTTP: a client sees through a mount what it sees directly. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { COMPARED, seenBy } from './compared.js';
import type { Waited } from './complete-servers.js';
import { completeV1, completeV2 } from './complete-servers.js';
import type { Listening } from './http-servers.js';
import { serveV1, serveV2 } from './http-servers.js';
import { closeBenches, openBench } from './support.js';

afterEach(closeBenches);

const count = (): Waited => ({ started: 0, cancelled: 0 });

it.each([
  ['SDK v1', '2025-11-25', (waited: Waited) => serveV1(() => completeV1(waited))],
  [
    'SDK v2',
    '2026-07-28',
    (waited: Waited) => serveV2(({ resourceUpdated }) => completeV2(waited, () => resourceUpdated('note://one'))),
  ],
] as [string, string, (waited: Waited) => Promise<Listening>][])(
  'a server of %s gives through a mount what it gives directly',
  async (_, protocol, serve) => {
    const served = await serve(count());
    const direct = new Client({ name: 'client', version: '1' }, COMPARED);
    await direct.connect(new StreamableHTTPClientTransport(new URL(served.url)) as never);
    expect(direct.getNegotiatedProtocolVersion()).toBe(protocol);
    const bench = openBench({ mcpServers: { real: { url: served.url, prefix: '' } } });
    // Of the same era, so that both ask in the same way.
    const mode = protocol < '2026' ? 'legacy' : 'auto';
    const through = await bench.client({ ...COMPARED, versionNegotiation: { mode } });
    expect(through.getNegotiatedProtocolVersion()).toBe(protocol);
    const seen = await seenBy(through);
    expect(seen).toEqual(await seenBy(direct));
    expect(seen['asked']).toHaveLength(2);
    expect(bench.mounts.status()[0]).toMatchObject({ protocol, leftOut: [] });
    await direct.close();
    await bench.close();
    await served.close();
  },
);
