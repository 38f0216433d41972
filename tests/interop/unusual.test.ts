/** Definitions that real servers list, and messages that real clients send, which are unusual and work all the same. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Json } from './raw.js';
import { RawClient } from './raw.js';
import type { Home } from './sidecar.js';
import { createHome } from './sidecar.js';

const schema = (properties: Json, more: Json = {}): Json => ({ type: 'object', properties, ...more });

/** Each with the name of the exported function that it runs. */
const TOOLS: [Json, run: string][] = [
  // Defaults that do not fit, as Python servers emit them for an optional argument.
  [{ name: 'defaults_null', inputSchema: schema({ a: { type: 'string', default: null }, b: { default: 5 } }) }, 'given'],
  [{ name: 'defaults_enum', inputSchema: schema({ a: { enum: ['up', 'down'], default: '' }, b: { default: 5 } }) }, 'given'],
  [{ name: 'defaults_number', inputSchema: schema({ a: { type: 'integer', default: '7' }, b: { default: 5 } }) }, 'given'],
  [{ name: 'defaults_boolean', inputSchema: schema({ a: { type: 'boolean', default: 'no' }, b: { default: 5 } }) }, 'given'],
  // Escapes that regular expressions have outside of Unicode mode only.
  [
    { name: 'patterns', inputSchema: schema({ url: { pattern: '^ftps?\\:\\/\\/' }, day: { pattern: '^\\d{2}\\-\\d{2}$' } }) },
    'given',
  ],
  [{ name: 'listed', inputSchema: schema({}), execution: { taskSupport: 'forbidden' } }, 'given'],
  [{ name: 'annotated', inputSchema: schema({}), annotations: { idempotentHint: true, group: 'files' } }, 'given'],
  [{ name: 'tuple', inputSchema: schema({ pair: { type: 'array', items: [{ type: 'string' }, { type: 'number' }] } }) }, 'given'],
  [{ name: 'with/slash', inputSchema: schema({}) }, 'given'],
  [{ name: 'With Space', inputSchema: schema({}) }, 'given'],
  [{ name: 'large', inputSchema: schema({ id: { type: 'integer', maximum: '<maximum>', default: '<default>' } }) }, 'given'],
  ...['svg', 'avif', 'bmp'].map((name): [Json, string] => [{ name }, name]),
  [{ name: 'none', inputSchema: schema({}), outputSchema: schema({ row: {} }, { required: ['row'] }) }, 'none'],
];

const TEMPLATES: [template: string, uris: string[]][] = [
  ['file:///notes/zoë/{name}', ['file:///notes/zo%C3%AB/a', 'file:///notes/zoë/a']],
  ['shop://items{?page,size}', ['shop://items', 'shop://items?size=2&page=1', 'shop://items?page=1&other=x']],
  ['log://all/{+path}', ['log://all/a/b', 'log://all/a?from=1', 'log://all/a#end']],
  ['code://{owner}/tree{/path*}', ['code://me/tree', 'code://me/tree/a/b.c']],
  ['doc://one{.type}', ['doc://one', 'doc://one.md']],
  ['page://p{#part}', ['page://p', 'page://p#x']],
  ['all://{path*}', ['all://a/b', 'ALL://a/b', 'all://a/x/../b']],
];

const MODULE = `
export const given = (args) => args;
export const svg = () => Buffer.from('<?xml version="1.0"?>\\n<!-- drawn -->\\n<svg xmlns="http://www.w3.org/2000/svg"/>');
export const avif = () => Buffer.from('\\0\\0\\0\\x20ftypavif\\0\\0', 'latin1');
export const bmp = () => Buffer.from('BM\\x36\\0\\0\\0', 'latin1');
export const none = () => ({ content: [{ type: 'text', text: 'nothing there' }], structuredContent: { error: 1 }, isError: true });
export const read = (uri) => uri;
`;

const PICTURES = new Set(['svg', 'avif', 'bmp']);
const CONFIG = JSON.stringify({
  instructions: 'Unusual definitions.',
  tools: TOOLS.map(([tool]) => tool),
  resource_templates: TEMPLATES.map(([uriTemplate], at) => ({ name: `template ${at}`, uriTemplate })),
  module_links: [
    ...TOOLS.map(([{ name }, run]) => ({
      ...{ type: 'tool', name, module_name: './unusual.mjs', function_name: run },
      ...(PICTURES.has(run) ? { return_type: 'image' } : {}),
    })),
    ...TEMPLATES.map((_, at) => ({
      ...{ type: 'resource_template', name: `template ${at}`, module_name: './unusual.mjs', function_name: 'read' },
    })),
  ],
})
  .replace('"<maximum>"', '9223372036854775807')
  .replace('"<default>"', '1915883588174806058');

