import { builtinModules } from 'node:module';
import { cycles, manifests, packageOf, parse, sources, target, type Source } from './walls.js';

/** Which of our packages each package may import. */
const ARROWS: Record<string, readonly string[]> = {
  core: [],
  stdio: ['core'],
  express: ['core'],
  sqlite: ['core'],
  modules: ['core'],
  cli: ['core', 'stdio', 'sqlite', 'modules', 'express'],
};

/**
 * The rooms of core, lowest row first: a room knows only rooms of the rows above its own. A new file gets a room here; the files of
 * one room, which are listed with a space between them, may know each other.
 *
 * daemon -> dispatcher -> call -> {catalog -> cache, executor, recorder, result} -> {ports, errors}
 */
const CORE: readonly (readonly string[])[] = [
  // Words and plain functions.
  [
    'protocol',
    'events',
    'redact',
    'return-value-error',
    'schema/types',
    'config/suggest',
    'config/uri-check',
    'uri-template',
    'uuid',
  ],
  ['errors', 'definition', 'content', 'encode', 'exchange', 'input', 'server-info', 'trace-context'],
  [
    'ports',
    'context',
    'limits',
    'mirrored-headers',
    'record-body',
    'config/mistakes',
    'request-state',
    'schema/standard',
    'subscriptions',
    'schema/validator schema/validator-* schema/defaults',
  ],
  // What the parts of a call are made of.
  [
    'awaitable',
    'backlog',
    'cache',
    'call-params',
    'config/json-scan',
    'linker',
    'memory paging',
    'store-check',
    'schema/check schema/keywords schema/refs config/header-check',
  ],
  // The parts of a call, which do not know each other.
  ['catalog', 'executor', 'input-desk', 'recorder', 'result'],
  // One call; and what defines a function, in a file or in code.
  ['call', 'completion', 'config/*', 'contract', 'define'],
  // Who calls it.
  ['methods'],
  ['dispatcher'],
  ['session'],
  ['transport'],
  ['daemon'],
  ['index'],
];

/**
 * The rooms of express, lowest row first: folders, and the files that stand alone. Those of one row do not know each other.
 *
 * serve-http -> router -> {mcp, http-sse, events, documents} -> door -> {auth, operation} -> wire
 */
const EXPRESS: readonly (readonly string[])[] = [
  // Requests and responses of node:http.
  ['wire'],
  // Who calls; and what an operator is told.
  ['auth', 'operation'],
  // What every request passes.
  ['door'],
  // What is served.
  ['mcp', 'http-sse', 'events', 'documents'],
  ['router'],
  ['serve-http'],
  ['index'],
];

/** Built-in modules that neither open a socket nor reach the file system or another process. */
const CORE_BUILTINS = [
  'assert/strict',
  'async_hooks',
  'buffer',
  'crypto',
  'events',
  'perf_hooks',
  'timers',
  'timers/promises',
  'url',
  'util',
];

const LONGEST_FILE = 350;

const byName = new Map([...manifests].map(([folder, { name }]) => [name, folder]));
const isRelative = (specifier: string): boolean => specifier.startsWith('.');
const builtin = (specifier: string): string | undefined =>
  specifier.startsWith('node:') ? specifier.slice(5) : builtinModules.includes(specifier) ? specifier : undefined;
const isBare = (specifier: string): boolean => !isRelative(specifier) && builtin(specifier) === undefined;
const core = sources.filter((source) => source.package === 'core');

/** What `mistake` finds in each import of these files, as one list to compare with an empty one. */
function offending(
  files: readonly Source[],
  mistake: (source: Source, specifier: string, typeOnly: boolean) => string | undefined,
): string[] {
  return files.flatMap((source) =>
    source.imports.flatMap(({ specifier, typeOnly }) => {
      const problem = mistake(source, specifier, typeOnly);
      return problem === undefined ? [] : [`${source.path} imports ${specifier}: ${problem}`];
    }),
  );
}

