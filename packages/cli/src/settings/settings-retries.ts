/** Settings of calls with idempotency keys, and of calls that need approval. */
import type { NumberSetting } from './setting.js';

/** The greatest delay of a timer. */
const MAX_MS = 2 ** 31 - 1;

const limit = (
  flag: string,
  unit: string,
  [initial, max]: readonly [initial: number, max: number],
  description: string,
): NumberSetting => ({
  ...{ type: 'number', flag, env: `MCP_${flag.replaceAll('-', '_').toUpperCase()}`, group: 'Limits' },
  ...{ min: 1, max, default: initial, unit, description },
});

/** The table's part; see settings.ts. */
export const RETRY_SETTINGS = {
  idempotencyKeepMs: limit(
    'idempotency-keep-ms',
    'MS',
    [86_400_000, MAX_MS],
    'How long the result of a call with an idempotency key is kept',
  ),
  idempotencyWaitMs: limit(
    'idempotency-wait-ms',
    'MS',
    [30_000, MAX_MS],
    'How long a call waits for the first call with its idempotency key',
  ),
  idempotencyMaxKeys: limit(
    'idempotency-max-keys',
    'N',
    [100_000, 1_000_000_000],
    'Idempotency keys that are kept for one user in one partition',
  ),
  idempotencyMaxBytes: limit(
    'idempotency-max-bytes',
    'BYTES',
    [100_000_000, Number.MAX_SAFE_INTEGER],
    'Size of the results that are kept for the idempotency keys of one user in one partition',
  ),
  approvalMs: limit('approval-ms', 'MS', [600_000, MAX_MS], 'How long a user may take to approve a call'),
};
