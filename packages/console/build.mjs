/**
 * Makes dist/: index.js, which says where the files are, and assets/, the files that a browser loads: one script and one style sheet,
 * compressed, each with a digest of its content in its name, so that browsers may cache it forever; the page; and the licenses of what
 * the script contains. The page loads nothing from other servers.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

/** What the script contains beside our own code. Each has a file LICENSE. */
const BUNDLED = ['preact', '@preact/signals', '@preact/signals-core', 'uplot'];

/** The browsers of the last three years. */
const TARGET = ['chrome115', 'firefox115', 'safari16.5'];

/** `npm run coverage` has the sources instrumented, and puts them into another folder. */
const source = () => (process.env.MCP_DAEMON_INSTRUMENTED?.split(' ').includes('console') ? '.coverage-src' : 'src');

async function licenseOf(name) {
  // Signals brings its core, which is found only from there.
  const beside = dirname(await realpath(join(here, 'node_modules/@preact/signals')));
  const folder = name === '@preact/signals-core' ? join(beside, 'signals-core') : join(here, 'node_modules', name);
  return `${name}\n${'='.repeat(name.length)}\n\n${(await readFile(join(folder, 'LICENSE'), 'utf8')).trim()}\n`;
}

/** The files that the server sends: contents by name. */
export async function makeConsole() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: { console: `${source()}/main.tsx`, style: 'src/styles/index.css' },
    outdir: 'dist',
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: TARGET,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const files = new Map();
  const urls = new Map();
  for (const { path, text } of outputFiles) {
    const type = path.endsWith('.css') ? 'css' : 'js';
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
    files.set(`console.${digest}.${type}.gz`, gzipSync(text, { level: 9 }));
    urls.set(`{{console.${type}}}`, `console/assets/console.${digest}.${type}`);
  }
  const page = await readFile(join(here, 'page/console.html'), 'utf8');
  files.set(
    'console.html',
    page.replace(/\{\{.*?\}\}/g, (name) => urls.get(name) ?? name),
  );
  files.set('LICENSES.txt', (await Promise.all(BUNDLED.map(licenseOf))).join('\n\n'));
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = join(here, 'dist/assets');
  const files = await makeConsole();
  await mkdir(folder, { recursive: true });
  for (const [name, contents] of files) await writeFile(join(folder, name), contents);
  // Old files are removed last, so that a running server always finds its assets.
  for (const name of await readdir(folder)) if (!files.has(name)) await rm(join(folder, name));
  for (const name of ['index.js', 'index.d.ts']) await copyFile(join(here, 'build', name), join(here, 'dist', name));
}
