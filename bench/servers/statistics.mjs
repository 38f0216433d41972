/**
 * The daemon over HTTP, as the built library makes it, with a record file. On demand it counts call records again and again, until it
 * is told to stop; then it answers with the milliseconds of each count.
 */
import { functionOf, toolList } from './tools.mjs';

const library = (name) => import(new URL(`../../packages/cli/dist/library/${name}.js`, import.meta.url));
const { createDaemon, defineCatalog, defineTool, openSqliteStore } = await library('index');
const { serveHttp } = await library('http');

const [file, port] = process.argv.slice(2);
const store = await openSqliteStore({ file });
const functions = toolList(2).map((tool) => defineTool({ ...tool, run: functionOf(tool.name) }));
const daemon = createDaemon({ catalog: defineCatalog({ functions }), store });
const server = await serveHttp(daemon, { host: '127.0.0.1', port: Number(port), rateLimit: 0 });

let counting = false;

async function count(query) {
  const counted = [];
  while (counting) {
    const began = performance.now();
    await store.calls.statistics('default', query);
    counted.push(performance.now() - began);
  }
  process.send({ counted });
}

process.on('message', ({ query }) => {
  counting = query !== undefined;
  if (counting) count(query).catch((error) => process.send({ failed: error.message }));
});
process.once('SIGTERM', async () => {
  await server.close();
  await daemon.close();
  process.disconnect?.();
});
