import { StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { clientsOver } from './clients.js';
import { RawHttpClient } from './raw-http.js';
import { describeOver, fetchHere } from './served.js';

const clients = clientsOver({
  raw: ([url = '']) => new RawHttpClient(url),
  v1: ([url = '']) => new HttpV1(new URL(url), { fetch: fetchHere }) as never,
  v2: ([url = '']) => new HttpV2(new URL(url), { fetch: fetchHere }),
});

describeOver('Streamable HTTP', clients, ({ http }) => http);
