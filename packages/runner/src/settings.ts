/** The settings of child processes. */
import type { Runtime } from '@mcp-daemon/core';

/** Settings of the children. All have defaults. */
export interface ProcessSettings {
  /** Children of one partition. Default 16. */
  maxChildren: number;
  /** Children that run the same code. Default 4. */
  maxChildrenPerModule: number;
  /** Milliseconds without calls after which a child ends. Default 5 minutes. */
  idleMs: number;
  /** Megabytes of the heap of JavaScript. Default 512. */
  heapMb: number;
  /** Megabytes of memory (resident set), on Linux; 0: no limit. Default 1,024. */
  memoryMb: number;
  /** Seconds of CPU time of one child; 0: no limit. Default 0. */
  cpuSeconds: number;
  /** Open files of one child; 0: as many as the daemon. Default 0. */
  openFiles: number;
  /** Milliseconds in which a child must start, and load a function. Default 30,000. */
  startMs: number;
  /** Milliseconds that a call may go on after its time limit or its cancellation, before its child is killed. Default 5,000. */
  graceMs: number;
  /** Bytes of the largest arguments and of the largest result. Default 16 MB. */
  maxMessageBytes: number;
  /** Milliseconds after which a call makes the runner look for newer code. Default 5,000. */
  refreshMs: number;
  /** Whether a child that has loaded nothing is kept ready. Default true. */
  spare: boolean;
  /** Whether children may only read files, and only their code and these paths (Node's permission model). Default: no restriction. */
  readable: readonly string[] | undefined;
  /** Programs of the languages, such as the path of Python. Default: the usual ones. */
  paths: Partial<Readonly<Record<Runtime, string>>>;
}

/** The defaults of the settings. */
export const DEFAULT_SETTINGS: ProcessSettings = {
  maxChildren: 16,
  maxChildrenPerModule: 4,
  idleMs: 300_000,
  heapMb: 512,
  memoryMb: 1_024,
  cpuSeconds: 0,
  openFiles: 0,
  startMs: 30_000,
  graceMs: 5_000,
  maxMessageBytes: 16 * 1024 * 1024,
  refreshMs: 5_000,
  spare: true,
  readable: undefined,
  paths: {},
};
