/**
 * `npm run tarballs`: packs every package into dist-tarballs/. npm installs all of them together in any folder: `npm install
 * /path/to/dist-tarballs/*.tgz`. scripts/packed.mjs checks them.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { transform } from 'esbuild';

import { pnpm, root, run, step } from './lib.mjs';
import { setup } from './setup.mjs';

/** The manifests of all packages, by their folders. */
export async function readManifests() {
  const folders = (await readdir(join(root, 'packages'))).sort();
  const texts = folders.map((folder) => readFile(join(root, 'packages', folder, 'package.json'), 'utf8'));
  return new Map((await Promise.all(texts)).map((text, index) => [folders[index], JSON.parse(text)]));
}

/** Packages whose files are bundled already, without comments. */
const BUNDLED = ['cli', 'console'];

/**
 * Takes the comments out of the built code of a package: what they say for users is in the declaration files too, and an eighth of the
 * tarball was this second copy. Each file is replaced at once, so that a program that runs meanwhile finds it whole.
 */
async function dropComments(folder) {
  const dist = join(root, 'packages', folder, 'dist');
  const entries = await readdir(dist, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.js') && !entry.parentPath.includes('assets'));
  await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const { code } = await transform(await readFile(path, 'utf8'), {
        target: 'esnext',
        legalComments: 'none',
        charset: 'utf8',
      });
      await writeFile(`${path}.new`, code);
      await rename(`${path}.new`, path);
    }),
  );
}

/**
 * Packs every package. pnpm writes versions in place of `workspace:`, which npm does not know.
 *
 * @param destination the folder of the tarballs; made if needed, and old tarballs in it are removed
 * @returns the tarballs, by the folders of their packages
 */
export async function pack(destination) {
  await mkdir(destination, { recursive: true });
  const old = (await readdir(destination)).filter((name) => name.endsWith('.tgz'));
  await Promise.all(old.map((name) => rm(join(destination, name))));
  const folders = [...(await readManifests()).keys()].filter((folder) => !BUNDLED.includes(folder));
  for (const folder of folders) await dropComments(folder);
  await run('npx', ['-y', pnpm, '--filter', './packages/*', 'pack', '--pack-destination', destination], {
    ...{ quiet: true, timeoutMs: 120_000 },
    env: { CI: 'true' },
  });
  const manifests = await readManifests();
  return new Map(
    [...manifests].map(([folder, { name, version }]) => [
      folder,
      join(destination, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`),
    ]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await setup();
    const destination = join(root, 'dist-tarballs');
    const files = await step('packing', () => pack(destination));
    for (const file of files.values()) console.log(file);
    console.log(`\nInstall them together, in the folder of your program:\n\n  npm install ${join(destination, '*.tgz')}`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
