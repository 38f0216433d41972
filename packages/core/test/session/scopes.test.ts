import type { Daemon, FunctionDefinition, JsonObject } from '../../src/index.js';
import { defineCatalog, definePrompt, defineResource, defineTool, parseConfig } from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, errorOf, legacy, modern, resultOf, textOf } from '../support.js';

const run = (): string => 'done';
const functions: FunctionDefinition[] = [
  defineTool({ name: 'open', run }),
  defineTool({ name: 'pay', scopes: ['orders:pay', 'orders:read'], run }),
  defineTool({ name: 'look', scopes: ['orders:read'], run }),
  defineResource({ name: 'public', uri: 'x://public', run }),
  defineResource({ name: 'secret', uri: 'x://secret', scopes: ['orders:read'], run }),
  defineResource({
    name: 'order',
    uriTemplate: 'order://{id}',
    scopes: ['orders:read', 'orders:list'],
    completions: { id: ['1', '2'] },
    run,
  }),
  definePrompt({ name: 'ask', scopes: ['orders:ask'], arguments: [{ name: 'what', completions: ['a'] }], run }),
];

const daemonOf = (): Daemon => daemonWith(functions);
const clientWith = (daemon: Daemon, ...scopes: string[]): Client => modern(daemon, { identity: { scopes: new Set(scopes) } });

async function namesOf(client: Client, method: string, key: string): Promise<unknown[]> {
  return (resultOf(await client.request(method))[key] as { name: string }[]).map(({ name }) => name);
}

const refused = (...scopes: string[]): object => ({
  code: -32043,
  message: `Insufficient scope: this needs ${scopes.join(' ')}`,
  data: { scopes },
});

describe('the lists of a caller whose token has scopes', () => {
  it('have the functions that the caller may call, and no others', async () => {
    const daemon = daemonOf();
    const reader = clientWith(daemon, 'orders:read', 'unknown');
    expect(await namesOf(reader, 'tools/list', 'tools')).toEqual(['open', 'look']);
    expect(await namesOf(reader, 'resources/list', 'resources')).toEqual(['public', 'secret']);
    expect(await namesOf(reader, 'resources/templates/list', 'resourceTemplates')).toEqual([]);
    expect(await namesOf(reader, 'prompts/list', 'prompts')).toEqual([]);
    const nobody = await legacy(daemon, { identity: { scopes: new Set() } });
    expect(await namesOf(nobody, 'tools/list', 'tools')).toEqual(['open']);
    const everything = clientWith(daemon, 'orders:read', 'orders:pay', 'orders:list', 'orders:ask');
    expect(await namesOf(everything, 'tools/list', 'tools')).toEqual(['open', 'pay', 'look']);
    expect(await namesOf(everything, 'prompts/list', 'prompts')).toEqual(['ask']);
  });

  it('are complete for callers who need no token', async () => {
    const client = modern(daemonOf());
    expect(await namesOf(client, 'tools/list', 'tools')).toEqual(['open', 'pay', 'look']);
    expect(textOf(await client.call('pay'))).toBe('done');
  });

  it('have pages of their own, whose cursors do not fit the pages of other scopes', async () => {
    const many = Array.from({ length: 6 }, (_, index) =>
      defineTool({ name: `t${index}`, ...(index % 2 === 0 ? { scopes: ['even'] } : {}), run }),
    );
    const daemon = daemonWith(many, { limits: { pageSize: 2 } });
    const [some, all] = [clientWith(daemon), modern(daemon)];
    const first = resultOf(await some.request('tools/list'));
    expect((first['tools'] as JsonObject[]).map(({ name }) => name)).toEqual(['t1', 't3']);
    const cursor = first['nextCursor'];
    const second = resultOf(await some.request('tools/list', { cursor }));
    expect((second['tools'] as JsonObject[]).map(({ name }) => name)).toEqual(['t5']);
    expect(second).not.toHaveProperty('nextCursor');
    expect(errorOf(await all.request('tools/list', { cursor })).message).toMatch(/^Invalid cursor/);
  });

  it('are made once for each set of scopes that the catalog uses', async () => {
    const daemon = daemonOf();
    const once = (await clientWith(daemon, 'orders:read', 'a').request('tools/list')) as { result: object };
    const again = (await clientWith(daemon, 'b', 'orders:read').request('tools/list')) as { result: object };
    expect(again.result).toEqual(once.result);
    // More sets than are kept: the first one is made again, and is right.
    const scopes = Array.from({ length: 8 }, (_, index) => `s${index}`);
    const wide = daemonWith(scopes.map((scope) => defineTool({ name: scope, scopes: [scope], run })));
    for (let set = 0; set < 200; set += 1) {
      const held = scopes.filter((_, bit) => (set >> bit) % 2 === 1);
      expect(await namesOf(clientWith(wide, ...held), 'tools/list', 'tools')).toEqual(held);
    }
    expect(await namesOf(clientWith(wide), 'tools/list', 'tools')).toEqual([]);
  });
});

