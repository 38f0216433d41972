import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseConfig } from '@mcp-daemon/core';
import ts from 'typescript';

import { generateTypes, isGenerated } from '../../src/typescript/generate.js';
import type { Listing } from '../../src/typescript/listing.js';
import { listingOf } from '../../src/typescript/listing.js';
import { pascalCase } from '../../src/typescript/names.js';
import { errorsOf, ROOT } from './compile.js';

const EMPTY: Listing = { tools: [], resources: [], templates: [], prompts: [] };
const tools = (...names: string[]): Listing => ({
  ...EMPTY,
  tools: names.map((name) => ({ name, inputSchema: { type: 'object', properties: { a: { type: 'string' } } } })),
});
const everything = listingOf(parseConfig(readFileSync(join(ROOT, 'examples/everything/mcp.json'), 'utf8')).definition.functions);

/** What the file exports when it runs. */
function run(text: string): Record<string, (...args: unknown[]) => never> {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  const exported = {};
  new Function('exports', outputText)(exported);
  return exported;
}

const ODD = [
  ...['add_numbers', 'add-numbers', 'addNumbers', 'AddNumbers', 'add.numbers', '__proto__', 'constructor', 'then', 'toString'],
  ...[
    '1st',
    '!!',
    'ünïcode',
    '日本',
    "it's",
    'a*/b',
    'new\nline',
    '\u2028',
    'class',
    'Tools',
    'Tool',
    'Promise',
    'call',
    '0',
    'a"b',
    '${x}',
  ],
];

