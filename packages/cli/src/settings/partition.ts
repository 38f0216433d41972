/**
 * Names of partitions.
 */
import { UsageError } from '../errors.js';

/** As in the paths of the HTTP server; a part is named after a `#`, as the header Part-ID does. */
const NAME = /^(?=[_-]*[A-Za-z0-9])[A-Za-z0-9_-]{1,128}$/;

/** The partition of a config file. */
export const DEFAULT_PARTITION = 'default';

/**
 * Checks the name of a partition.
 *
 * @param source what gave the name, for the message
 * @throws UsageError
 */
export function checkPartition(name: string, source = '--partition'): string {
  const [first = '', part, ...more] = name.split('#');
  if (NAME.test(first) && (part === undefined || NAME.test(part)) && more.length === 0) return name;
  const rule = 'must be up to 128 letters, digits, _ and -, or two such names with a # between';
  throw new UsageError(`${source}: ${rule}, not ${JSON.stringify(name)}`, { hint: false });
}