describe('a request of a caller who lacks a scope', () => {
  it.each<[string, JsonObject, string[]]>([
    ['tools/call', { name: 'pay' }, ['orders:pay', 'orders:read']],
    ['resources/read', { uri: 'x://secret' }, ['orders:read']],
    ['resources/read', { uri: 'order://7' }, ['orders:read', 'orders:list']],
    ['prompts/get', { name: 'ask' }, ['orders:ask']],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'ask' }, argument: { name: 'what', value: '' } }, ['orders:ask']],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'order://{id}' }, argument: { name: 'id', value: '' } },
      ['orders:read', 'orders:list'],
    ],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: ['x://public', 'x://secret'] } }, ['orders:read']],
  ])('%s %j is refused with all scopes of the operation', async (method, params, scopes) => {
    const daemon = daemonOf();
    expect(errorOf(await clientWith(daemon, 'orders:pay').request(method, params))).toEqual(refused(...scopes));
    expect(daemon.stats()).toMatchObject({ written: 0, waiting: 0, lost: 0 });
  });

  it('is refused in a session too, by the scopes of each message', async () => {
    const client = await legacy(daemonOf(), { identity: { scopes: new Set() } });
    expect(errorOf(await client.request('resources/subscribe', { uri: 'x://secret' }))).toEqual(refused('orders:read'));
    expect(resultOf(await client.request('resources/subscribe', { uri: 'x://public' }))).toEqual({});
    expect(errorOf(await client.call('look'))).toEqual(refused('orders:read'));
    const message = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'look' } };
    const answer = await client.session.receive(message, undefined, 0, new Set(['orders:read']));
    expect(textOf(answer)).toBe('done');
  });

  it('names an unknown function as such, whatever the scopes', async () => {
    expect(errorOf(await clientWith(daemonOf()).call('nothing'))).toMatchObject({
      code: -32602,
      message: 'Unknown tool: nothing',
    });
  });
});

it('a change of scopes is announced to clients, because it changes their lists', async () => {
  const daemon = daemonOf();
  const client = await legacy(daemon);
  daemon.update(defineCatalog({ functions: functions.map((one) => (one.name === 'open' ? { ...one, scopes: ['new'] } : one)) }));
  expect(client.told.map(({ message }) => message.method)).toEqual(['notifications/tools/list_changed']);
});

it('skills with scopes are listed to callers who have them, and refused to others', async () => {
  const names = ['free', 'paid'];
  const file = (uri: string) => ({ uri, path: uri.slice(8), digest: `sha256:${'a'.repeat(64)}`, size: 1 });
  const catalog = parseConfig(
    JSON.stringify({ skills: [{ path: 'skills/free' }, { path: 'skills/paid', scopes: ['skills'] }] }),
  ).definition;
  const daemon = daemonWith([], {
    catalog,
    files: { read: () => Promise.resolve(new Uint8Array([65])) },
    skills: {
      load({ path }) {
        const name = path.split('/').at(-1)!;
        const uri = `skill://${name}/SKILL.md`;
        return Promise.resolve({ name, description: name, uri, frontmatter: { name }, files: [file(uri)] });
      },
    },
  });
  const [some, all] = [clientWith(daemon), clientWith(daemon, 'skills')];
  const uris = async (client: Client, method: string, key: string): Promise<unknown[]> =>
    (resultOf(await client.request(method))[key] as { uri: string }[]).map(({ uri }) => uri);
  const [free, paid] = names.map((name) => `skill://${name}/SKILL.md`);
  expect(await uris(some, 'skills/list', 'skills')).toEqual([free]);
  expect(await uris(all, 'skills/list', 'skills')).toEqual([free, paid]);
  expect(await uris(some, 'resources/list', 'resources')).toEqual([free]);
  expect(errorOf(await some.request('skills/get', { uri: paid }))).toEqual(refused('skills'));
  expect(errorOf(await some.request('resources/directory/read', { uri: 'skill://paid' }))).toEqual(refused('skills'));
  expect(errorOf(await some.request('resources/read', { uri: paid }))).toEqual(refused('skills'));
  expect(resultOf(await all.request('skills/get', { uri: paid }))['skill']).not.toHaveProperty('scopes');
  expect(resultOf(await all.request('resources/read', { uri: paid }))['contents']).toHaveLength(1);
});
