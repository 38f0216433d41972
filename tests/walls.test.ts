import { builtinModules } from 'node:module';

import type { Source } from './walls.js';
import { cycles, manifests, packageOf, parse, sources, target } from './walls.js';

/** Which of our packages each package may import. */
const ARROWS: Record<string, readonly string[]> = {
  core: [],
  stdio: ['core'],
  express: ['core'],
  sqlite: ['core'],
  aws: ['core'],
  graphql: ['core'],
  modules: ['core'],
  runner: ['core'],
  console: [],
  mount: ['core'],
  cli: ['core', 'stdio', 'sqlite', 'aws', 'modules', 'express', 'graphql', 'runner', 'mount'],
};

/**
 * The rooms of each package: its folders, and the files beside them, lowest row first. A room imports from the rows above it in
 * this list, never from its own row or from a row below. A file's room is its folder; nothing else is said per file.
 */
const ROOMS: Record<string, readonly (readonly string[])[]> = {
  core: [
    ['base'], // plain helpers that know nothing of MCP
    ['protocol'], // messages, versions, errors, what core knows of the outside
    ['schema'], // JSON Schema: types, the check of a schema
    ['schema/compile'], // the check of values by a schema
    ['ports'], // interfaces of adapters, types only
    ['contract', 'events', 'catalog', 'records', 'input', 'runner', 'skills'], // one suite a port; the parts of a call, which do not know each other
    ['memory'], // adapters that keep everything in this process's memory
    ['call'], // one call, from its parameters to its result
    ['tasks'], // calls that may outlive their requests
    ['config'], // from a file's text to a catalog
    ['stored'], // catalogs in a store: plans, imports, history, and what is served of them
    ['session'], // methods, dispatcher, connections
    ['define'], // a catalog in code
    ['lazy-tasks'],
    ['daemon-api'],
    ['replay'], // recorded calls made again
    ['daemon'],
    ['index', 'child'], // child: what child programs in JavaScript share with this process
  ],
  express: [
    ['wire', 'paths'], // requests and responses of node:http; the one table of paths
    ['auth'], // what every way of authentication has in common
    ['auth/server'], // an authorization server, which knows users by an interface
    ['auth/local', 'auth/cognito'],
    ['operation/metrics'],
    ['operation'], // probes and metrics
    ['access'], // request ids, access log, authentication and rate limits
    ['mcp', 'http-sse', 'events', 'graphql', 'documents', 'console', 'mounts'], // what is served
    ['router-options'],
    ['router'],
    ['serve-http'],
    ['index'],
  ],
  sqlite: [
    ['engine'], // SQLite, whichever package it comes from
    ['journal'], // files that records are appended to
    ['database'], // tables, opening, reading, pruning
    ['import'], // from journals to tables: when, by whom, exactly once
    ['session'], // a connection for what is not call records
    ['catalogs', 'state'], // the catalogs of partitions, and small shared state: loaded when they are used
    ['maintenance'], // backup, restore and check of a whole file
    ['record-database'], // the database, loaded when it is needed
    ['long-reads'], // queries that may have to look at all records, in parts
    ['lazy-catalogs', 'lazy-state'],
    ['store', 'maintain'],
    ['index'],
  ],
  aws: [
    ['base'], // errors, options and pacing of all services
    ['dynamodb', 's3', 'secrets'],
    ['store', 'setup', 'sweep'],
    ['index'],
  ],
  graphql: [
    ['base'], // errors, limits, pages, scalars
    ['execution'], // plans of queries
    ['documents', 'reading'], // from a text to a document that may be executed; reads of one request
    ['writing'], // from what clients give to what is stored
    ['resolvers'], // one file an entity, and one for its changes
    ['schema-text'], // made of schema.graphql
    ['schema'],
    ['api'],
    ['index'],
  ],
  runner: [
    ['protocol'], // frames and messages of the socket
    ['runtimes'], // how the child program of each language is started
    ['host', 'launcher', 'node'], // one child, from the daemon's side; the program that starts children; the child program
    ['pool'], // the children of one version of code, and all of them
    ['settings'],
    ['load'], // the message that loads a function
    ['runner'],
    ['index'],
  ],
  mount: [
    ['base'], // waits, errors
    ['connection'], // the messages of one connection
    ['stdio', 'http', 'mcpb', 'secrets', 'offer'], // what carries them; bundles; the texts of a config; from what a server offers to a catalog
    ['logins', 'upstream'], // the log-ins at servers; the life of one server
    ['open'], // from a definition to a connection
    ['users'], // connections of users who log in by themselves
    ['calls'], // one call
    ['mounts'],
    ['index'],
  ],
  console: [
    ['index'], // for Node: where the files are. All the rest runs in a browser
    ['base'], // JSON, amounts, visible texts, commands
    ['form'], // from a JSON Schema to a form, and from a form to a value
    ['api'], // the endpoints of the server
    ['state'], // session, address, theme, live events
    ['parts'], // what pages are made of
    ['pages'],
    ['app'],
    ['main'],
  ],
  cli: [
    ['errors', 'version', 'files'], // files: atomic writes
    ['settings'], // flags, environment variables, paths of files
    ['start', 'log', 'terminal'],
    ['runtime'], // config file, store, modules and the guard of stdout, for serving and for commands
    ['hosts', 'typescript'], // config files of MCP hosts; the TypeScript of a catalog
    ['serve'],
    ['commands'],
    ['main'],
    ['bin'],
    ['library'], // what `import 'mcp-daemon'` gives
  ],
};

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
/** The peer dependencies of a package that need not be installed. */
const optionalPeers = (folder: string): string[] =>
  Object.entries(manifests.get(folder)?.peerDependenciesMeta ?? {}).flatMap(([name, { optional }]) =>
    optional === true ? [name] : [],
  );
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
        // So is the console, whole.
        const bundled = source.package === 'console' || (source.package === 'cli' && !/\/(index|http)\.ts$/.test(source.path));
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
      // Native addons and what strips types stay outside the bundle, so the command line needs what other packages import.
      // Its library offers every way of authentication, so it brings the optional peers of the express package.
      const indirect = folder === 'cli' ? ['libsql', '@swc/wasm-typescript', ...optionalPeers('express')] : [];
      return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
        .filter((name) => !used.has(name) && !indirect.includes(name))
        .map((name) => `packages/${folder}/package.json: ${name}`);
    });
    expect(unused).toEqual([]);
  });

  it('an optional peer is loaded with import() alone, so that every entry works without it', () => {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    /** The files that are loaded together with a file: by imports and exports, not by import(). */
    const loadedWith = (path: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(path)) return seen;
      seen.add(path);
      const source = byPath.get(path);
      for (const { specifier, typeOnly, dynamic } of source?.imports ?? [])
        if (source !== undefined && isRelative(specifier) && !typeOnly && !dynamic) loadedWith(target(source, specifier), seen);
      return seen;
    };
    const packagesOf = (path: string): string[] =>
      (byPath.get(path)?.imports ?? []).flatMap((i) => (i.typeOnly || i.dynamic ? [] : [packageOf(i.specifier)]));
    const loaded = [...manifests].flatMap(([folder, manifest]) =>
      Object.values(manifest.exports).flatMap((entry) => {
        const built = typeof entry === 'string' ? undefined : entry['default'];
        const path = built?.replace(/^\.\/dist\/(.*)\.js$/, `packages/${folder}/src/$1.ts`);
        const files = path === undefined ? [] : [...loadedWith(path)];
        return files.flatMap((file) =>
          packagesOf(file)
            .filter((name) => optionalPeers(folder).includes(name))
            .map((name) => `${file} loads ${name}`),
        );
      }),
    );
    expect(loaded).toEqual([]);
    expect(optionalPeers('express')).toContain('bcrypt');
    expect(loadedWith('packages/express/src/auth/local/index.ts')).toContain('packages/express/src/auth/local/password.ts');
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

describe.each(Object.entries(ROOMS))('inside %s', (name, rows) => {
  const files = sources.filter((source) => source.package === name);
  /** `packages/core/src/call/result.ts` is in `call`, `packages/core/src/daemon.ts` in `daemon`. */
  const roomOf = (path: string): string =>
    /^packages\/[^/]+\/src\/(?:(.+)\/[^/]+|([^/]+)\.tsx?)$/.exec(path)?.slice(1).find(Boolean) ?? '';
  const rankOf = (room: string): number => rows.findIndex((row) => row.includes(room));

  it('every file is in a room, and every room has files', () => {
    expect([...new Set(files.map((source) => roomOf(source.path)))].sort()).toEqual(rows.flat().sort());
  });

  it('imports go to lower rooms only', () => {
    expect(
      offending(files, (source, specifier) => {
        if (!isRelative(specifier)) return undefined;
        const [from, to] = [roomOf(source.path), roomOf(target(source, specifier))];
        return from === to || rankOf(to) < rankOf(from) ? undefined : `${from} must not know ${to}`;
      }),
    ).toEqual([]);
  });
});

describe('inside modules', () => {
  it('bundles are an entry of their own, so that a daemon without them loads none of it', () => {
    const files = sources.filter((source) => source.package === 'modules' && !source.path.includes('/bundle/'));
    expect(files.length).toBeGreaterThan(10);
    expect(
      offending(files, (source, specifier) =>
        isRelative(specifier) && target(source, specifier).includes('/src/bundle/') ? 'must not know bundles' : undefined,
      ),
    ).toEqual([]);
  });
});

/** The files that one loads, itself among them, without those of `import()`. */
function loaded(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const source = sources.find((source) => source.path === path);
  for (const { specifier, typeOnly, dynamic } of source?.imports ?? [])
    if (source !== undefined && isRelative(specifier) && !typeOnly && !dynamic) loaded(target(source, specifier), seen);
  return seen;
}

describe('inside aws', () => {
  it('the thread that sends call records loads nothing of the SDK', () => {
    const files = loaded('packages/aws/src/dynamodb/sender-thread.ts');
    expect(files.size).toBeGreaterThan(10);
    expect(
      offending(
        sources.filter(({ path }) => files.has(path)),
        (_, specifier, typeOnly) => (!typeOnly && specifier.startsWith('@aws-sdk/') ? 'not for the thread' : undefined),
      ),
    ).toEqual([]);
  });
});

describe('inside sqlite', () => {
  it('catalogs and state are loaded with import() alone, so that recording calls loads none of it', () => {
    for (const entry of ['index', 'record-database', 'import/record-thread']) {
      const files = [...loaded(`packages/sqlite/src/${entry}.ts`)];
      expect(files.length).toBeGreaterThan(3);
      expect(files.filter((file) => /\/catalogs\/|\/state\/|\/session\.ts|verify-catalogs/.test(file))).toEqual([]);
    }
  });
});

describe('inside core', () => {
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

describe('everywhere', () => {
  it('the environment and the arguments are read by the command line and by the programs of child processes alone', () => {
    const programs = /^packages\/runner\/src\/(node|launcher)\//;
    const forbidden = /^process(\.env|\.argv|\.execArgv|\.argv0|\.\*)?$/;
    const touched = sources
      .filter((source) => source.package !== 'cli' && !programs.test(source.path))
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
    expect(found.imports.map((i) => `${i.specifier}${i.typeOnly ? ' type' : ''}${i.dynamic ? ' dynamic' : ''}`)).toEqual([
      'a',
      'b type',
      'c type',
      'd',
      'e',
      'f',
      'g type',
      'h',
      'i',
      'j dynamic',
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
