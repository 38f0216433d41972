/**
 * Makes dist/: the command line, minified (start-up time is what a sidecar is judged by), and the library entry with its
 * types, unbundled in our own packages. `tsc -b` has written build/ before.
 *
 *   bin.js     loads main.cjs, from a cache of compiled code if it can
 *   main.cjs   serving, whole, as CommonJS: Node 20 compiles and links one such file in less time than the same as ES modules
 *   record-database.js   the database of records
 *   stored-catalogs.js, catalog-source.js   the catalogs of the store
 *   sidecar/   the databases of both for main.cjs, which loads them after the first call: without all that other commands need.
 *              Also the parts of calls that few calls need: idempotency keys, approval and tasks
 *   record-thread.js   fills the database of records under load. It also has all that it needs, and no more
 *   aws-store.js   the store on DynamoDB and S3, and the AWS SDK
 *   sender-thread.js   sends call records to DynamoDB under load, without the SDK
 *   bundle-store.js   code in bundles
 *   aws-secrets.js   secrets in AWS that settings refer to
 *   frontmatter.js   reads the YAML in skills
 *   otlp.js    sends traces and metrics to an OpenTelemetry collector
 *   mounts.js   mounted MCP servers, and the official client, which is loaded for those that have a URL
 *   process-runner.js   runs functions in processes of their own, and programs/, which run there
 *   worker-guard.cjs   loaded first in worker threads, by its path
 *   typescript-thread.js   strips types in the thread of Node's hooks, where Node does not strip them itself
 *   cli.js     every other command, serve-http.js, the daemon over HTTP, and serve-fixtures.js, which answers from recorded calls: in chunks
 *              with what they share. GraphQL is in chunks that its first request loads
 *   assets/    what the pages of the API are made of, and console/ the files of the console
 *
 * Beside dist/, config.schema.json: a copy of the one in core, so that editors find it at node_modules/mcp-daemon.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { makeConsole } from '../console/build.mjs';
import { makeAssets } from '../express/build.mjs';
import { makePrograms } from '../runner/build.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const packages = dirname(here);
const dist = join(here, 'dist');
/** Of the packages that this lists, scripts/coverage.mjs has instrumented the sources. */
const instrumented = process.env.MCP_DAEMON_INSTRUMENTED?.split(' ') ?? [];
const src = (name) => join(packages, name, instrumented.includes(name) ? '.coverage-src' : 'src');

const { version } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));
const define = { MCP_DAEMON_VERSION: JSON.stringify(version) };
const shared = { absWorkingDir: here, platform: 'node', target: 'node20', define, logLevel: 'warning', write: false };
const bundled = {
  ...shared,
  outdir: 'dist',
  bundle: true,
  minify: true,
  legalComments: 'none',
  // Native addons cannot be bundled, oidc-provider looks at the names of its classes, and what strips types is too large for those who
  // do not need it. Everything else is inside.
  external: ['libsql', 'bcrypt', 'oidc-provider', '@swc/wasm-typescript'],
  // From the sources, so that a bundle never holds a stale build.
  alias: {
    '@mcp-daemon/core': join(src('core'), 'index.ts'),
    '@mcp-daemon/stdio': join(src('stdio'), 'index.ts'),
    '@mcp-daemon/sqlite': join(src('sqlite'), 'index.ts'),
    '@mcp-daemon/aws': join(src('aws'), 'index.ts'),
    '@mcp-daemon/graphql': join(src('graphql'), 'index.ts'),
    '@mcp-daemon/modules/bundle': join(src('modules'), 'bundle/index.ts'),
    '@mcp-daemon/modules': join(src('modules'), 'index.ts'),
    '@mcp-daemon/runner': join(src('runner'), 'index.ts'),
    '@mcp-daemon/mount': join(src('mount'), 'index.ts'),
    '@mcp-daemon/express/local': join(src('express'), 'auth/local/index.ts'),
    '@mcp-daemon/express/cognito': join(src('express'), 'auth/cognito/index.ts'),
    '@mcp-daemon/express': join(src('express'), 'index.ts'),
    // Its main file loads its parts in a way that no bundler sees.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
  },
};

