/** Settings of calls that may outlive their requests. */
import type { NumberSetting } from './setting.js';

const bound = (flag: string, value: number, most: number, unit: 'MS' | 'N' | 'BYTES', description: string): NumberSetting => ({
  ...{ type: 'number', flag, env: `MCP_${flag.replaceAll('-', '_').toUpperCase()}`, group: 'Limits' },
  ...{ min: 1, max: most, default: value, unit, description },
});

/** Of times, the maximum of core (`MAX_TASK_TTL_MS`); it is written here too, because help and settings do not load core. */
const [WEEK_MS, MANY, MANY_BYTES] = [604_800_000, 1_000_000, 100_000_000_000];

/** The table's part; see settings.ts. */
export const TASK_SETTINGS = {
  asyncWaitMs: bound(
    ...(['async-wait-ms', 3_000, WEEK_MS, 'MS'] as const),
    'How long a call of a function with is_async may take before its client is told where to read the result',
  ),
  taskTtlMs: bound(
    ...(['task-ttl-ms', 3_600_000, WEEK_MS, 'MS'] as const),
    'How long a task and its result are kept, from its beginning, if its link has no task_ttl_ms',
  ),
  userOpenTasks: bound(
    'user-open-tasks',
    1_000,
    MANY,
    'N',
    'Tasks of one user in one partition that run at once, in this process',
  ),
  userTasks: bound('user-tasks', 10_000, MANY, 'N', 'Tasks of one user in one partition that are kept, in this process'),
  userTaskBytes: bound('user-task-bytes', 64_000_000, MANY_BYTES, 'BYTES', 'Size of the results of these tasks'),
  openTasks: bound('open-tasks', 10_000, MANY, 'N', 'Tasks of all users that run at once, in this process'),
  taskBytes: bound(
    'task-bytes',
    1_000_000_000,
    MANY_BYTES,
    'BYTES',
    'Size of the results that are kept for the tasks of all users of this process',
  ),
};
