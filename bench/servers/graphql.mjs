/**
 * Serves the same rows in two ways, in one process: `/graphql` by the GraphQL API, `/graphql?hand` by a handler that reads them and writes
 * the same JSON. Both authenticate each request in the same way. Started with the path of an empty folder and a token; sends its port, and
 * answers a message with the CPU time that it has used.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';

const packages = new URL('../../packages/', import.meta.url);
const load = (name) => import(new URL(`${name}/dist/index.js`, packages));
const [{ applyConfig, createDaemon, createStoredSource, uuidv7 }, { openSqliteStore }, { createGraphqlApi }, express] =
  await Promise.all(['core', 'sqlite', 'graphql', 'express'].map(load));
const { createLocalAuth } = await import(new URL('express/dist/auth/local/index.js', packages));

const PARTITION = 'default';
const RECORDS = 500;
const names = Array.from({ length: 20 }, (_, index) => `tool_${index}`);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const [, , folder, token] = process.argv;
const store = await openSqliteStore({ file: join(folder, 'graphql.db') });
const inputSchema = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } };
await applyConfig(
  store.catalogs,
  PARTITION,
  {
    tools: names.map((name) => ({ name, description: `What ${name} does`, inputSchema })),
    module_links: names.map((name) => ({ type: 'tool', name, module_name: 'bench', function_name: name })),
  },
  { author: 'bench' },
);
await store.calls.write(
  Array.from({ length: RECORDS }, (_, index) => ({
    ...{ partition_key: PARTITION, mcp_function_call_uuid: uuidv7(), name: names[index % names.length], mcp_type: 'tool' },
    ...{ arguments: '{"city":"Bern","days":3}', content: '{"content":[{"type":"text","text":"sunny, 12 degrees"}]}' },
    ...{ content_in_s3: false, status: 'completed', notes: null, time_spent: 1.25, updated_by: 'ada', fault: null },
    ...{ created_at: Date.now(), updated_at: Date.now(), revision: 'r', bundle_digest: null, owner: store.owner },
    ...{ traceparent: null, server: 'bench', client: 'client/1' },
  })),
);

const daemon = createDaemon({ catalogs: createStoredSource({ catalogs: store.catalogs, logger: silent }), store });
const api = createGraphqlApi({ daemon });
const userFile = join(folder, 'users.json');
const { authenticate } = await createLocalAuth({ userFile, jwtSecret: token.repeat(8), adminStaticToken: token });
const { handle } = express.createGraphqlHandler(() => Promise.resolve(api), { authenticate });

const dateTime = (ms) => {
  const text = new Date(ms).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}+00:00` : `${text.slice(0, -1)}000+00:00`;
};

let version;
let functions;
/** The functions, read again when the partition has changed: what the API does, too. */
async function readFunctions() {
  const head = await store.catalogs.head(PARTITION);
  if (head.version !== version) {
    const rows = await store.catalogs.rows(PARTITION);
    functions = new Map(
      rows.functions.map(({ name, mcp_type, description, module_name, function_name }) => [
        name,
        { name, mcpType: mcp_type, description, moduleName: module_name, functionName: function_name },
      ]),
    );
    version = head.version;
  }
  return functions;
}

async function list({ limit }) {
  const known = await readFunctions();
  const { items, cursor } = await store.calls.list(PARTITION, { limit });
  const mcpFunctionCallList = items.map((row) => ({
    mcpFunctionCallUuid: row.mcp_function_call_uuid,
    mcpType: row.mcp_type,
    name: row.name,
    arguments: JSON.parse(row.arguments),
    content: row.content,
    status: row.status,
    notes: row.notes,
    timeSpent: Math.round(row.time_spent),
    updatedBy: row.updated_by,
    createdAt: dateTime(row.created_at),
    updatedAt: dateTime(row.updated_at),
    mcpFunction: known.get(row.name),
  }));
  return { mcpFunctionCallList: { pageSize: limit, pageNumber: 1, hasNextPage: cursor !== undefined, mcpFunctionCallList } };
}

async function one({ name }) {
  return { mcpFunction: (await readFunctions()).get(name) };
}

const MAX_BYTES = 4_000_000;
/** The same path, so that it names the same partition. */
const HAND = '/graphql?hand';

/** The text of a body. */
function readText(req) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let bytes = 0;
    req.on('data', (part) => {
      parts.push(part);
      if ((bytes += part.length) > MAX_BYTES) reject(new Error('The body is too large.'));
    });
    req.on('end', () => resolve((parts.length === 1 ? parts[0] : Buffer.concat(parts)).toString()));
    req.on('error', reject);
  });
}

async function byHand(req, res) {
  const known = await authenticate(req);
  if ('status' in known) return void res.writeHead(known.status).end();
  const { operationName, variables } = JSON.parse(await readText(req));
  const body = Buffer.from(JSON.stringify({ data: await (operationName === 'List' ? list : one)(variables) }));
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
  };
  res.writeHead(200, headers).end(body);
}

const server = createServer((req, res) => void (req.url === HAND ? byHand : handle)(req, res));
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit());
