/** All children: how many a partition may have, the spare one, and which versions there are. */
import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Host } from '../host/host.js';
import type { Starter } from '../host/starter.js';
import type { VersionOptions } from './version.js';
import { Version } from './version.js';

/** How many children there are, and for how long. */
export interface PoolSettings {
  /** Children of one partition. */
  maxChildren: number;
  /** Children of one version of code. */
  maxChildrenPerVersion: number;
  /** Milliseconds without calls after which a child ends. */
  idleMs: number;
  /** Whether a child that has loaded nothing is kept ready. */
  spare: boolean;
  logger: Logger;
}

/** Milliseconds for which a call waits to begin before another child is started. */
const GROW_MS = 50;
/** Calls of one version that wait for a child. */
const MAX_WAITING = 1_000;
/** Milliseconds that children may take to end when the daemon does. */
const CLOSE_MS = 1_000;
/** Children of a partition that wait until another one ends. */
const MAX_QUEUED_STARTS = 100;

/** The children. */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #starter: Starter;
  readonly #versions = new Set<Version>();
  /** Starts that wait for the end of another child, by partition. */
  readonly #queues = new Map<string, (() => void)[]>();
  #spare: Promise<Host> | undefined;
  #isClosed = false;

  constructor(settings: PoolSettings, starter: Starter) {
    this.#settings = settings;
    this.#starter = starter;
  }

  /** All versions with children. */
  get versions(): ReadonlySet<Version> {
    return this.#versions;
  }

  /** Number of children, without the spare one. */
  get children(): number {
    let count = 0;
    for (const version of this.#versions) count += version.children;
    return count;
  }

  /** Whether a spare child is ready or being started. */
  get hasSpare(): boolean {
    return this.#spare !== undefined;
  }

  /** Starts the launcher and a spare child. */
  prepare(): void {
    this.#starter.open();
    this.#fillSpare();
  }

  /** Creates a version. It has no child yet. */
  version(options: Pick<VersionOptions, 'runtime' | 'root' | 'partition' | 'limits' | 'isUnchanged' | 'onRewritten'>): Version {
    const { maxChildrenPerVersion, idleMs, logger } = this.#settings;
    const version = new Version({
      ...options,
      start: (of) => this.#start(of),
      onOver: (of) => this.#over(of),
      maxChildren: maxChildrenPerVersion,
      idleMs,
      growMs: GROW_MS,
      maxWaiting: MAX_WAITING,
      logger,
    });
    this.#versions.add(version);
    return version;
  }

  /** Drops a version: its children end after their running calls. */
  retire(version: Version): void {
    version.retire();
    this.#forgetIfEmpty(version);
  }

  /** Lets the children end, and starts no more. Those that take longer than a second are left to the launcher. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const queue of this.#queues.values()) for (const go of queue) go();
    this.#queues.clear();
    const spare = await this.#spare?.catch(() => undefined);
    const hosts = [...(spare === undefined ? [] : [spare]), ...[...this.#versions].flatMap((version) => version.retire())];
    for (const host of hosts) host.end();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.all(hosts.map(({ over }) => over)),
      new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_MS))),
    ]);
    clearTimeout(timer);
  }

  async #start(version: Version): Promise<Host> {
    const { partition, runtime, root, limits } = version.options;
    this.#versions.add(version);
    await this.#slot(version, partition);
    if (this.#isClosed) throw new DaemonError('closed', 'The server is shutting down.');
    // A spare child has the limits of the server.
    if (limits !== undefined || !this.#starter.hasSpares(runtime)) return this.#starter.start(runtime, root, limits);
    const spare = this.#spare;
    if (spare === undefined) {
      const host = await this.#starter.start(runtime, undefined);
      this.#fillSpare();
      return host;
    }
    this.#spare = undefined;
    try {
      const host = await spare;
      if (host.isUp) {
        this.#fillSpare();
        return host;
      }
    } catch {
      // The spare one did not start: this start says why.
    }
    return this.#starter.start(runtime, undefined);
  }

  /** Waits until the partition may have one more child. */
  async #slot(version: Version, partition: string): Promise<void> {
    while (this.#countOf(partition) > this.#settings.maxChildren && !this.#isClosed) {
      const others = [...this.#versions].filter((other) => other !== version && other.options.partition === partition);
      if (others.some((other) => other.endIdle())) continue;
      const queue = this.#queues.get(partition) ?? [];
      if (queue.length >= MAX_QUEUED_STARTS)
        throw new DaemonError('overloaded', 'too many processes are needed at the same time; try again in a few seconds');
      await new Promise<void>((resolve) => {
        queue.push(resolve);
        this.#queues.set(partition, queue);
      });
    }
  }

  /** Children of a partition, with the one that is being started. */
  #countOf(partition: string): number {
    let count = 0;
    for (const version of this.#versions) if (version.options.partition === partition) count += version.children;
    return count;
  }

  #over(version: Version): void {
    this.#forgetIfEmpty(version);
    const queue = this.#queues.get(version.options.partition);
    queue?.shift()?.();
    if (queue?.length === 0) this.#queues.delete(version.options.partition);
  }

  #forgetIfEmpty(version: Version): void {
    if (version.children === 0) this.#versions.delete(version);
  }

  #fillSpare(): void {
    if (!this.#settings.spare || this.#isClosed || this.#spare !== undefined || !this.#starter.hasSpares('node')) return;
    const spare = this.#starter.start('node', undefined);
    this.#spare = spare;
    spare.then(
      (host) => {
        host.onOver = () => {
          if (this.#spare === spare) this.#spare = undefined;
        };
      },
      (error: unknown) => {
        if (this.#spare === spare) this.#spare = undefined;
        this.#settings.logger.warn({ error: String(error) }, 'no spare child process could be started');
      },
    );
  }
}
