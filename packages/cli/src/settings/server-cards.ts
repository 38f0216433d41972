/** Reads the setting of server cards. */
import { checkPartition } from './partition.js';
import { parseList } from './settings.js';

/**
 * The partitions that publish a server card.
 *
 * @param text the value of the setting
 * @returns undefined: the default
 * @throws UsageError if one is no name of a partition
 */
export function serverCardsOf(text: string | undefined): string[] | undefined {
  if (text === 'none') return [];
  return parseList(text)?.map((name) => checkPartition(name, '--server-cards (MCP_SERVER_CARDS)'));
}
