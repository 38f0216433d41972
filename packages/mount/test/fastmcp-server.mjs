/** A server of FastMCP with a tool for each thing that it can do, for `compared.ts`. Its argument is the folder where FastMCP is installed. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder] = process.argv;
const from = createRequire(join(folder, 'package.json'));
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const [{ FastMCP }, { z }] = await Promise.all([load('fastmcp'), load('zod')]);

const server = new FastMCP({ name: 'complete', version: '3.0.0', instructions: 'Use it.' });
const waited = { started: 0, cancelled: 0 };
const tool = (name, execute, more = {}) => server.addTool({ name, description: `It is ${name}`, execute, ...more });

tool('echo', async ({ text }) => text, { parameters: z.object({ text: z.string() }), annotations: { readOnlyHint: true } });
tool('fails', async () => {
  throw new Error('it went wrong');
});
tool('ask', async (_args, { elicit }) =>
  JSON.stringify(
    await elicit({ message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } }),
  ),
);
tool('sample', async () =>
  JSON.stringify(
    await server.sessions[0].requestSampling({
      messages: [{ role: 'user', content: { type: 'text', text: 'Say something' } }],
      maxTokens: 10,
    }),
  ),
);
tool('progress', async (_args, { reportProgress }) => {
  for (const progress of [1, 2, 3]) await reportProgress({ progress, total: 3 });
  return 'done';
});
tool('logs', async (_args, { log }) => {
  log.error('once', { at: 1 });
  return 'logged';
});
tool('wait', (_args, { signal }) => {
  waited.started += 1;
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => {
      waited.cancelled += 1;
      reject(new Error('cancelled'));
    }),
  );
});
tool('waited', async () => JSON.stringify(waited));
tool('touch', async () => {
  await server.sendResourceUpdated('note://one');
  return 'touched';
});
server.addResource({
  uri: 'note://one',
  name: 'note',
  mimeType: 'text/plain',
  load: async () => ({ text: 'content of note://one' }),
});
server.addResourceTemplate({
  uriTemplate: 'item://{id}',
  name: 'item',
  mimeType: 'text/plain',
  arguments: [{ name: 'id', complete: async (value) => ({ values: [`${value}0`, `${value}1`] }) }],
  load: async ({ id }) => ({ text: `item ${id}` }),
});
server.addPrompt({
  name: 'greet',
  description: 'Greets',
  arguments: [{ name: 'who', required: true }],
  load: async ({ who }) => `Hello ${who}`,
});

await server.start({ transportType: 'stdio' });
