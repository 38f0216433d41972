/** Which names of partitions can be a hash key beside the rows of this package's own. */
import { DaemonError } from '@mcp-daemon/core';

import { OWNERS } from './open-calls.js';
import { isSpreadKey, SPREAD } from './spread.js';

const LONGEST_PARTITION = 2_000;

/** Hash keys of rows of this package's own. */
export const RESERVED: ReadonlySet<string> = new Set([OWNERS, SPREAD]);

/** Begins the hash key of parts of large values. */
export const PARTS = '#parts#';

/** @throws DaemonError `usage` if a name cannot be a hash key, or is one of this package's own */
export function checkPartition(partition: string): string {
  if (
    partition !== '' &&
    !RESERVED.has(partition) &&
    !partition.startsWith(PARTS) &&
    !isSpreadKey(partition) &&
    Buffer.byteLength(partition) <= LONGEST_PARTITION
  )
    return partition;
  throw new DaemonError(
    'usage',
    `The name of a partition must have 1 to ${LONGEST_PARTITION} bytes, not be ${[...RESERVED].join(' or ')}, not begin with ${PARTS}, and not end as a key of spread records does.`,
  );
}
