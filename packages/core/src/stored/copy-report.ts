/** What a copy between stores takes, and what it reports. */
/**
 * What is copied of a partition, in this order. `state`: entries of shared state. `check`: the copied records are read again and compared.
 */
export type CopyStep = 'settings' | 'revisions' | 'rows' | 'state' | 'records' | 'check';

/** How far a copy is. */
export interface CopyProgress {
  partition: string;
  step: CopyStep;
  /** How many entries of this step are done. */
  done: number;
  /** How many there are, as counted at the beginning of the step. */
  total: number;
}

/** What `copyStore` takes. */
export interface CopyOptions {
  /** The partitions to copy. Default: all that have a catalog, and `default`. */
  partitions?: readonly string[];
  /** Whether call records are copied. Default true. */
  records?: boolean;
  /** The beginnings of the keys of shared state that is copied, as `pin/`. Default: none. */
  state?: readonly string[];
  /** Records that changed before this are left out. Milliseconds since 1970. Default: none. */
  since?: number;
  /** Stops the copy after the page that is being written: then it throws the signal's reason. */
  signal?: AbortSignal;
  onProgress?: (progress: CopyProgress) => void;
}

/** How many of something were there, and how many were written. */
export interface CopiedCount {
  /** In the source. */
  found: number;
  /** Written by this run; the rest was there already. */
  written: number;
}

/** What became of a partition. */
export interface CopiedPartition {
  partition: string;
  settings: CopiedCount;
  revisions: CopiedCount;
  rows: CopiedCount;
  /** Entries of shared state. */
  state: CopiedCount;
  records: CopiedCount & {
    /** Left out because the call runs: copy again when it has ended. */
    running: number;
    /** Left out because it is older than `since`. */
    old: number;
  };
  /** What is not the same in both stores after the copy, one text each. Empty: all that was copied is equal. */
  differences: string[];
}