let home: Home;
let client: RawClient;

beforeAll(async () => {
  home = await createHome();
  await writeFile(home.config, CONFIG);
  await writeFile(join(home.folder, 'unusual.mjs'), MODULE);
  client = new RawClient(home.args());
  await client.initialize();
});
afterAll(async () => {
  await client.leave();
  await home.remove();
});

const call = async (name: string, args: Json = {}): Promise<Json> => {
  const { result } = await client.ask('tools/call', { name, arguments: args });
  return result as Json;
};
const textOf = ({ content }: Json): string => (content as { text: string }[])[0]!.text;

it('"config check" accepts the definitions, and warns of what is left out', async () => {
  const { ok, errors, warnings } = JSON.parse(await home.command('config', 'check', '--json', home.config)) as {
    ok: boolean;
    errors: unknown[];
    warnings: { path: string }[];
  };
  expect([ok, errors]).toEqual([true, []]);
  const warned = (path: string): boolean => warnings.some((warning) => warning.path.startsWith(path));
  for (const [at, [{ name }]] of TOOLS.entries()) {
    const isWarned = !['patterns', 'listed', 'none', ...PICTURES].includes(String(name));
    expect([name, warned(`$.tools[${at}]`)]).toEqual([name, isWarned]);
  }
});

it.each(['null', 'enum', 'number', 'boolean'])('a default that does not fit is not filled in: %s', async (kind) => {
  expect(JSON.parse(textOf(await call(`defaults_${kind}`)))).toEqual({ b: 5 });
});

it('patterns that need no Unicode mode are checked', async () => {
  expect(await call('patterns', { url: 'ftp://x', day: '24-12' })).not.toHaveProperty('isError');
  expect(await call('patterns', { url: 'http://x' })).toMatchObject({ isError: true });
  expect(await call('patterns', { day: '24.12' })).toMatchObject({ isError: true });
});

it('definitions are listed as they are written, large numbers too', async () => {
  let text = '';
  const taken = (chunk: string): void => void (text += chunk);
  client.process.stdout.on('data', taken);
  const { result } = await client.ask('tools/list');
  client.process.stdout.off('data', taken);
  const listed = new Map((result as { tools: Json[] }).tools.map((tool) => [tool['name'], tool]));
  for (const [tool] of TOOLS) {
    if (!('inputSchema' in tool) || tool['name'] === 'large') continue;
    const { name, inputSchema, annotations } = tool;
    expect(listed.get(name)).toMatchObject({ name, inputSchema, ...(annotations === undefined ? {} : { annotations }) });
  }
  expect(text).toContain('"maximum":9223372036854775807,"default":1915883588174806058');
});

it.each(['listed', 'annotated', 'tuple', 'with/slash', 'With Space', 'large'])('the tool "%s" runs', async (name) => {
  expect(await call(name)).not.toHaveProperty('isError');
});

it.each(TEMPLATES)('%s is read by what clients make of it', async (_, uris) => {
  for (const uri of uris) expect([uri, await client.ask('resources/read', { uri })]).toMatchObject([uri, { result: {} }]);
});

it.each([
  ['svg', 'image/svg+xml'],
  ['avif', 'image/avif'],
  ['bmp', 'image/bmp'],
])('a picture is called what it is: %s', async (name, mimeType) => {
  expect(await call(name)).toMatchObject({ content: [{ type: 'image', mimeType }] });
});

it('an error result loses structured content that its schema does not allow', async () => {
  expect(await call('none')).toEqual({ content: [{ type: 'text', text: 'nothing there' }], isError: true });
});

it.each<[string, string, Json | null]>([
  ['parameters', 'tools/list', null],
  ['cursor', 'tools/list', { cursor: null }],
  ['arguments', 'tools/call', { name: 'listed', arguments: null }],
])('null means absent: %s', async (_, method, params) => {
  const id = `null ${_}`;
  const answer = client.answer(id);
  client.send({ jsonrpc: '2.0', id, method, params });
  expect(await answer).toHaveProperty('result');
});

it('initialize is answered again, for the next client of the same pipe', async () => {
  const [first, second] = [await client.initialize(), await client.initialize('2025-06-18')];
  expect([first, second]).toMatchObject([
    { result: { protocolVersion: '2025-11-25' } },
    { result: { protocolVersion: '2025-06-18' } },
  ]);
});
