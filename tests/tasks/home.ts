/**
 * A server with one slow tool that may become a task, whose runs leave a line in a file. They take `ms` milliseconds, and then as long as
 * the file `go` does not exist.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Home } from '../interop/sidecar.js';
import { bin } from '../interop/sidecar.js';

const MODULE = `
import { appendFileSync, existsSync } from 'node:fs';
const effects = new URL('effects.log', import.meta.url);
export async function work({ id, ms = 0, go, asks = false }, context) {
  if (asks && context.inputs.sure === undefined)
    return context.inputRequired({ sure: context.elicit('Sure?', { type: 'object', properties: {} }) });
  appendFileSync(effects, id + '\\n');
  await new Promise((resolve) => setTimeout(resolve, ms));
  while (go !== undefined && !existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
  return 'worked on ' + id;
}
`;

const CONFIG = (isolation: string, task: object) => ({
  tools: [{ name: 'work', inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] } }],
  module_links: [{ name: 'work', module_name: './work.mjs', function_name: 'work', isolation, ...task }],
});

/** The folder of such a server. */
export interface WorkHome extends Pick<Home, 'folder' | 'config' | 'dataDir' | 'args' | 'remove'> {
  /** The ids that were worked on, once for each run. */
  effects(): string[];
}

/** Creates the folder. @param task the keys of tasks of the link */
export async function createWorkHome(task: object = { task: 'required' }, isolation = 'none'): Promise<WorkHome> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-tasks-'));
  const config = join(folder, 'mcp.json');
  const dataDir = join(folder, 'data');
  await writeFile(config, JSON.stringify(CONFIG(isolation, task)));
  await writeFile(join(folder, 'work.mjs'), MODULE);
  await writeFile(join(folder, 'effects.log'), '');
  return {
    ...{ folder, config, dataDir },
    args: (...more) => [bin, '--transport', 'stdio', '--config', config, '--data-dir', dataDir, '--no-watch', ...more],
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    effects: () => readFileSync(join(folder, 'effects.log'), 'utf8').split('\n').slice(0, -1),
  };
}
