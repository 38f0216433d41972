/** Where the code of a config file comes from: bundles, files and installed packages. */
import type { LinkBinding, Logger, ModuleSource } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { localModules, pythonModules } from '@mcp-daemon/modules';

import type { Env, Settings } from '../settings/settings.js';
import type { IsolatedRunner } from './isolated.js';
import { isolatedRunner } from './isolated.js';
import type { LazyBundles } from './lazy-bundles.js';
import { lazyBundles } from './lazy-bundles.js';
import { withSecrets } from './secrets.js';

/** What {@link codeSources} takes. */
export interface CodeSourcesOptions {
  settings: Settings;
  env: Env;
  /** The folder of the config file. */
  base: string;
  logger: Logger;
  /** Called before each load of code. */
  beforeCode?: (() => void) | undefined;
}

/** The sources of code. Classes are built with the secrets that their settings refer to. */
export interface CodeSources {
  /** Files and installed packages. */
  readonly modules: LocalModules;
  readonly bundles: LazyBundles;
  /** Runs what runs in processes of its own. */
  readonly isolated: IsolatedRunner;
  /** Both, in the order in which they are asked. */
  readonly all: readonly ModuleSource[];
}

/** Creates the sources of code of the settings. Nothing is read before the first load. */
export function codeSources({ settings, env, base, logger, beforeCode }: CodeSourcesOptions): CodeSources {
  const secrets = { env, base, region: settings.region };
  const files = withSecrets(localModules({ base, logger }), secrets);
  const modules: LocalModules = {
    ...files,
    load(link, partition) {
      beforeCode?.();
      return files.load(link, partition);
    },
  };
  const python = withSecrets(pythonModules({ base }), secrets);
  const fallback = {
    load: (link: LinkBinding, partition: string) => modules.load(link, partition),
    locate: (link: LinkBinding, partition: string) =>
      python.accepts(link) ? python.locate(link, partition) : files.code.locate(link, partition),
  };
  const lazy = withSecrets(lazyBundles({ settings, env, logger, fallback, beforeCode }), secrets);
  const bundles: LazyBundles = {
    ...lazy,
    // With an empty source, a module that is here comes first: it needs no bucket, and runs as it always did.
    accepts: (link) => lazy.accepts(link) && !(link.source === '' && files.missing(link) === undefined),
  };
  const locators = [withSecrets(files.code, secrets)];
  const isolated = isolatedRunner({ settings, env, python, bundles, locators, logger });
  return { modules, bundles, isolated, all: [bundles, modules] };
}

/** One source that asks several in their order. @throws Error (at `load`) if none accepts a link */
export function firstOf(sources: readonly ModuleSource[]): ModuleSource {
  const sourceOf = (link: LinkBinding): ModuleSource | undefined => sources.find((source) => source.accepts(link));
  return {
    accepts: (link) => sourceOf(link) !== undefined,
    load(link, partition) {
      const source = sourceOf(link);
      if (source === undefined) throw new Error(`code from source "${link.source}" cannot be loaded`);
      return source.load(link, partition);
    },
    settingOf: (link) => sourceOf(link)?.settingOf?.(link) ?? link.setting,
  };
}
