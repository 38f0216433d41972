/**
 * Warns where a command grants access to a partition that does not exist. It only warns: the partition may be added later.
 */
import type { StoredPartition } from '@mcp-daemon/core';
import { didYouMean } from '@mcp-daemon/core';

import { messageOf } from '../errors.js';
import { openStore } from '../runtime/store.js';
import { DEFAULT_PARTITION } from '../settings/partition.js';
import { dataFile, isFile } from '../settings/paths.js';
import { SETTINGS, variableOf } from '../settings/settings.js';
import { oneLine } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { allPartitions } from './stored.js';

/** Names in one message. */
const MOST_NAMES = 10;

/** The partitions of the store. Where there is no store yet, it is not created. */
async function storedPartitions({ settings, env }: CommandContext): Promise<readonly StoredPartition[]> {
  if (settings.store === 'memory') return []; // that of another process cannot be read
  if (settings.store === 'sqlite' && !isFile(dataFile(settings, env))) return [];
  const store = await openStore(settings, env, { readonly: true });
  try {
    return store.catalogs === undefined ? [] : await allPartitions(store.catalogs);
  } finally {
    await store.close();
  }
}

/** The names for a message: not more than fit on a few lines. */
function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * Notes which partitions do not exist, and which do. A partition exists if the store has it, or if the config file is served as it. If the
 * store cannot be read, the note says why.
 *
 * @param named the partitions that the user has named
 */
export async function warnOfUnknownPartitions(named: readonly string[], context: CommandContext): Promise<void> {
  const { env, note, paintNote } = context;
  // Not context.settings.partition: the flag --partition of these commands has another meaning.
  const configured = variableOf(SETTINGS.partition, env)?.text ?? DEFAULT_PARTITION;
  const others = [...new Set(named)].filter((name) => name !== configured);
  if (others.length === 0) return;
  const warning = paintNote('yellow', 'warning');
  let known: string[];
  try {
    const stored = (await storedPartitions(context)).map(({ partition }) => partition);
    known = [...new Set([configured, ...stored])].sort();
  } catch (error) {
    note(
      `${warning} cannot check whether ${others.map((name) => `"${oneLine(name, 80)}"`).join(', ')} exists: ${oneLine(messageOf(error))}`,
    );
    return;
  }
  for (const name of others) {
    if (known.includes(name)) continue;
    const hint = oneLine(didYouMean(name, known), 120) || '.'; // a hint ends with a question mark
    note(`${warning} there is no partition "${oneLine(name, 80)}" yet${hint} Existing partitions: ${listed(known)}`);
  }
}
