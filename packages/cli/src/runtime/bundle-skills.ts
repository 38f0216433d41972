/** Checks the skills of a bundle before it is stored: a daemon leaves out those with a mistake. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ConfigDocument } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';
import type { GuardedBundle } from '@mcp-daemon/modules/bundle';

import { messageOf } from '../errors.js';

/** What has to be extracted to read some folders. Links may lead anywhere in the bundle. */
function partOf(bundle: GuardedBundle, paths: readonly string[]): GuardedBundle {
  if (bundle.links.length > 0) return bundle;
  const isNeeded = (file: string): boolean => paths.some((path) => `/${file}`.includes(`/${path}/`));
  return { ...bundle, files: new Map([...bundle.files].filter(([path]) => isNeeded(path))) };
}

/**
 * Reads the skills that the config of a bundle names, as the daemon would.
 *
 * @param document the config as the bundle carries it; its skills of other modules are not looked at
 * @returns what is wrong with them, one line each
 * @throws BundleRefusal if the bundle is damaged
 */
export async function skillProblems(bundle: GuardedBundle, { skills }: ConfigDocument): Promise<string[]> {
  const own = (skills ?? []).filter(({ module_name }) => !module_name);
  if (own.length === 0) return [];
  const [{ extractBundle, rootsOf }, { skillFolders }] = await Promise.all([
    import('@mcp-daemon/modules/bundle'),
    import('@mcp-daemon/modules'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-skills-'));
  try {
    const root = join(folder, 'bundle');
    const paths = own.map(({ path }) => path);
    await extractBundle(partOf(bundle, paths), root);
    const source = skillFolders({
      base: root,
      bundles: { foldersOf: () => Promise.resolve({ folders: rootsOf(root), digest: null }) },
    });
    const module = { kind: 'link', package_name: '', module_name: '', function_name: '', setting: {} } as const;
    const problems: string[] = [];
    for (const path of paths) {
      const problem = await source.load({ path, module }, DEFAULT_PARTITION).then(() => undefined, messageOf);
      if (problem !== undefined) problems.push(`skill "${path}": ${problem}`);
    }
    return problems;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
