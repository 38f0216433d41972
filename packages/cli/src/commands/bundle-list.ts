/**
 * `bundle list` and `bundle rollback`.
 */
import type { BundleEntry, BundleSource, KeptBundle } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { TO_FLAG, withBundleSource } from './bundle-target.js';
import { amount, BOUND_FLAGS, counted, PLACE_FLAGS, showBytes } from './bundle-text.js';
import { defineCommand, switchFlag, textFlag } from './command.js';

/** A bundle with its old versions. */
interface Listed extends BundleEntry {
  kept: KeptBundle[];
}

async function listed(source: BundleSource, withKept: boolean): Promise<Listed[]> {
  const found: Listed[] = [];
  for await (const entry of source.list()) found.push({ ...entry, kept: withKept ? await source.kept(entry.name) : [] });
  return found;
}

const seconds = (time: string): string => time.slice(0, 19).replace('T', ' ');

/** `bundle list` */
export const list = defineCommand({
  command: 'list',
  description: 'List the bundles of the bucket or the folder',
  settings: PLACE_FLAGS,
  flags: {
    to: TO_FLAG,
    versions: switchFlag('Also list the old versions that "bundle rollback" can put back'),
    json: switchFlag('Print JSON'),
  },
  examples: [['bundle list --versions', 'List all bundles with their old versions']],
  async run({ to, versions, json }, context) {
    const { print, note, paint } = context;
    return withBundleSource(context, to, async (source) => {
      const entries = await listed(source, versions);
      if (json) print(JSON.stringify(entries, null, 2));
      else if (entries.length === 0) note(`no bundles in ${source.placeOf('').replace(/\/?\.zip$/, '')}`);
      else {
        const width = Math.max(...entries.map(({ name }) => name.length));
        for (const { name, size, modified, kept } of entries) {
          print(`${paint('bold', name.padEnd(width))}  ${seconds(modified)}  ${counted(size, 'byte')}`);
          for (const { id, size: bytes } of kept) print(paint('dim', `  ${id}  ${amount(bytes)} bytes`));
        }
      }
      return 0;
    });
  },
});

/** The version to be put back. @throws Failure if there is none */
async function versionOf(source: BundleSource, name: string, id: string | undefined): Promise<KeptBundle> {
  const kept = await source.kept(name);
  const found = id === undefined ? kept[0] : kept.find((version) => version.id === id);
  if (found !== undefined) return found;
  if (id !== undefined) throw new Failure(`"${name}" has no version ${id}: "bundle list --versions" lists them`);
  throw new Failure(`there is no old version of ${source.placeOf(name)}: "bundle push" keeps those that it replaces`);
}

/** `bundle rollback` */
export const rollback = defineCommand({
  command: 'rollback <name>',
  description: 'Put the version of a bundle back that the last push has replaced',
  settings: [...PLACE_FLAGS, 'bundleKeep', ...BOUND_FLAGS],
  positionals: { name: { type: 'string', demandOption: true, describe: 'Name of the package' } },
  flags: {
    'to-version': textFlag('An older version, as "bundle list --versions" shows it'),
    to: TO_FLAG,
    yes: switchFlag('Do not ask', { alias: 'y' }),
  },
  examples: [['bundle rollback weather', 'Serve the previous weather again']],
  async run({ name, 'to-version': id, to, yes }, context) {
    const [{ guardBundle, digestOf }, { bundleLimits }, { agreed }, { stderrProgress }] = await Promise.all([
      import('@mcp-daemon/modules/bundle'),
      import('../runtime/bundle-sources.js'),
      import('./stored.js'),
      import('../terminal/progress.js'),
    ]);
    const limits = bundleLimits(context.settings);
    return withBundleSource(context, to, async (source) => {
      const version = await versionOf(source, name, id);
      const question = `Put back ${source.placeOf(name)} as it was until ${seconds(version.replaced)}?`;
      const bytes = await source.fetchKept(name, version.id, limits.archiveBytes);
      if (bytes === null) throw new Failure(`the version ${version.id} of "${name}" is gone`);
      await guardBundle(bytes, limits);
      if (!(await agreed(question, yes, context))) return 1;
      const progress = stderrProgress();
      try {
        await source.push(name, bytes, (done) => showBytes(progress, done, bytes.length));
      } finally {
        progress.clear();
      }
      context.print(`stored ${source.placeOf(name)}, sha256 ${await digestOf(bytes)}`);
      return 0;
    });
  },
});
