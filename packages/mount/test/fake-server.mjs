/**
 * An MCP server on stdin and stdout, by hand, for tests: it speaks as it should, or misbehaves as the words in its arguments say. Words
 * with a value are written `word=value`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const words = new Map(process.argv.slice(2).map((word) => word.split(/=(.*)/s)));
const has = (word) => words.has(word);

if (has('stderr')) process.stderr.write(`${words.get('stderr') ?? ''} ${process.env.TOKEN ?? ''}\n`);
if (has('prints')) process.stdout.write('Welcome to the server!\nlistening {not json\n');
if (has('exits')) process.exit(Number(words.get('exits')));
if (has('once')) {
  // It starts once, and fails from then on.
  if (existsSync(words.get('once'))) process.exit(9);
  writeFileSync(words.get('once'), '');
}
if (has('stays')) {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1_000);
}

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const answer = (id, result) => send({ id, result });
const text = (value) => ({ content: [{ type: 'text', text: value }] });
const later = (ms, work) => setTimeout(work, ms);

let version = has('renewed') ? 2 : 1;
const waiting = new Map();
let asked = 0;
const ask = (method, params, then) => {
  asked += 1;
  waiting.set(`s${asked}`, then);
  send({ id: `s${asked}`, method, params });
};

const schema = { type: 'object', properties: { text: { type: 'string' } }, $defs: { a: { const: 1 } }, 'x-own': true };
function tools() {
  const many = Array.from({ length: Number(words.get('many') ?? 0) }, (_, index) => ({
    name: `many_${index}`,
    inputSchema: schema,
  }));
  const description = version === 1 ? 'Says it again' : `Says it again, version ${version}`;
  const list = [
    { name: 'echo', title: 'Echo', description, inputSchema: schema, annotations: { readOnlyHint: true }, _meta: { own: 1 } },
    ...[
      'slow',
      'silent',
      'twice',
      'dies',
      'changes',
      'asks',
      'samples',
      'roots',
      'fails',
      'refuses',
      'env',
      'logs',
      'garbage',
      'meta',
      'big',
    ].map((name) => ({
      name,
      inputSchema: { type: 'object' },
    })),
    ...many,
  ];
  if (has('badnames'))
    list.push(
      { name: '', inputSchema: schema },
      { name: 5, inputSchema: schema },
      { name: 'x'.repeat(200), inputSchema: schema },
      { name: 'noschema' },
    );
  if (version > 1) list.push({ name: 'added', inputSchema: { type: 'object' } });
  return list;
}

const CALLS = {
  echo: (id, { text: said = '' }) =>
    answer(id, { ...text(said), structuredContent: { said }, _meta: { from: 'fake' }, own: [1] }),
  slow(id, args, meta) {
    let step = 0;
    const timer = setInterval(() => {
      step += 1;
      if (meta.progressToken !== undefined)
        send({
          method: 'notifications/progress',
          params: { progressToken: meta.progressToken, progress: step, total: 3, message: `step ${step}` },
        });
      if (step < 3) return;
      clearInterval(timer);
      answer(id, text('done'));
    }, 20);
  },
  silent: () => undefined,
  twice(id) {
    answer(id, text('first'));
    answer(id, text('second'));
  },
  dies: () => process.exit(3),
  changes(id) {
    version += 1;
    send({ method: 'notifications/tools/list_changed' });
    later(200, () => answer(id, text('changed')));
  },
  asks: (id, { name = 'your name' }) =>
    ask(
      'elicitation/create',
      { message: `What is ${name}?`, requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
      (message) => answer(id, text(JSON.stringify(message.result ?? message.error))),
    ),
  samples: (id) =>
    ask(
      'sampling/createMessage',
      { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 5 },
      (message) => answer(id, text(JSON.stringify(message.result ?? message.error))),
    ),
  roots: (id) => ask('roots/list', {}, (message) => answer(id, text(JSON.stringify(message.result ?? message.error)))),
  fails: (id) => answer(id, { ...text('it went wrong'), isError: true }),
  refuses: (id) =>
    send({
      id,
      error: {
        code: -32042,
        message: 'a URL must be opened',
        data: { elicitations: [{ mode: 'url', url: 'https://example.com' }] },
      },
    }),
  env: (id) => answer(id, text(JSON.stringify({ ...process.env, cwd: process.cwd() }))),
  logs(id) {
    send({ method: 'notifications/message', params: { level: 'warning', logger: 'fake', data: { at: 'once' } } });
    answer(id, text('logged'));
  },
  garbage(id) {
    process.stdout.write('<html>no JSON</html>\n"a text"\n{"jsonrpc":"2.0","id":99999,"result":{}}\n[]\n');
    answer(id, text('after the garbage'));
  },
  meta: (id, args, meta) => answer(id, text(JSON.stringify(meta))),
  big: (id, { bytes = 1_000_000 }) => answer(id, text('x'.repeat(Number(bytes)))),
};

function handle({ id, method, params = {}, result, error }) {
  if (method === undefined) return void waiting.get(id)?.({ result, error });
  const meta = params._meta ?? {};
  if (has('cancels') && method === 'notifications/cancelled')
    process.stderr.write(`cancelled ${params.requestId}: ${params.reason}\n`);
  if (id === undefined || has('mute')) return undefined;
  switch (method) {
    case 'server/discover':
      return send({ id, error: { code: -32601, message: 'Method not found' } });
    case 'initialize':
      if (has('refuse')) return send({ id, error: { code: -32602, message: 'Unsupported protocol version' } });
      return answer(id, {
        protocolVersion: words.get('version') ?? params.protocolVersion,
        capabilities: {
          tools: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          prompts: {},
          completions: {},
          logging: {},
        },
        serverInfo: { name: 'fake', version: String(version) },
        instructions: 'Be careful.',
        ...(has('instances') && { _meta: { 'io.mcp-daemon/instances': [words.get('instances')] } }),
      });
    case 'tools/list': {
      // As text: what JavaScript cannot represent stays as it is.
      if (has('tool'))
        return void process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"tools":[${words.get('tool')}]}}\n`);
      if (has('forgetful') && version > 1) return undefined; // after a change its list cannot be read
      const all = tools();
      const from = Number(params.cursor ?? 0);
      if (has('endless')) return answer(id, { tools: all, nextCursor: 'again' });
      return answer(id, {
        tools: all.slice(from, from + 500),
        ...(from + 500 < all.length && { nextCursor: String(from + 500) }),
      });
    }
    case 'resources/list':
      return answer(id, {
        resources: [{ name: 'note', uri: 'fake://note', mimeType: 'text/plain', annotations: { lastModified: '2025-01-12' } }],
      });
    case 'resources/templates/list':
      return answer(id, { resourceTemplates: [{ name: 'item', uriTemplate: 'fake://items/{id}' }, { name: 'broken' }] });
    case 'resources/read':
      if (params.uri === 'fake://items/0')
        return send({ id, error: { code: -32002, message: 'No such item', data: { uri: params.uri } } });
      return answer(id, { contents: [{ uri: params.uri, text: `content of ${params.uri}`, _meta: { own: true } }] });
    case 'resources/subscribe':
      if (has('nosubscribe')) return send({ id, error: { code: -32603, message: 'too many subscriptions' } });
      later(20, () => send({ method: 'notifications/resources/updated', params: { uri: params.uri } }));
      return answer(id, {});
    case 'prompts/list':
      return answer(id, { prompts: [{ name: 'greet', description: 'Greets', arguments: [{ name: 'who', required: true }] }] });
    case 'prompts/get':
      return answer(id, {
        description: 'A greeting',
        messages: [
          {
            role: 'user',
            content: { type: 'text', text: `Hello ${params.arguments?.who}`, annotations: { lastModified: '2025-01-12' } },
          },
        ],
      });
    case 'completion/complete':
      return answer(id, {
        completion: { values: [`${params.argument.value}da`, JSON.stringify(params.ref)], total: 7, hasMore: true },
      });
    case 'tools/call':
      return (
        CALLS[params.name] ?? ((at) => send({ id: at, error: { code: -32602, message: `Tool ${params.name} not found` } }))
      )(id, params.arguments ?? {}, meta);
    default:
      return answer(id, {});
  }
}

createInterface({ input: process.stdin }).on('line', (line) => handle(JSON.parse(line)));
if (!has('stays')) process.stdin.on('end', () => process.exit(0));