/** What main.cjs loads when it needs it, in files of their own. */
const FOR_SIDECAR = new Set(['approval', 'idempotency', 'record-database', 'stored-catalogs', 'stored-state', 'tasks']);

/** CommonJS dependencies keep calling require() for node's own modules. */
const REQUIRE = `import{createRequire as __mcpdRequire}from'node:module';const require=__mcpdRequire(import.meta.url);`;

/**
 * For main.cjs, where there are no chunks: what serving loads only when it has to stays outside, and every other `import()`
 * becomes a plain import. Left to itself the bundler makes a function of each module that can be reached by an `import()`,
 * and of all that it imports, which is nearly all there is; running them takes milliseconds.
 */
const oneFile = {
  name: 'one-file',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const imports = [];
      const source = await readFile(path, 'utf8');
      const text = source.replace(/\bimport\(('[^']+')\)/g, (_, specifier) => {
        const [, separate] =
          /\/(approval|aws-secrets|aws-store|bundle-store|catalog-source|cli|frontmatter|idempotency|log-pino|mounts|otlp|process-runner|record-database|serve-fixtures|serve-http|stored-catalogs|stored-state|tasks)\.js'$/.exec(
            specifier,
          ) ?? [];
        if (separate !== undefined) return `__mcpdImport('./${FOR_SIDECAR.has(separate) ? 'sidecar/' : ''}${separate}.js')`;
        const name = `__import${imports.length}`;
        imports.push(`import * as ${name} from ${specifier};`);
        return `Promise.resolve(${name})`;
      });
      // What is left is the import() of a user's module.
      const contents = [text.replace(/\bawait import\(/g, 'await __mcpdImport('), `declare const __mcpdImport: any;`, ...imports];
      return { contents: contents.join('\n'), loader: 'ts' };
    });
  },
};

/** Files that share nothing with others: a chunk has all that any of its users needs. */
const apart = (entryPoints) =>
  build({ ...bundled, format: 'esm', entryPoints, splitting: true, chunkNames: 'chunks/apart-[hash]', banner: { js: REQUIRE } });

