/** A config file and its module over HTTP: what the conformance suite is pointed at. Prints its URL. */
import { watch } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { createDaemon, loadConfig } from 'mcp-daemon';
import { createMcpHandler } from '@mcp-daemon/express';

const file = process.argv[2];
const daemon = createDaemon(await loadConfig(file));
const mcp = createMcpHandler(daemon);

// A save changes what is served: some scenarios wait for clients to be told.
watch(dirname(file), () => {
  loadConfig(file).then(
    ({ catalog }) => daemon.update(catalog),
    () => {}, // half a file: there is another event to come
  );
});

const server = createServer((req, res) => void mcp.handle(req, res));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));

process.once('SIGTERM', async () => {
  await mcp.close({ drainMs: 100 });
  server.closeAllConnections();
  await daemon.close({ drainMs: 100 });
  process.exit(0);
});
