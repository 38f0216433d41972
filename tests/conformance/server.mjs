/**
 * `server.mjs <config> [page size]`: a config file over HTTP, for suites to be pointed at. Prints the URL of its MCP endpoint; beside
 * that, at /sse, is the old transport.
 */
import { watch } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { createDaemon, loadConfig } from 'mcp-daemon';
import { createHttpSseHandler, createMcpHandler } from '@mcp-daemon/express';

const [file, pageSize = '1000'] = process.argv.slice(2);
const daemon = createDaemon({ ...(await loadConfig(file)), limits: { pageSize: Number(pageSize) } });
const mcp = createMcpHandler(daemon);
const sse = createHttpSseHandler(daemon, { allowedHosts: [] });

// A save changes what is served: some scenarios wait for clients to be told. One after the other, so that the newest wins.
let reading = Promise.resolve();
watch(dirname(file), () => {
  reading = reading
    .then(() => loadConfig(file))
    .then(({ catalog }) => daemon.update(catalog))
    .catch(() => {}); // half a file: there is another event to come
});

const server = createServer((req, res) => {
  if (req.url === '/sse') sse.open(req, res, {});
  else if (req.url.startsWith('/messages?')) sse.message(req, res, {});
  else void mcp.handle(req, res);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));

process.once('SIGTERM', async () => {
  await Promise.all([mcp.close({ drainMs: 100 }), sse.close({ drainMs: 100 })]);
  server.closeAllConnections();
  await daemon.close({ drainMs: 100 });
  process.exit(0);
});
