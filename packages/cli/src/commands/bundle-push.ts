/**
 * `bundle push`: stores a bundle, and applies the config that it carries.
 */
import type { BundlePlace, BundleSource, CatalogStore, ConfigDocument, ConfigPlan } from '@mcp-daemon/core';
import type { GuardedBundle } from '@mcp-daemon/modules/bundle';

import { Failure, UsageError } from '../errors.js';
import { displayPath } from '../terminal/text.js';
import { readBundle } from './bundle-build.js';
import { TO_FLAG, withBundleSource } from './bundle-target.js';
import { BOUND_FLAGS, nameOfFile, PLACE_FLAGS, reportOn, showBytes } from './bundle-text.js';
import type { CommandContext } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { applyMade, planFile } from './config-plan.js';
import { PARTITION_FLAG, partitionOf } from './partition-flag.js';
import { PROMOTE_FLAGS, promotionOf } from './promote-flags.js';

/** The config of a bundle. */
interface CarriedConfig {
  file: string;
  document: ConfigDocument;
  text: string;
}

/** Reads the config of a bundle. @returns undefined: it carries none. @throws ConfigError with its mistakes, Failure with those of its skills, BundleRefusal */
async function carriedConfig(
  file: string,
  bundle: GuardedBundle,
  place: BundlePlace,
  { note, paintNote, settings, env }: CommandContext,
): Promise<CarriedConfig | undefined> {
  const [{ configInBundle }, { ConfigError, inspectConfigText, placeInBundle }, { warningLine }] = await Promise.all([
    import('../runtime/bundle-configuration.js'),
    import('@mcp-daemon/core'),
    import('../runtime/report.js'),
  ]);
  const config = await configInBundle(bundle, place.name, { settings, env });
  if (config === undefined) return undefined;
  const name = `${displayPath(file)}:${config.path}`;
  const { document, mistakes, warnings } = inspectConfigText(config.text, { support: { settingIds: true } });
  if (document === undefined) throw new ConfigError(mistakes, name);
  for (const warning of warnings) note(warningLine(warning, name, paintNote));
  const { skillProblems } = await import('../runtime/bundle-skills.js');
  const problems = await skillProblems(bundle, document);
  if (problems.length > 0)
    throw new Failure(`not pushed: ${displayPath(file)} has skills that cannot be served\n${problems.join('\n')}`);
  return { file: name, document: placeInBundle(document, place), text: config.text };
}

/** Pushes with a progress bar. @returns nothing */
async function store(source: BundleSource, name: string, bytes: Uint8Array): Promise<void> {
  const { stderrProgress } = await import('../terminal/progress.js');
  const progress = stderrProgress();
  try {
    await source.push(name, bytes, (done) => showBytes(progress, done, bytes.length));
  } finally {
    progress.clear();
  }
}

/** Shows what the config of the bundle changes. @throws Failure if it breaks callers and that was not allowed */
async function showPlan(made: ConfigPlan, allowBreaking: boolean, { print, paint }: CommandContext): Promise<void> {
  const { planLines } = await import('./changes-text.js');
  for (const line of planLines(made, paint)) print(line);
  if (made.breaking.length > 0 && !allowBreaking)
    throw new Failure('not pushed: some changes of its config can break callers. Add --allow-breaking to push it all the same');
}

/** `bundle push` */
export const push = defineCommand({
  command: 'push <file>',
  description: 'Store a bundle in the bucket or the folder, and apply the config that it carries',
  settings: [
    ...PLACE_FLAGS,
    'bundleKeep',
    ...STORE_FLAGS.filter((name) => !(PLACE_FLAGS as readonly string[]).includes(name)),
    ...BOUND_FLAGS,
  ],
  positionals: { file: { type: 'string', demandOption: true, describe: 'A zip archive, as of "bundle build"' } },
  flags: {
    name: textFlag('Name of the package', { defaultDescription: 'that of the file, without .zip' }),
    to: TO_FLAG,
    partition: PARTITION_FLAG,
    config: switchFlag('Apply the config that the bundle carries; --no-config does not', { default: true }),
    pin: switchFlag('Write the digest of the bundle into the modules of its config, as sha256'),
    ...PROMOTE_FLAGS,
    note: textFlag('Note for the history'),
    yes: switchFlag('Do not ask', { alias: 'y' }),
    'allow-breaking': switchFlag('Also make changes that can break callers'),
  },
  examples: [['bundle push weather.zip --partition acme', 'Store it, and make acme serve its config']],
  async run(
    { file: path, name: given, to, config, pin, note: ownNote, yes, 'allow-breaking': allowBreaking, ...flags },
    context,
  ) {
    const { print } = context;
    const promotion = promotionOf(flags);
    const { bundleNameProblem } = await import('@mcp-daemon/core');
    const partition = partitionOf(context);
    const name = given ?? nameOfFile(path);
    const problem = bundleNameProblem(name);
    if (problem !== undefined) throw new UsageError(`the name of a bundle ${problem}: give another with --name`);
    const { file, bundle } = await readBundle(path, context);
    const { sha256 } = await reportOn(name, bundle);
    const { agreed, changeCatalogs } = await import('./stored.js');

    return withBundleSource(context, to, async (source) => {
      const place = { name, source: source.source, ...(pin ? { sha256 } : {}) };
      const read = config ? await carriedConfig(file, bundle, place, context) : undefined;
      const send = async (): Promise<void> => {
        await store(source, name, bundle.bytes);
        print(`stored ${source.placeOf(name)}, sha256 ${sha256}`);
      };
      if (read === undefined) {
        if (promotion !== undefined)
          throw new UsageError('--promote-after: the bundle carries no config, so it is not known which functions it has', {
            hint: false,
          });
        if (!(await agreed(`Store ${source.placeOf(name)}?`, yes, context))) return 1;
        await send();
        return 0;
      }
      return changeCatalogs(context, async (catalogs: CatalogStore, recorded) => {
        const made = await planFile(catalogs, partition, read, true);
        await showPlan(made, allowBreaking, context);
        let note = ownNote;
        if (promotion !== undefined) {
          const { promote } = await import('./promote.js');
          const outcome = await promote(context, recorded, made, promotion, { name, bytes: bundle.bytes, sha256 });
          note = [...(ownNote === undefined ? [] : [ownNote]), outcome].join('; ');
        }
        if (!(await agreed(`Store ${source.placeOf(name)} and apply its config?`, yes, context))) return 1;
        await send(); // first, so that the config never names code that is not there
        await applyMade(catalogs, made, { partition, source: read.file, allowBreaking, note }, context);
        return 0;
      });
    });
  },
});
