/** Loads the runner of processes when a link needs it for the first time. */
import type { Awaitable, CatalogDefinition, CodeLocator, LinkBinding, Logger, ResolvedFunction, Runner } from '@mcp-daemon/core';
import { isolationOf } from '@mcp-daemon/core';
import type { ProcessRunner } from '@mcp-daemon/runner';

import { messageOf } from '../errors.js';
import type { Env, Settings } from '../settings/settings.js';

/** What {@link isolatedRunner} takes. */
export interface IsolatedOptions {
  settings: Settings;
  env: Env;
  locators: readonly CodeLocator[];
  logger: Logger;
}

/** A runner that is loaded when it is needed. */
export interface IsolatedRunner extends Runner {
  /**
   * Starts a spare process and what starts processes, if functions of this catalog need them; with `processPreload`, loads their code,
   * too. Failures are logged.
   */
  prepare(catalog: CatalogDefinition, partition: string): void;
}

const isIsolated = (link: LinkBinding): boolean => isolationOf(link) === 'process';

/** Creates the runner. It loads nothing before a link with the isolation `process` is resolved or prepared. */
export function isolatedRunner(options: IsolatedOptions): IsolatedRunner {
  const { locators, logger, settings } = options;
  let loading: Promise<ProcessRunner> | undefined;
  let runner: ProcessRunner | undefined;

  const load = (): Promise<ProcessRunner> =>
    (loading ??= (async () => {
      const { openProcessRunner } = await import('./process-runner.js');
      return (runner = openProcessRunner(options));
    })());

  return {
    accepts: (link) => isIsolated(link) && locators.some((locator) => locator.accepts(link)),
    resolve: (link, partition): Awaitable<ResolvedFunction> =>
      runner === undefined ? load().then((loaded) => loaded.resolve(link, partition)) : runner.resolve(link, partition),
    forget: (which) => runner?.forget(which),
    counts: () => runner?.counts(),
    prepare({ functions }, partition) {
      const links = functions.flatMap(({ binding }) => (binding.kind === 'link' && isIsolated(binding) ? [binding] : []));
      if (links.length === 0) return;
      const failed = (error: unknown): void =>
        logger.error({ error: messageOf(error) }, `processes for functions: ${messageOf(error)}`);
      load().then((loaded) => {
        loaded.prepare();
        if (!settings.processPreload) return;
        for (const link of links) Promise.resolve(loaded.resolve(link, partition)).catch(failed);
      }, failed);
    },
    async close() {
      if (loading !== undefined) await (await loading).close?.();
      else for (const locator of locators) await locator.close?.();
    },
  };
}