describe('a generated file', () => {
  it.each([
    ['an ES module', 'out.mts', {}],
    ['CommonJS', 'out.cts', { verbatimModuleSyntax: false }],
    [
      'a project that is not strict',
      'out.ts',
      {
        strict: false,
        exactOptionalPropertyTypes: false,
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
      },
    ],
    ['a project without exactOptionalPropertyTypes', 'out.ts', { exactOptionalPropertyTypes: false }],
  ])('compiles as %s', (_, path, options) => {
    expect(errorsOf({ [path]: generateTypes(everything) }, options)).toEqual([]);
  });

  it('compiles for a server that offers only one kind of thing, or nothing', () => {
    for (const part of ['tools', 'resources', 'templates', 'prompts'] as const) {
      const text = generateTypes({ ...EMPTY, [part]: everything[part] });
      expect(everything[part].length).toBeGreaterThan(0);
      expect(errorsOf({ 'out.ts': text })).toEqual([]);
    }
    expect(errorsOf({ 'out.ts': generateTypes(EMPTY) })).toEqual([]);
  });

  it('is the same in whatever order the server lists things', () => {
    const reversed = Object.fromEntries(Object.entries(everything).map(([key, list]) => [key, [...list].reverse()]));
    expect(generateTypes(reversed as unknown as Listing)).toBe(generateTypes(everything));
  });

  it('imports nothing and turns off ESLint', () => {
    const text = generateTypes(everything);
    expect(text).not.toMatch(/\bimport\b|\brequire\b/);
    expect(text.startsWith('/* eslint-disable */\n')).toBe(true);
    expect(isGenerated(text.replaceAll('\n', '\r\n'))).toBe(true);
    expect(isGenerated('export const mine = 1;\n')).toBe(false);
  });

  it('gives each tool its own types, whatever its name', () => {
    const text = generateTypes(tools(...ODD));
    expect(errorsOf({ 'out.ts': text })).toEqual([]);
    const declared = [...text.matchAll(/^export type (\S+Arguments\w*) =/gm)].map(([, name]) => name);
    expect(new Set(declared).size).toBe(ODD.length);
    expect(declared.filter((name) => name?.startsWith('AddNumbersArguments'))).toHaveLength(5);
  });

  it('names types by letters that every Node and every TypeScript knows', () => {
    const characters = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff);
    const kept = characters.filter((code) => pascalCase(String.fromCodePoint(code)) !== '');
    expect(kept.length).toBeGreaterThan(30_000);
    // TypeScript's tables for ES5 are those of an early Unicode.
    const isKnown = (name: string): boolean =>
      [...name].every((each) => ts.isIdentifierPart(each.codePointAt(0)!, ts.ScriptTarget.ES5));
    expect(kept.map((code) => pascalCase(String.fromCodePoint(code))).filter((name) => !isKnown(name))).toEqual([]);
    expect(pascalCase('u\u0308nicode')).toBe('\u00dcnicode');
  });

  it.each(['@ts-expect-error', '@ts-ignore', 'x\n@ts-expect-error', '*/ @ts-ignore', '\u0000@ts-expect-error'])(
    'has no order to the compiler for a description %j',
    (description) => {
      const argument = { name: 'a', description };
      const text = generateTypes({
        tools: [{ name: 'x', description, inputSchema: { type: 'object', properties: { a: { type: 'string', description } } } }],
        resources: [{ name: 'r', uri: 'r:', description }],
        templates: [{ name: 't', uriTemplate: 't:{a}', description }],
        prompts: [{ name: 'p', description, arguments: [argument] }],
      });
      expect(text.split('ts-').length).toBe(7);
      expect(errorsOf({ 'out.ts': text })).toEqual([]);
    },
  );

  it('is the same text when it is read from a file, also with halves of characters', () => {
    const half = 'a\ud800b';
    const text = generateTypes({
      ...EMPTY,
      tools: [
        {
          name: half,
          description: half,
          inputSchema: { type: 'object', properties: { [half]: { default: half, const: half } } },
        },
      ],
    });
    expect(Buffer.from(text).toString()).toBe(text);
    expect(errorsOf({ 'out.ts': text })).toEqual([]);
  });

  it('calls tools of any name', async () => {
    const { createTools, callTool } = run(generateTypes(tools(...ODD)));
    const called: unknown[] = [];
    const client = {
      callTool: (params: { name: string }) => {
        called.push(params.name);
        return Promise.resolve({ content: [] });
      },
    };
    const made = createTools!(client) as Record<string, () => Promise<unknown>>;
    const names = ODD.filter((name) => name !== 'then');
    for (const name of names) {
      expect(Object.hasOwn(made, name)).toBe(true);
      await made[name]!();
    }
    expect(called).toEqual(names);
    expect('then' in made).toBe(false);
    await (callTool!(client, 'then', {}) as Promise<unknown>);
    expect(called.at(-1)).toBe('then');
  });

  it('gives options as the second argument to a client that is not of an SDK, whatever its parameters', async () => {
    const { createTools } = run(generateTypes(tools('x')));
    const given: unknown[] = [];
    const answer = (...args: unknown[]): Promise<object> => (given.push(args), Promise.resolve({ content: [] }));
    const clients = [
      { callTool: (...all: unknown[]) => answer(...all) },
      { callTool: (params: object, options = {}) => answer(params, options) },
      {
        callTool: (params: object, options: object, third: unknown) =>
          answer(params, options, ...(third === undefined ? [] : [third])),
      },
    ];
    for (const client of clients)
      await (createTools!(client) as unknown as { x: (...args: unknown[]) => Promise<unknown> }).x({}, { timeout: 1 });
    expect(given).toEqual(clients.map(() => [{ name: 'x', arguments: {} }, { timeout: 1 }]));
  });

  it('of two resources with one URI has the later one, and of prompts with odd names all', () => {
    const names = ['a b', 'a_b', 'then', '__proto__', '*/'];
    const text = generateTypes({
      ...EMPTY,
      resources: [
        { name: 'one', uri: "x://it's" },
        { name: '*/ two', uri: "x://it's", description: '*/ alert()' },
      ],
      prompts: names.map((name) => ({ name, arguments: [{ name: 'x-y', required: true }] })),
    });
    expect(errorsOf({ 'out.ts': text })).toEqual([]);
    expect(text.match(/'x:\/\/it\\'s': '/g)).toHaveLength(1);
  });

  it('of 1,000 tools is written and compiled', () => {
    const listing: Listing = {
      ...EMPTY,
      tools: Array.from({ length: 1_000 }, (_, index) => ({
        name: `tool_${index}`,
        description: 'A tool',
        inputSchema: {
          type: 'object',
          properties: { node: { $ref: '#/$defs/node' } },
          $defs: { node: { properties: { next: { $ref: '#/$defs/node' } } } },
        },
        outputSchema: { type: 'object', properties: { index: { const: index } }, required: ['index'] },
      })),
    };
    const text = generateTypes(listing);
    const use = `import { createTools } from './out.js';
      export const index: Promise<{ index: 999 }> = createTools(null!).tool_999({ node: { next: {} } });`;
    expect(errorsOf({ 'out.ts': text, 'use.ts': use })).toEqual([]);
  });
});

