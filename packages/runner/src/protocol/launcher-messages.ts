/** What the daemon and the launcher say to each other, over the IPC channel of Node. */

/** Limits of a child that the launcher sets or watches. */
export interface ProcessLimits {
  /** Bytes of memory (the resident set); watched where there is `/proc`. Absent: no limit. */
  memoryBytes?: number;
  /** Seconds of CPU time. Absent: no limit. */
  cpuSeconds?: number;
  /** Open files. Absent: as in the launcher. */
  openFiles?: number;
}

/** From the daemon. */
export type ToLauncher =
  | {
      type: 'start';
      id: number;
      command: readonly string[];
      env: Readonly<Record<string, string>>;
      cwd: string;
      limits: ProcessLimits;
    }
  /** Kills the child's process group. */
  | { type: 'kill'; id: number }
  /** Whether the child has calls: the memory of an idle one is looked at less often. */
  | { type: 'busy'; id: number; busy: boolean };

/** From the launcher. */
export type FromLauncher =
  | { type: 'started'; id: number; pid: number }
  | { type: 'failed'; id: number; message: string }
  /** What the child wrote to descriptor 1 or 2 itself. */
  | { type: 'output'; id: number; stream: 'stdout' | 'stderr'; text: string }
  | { type: 'exited'; id: number; code: number | null; signal: string | null; killed: 'asked' | 'memory' | null };
