import type { DaemonOptions, FunctionDefinition, JsonObject } from '../../src/index.js';
import { defineCatalog, definePrompt, defineResource } from '../../src/index.js';
import { Client, daemonWith, echo, legacy, modern, resultOf } from '../support.js';

const page = defineResource({ name: 'page', uri: 'x://page', run: () => 'page' });
const item = defineResource({ name: 'item', uriTemplate: 'item://{id}', run: (uri) => uri });
const completed = defineResource({
  name: 'item',
  uriTemplate: 'item://{id}',
  completions: { id: () => ['1'] },
  run: (uri) => uri,
});
const hello = definePrompt({ name: 'hello', run: () => 'hi' });
const asked = definePrompt({ name: 'hello', arguments: [{ name: 'who', completions: () => ['you'] }], run: () => 'hi' });

const [tools, resources, prompts] = [{ listChanged: true }, { subscribe: true, listChanged: true }, { listChanged: true }];

async function declared(functions: FunctionDefinition[], options: Partial<DaemonOptions> = {}): Promise<unknown[]> {
  const daemon = daemonWith(functions, options);
  const initialized = await new Client(daemon).request('initialize', { protocolVersion: '2025-11-25', capabilities: {} });
  return [resultOf(initialized), resultOf(await modern(daemon).request('server/discover'))].map((found) => found['capabilities']);
}

describe('the capabilities that are declared', () => {
  it.each<[string, FunctionDefinition[], JsonObject]>([
    ['nothing', [], {}],
    ['tools', [echo], { tools, logging: {} }],
    ['resources', [page], { resources }],
    ['templates', [item], { resources }],
    ['templates with completions', [completed], { resources, completions: {} }],
    ['prompts', [hello], { prompts }],
    ['prompts with completions', [asked], { prompts, completions: {} }],
    ['everything', [echo, page, item, asked], { tools, resources, prompts, completions: {}, logging: {} }],
  ])('are those of a catalog of %s, in both eras', async (_what, functions, expected) => {
    expect(await declared(functions)).toEqual([expected, expected]);
  });

  it('are all of them if the daemon is configured so', async () => {
    const all = { tools, resources, prompts, completions: {}, logging: {} };
    expect(await declared([], { capabilities: 'all' })).toEqual([all, all]);
  });
});

describe('a kind of function that an edit adds', () => {
  const edited = defineCatalog({ functions: [echo, hello, page] });
  const methods = (client: Client): string[] => client.told.map(({ message }) => message.method);

  it('is not announced to clients that connected earlier, and is declared to clients that connect later', async () => {
    const daemon = daemonWith([echo, hello]);
    const client = await legacy(daemon);
    daemon.update(defineCatalog({ functions: [echo, hello, page] }));
    expect(methods(client)).toEqual([]);
    daemon.update(defineCatalog({ functions: [page] }));
    expect(methods(client)).toEqual(['notifications/tools/list_changed', 'notifications/prompts/list_changed']);
    const later = await new Client(daemon).request('initialize', { protocolVersion: '2025-11-25', capabilities: {} });
    expect(resultOf(later)['capabilities']).toEqual({ resources });
  });

  it('can be listed and used by clients that connected earlier', async () => {
    const daemon = daemonWith([echo]);
    const client = await legacy(daemon);
    expect(resultOf(await client.request('prompts/list'))).toEqual({ prompts: [] });
    daemon.update(edited);
    expect(resultOf(await client.request('prompts/list'))['prompts']).toHaveLength(1);
    expect(resultOf(await client.request('resources/subscribe', { uri: 'x://page' }))).toEqual({});
  });

  it('is announced if all capabilities were declared', async () => {
    const daemon = daemonWith([echo], { capabilities: 'all' });
    const client = await legacy(daemon);
    daemon.update(edited);
    expect(methods(client)).toEqual(['notifications/resources/list_changed', 'notifications/prompts/list_changed']);
  });
});
