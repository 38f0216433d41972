/** Clients of the SDK at a partition, and requests without one. */
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { fetchHere } from '../interop/served.js';
import { ADMIN } from './world.js';

/** Where a client connects, and as whom. */
export interface Place {
  url: string;
  partition: string;
  /** The part, which goes into the header `Part-ID`. */
  part?: string;
  /** Default: the admin's. */
  token?: string;
}

const headersOf = ({ part, token = ADMIN }: Place): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(part === undefined ? {} : { 'part-id': part }),
});
const endpointOf = ({ url, partition }: Place): URL => new URL(`${url}/${partition}/mcp`);

/** A client that counts the notifications that the list of tools has changed. */
export interface Watching<C> {
  readonly client: C;
  readonly changes: () => number;
}

/** Connects the SDK's client of version 1: a session. */
export async function connectV1(place: Place): Promise<Watching<ClientV1>> {
  const client = new ClientV1({ name: 'tenants', version: '1.0.0' });
  let count = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (count += 1));
  const transport = new HttpV1(endpointOf(place), { fetch: fetchHere, requestInit: { headers: headersOf(place) } });
  await client.connect(transport as Parameters<ClientV1['connect']>[0]);
  return { client, changes: () => count };
}

/** Connects the SDK's client of version 2 without a session, with a stream that tells of changes. */
export async function connectV2(place: Place): Promise<Watching<ClientV2>> {
  const client = new ClientV2({ name: 'tenants', version: '2.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  let count = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => void (count += 1));
  await client.connect(new HttpV2(endpointOf(place), { fetch: fetchHere, requestInit: { headers: headersOf(place) } }));
  await client.listen({ toolsListChanged: true });
  return { client, changes: () => count };
}

/** The text of a result's first content. */
export const textOf = (result: unknown): string | undefined => (result as { content: { text?: string }[] }).content[0]?.text;

let id = 0;
/** One request of the modern protocol with nothing but fetch. */
export async function post(
  place: Place,
  method: string,
  params: Record<string, unknown> = {},
): Promise<{ status: number; body: Record<string, unknown>; text: string }> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'tenants', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const name = params['name'] ?? params['uri'];
  const response = await fetch(endpointOf(place), {
    method: 'POST',
    headers: {
      ...headersOf(place),
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
      ...(name === undefined ? {} : { 'mcp-name': String(name) }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: (id += 1), method, params: { ...params, _meta } }),
  });
  const text = await response.text();
  const json = text.startsWith('{') ? text : (/^data: (\{.*\})$/m.exec(text)?.[1] ?? '{}');
  return { status: response.status, body: JSON.parse(json) as Record<string, unknown>, text };
}
