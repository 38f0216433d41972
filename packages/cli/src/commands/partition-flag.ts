/**
 * The flag `--partition` of commands that work on one partition of the store.
 */
import { Failure } from '../errors.js';
import { checkPartition, DEFAULT_PARTITION } from '../settings/partition.js';
import type { CommandContext } from './command.js';
import { textFlag } from './command.js';

/** The flag. Its value is read by {@link partitionOf}. */
export const PARTITION_FLAG = textFlag('Partition of the store [MCP_PARTITION]', { defaultDescription: DEFAULT_PARTITION });

/** The failure of a command whose partition is not in the store. */
export const noPartition = (partition: string): Failure =>
  new Failure(`there is no partition "${partition}" in the store: "mcp-daemon partitions list" shows all`);

/** The partition that a command is for: of the flag, else of `MCP_PARTITION`, else `default`. @throws UsageError if it is no name */
export function partitionOf({ settings: { partition = DEFAULT_PARTITION }, flags }: CommandContext): string {
  return checkPartition(partition, flags['partition'] === undefined ? 'MCP_PARTITION' : '--partition');
}