describe('the types of a generated file', () => {
  const listing: Listing = {
    tools: [
      {
        name: 'add',
        inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a'] },
        outputSchema: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] },
      },
      { name: 'hello', inputSchema: { type: 'object', properties: { name: { type: 'string' } } } },
      { name: 'ping', inputSchema: { type: 'object', additionalProperties: false } },
    ],
    resources: [{ name: 'status', uri: 'status://server' }],
    templates: [{ name: 'user', uriTemplate: 'users://{id}/{+path}{?page,size}{&tag*}' }],
    prompts: [
      { name: 'review', arguments: [{ name: 'text', required: true }, { name: 'tone' }] },
      { name: 'greet', arguments: [] },
    ],
  };
  const text = generateTypes(listing);
  const accepted = [
    'const { sum } = await tools.add({ a: 1 }); sum.toFixed();',
    'const content = await tools.hello(); textOf(content).trim();',
    "await tools.hello({ name: 'Ada' }, { timeout: 1, signal: new AbortController().signal, onprogress: ({ progress }) => void progress.toFixed() });",
    'await tools.ping(); await tools.ping({});',
    "const { sum } = await callTool(null!, 'add', { a: 1 }); sum.toFixed();",
    "const [first] = await resources.read('status://server', { timeout: 1 }); first?.text?.trim();",
    "await resources.read('users://{id}/{+path}{?page,size}{&tag*}', { id: '1', path: 'a/b', tag: ['x', 'y'] }, { timeout: 1 });",
    "const { messages } = await prompts.review({ text: 'x' }); messages[0]?.content.type;",
    'await prompts.greet();',
  ];
  const refused = [
    'await tools.add({ b: 1 });',
    'await tools.add();',
    "await tools.add({ a: 'x' });",
    'await tools.add({ a: 1, c: 2 });',
    'await tools.hello({ nmae: "Ada" });',
    'await tools.ping({ a: 1 });',
    'await tools.nothing({});',
    "await callTool(null!, 'hello', { a: 1 });",
    "await resources.read('status://other');",
    "await resources.read('users://{id}/{+path}{?page,size}{&tag*}', { id: '1' });",
    'await prompts.review({});',
    "await prompts.greet({ a: 'x' });",
    'const { sum } = await tools.add({ a: 1 }); sum.trim();',
  ];
  /** What the compiler says, by the number of the line. Each statement is a line of one program, because compiling takes long. */
  const errors = new Map<number, string[]>();

  beforeAll(() => {
    const head = `import { callTool, createPrompts, createResources, createTools, textOf, ToolError, type ToolTypes } from './out.js';
const tools = createTools(null!), resources = createResources(null!), prompts = createPrompts(null!);
export { callTool, prompts, resources, textOf, ToolError, tools, type ToolTypes };`;
    const lines = [...accepted, ...refused].map(
      (body, index) => `export async function use${index}(): Promise<void> { ${body} }`,
    );
    for (const error of errorsOf({ 'out.ts': text, 'use.ts': [head, ...lines].join('\n') })) {
      const [, line] = /^use\.ts:(\d+):/.exec(error) ?? [];
      const index = Number(line ?? 0) - 1 - head.split('\n').length;
      errors.set(index, [...(errors.get(index) ?? []), error]);
    }
  });

  it.each(accepted)('accept %s', (body) => {
    expect(errors.get(accepted.indexOf(body))).toBeUndefined();
  });

  it.each(refused)('refuse %s', (body) => {
    expect(errors.get(accepted.length + refused.indexOf(body))).toHaveLength(1);
  });

  it('have no other errors', () => {
    expect([...errors.keys()].filter((index) => index < accepted.length)).toEqual([]);
  });
});

describe('resourceUri', () => {
  // The examples of RFC 6570, section 3.2, with the variables of its beginning.
  const variables = {
    var: 'value',
    hello: 'Hello World!',
    empty: '',
    path: '/foo/bar',
    x: '1024',
    y: '768',
    half: '50%',
    list: ['red', 'green', 'blue'],
    none: [],
  };
  it.each([
    ['{var}', 'value'],
    ['{hello}', 'Hello%20World%21'],
    ['{half}', '50%25'],
    ['O{empty}X', 'OX'],
    ['O{undef}X', 'OX'],
    ['{x,y}', '1024,768'],
    ['?{x,empty}', '?1024,'],
    ['{var:3}', 'val'],
    ['{list}', 'red,green,blue'],
    ['{list*}', 'red,green,blue'],
    ['{none}', ''],
    ['{+hello}', 'Hello%20World!'],
    ['{+half}', '50%25'],
    ['{+path}/here', '/foo/bar/here'],
    ['{+path:6}/here', '/foo/b/here'],
    ['{#path,x}/here', '#/foo/bar,1024/here'],
    ['X{.list*}', 'X.red.green.blue'],
    ['{/list*,path:4}', '/red/green/blue/%2Ffoo'],
    ['{;hello:5}', ';hello=Hello'],
    ['{;x,y,empty}', ';x=1024;y=768;empty'],
    ['{;list*}', ';list=red;list=green;list=blue'],
    ['{?x,y,undef}', '?x=1024&y=768'],
    ['{?x,empty}', '?x=1024&empty='],
    ['?fixed=yes{&list*}', '?fixed=yes&list=red&list=green&list=blue'],
  ])('makes of %s the URI that RFC 6570 says', (template, uri) => {
    const { resourceUri } = run(generateTypes({ ...EMPTY, templates: [{ name: 'x', uriTemplate: template }] }));
    expect(resourceUri!(template, variables)).toBe(uri);
  });
});
