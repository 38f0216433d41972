/** Partitions, as they are written in paths and headers. */

/** The partition of the config file. */
export const DEFAULT_PARTITION = 'default';

/** Where requests for a partition go. */
export interface PartitionTarget {
  /** What comes before `/mcp`, such as `/alpha`; nothing for the default partition. */
  readonly prefix: string;
  /** `Part-ID` for `alpha#one`; none for a partition without parts. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @param partition `alpha` or `alpha#one` */
export function targetOf(partition: string): PartitionTarget {
  const [name = DEFAULT_PARTITION, part] = partition.split('#');
  const prefix = name === DEFAULT_PARTITION ? '' : `/${encodeURIComponent(name)}`;
  return { prefix, headers: part === undefined ? {} : { 'part-id': part } };
}
