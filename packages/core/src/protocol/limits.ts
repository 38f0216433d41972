/** All limits of core, with their defaults. */
import { DaemonError } from './errors.js';

/** All limits of a daemon. Times are milliseconds. */
export interface Limits {
  /** Time limit of one run of a function, if its link sets none. Default 5 minutes. */
  timeoutMs: number;
  /** Size of one result as JSON text. Default 10 MB. */
  maxResultBytes: number;
  /** Running requests of one session. Default 1,000. */
  maxInFlight: number;
  /** Estimated memory of the messages that one user in one partition has running; only messages above 4 KB count. Default 64 MB. */
  maxBytesInFlightPerUser: number;
  /** The same, for all users together. Default 256 MB. */
  maxBytesInFlight: number;
  /** Resource subscriptions of one session, and resources of one listen stream. Default 1,000. */
  maxSubscriptions: number;
  /** Characters of the URIs of these resources, for one session or stream. Default 256,000. */
  maxSubscriptionCharacters: number;
  /** The same, for all sessions and streams of one user in one partition. Default 16,000,000. */
  maxSubscriptionCharactersPerUser: number;
  /** Progress and log notifications of one call; later ones are dropped. Default 10,000. */
  maxNotifications: number;
  /** How often one call may ask its client for input. Default 10. */
  maxInputRounds: number;
  /** How long a client may take to answer one request for input. Default 10 minutes. */
  inputWaitMs: number;
  /** How long a `requestState` is accepted. Default 1 hour. */
  stateTtlMs: number;
  /** Size of one `requestState`. Default 64 KB. */
  maxStateBytes: number;
  /** How long a session of protocol versions up to 2025-11-25 can be continued by another connection or process. Default 14 days. */
  sessionTtlMs: number;
  /** Entries of one list page. Default 1,000. */
  pageSize: number;
  /** Records that wait while the store cannot be written. Further records are lost, and counted. Default 10,000. */
  maxQueuedRecords: number;
  /**
   * Maximum size of recorded arguments, and of a recorded result. Of larger ones the record keeps the beginning, the size and the
   * SHA-256. Default 1 MB.
   */
  maxRecordedBytes: number;
  /** How long the result of a call with an idempotency key is kept. Default 24 hours. */
  keyKeepMs: number;
  /** How long a call waits for the first call with its idempotency key. Default 30 seconds. */
  keyWaitMs: number;
  /**
   * How long after its process was last heard of a running call with an idempotency key counts as interrupted. Default 30
   * seconds.
   */
  keyLeaseMs: number;
  /** Idempotency keys that are kept for one user in one partition. Default 100,000. */
  maxKeysPerUser: number;
  /** Size of the results that are kept for the idempotency keys of one user in one partition. Default 100 MB. */
  maxKeyBytesPerUser: number;
  /** How long a user may take to approve a call. Default 10 minutes. */
  approvalMs: number;
  /** How long a task lives, from its beginning, if its tool does not say. Default 1 hour. */
  taskTtlMs: number;
  /** How long clients wait between two looks at a task, if its tool does not say. Default 500 ms. */
  taskPollMs: number;
  /** Tasks of one user in one partition that have not ended, in this process. Default 1,000. */
  maxOpenTasks: number;
  /** Tasks of one user in one partition that are kept, ended ones included, in this process. Default 10,000. */
  maxTasks: number;
  /** Size of the results that are kept for these tasks. Default 64 MB. */
  maxTaskBytes: number;
  /** Tasks of all users that have not ended, in this process. Default 10,000. */
  maxOpenTasksOfAll: number;
  /** Size of the results that are kept for the tasks of all users of this process. Default 1 GB. */
  maxTaskBytesOfAll: number;
  /** How long a call of a function with `is_async` may take before a client without tasks is told where to read its result. Default 3 s. */
  asyncWaitMs: number;
}

const DEFAULTS: Limits = {
  timeoutMs: 5 * 60_000,
  maxResultBytes: 10_000_000,
  maxInFlight: 1_000,
  maxBytesInFlightPerUser: 64_000_000,
  maxBytesInFlight: 256_000_000,
  maxSubscriptions: 1_000,
  maxSubscriptionCharacters: 256_000,
  maxSubscriptionCharactersPerUser: 16_000_000,
  maxNotifications: 10_000,
  maxInputRounds: 10,
  inputWaitMs: 10 * 60_000,
  stateTtlMs: 60 * 60_000,
  maxStateBytes: 64_000,
  sessionTtlMs: 14 * 24 * 60 * 60_000,
  pageSize: 1_000,
  maxQueuedRecords: 10_000,
  maxRecordedBytes: 1_000_000,
  keyKeepMs: 24 * 60 * 60_000,
  keyWaitMs: 30_000,
  keyLeaseMs: 30_000,
  maxKeysPerUser: 100_000,
  maxKeyBytesPerUser: 100_000_000,
  approvalMs: 10 * 60_000,
  taskTtlMs: 60 * 60_000,
  taskPollMs: 500,
  maxOpenTasks: 1_000,
  maxTasks: 10_000,
  maxTaskBytes: 64_000_000,
  maxOpenTasksOfAll: 10_000,
  maxTaskBytesOfAll: 1_000_000_000,
  asyncWaitMs: 3_000,
};

/** Characters of a request's id, and of a progress token. */
export const MAX_ID_LENGTH = 1_024;
/** Characters of a list's cursor. The cursors of this server are shorter. */
export const MAX_CURSOR_LENGTH = 1_024;
/** Characters of the URI of a subscription. */
export const MAX_SUBSCRIBED_URI_LENGTH = 2_048;

/** The maximum delay of a timer. Node runs a timer with a longer delay at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * All limits: the given ones, and defaults for the rest.
 *
 * @throws DaemonError `usage`, which names the first limit that is not a whole number above 0
 */
export function withDefaults(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULTS };
  for (const [name, value] of Object.entries(given) as [keyof Limits, number | undefined][]) {
    if (value === undefined) continue;
    if (!(name in DEFAULTS))
      throw new DaemonError('usage', `unknown limit limits.${name}; the limits are ${Object.keys(DEFAULTS).join(', ')}`);
    const max = name.endsWith('Ms') ? MAX_TIMER_MS : Number.MAX_SAFE_INTEGER;
    if (!Number.isInteger(value) || value < 1 || value > max) {
      throw new DaemonError('usage', `limits.${name} must be a whole number from 1 to ${max}, got ${String(value)}`);
    }
    limits[name] = value;
  }
  return limits;
}
