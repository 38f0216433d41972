/** A server whose tools leave a line in a file for each effect, so that a test can count effects across processes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Home } from '../interop/sidecar.js';
import { bin } from '../interop/sidecar.js';

/** Appends a line at once, as an effect that outlives the process. It returns after `ms`, and when the file `go` exists. */
const MODULE = `
import { appendFileSync, existsSync } from 'node:fs';
const effects = new URL('effects.log', import.meta.url);
export async function charge({ id, ms = 0, go }, context) {
  appendFileSync(effects, id + '\\n');
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  while (go !== undefined && !existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
  return 'charged ' + id;
}
`;

const inputSchema = {
  type: 'object',
  properties: { id: { type: 'string' }, ms: { type: 'number' }, go: { type: 'string' } },
  required: ['id'],
};

const CONFIG = {
  tools: [
    ...['charge', 'approved'].map((name) => ({ name, inputSchema, description: 'Charges somebody.' })),
    { name: 'job', inputSchema, description: 'Charges somebody, as a task.' },
    { name: 'repeatable', inputSchema, description: 'May run twice.', annotations: { idempotentHint: true } },
  ],
  module_links: [
    { type: 'tool', name: 'charge', module_name: 'effects', function_name: 'charge' },
    { type: 'tool', name: 'job', module_name: 'effects', function_name: 'charge', task: 'required' },
    { type: 'tool', name: 'repeatable', module_name: 'effects', function_name: 'charge' },
    { type: 'tool', name: 'approved', module_name: 'effects', function_name: 'charge', approve: 'always' },
  ],
};

/** The folder of such a server. */
export interface EffectsHome extends Pick<Home, 'folder' | 'config' | 'dataDir' | 'args' | 'remove'> {
  /** How often each id was charged. */
  effects(): Map<string, number>;
}

/** Creates the folder. */
export async function createEffectsHome(): Promise<EffectsHome> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-retries-'));
  const config = join(folder, 'mcp.json');
  const dataDir = join(folder, 'data');
  await writeFile(config, JSON.stringify(CONFIG));
  await writeFile(join(folder, 'effects.mjs'), MODULE);
  await writeFile(join(folder, 'effects.log'), '');
  return {
    ...{ folder, config, dataDir },
    args: (...more) => [bin, '--transport', 'stdio', '--config', config, '--data-dir', dataDir, '--no-watch', ...more],
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
    effects() {
      const counts = new Map<string, number>();
      for (const id of readFileSync(join(folder, 'effects.log'), 'utf8').split('\n').slice(0, -1))
        counts.set(id, (counts.get(id) ?? 0) + 1);
      return counts;
    },
  };
}

/** Parameters of a call with a key. */
export const keyed = (name: string, key: string, args: Record<string, unknown>): Record<string, unknown> => ({
  name,
  arguments: args,
  _meta: { 'io.mcp-daemon/idempotencyKey': key },
});

/** The text of a result. */
export const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content[0]?.text ?? '';

/** The call that a result repeats; undefined: it is not a repetition. */
export const repeatOf = (result: unknown): unknown =>
  (result as { _meta?: Record<string, unknown> })._meta?.['io.mcp-daemon/repeatOf'];
