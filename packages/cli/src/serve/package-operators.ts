/** Bundles for the mutations of the GraphQL API that upload packages. */
import { DaemonError, inspectConfigText } from '@mcp-daemon/core';
import type { PackageOperators } from '@mcp-daemon/graphql';

import { bundleLimits, bundleSources } from '../runtime/bundle-sources.js';
import type { LazyBundles } from '../runtime/lazy-bundles.js';
import type { Env, Settings } from '../settings/settings.js';

/**
 * The bundles of the settings: in the bucket, or else in the folder. The source has no connection of its own to be closed before the
 * end of the process.
 *
 * @param bundles the bundles that the daemon runs
 * @returns undefined: the settings name neither
 */
export function packageOperators(
  settings: Settings,
  env: Env,
  bundles: Pick<LazyBundles, 'check'>,
): PackageOperators | undefined {
  const sources = bundleSources(settings, env);
  const source = sources.find((candidate) => candidate.source === 's3') ?? sources[0];
  if (source === undefined) return undefined;
  const limits = bundleLimits(settings);
  const { uploadUrl } = source;
  return {
    source: source.source,
    ...(uploadUrl === undefined ? {} : { uploadUrl: (name, seconds) => uploadUrl(name, seconds) }),
    async fetch(name) {
      const fetched = await source.fetch(name, limits.archiveBytes);
      if (fetched !== null) return fetched.bytes;
      throw new DaemonError('module_not_found', `There is no bundle ${source.placeOf(name)}: upload it first.`);
    },
    async configOf(bytes, module) {
      const [{ guardBundle, verifyContents }, { configInBundle }, { skillProblems }] = await Promise.all([
        import('@mcp-daemon/modules/bundle'),
        import('../runtime/bundle-configuration.js'),
        import('../runtime/bundle-skills.js'),
      ]);
      const bundle = await guardBundle(bytes, limits);
      await verifyContents(bundle);
      const text = (await configInBundle(bundle, module, { settings, env }))?.text;
      const document = text === undefined ? undefined : inspectConfigText(text, { support: { settingIds: true } }).document;
      const problems = document?.skills?.length ? await skillProblems(bundle, document) : [];
      if (problems.length > 0)
        throw new DaemonError('module_failed', `The bundle has skills that cannot be served: ${problems.join('; ')}`);
      return text;
    },
    async push(name, bytes) {
      await source.push(name, bytes);
    },
    refresh: () => bundles.check(),
  };
}
