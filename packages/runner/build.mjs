/**
 * Makes the programs of child processes, each one file, in dist/programs:
 *
 *   launcher.cjs     starts and ends the children
 *   node-child.cjs   runs functions in JavaScript
 *   python/child.py  runs functions in Python: copied from python/, with its modules
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const core = join(here, '../core/src');

/**
 * Builds the programs.
 *
 * @returns the files by name. A name may have a folder
 */
export async function makePrograms() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: { 'node-child': 'src/node/child.ts', launcher: 'src/launcher/launcher.ts' },
    outdir: 'dist/programs',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    minify: true,
    // A child says "ReturnValueError", not the name that is left of it.
    keepNames: true,
    legalComments: 'none',
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // From the sources, so that a program never holds a stale build.
    alias: { '@mcp-daemon/core/child': join(core, 'child.ts') },
    logLevel: 'warning',
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), contents]));
  for (const name of await readdir(join(here, 'python'), { recursive: true })) {
    if (name.endsWith('.py')) files.set(`python/${name.replaceAll(sep, '/')}`, await readFile(join(here, 'python', name)));
  }
  return files;
}

/** Builds the programs into a folder. */
export async function writePrograms(folder) {
  for (const [name, contents] of await makePrograms()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), contents);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writePrograms(join(here, 'dist/programs'));
