/** Reads the config that a bundle carries: its mcp_configuration.json, or the MCP_CONFIGURATION of its code in Python. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DaemonError } from '@mcp-daemon/core';
import type { BundleConfig, GuardedBundle } from '@mcp-daemon/modules/bundle';

import type { Env, Settings } from '../settings/settings.js';

/**
 * Reads the config of a bundle. Python code is extracted into a temporary folder, and imported in a process of its own.
 *
 * @param module the module whose MCP_CONFIGURATION is read: the name of the package, unless something else is known
 * @returns undefined: it carries none
 * @throws BundleRefusal if it is damaged; DaemonError `module_failed` if its code cannot be imported
 */
export async function configInBundle(
  bundle: GuardedBundle,
  module: string,
  { settings, env }: { settings: Settings; env: Env },
): Promise<BundleConfig | undefined> {
  const { configOf, extractBundle, languagesOf } = await import('@mcp-daemon/modules/bundle');
  const config = await configOf(bundle);
  if (config !== undefined || !languagesOf(bundle).includes('Python')) return config;
  const { readConfigurationOf } = await import('./process-runner.js');
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-bundle-'));
  try {
    const root = join(folder, 'code');
    await extractBundle(bundle, root);
    const text = await readConfigurationOf(module, root, settings, env);
    return text === undefined ? undefined : { path: `MCP_CONFIGURATION of ${module}`, text };
  } catch (error) {
    // The bundle has no module of the package's name, so it has no config there.
    if (error instanceof Error && error.name === 'DaemonError' && (error as DaemonError).code === 'module_not_found')
      return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
