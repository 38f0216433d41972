/** Starts children: a token, a process from the launcher, and its connection. */
import { accessSync } from 'node:fs';
import { join } from 'node:path';

import type { Logger, ProcessLimits, Runtime } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { SOCKET_VARIABLE, TOKEN_VARIABLE } from '../protocol/messages.js';
import { RUNTIME_PROGRAMS } from '../runtimes/runtimes.js';
import type { CoreParts } from './core-parts.js';
import type { Exit } from './ended.js';
import { describeEnd, KilledError, wasKilled } from './ended.js';
import { Host } from './host.js';
import { LauncherClient } from './launcher-client.js';
import { Listener } from './listener.js';
import type { AllowedLimits } from './lowered.js';
import { lowered } from './lowered.js';
import type { HostCounters } from './options.js';
import { createOutputSink } from './output.js';

/** How children are started. */
export interface StartSettings extends AllowedLimits {
  /** The folder with the child programs and the launcher. */
  programs: string;
  /** The whole environment of the children. */
  env: Readonly<Record<string, string>>;
  /** The programs of the languages, such as the path of Python; absent: the usual ones. */
  paths: Partial<Readonly<Record<Runtime, string>>>;
  /** Whether Node's permission model is used, and what children may read besides their code. */
  permission?: { readable: readonly string[] } | undefined;
  /** Milliseconds in which a child must connect. */
  startMs: number;
  graceMs: number;
  maxMessageBytes: number;
  logger: Logger;
  core: CoreParts;
}

/** Counts of all children. */
export interface StartCounters extends HostCounters {
  /** Children that were started. */
  starts: number;
  /** Children that could not be started. */
  failedStarts: number;
}

const MB = 1024 * 1024;
/** Exit codes of a shell and of setpriv for a program that cannot be run. */
const NOT_FOUND: readonly unknown[] = [126, 127];

/** Starts children of all languages. */
export class Starter {
  readonly counters: StartCounters = { starts: 0, failedStarts: 0, crashes: 0, kills: 0 };
  readonly #settings: StartSettings;
  #parts: { listener: Listener; launcher: LauncherClient } | undefined;
  #isClosed = false;

  constructor(settings: StartSettings) {
    this.#settings = settings;
  }

  /** Whether children of this language can be started before it is known what they load. */
  hasSpares(runtime: Runtime): boolean {
    return RUNTIME_PROGRAMS[runtime].spare && this.#settings.permission === undefined;
  }

  /** Process id of the launcher, if it runs. */
  get launcherPid(): number | undefined {
    return this.#parts?.launcher.pid;
  }

  /** Starts the launcher, if it does not run. */
  open(): void {
    this.#open().launcher.open();
  }

  /**
   * Starts a child.
   *
   * @param root the folder with its code; undefined: it learns it later
   * @param limits what it may use, where that is less than the settings allow
   * @throws DaemonError `module_failed` if it does not start
   */
  async start(runtime: Runtime, root: string | undefined, limits?: ProcessLimits): Promise<Host> {
    try {
      const host = await this.#start(runtime, root, lowered(this.#settings, limits));
      this.counters.starts += 1;
      return host;
    } catch (error) {
      this.counters.failedStarts += 1;
      throw error;
    }
  }

  /** Ends all children. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const parts = this.#parts;
    this.#parts = undefined;
    await parts?.launcher.close();
    await parts?.listener.close();
  }

  #open(): { listener: Listener; launcher: LauncherClient } {
    if (this.#isClosed) throw new DaemonError('closed', 'The server is shutting down.');
    if (this.#parts !== undefined) return this.#parts;
    const { programs, env, logger, maxMessageBytes } = this.#settings;
    const listener = new Listener(maxMessageBytes);
    const launcher = new LauncherClient({ file: join(programs, 'launcher.cjs'), folder: listener.folder, env, logger });
    return (this.#parts = { listener, launcher });
  }

  async #start(runtime: Runtime, root: string | undefined, allowed: AllowedLimits): Promise<Host> {
    const { programs, env, paths, permission, startMs, logger, graceMs, maxMessageBytes } = this.#settings;
    const { heapMb, memoryMb, cpuSeconds, openFiles } = allowed;
    const program = RUNTIME_PROGRAMS[runtime];
    const file = join(programs, program.file);
    accessSync(file);
    const { listener, launcher } = this.#open();
    const limits = { memoryBytes: memoryMb === undefined ? undefined : memoryMb * MB, heapMb, cpuSeconds };
    const command = program.command({ file, root, heapMb, readable: permission?.readable, program: paths[runtime] });

    const beforeReady = (exit: Exit | undefined, failure: string | undefined): string =>
      exit === undefined && failure !== undefined
        ? `could not be started: ${failure}`
        : `${describeEnd({ exit, reason: failure, output, ...limits })} before it was ready: ${output.trim()}`;
    let output = '';

    return new Promise((resolve, reject) => {
      let host: Host | undefined;
      // From the beginning: nothing else keeps the daemon's process from ending.
      const timer = setTimeout(() => {
        kill?.kill();
        fail(`its process was not ready within ${startMs} ms`);
      }, startMs);
      let pid: number | undefined;
      const sink = createOutputSink(logger, () => ({ child: host?.pid ?? pid }), runtime !== 'node');
      const fail = (why: string, killed = false): void => {
        clearTimeout(timer);
        waiting.then(
          ({ cancel }) => cancel(),
          () => undefined,
        );
        reject(killed ? new KilledError(why) : new DaemonError('module_failed', why));
      };
      const waiting = listener.expect((connection, hello) => {
        clearTimeout(timer);
        host = new Host({
          connection,
          hello,
          handle: handle(),
          output: sink,
          logger,
          graceMs,
          loadMs: startMs,
          maxMessageBytes,
          limits,
          core: this.#settings.core,
          counters: this.counters,
        });
        resolve(host);
        const started = host;
        return {
          onMessage: (message) => started.receive(message),
          onEnd: (fault) => started.disconnected(fault),
        };
      });
      let kill: ReturnType<LauncherClient['start']> | undefined;
      const handle = (): ReturnType<LauncherClient['start']> => ({
        kill: () => kill?.kill(),
        busy: (busy) => kill?.busy(busy),
      });
      waiting.then(({ token }) => {
        kill = launcher.start(
          {
            command,
            cwd: root ?? '/',
            env: { ...env, [SOCKET_VARIABLE]: listener.path, [TOKEN_VARIABLE]: token },
            limits: {
              ...(limits.memoryBytes === undefined ? {} : { memoryBytes: limits.memoryBytes }),
              ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
              ...(openFiles === undefined ? {} : { openFiles }),
            },
          },
          {
            onStarted: (id) => (pid = id),
            onOutput(stream, text) {
              if (host !== undefined) host.printed(stream, text);
              else output = (output + text).slice(-2_000);
            },
            onExit(exit, failure) {
              if (host !== undefined) host.exited(exit, failure);
              else if (NOT_FOUND.includes(exit?.code)) fail(program.missing(paths[runtime]));
              else fail(`its process ${beforeReady(exit, failure)}`, wasKilled(exit, undefined));
            },
          },
        );
      }, reject);
    });
  }
}
