import { SSEClientTransport as SseV2 } from '@modelcontextprotocol/client';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';

import { clientsOver } from './clients.js';
import { RawSseClient } from './raw-http.js';
import { describeOver, fetchHere } from './served.js';

const clients = clientsOver({
  raw: ([url = '']) => new RawSseClient(url),
  v1: ([url = '']) => new SseV1(new URL(url), { fetch: fetchHere }) as never,
  v2: ([url = '']) => new SseV2(new URL(url), { fetch: fetchHere }),
});

describeOver('HTTP+SSE', clients, ({ sse }) => sse);
