/**
 * Serving: over which transport, the settings say.
 */
import { report } from '../runtime/report.js';
import type { Env, Flags, Settings } from '../settings/settings.js';
import { readSettings } from '../settings/settings.js';
import { serveOverStdio } from './serve-stdio.js';

/**
 * Serves until it is told to end, and ends the process.
 *
 * @param flags as `readServing` gives them
 * @param warm called once when everything has run that a start needs
 */
export async function serve(flags: Flags, env: Env, warm: () => void = () => undefined): Promise<void> {
  let settings: Settings;
  try {
    settings = readSettings(flags, env);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  if (settings.transport === 'stdio') return serveOverStdio(settings, env, warm);
  const { serveOverHttp } = await import('./serve-http.js');
  return serveOverHttp(settings, env);
}
