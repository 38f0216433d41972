/** Quotas: how much of the daemon a function, a caller or a partition may use. */

/** What may be used. Each member is a whole number from 1; absent: no limit. */
export interface Quota {
  /** Calls that run at once. Further ones wait in a queue. */
  concurrent?: number;
  /** Calls that begin in any 60 seconds. Further ones are refused. */
  per_minute?: number;
  /** Milliseconds that calls run in any 60 seconds, together. When they are used up, further calls are refused. */
  ms_per_minute?: number;
  /** Calls that may wait for `concurrent`; 0: none. Further ones are refused. Default 100. */
  queue?: number;
}

/** Quotas of a catalog that do not belong to one function. */
export interface CatalogQuotas {
  /** All calls of the partition together. */
  partition?: Quota;
  /** All calls of one caller in the partition. */
  subject?: Quota;
}

/** Whose quota it is. */
export type QuotaScope = 'function' | 'subject' | 'partition';

/** Default of {@link Quota.queue}. */
export const DEFAULT_QUEUE = 100;

/** The greatest value of each member of a {@link Quota}. */
export const QUOTA_MAXIMA = { concurrent: 10_000, per_minute: 1_000_000, ms_per_minute: 600_000_000, queue: 10_000 } as const;
