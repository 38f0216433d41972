/** Counts how tasks end, for metrics. */
import type { TaskEndKind, TaskStats } from '../ports/task-stats.js';
import type { LiveTask } from './live-task.js';

/** Counts ends. */
export interface TaskEnds {
  /** Counts a task that has ended. */
  add(task: LiveTask): void;
  /** A copy of what was counted. */
  readonly counts: TaskStats['ended'];
}

/** Creates a count of nothing. */
export function createTaskEnds(): TaskEnds {
  const counts: Record<TaskEndKind, number> = { completed: 0, failed: 0, cancelled: 0, expired: 0 };
  return {
    add({ entry: { status }, exchange }) {
      if (status === 'completed' || status === 'cancelled') {
        counts[status] += 1;
        return;
      }
      const { code } = (exchange.signal.reason ?? {}) as { code?: unknown };
      counts[code === 'limit_exceeded' ? 'expired' : 'failed'] += 1;
    },
    get counts() {
      return { ...counts };
    },
  };
}
