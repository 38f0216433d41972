/** What the daemon's side of a child is made from. */
import type { Logger } from '@mcp-daemon/core';

import type { Connection } from '../protocol/connection.js';
import type { Hello } from '../protocol/messages.js';
import type { CoreParts } from './core-parts.js';
import type { ChildHandle } from './launcher-client.js';
import type { OutputSink } from './output.js';

/** What a `Host` takes. */
export interface HostOptions {
  connection: Connection;
  hello: Hello;
  handle: ChildHandle;
  core: CoreParts;
  output: OutputSink;
  logger: Logger;
  /** Milliseconds that a call may take to end after its abort, before the child is killed. */
  graceMs: number;
  /** Milliseconds that loading a function may take. */
  loadMs: number;
  maxMessageBytes: number;
  limits: { memoryBytes?: number | undefined; heapMb: number; cpuSeconds?: number | undefined };
  counters: HostCounters;
}

/** What happens to children, counted. */
export interface HostCounters {
  /** Children that ended though nobody wanted it. */
  crashes: number;
  /** Children that were killed because a call did not end after its abort. */
  kills: number;
}
