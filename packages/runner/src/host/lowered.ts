/** What a child may use: the limits of the server, which a module can only lower. */
import type { ProcessLimits } from '@mcp-daemon/core';

/** The limits of a child. */
export interface AllowedLimits {
  heapMb: number;
  /** Absent: no limit. */
  memoryMb?: number | undefined;
  /** Absent: no limit. */
  cpuSeconds?: number | undefined;
  /** Absent: as in the daemon. */
  openFiles?: number | undefined;
}

const lower = (server: number | undefined, module: number | undefined): number | undefined =>
  server === undefined || module === undefined ? (server ?? module) : Math.min(server, module);

/** The limits of the server, lowered by those of a module. A pushed bundle cannot give itself more than the operator allows. */
export function lowered(server: AllowedLimits, module: ProcessLimits = {}): AllowedLimits {
  return {
    heapMb: Math.min(server.heapMb, module.heap_mb ?? Infinity),
    memoryMb: lower(server.memoryMb, module.memory_mb),
    cpuSeconds: lower(server.cpuSeconds, module.cpu_seconds),
    openFiles: lower(server.openFiles, module.open_files),
  };
}
