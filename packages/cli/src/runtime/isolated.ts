/** Loads the runner of processes when a link needs it for the first time. */
import type { CatalogDefinition, CodeLocator, LinkBinding, Logger, ResolvedFunction, Runner } from '@mcp-daemon/core';
import {
  DaemonError,
  exactJson,
  exactJsonWithout,
  ForeignValue,
  FunctionContext,
  isolationOf,
  ReturnValueError,
} from '@mcp-daemon/core';
import type { CoreParts, ProcessRunner } from '@mcp-daemon/runner';

import { messageOf } from '../errors.js';
import type { Env, Settings } from '../settings/settings.js';

/** What {@link isolatedRunner} takes. */
export interface IsolatedOptions {
  settings: Settings;
  env: Env;
  /** Finds code in Python: without an isolation in the config, it runs in processes, too. Asked first. */
  python: CodeLocator;
  /** Finds code in bundles. An empty source, as in rows of the Python engine, is a bundle, and runs in processes, too. */
  bundles?: CodeLocator;
  /** Find other code, in order. */
  locators: readonly CodeLocator[];
  logger: Logger;
}

/** A runner that is loaded when it is needed. */
export interface IsolatedRunner extends Runner {
  /** Whether the link's code is in Python, so that it is no module of JavaScript. */
  isPython(link: LinkBinding): boolean;
  /**
   * Starts a spare process and what starts processes, if functions of this catalog need them; with `processPreload`, loads their code,
   * too. Failures are logged.
   */
  prepare(catalog: CatalogDefinition, partition: string): void;
}

/** Of this copy of core: the runner is in another file of the build, with a copy of its own. */
const CORE: CoreParts = {
  sourceOf: (context) => FunctionContext.sourceOf(context),
  json: exactJson,
  jsonWithout: exactJsonWithout,
  returnValueError: (message) => new ReturnValueError(message),
  foreignValue: (value, text, json) => new ForeignValue(value, text, json),
};

/** An error of the other copy of core as one of this copy. */
function ownError(error: unknown): unknown {
  if (error instanceof DaemonError || !(error instanceof Error) || error.name !== 'DaemonError') return error;
  return new DaemonError((error as DaemonError).code, error.message, { cause: error.cause });
}

/** Creates the runner. It loads nothing before a link with the isolation `process` is resolved or prepared. */
export function isolatedRunner(options: IsolatedOptions): IsolatedRunner {
  const { python, bundles, logger, settings } = options;
  const locators = [...(bundles === undefined ? [] : [bundles]), python, ...options.locators];
  const accepts = (link: LinkBinding): boolean => {
    if (isolationOf(link) === 'process') return locators.some((locator) => locator.accepts(link));
    if (link.isolation !== undefined) return false;
    return (link.source === '' && bundles?.accepts(link) === true) || python.accepts(link);
  };

  let loading: Promise<ProcessRunner> | undefined;
  let runner: ProcessRunner | undefined;

  const load = (): Promise<ProcessRunner> =>
    (loading ??= (async () => {
      const { openProcessRunner } = await import('./process-runner.js');
      return (runner = openProcessRunner({ ...options, locators, accepts, core: CORE }));
    })());

  return {
    accepts,
    isPython: (link) => python.accepts(link),
    async resolve(link, partition): Promise<ResolvedFunction> {
      try {
        return await (runner ?? (await load())).resolve(link, partition);
      } catch (error) {
        throw ownError(error);
      }
    },
    forget: (which) => runner?.forget(which),
    counts: () => runner?.counts(),
    prepare({ functions }, partition) {
      const links = functions.flatMap(({ binding }) => (binding.kind === 'link' && accepts(binding) ? [binding] : []));
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
