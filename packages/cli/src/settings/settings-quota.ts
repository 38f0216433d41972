/** Settings of quotas that hold for every user and every partition, whatever the catalogs say. */
import type { NumberSetting } from './setting.js';

const quota = (flag: string, max: number, description: string): NumberSetting => ({
  ...{ type: 'number', flag, env: `MCP_${flag.replaceAll('-', '_').toUpperCase()}`, group: 'Limits' },
  ...{ min: 0, max, default: 0, unit: 'N', description: `${description}; 0 for no limit` },
});

/** The bounds of core (`QUOTA_MAXIMA`). They are written here too, because help and settings do not load core; a test compares them. */
const [concurrent, perMinute] = [10_000, 1_000_000];

/** The table's part; see settings.ts. */
export const QUOTA_SETTINGS = {
  userCallsAtOnce: quota('user-calls-at-once', concurrent, 'Calls of one user in one partition that run at once; others wait'),
  userCallsPerMinute: quota('user-calls-per-minute', perMinute, 'Calls of one user in one partition in any 60 seconds'),
  partitionCallsAtOnce: quota('partition-calls-at-once', concurrent, 'Calls of one partition that run at once; others wait'),
  partitionCallsPerMinute: quota('partition-calls-per-minute', perMinute, 'Calls of one partition in any 60 seconds'),
};