describe('between packages', () => {
  it('every package has its arrows', () => {
    expect([...manifests.keys()].sort()).toEqual(Object.keys(ARROWS).sort());
  });

  it('imports go along the arrows only', () => {
    expect(
      offending(sources, (source, specifier) => {
        const folder = isBare(specifier) ? byName.get(packageOf(specifier)) : undefined;
        return folder === undefined || ARROWS[source.package]?.includes(folder)
          ? undefined
          : `${source.package} must not know ${folder}`;
      }),
    ).toEqual([]);
  });

  it('packages reach each other by name, inside a package by path', () => {
    expect(
      offending(sources, (source, specifier) =>
        isRelative(specifier) && !target(source, specifier).startsWith(`packages/${source.package}/`)
          ? 'leaves its package'
          : undefined,
      ),
    ).toEqual([]);
  });

  it('every dependency that is imported is declared', () => {
    expect(
      offending(sources, (source, specifier, typeOnly) => {
        if (!isBare(specifier)) return undefined;
        const manifest = manifests.get(source.package);
        const declared = { ...manifest?.dependencies, ...manifest?.peerDependencies, ...manifest?.optionalDependencies };
        // The command line is bundled: what its bundle contains need not be installed. Its library entries are not bundled.
        const bundled = source.package === 'cli' && !/\/(index|http)\.ts$/.test(source.path);
        if (bundled || typeOnly) Object.assign(declared, manifest?.devDependencies);
        return packageOf(specifier) in declared ? undefined : `not declared in packages/${source.package}/package.json`;
      }),
    ).toEqual([]);
  });

  it('every dependency that is declared is imported', () => {
    const unused = [...manifests].flatMap(([folder, manifest]) => {
      const used = new Set(
        sources
          .filter((source) => source.package === folder)
          .flatMap((source) => source.imports.map((i) => packageOf(i.specifier))),
      );
      // Native addons stay outside the bundle, so the command line needs them although others are what imports them.
      const indirect = folder === 'cli' ? ['libsql', 'bcrypt'] : [];
      return Object.keys(manifest.dependencies ?? {})
        .filter((name) => !used.has(name) && !indirect.includes(name))
        .map((name) => `packages/${folder}/package.json: ${name}`);
    });
    expect(unused).toEqual([]);
  });

  it('built-in modules are imported as node:', () => {
    expect(
      offending(sources, (_, specifier) =>
        builtin(specifier) !== undefined && !specifier.startsWith('node:') ? `write node:${specifier}` : undefined,
      ),
    ).toEqual([]);
  });

  it('no import cycles, type imports included', () => {
    const graph = new Map(
      sources.map((source) => [
        source.path,
        source.imports.filter((i) => isRelative(i.specifier)).map((i) => target(source, i.specifier)),
      ]),
    );
    expect(cycles(graph).map((cycle) => cycle.join(' -> '))).toEqual([]);
  });
});

describe('inside core', () => {
  const rooms = CORE.flatMap((row, rank) => row.map((room) => ({ rank, room, files: room.split(' ') })));
  const roomOf = (path: string): { rank: number; room: string } | undefined => {
    const name = /^packages\/core\/src\/(.*)\.ts$/.exec(path)?.[1] ?? '';
    return (
      rooms.find(({ files }) => files.includes(name)) ??
      rooms.find(({ files }) => files.some((file) => file.endsWith('*') && name.startsWith(file.slice(0, -1))))
    );
  };

  it('every file has its room', () => {
    expect(core.map((source) => source.path).filter((path) => roomOf(path) === undefined)).toEqual([]);
  });

  it('imports go to lower rooms only', () => {
    expect(
      offending(core, (source, specifier) => {
        if (!isRelative(specifier)) return undefined;
        const from = roomOf(source.path);
        const to = roomOf(target(source, specifier));
        return from && to && (to.rank < from.rank || to.room === from.room) ? undefined : 'not below it';
      }),
    ).toEqual([]);
  });

  it('no sockets, no files, no other processes', () => {
    expect(
      offending(core, (_, specifier) => {
        const name = builtin(specifier);
        return name === undefined || CORE_BUILTINS.includes(name) ? undefined : 'not for core';
      }),
    ).toEqual([]);
    const network = ['fetch', 'WebSocket', 'EventSource', 'BroadcastChannel', 'XMLHttpRequest'];
    expect(
      core.flatMap((source) => network.filter((name) => source.globals.has(name)).map((name) => `${source.path}: ${name}`)),
    ).toEqual([]);
  });

  it('no dependencies at run time', () => {
    expect(
      offending(core, (_, specifier, typeOnly) => {
        if (!isBare(specifier)) return undefined;
        return typeOnly && specifier.startsWith('@modelcontextprotocol/') ? undefined : 'not for core';
      }),
    ).toEqual([]);
  });

  it('no process', () => {
    const touched = core.flatMap((source) =>
      [...source.globals].filter((name) => /^process(\.|$)/.test(name)).map((name) => `${source.path}: ${name}`),
    );
    expect(touched).toEqual([]);
  });
});

