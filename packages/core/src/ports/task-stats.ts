/** What is counted of tasks. */

/** The ways in which a task can end. `expired`: its time was over before its call was. */
export const TASK_ENDS = ['completed', 'failed', 'cancelled', 'expired'] as const;

/** One of {@link TASK_ENDS}. */
export type TaskEndKind = (typeof TASK_ENDS)[number];

/** The tasks of this process since its start. Calls with `is_async` count as well, if they were answered before they ended. */
export interface TaskStats {
  /** Those that have not ended. */
  open: number;
  /** Those that have ended, by how. */
  ended: Readonly<Record<TaskEndKind, number>>;
}
