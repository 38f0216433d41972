/**
 * Serves over the transport in the settings.
 */
import { report } from '../runtime/report.js';
import type { Env, Flags, Settings } from '../settings/settings.js';
import { readSettings } from '../settings/settings.js';
import { serveOverStdio } from './serve-stdio.js';

/**
 * Serves until shutdown, then exits the process.
 *
 * @param flags as `parseServeFlags` returns them
 * @param saveCompileCache called when all code that a start needs has run
 */
export async function serve(flags: Flags, env: Env, saveCompileCache: () => void = () => undefined): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(flags, env);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  if (settings.fixtures !== undefined) {
    const { serveFixtures } = await import('./serve-fixtures.js');
    return serveFixtures(settings, env);
  }
  if (settings.transport === 'stdio') return serveOverStdio(settings, env, saveCompileCache);
  const { serveOverHttp } = await import('./serve-http.js');
  return serveOverHttp(settings, env);
}