describe('inside express', () => {
  const files = sources.filter((source) => source.package === 'express');
  const roomOf = (path: string): string => /^packages\/express\/src\/([^/]+?)(\/.*|\.ts)$/.exec(path)?.[1] ?? '';
  const rankOf = (room: string): number => EXPRESS.findIndex((row) => row.includes(room));

  it('every file has its room', () => {
    expect(files.map((source) => source.path).filter((path) => rankOf(roomOf(path)) === -1)).toEqual([]);
  });

  it('imports go to lower rooms only', () => {
    expect(
      offending(files, (source, specifier) => {
        if (!isRelative(specifier)) return undefined;
        const [from, to] = [roomOf(source.path), roomOf(target(source, specifier))];
        return from === to || rankOf(to) < rankOf(from) ? undefined : 'not below it';
      }),
    ).toEqual([]);
  });
});

describe('everywhere', () => {
  it('the environment and the arguments are read by the command line alone', () => {
    const forbidden = /^process(\.env|\.argv|\.execArgv|\.argv0|\.\*)?$/;
    const touched = sources
      .filter((source) => source.package !== 'cli')
      .flatMap((source) => [
        ...[...source.globals].filter((name) => forbidden.test(name)).map((name) => `${source.path}: ${name}`),
        ...source.imports.filter((i) => builtin(i.specifier) === 'process').map(() => `${source.path}: node:process`),
      ]);
    expect(touched).toEqual([]);
  });

  it('what is public is listed name by name', () => {
    expect(sources.flatMap((source) => source.starExports.map((line) => `${source.path}: ${line}`))).toEqual([]);
  });

  it(`no file is longer than ${LONGEST_FILE} lines`, () => {
    expect(sources.filter((source) => source.lines > LONGEST_FILE).map((source) => `${source.path}: ${source.lines}`)).toEqual(
      [],
    );
  });
});

describe('the scanner itself', () => {
  const scan = (text: string): Source => parse('packages/core/src/x.ts', text);

  it('sees every way to import', () => {
    const text = `
      import a from 'a';
      import type { B } from 'b';
      import { type C, type D } from 'c';
      import { type E, f } from 'd';
      import 'e';
      export { g } from 'f';
      export type { H } from 'g';
      export * from 'h';
      export * as i from 'i';
      const j = await import('j');
      let k: import('k').K;
      const l = require('l');
      const m = await import(name);
    `;
    const found = scan(text);
    expect(found.imports.map((i) => `${i.specifier}${i.typeOnly ? ' type' : ''}`)).toEqual([
      'a',
      'b type',
      'c type',
      'd',
      'e',
      'f',
      'g type',
      'h',
      'i',
      'j',
      'k type',
      'l',
    ]);
    expect(found.starExports).toEqual([`export * from 'h';`]);
  });

  it('tells a global from a name that only looks like one', () => {
    expect([
      ...scan(`const x = { process: 1 }; x.process; type P = 'process'; interface Q { process: string }`).globals,
    ]).not.toContain('process');
    expect([...scan(`process.env.HOME`).globals]).toContain('process.env');
    expect([...scan(`process['argv']`).globals]).toContain('process.argv');
    expect([...scan(`globalThis.process.env`).globals]).toContain('process.env');
    expect([...scan(`const { env: e } = process`).globals]).toContain('process.env');
    expect([...scan(`const p = process`).globals]).toContain('process');
    expect([...scan(`const y = { process }`).globals]).toContain('process');
  });

  it('finds cycles', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b', 'd']],
      ['d', []],
    ]);
    expect(cycles(graph)).toEqual([['b', 'c', 'b']]);
  });
});
