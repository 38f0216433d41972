/**
 * Makes dist/: the command line as one minified bundle with lazily loaded chunks (start-up time is what a sidecar is judged by),
 * and the library entry with its types, unbundled in our own packages. `tsc -b` has written build/ before.
 */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const packages = dirname(here);
const dist = join(here, 'dist');

const { version } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));
const define = { MCP_DAEMON_VERSION: JSON.stringify(version) };
const shared = { absWorkingDir: here, format: 'esm', platform: 'node', target: 'node20', define, logLevel: 'warning', write: false };

const bin = await build({
  ...shared,
  entryPoints: { bin: 'src/bin.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  // A native addon cannot be bundled; everything else is inside.
  external: ['libsql'],
  // From the sources, so that a bundle never holds a stale build.
  alias: {
    '@mcp-daemon/core': join(packages, 'core/src/index.ts'),
    '@mcp-daemon/stdio': join(packages, 'stdio/src/index.ts'),
    '@mcp-daemon/sqlite': join(packages, 'sqlite/src/index.ts'),
    '@mcp-daemon/modules': join(packages, 'modules/src/index.ts'),
  },
  // Where a package has both, its ES modules: jsonc-parser's others require() each other in a way that cannot be followed.
  mainFields: ['module', 'main'],
  // CommonJS dependencies keep calling require() for node's own modules.
  banner: { js: `import{createRequire as __mcpdRequire}from'node:module';const require=__mcpdRequire(import.meta.url);` },
});

const library = await build({
  ...shared,
  entryPoints: { index: 'src/index.ts' },
  outdir: 'dist',
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
for (const output of [...bin.outputFiles, ...library.outputFiles]) files.set(output.path, output.contents);
for (const [path, text] of await declarations(join(here, 'build/index.d.ts'))) {
  files.set(join(dist, relative(join(here, 'build'), path)), text);
}

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