const [workerGuard, main, thread, database, tasks, senderThread, commands] = await Promise.all([
  build({
    ...bundled,
    format: 'cjs',
    entryPoints: { 'worker-guard': `${src('cli')}/runtime/worker-guard.ts` },
    outExtension: { '.js': '.cjs' },
    define: { ...define, 'import.meta.url': '__mcpdUrl' },
    banner: { js: `var __mcpdUrl=require('node:url').pathToFileURL(__filename).href;` },
  }),
  build({
    ...bundled,
    format: 'cjs',
    entryPoints: { main: `${src('cli')}/main.ts` },
    outExtension: { '.js': '.cjs' },
    plugins: [oneFile],
    define: { ...define, 'import.meta.url': '__mcpdUrl' },
    banner: {
      js: [
        `var __mcpdUrl=require('node:url').pathToFileURL(__filename).href;`,
        // Where the file is loaded from the cache of compiled code, import() is its loader's; see src/start/compiled.ts.
        `var __mcpdImport=module.importModule??((specifier)=>import(specifier));`,
      ].join(''),
    },
  }),
  apart({ 'record-thread': `${src('sqlite')}/import/record-thread.ts` }),
  apart({
    'sidecar/approval': `${src('core')}/call/approval.ts`,
    'sidecar/idempotency': `${src('core')}/call/idempotency.ts`,
    'sidecar/record-database': `${src('sqlite')}/record-database.ts`,
    'sidecar/stored-catalogs': `${src('sqlite')}/catalogs/stored-catalogs.ts`,
    'sidecar/stored-state': `${src('sqlite')}/state/stored-state.ts`,
  }),
  apart({ 'sidecar/tasks': `${src('core')}/tasks/tasks.ts` }),
  apart({ 'sender-thread': `${src('aws')}/dynamodb/sender-thread.ts` }),
  build({
    ...bundled,
    format: 'esm',
    entryPoints: {
      cli: `${src('cli')}/commands/cli.ts`,
      'aws-secrets': `${src('cli')}/runtime/aws-secrets.ts`,
      frontmatter: `${src('modules')}/skills/frontmatter.ts`,
      'aws-store': `${src('cli')}/runtime/aws-store.ts`,
      'bundle-store': `${src('cli')}/runtime/bundle-store.ts`,
      'log-pino': `${src('cli')}/log/log-pino.ts`,
      mounts: `${src('cli')}/runtime/mounts.ts`,
      'catalog-source': `${src('cli')}/runtime/catalog-source.ts`,
      otlp: `${src('cli')}/runtime/otlp.ts`,
      'process-runner': `${src('cli')}/runtime/process-runner.ts`,
      'serve-http': `${src('cli')}/serve/serve-http.ts`,
      'serve-fixtures': `${src('cli')}/serve/serve-fixtures.ts`,
      'record-database': `${src('sqlite')}/record-database.ts`,
      'typescript-thread': `${src('modules')}/typescript-thread.ts`,
      'stored-catalogs': `${src('sqlite')}/catalogs/stored-catalogs.ts`,
      'stored-state': `${src('sqlite')}/state/stored-state.ts`,
    },
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    banner: { js: REQUIRE },
  }),
]);
// The one in the banner; any other would fail where the file comes from the cache of compiled code.
const imports = main.outputFiles[0].text.match(/\bimport\(/g)?.length;
if (imports !== 1) throw new Error(`main.cjs has ${imports} import(): write "await import(...)", which the build replaces`);
const digest = createHash('sha256').update(main.outputFiles[0].contents).digest('hex').slice(0, 16);
const bin = await build({
  ...bundled,
  format: 'esm',
  entryPoints: { bin: `${src('cli')}/bin.ts` },
  define: { MCP_DAEMON_MAIN_DIGEST: JSON.stringify(digest) },
});

const library = await build({
  ...shared,
  format: 'esm',
  entryPoints: { index: 'src/library/index.ts', http: 'src/library/http.ts' },
  outdir: 'dist/library',
  bundle: true,
  packages: 'external',
});

/** The declaration files that the library entry reaches by relative imports. */
async function declarations(file, seen = new Map()) {
  if (seen.has(file)) return seen;
  const text = (await readFile(file, 'utf8')).replace(/^\/\/# sourceMappingURL=.*$/m, '').trimEnd() + '\n';
  seen.set(file, text);
  for (const [, specifier] of text.matchAll(/\bfrom\s+['"](\.[^'"]+)\.js['"]|import\(['"](\.[^'"]+)\.js['"]\)/g)) {
    if (specifier !== undefined) await declarations(resolve(dirname(file), `${specifier}.d.ts`), seen);
  }
  return seen;
}

const files = new Map();
for (const output of [workerGuard, main, thread, database, tasks, senderThread, commands, bin, library].flatMap(
  ({ outputFiles }) => outputFiles,
))
  files.set(output.path, output.contents);
for (const entry of ['index', 'http']) {
  for (const [path, text] of await declarations(join(here, `build/library/${entry}.d.ts`)))
    files.set(join(dist, relative(join(here, 'build'), path)), text);
}
for (const [name, contents] of await makeAssets()) files.set(join(dist, 'assets', name), contents);
for (const [name, contents] of await makePrograms()) files.set(join(dist, 'programs', name), contents);
for (const [name, contents] of await makeConsole()) files.set(join(dist, 'console', name), contents);
files.set(join(here, 'config.schema.json'), await readFile(join(src('core'), 'config/config.schema.json')));

for (const [path, contents] of files) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
await chmod(join(dist, 'bin.js'), 0o755);

// Only now, so that a running command finds its chunks until the new ones are there.
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !files.has(path)) await rm(path);
}
