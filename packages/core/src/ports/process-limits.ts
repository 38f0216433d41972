/** What a process that runs the code of a module may use. */

/** Limits of one process. Absent members: those of the server. */
export interface ProcessLimits {
  /** Megabytes of the heap of JavaScript. */
  heap_mb?: number;
  /** Megabytes of memory (resident set), on Linux. */
  memory_mb?: number;
  /** Seconds of CPU time. */
  cpu_seconds?: number;
  /** Open files. */
  open_files?: number;
}

/** The smallest and the largest values. */
export const PROCESS_LIMITS: Readonly<Record<keyof ProcessLimits, readonly [least: number, most: number]>> = {
  heap_mb: [16, 1_000_000],
  memory_mb: [64, 1_000_000],
  cpu_seconds: [1, 1_000_000_000],
  open_files: [30, 1_000_000],
};
