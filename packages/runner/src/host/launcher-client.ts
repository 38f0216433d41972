/** The daemon's side of the launcher: starts it when the first child is needed, and again if it ends. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

import type { Logger } from '@mcp-daemon/core';

import type { FromLauncher, ProcessLimits, ToLauncher } from '../protocol/launcher-messages.js';
import type { Exit } from './ended.js';

/** A child to start. */
export interface StartOptions {
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  limits: ProcessLimits;
}

/** What happens to a child. */
export interface ProcessEvents {
  onStarted?(pid: number): void;
  onOutput(stream: 'stdout' | 'stderr', text: string): void;
  /** Called once. @param failure why it could not be started, if there is no exit; else why it was ended */
  onExit(exit: Exit | undefined, failure?: string): void;
}

/** A started child. */
export interface ChildHandle {
  kill(): void;
  busy(busy: boolean): void;
}

/** What {@link LauncherClient} takes. */
export interface LauncherOptions {
  /** The path of launcher.cjs. */
  file: string;
  /** The folder of the socket: the launcher removes it at the end. */
  folder: string;
  /** The environment of the launcher itself. */
  env: Readonly<Record<string, string>>;
  logger: Logger;
}

interface Child {
  events: ProcessEvents;
  pid: number | undefined;
}

/** Starts children. */
export class LauncherClient {
  readonly #options: LauncherOptions;
  readonly #children = new Map<number, Child>();
  #process: ChildProcess | undefined;
  #nextId = 1;
  #closing = false;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Process id of the launcher, if it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts the launcher, if it does not run. This forks the daemon: the earlier, the shorter it takes. */
  open(): void {
    if (this.#process === undefined && !this.#closing) this.#open();
  }

  /** Starts a child. */
  start(options: StartOptions, events: ProcessEvents): ChildHandle {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#children.set(id, { events, pid: undefined });
    this.open();
    this.#tell({ type: 'start', id, ...options });
    return {
      kill: () => this.#tell({ type: 'kill', id }),
      busy: (busy) => this.#tell({ type: 'busy', id, busy }),
    };
  }

  /** Ends the launcher, and with it all children. */
  async close(): Promise<void> {
    this.#closing = true;
    const running = this.#process;
    if (running === undefined) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.ref();
    running.disconnect();
    await ended;
  }

  #tell(message: ToLauncher): void {
    // After its end, `exit` tells every child.
    if (this.#process?.connected === true) this.#process.send(message, () => undefined);
  }

  #open(): void {
    const { file, folder, env } = this.#options;
    const running = spawn(process.execPath, [file, folder], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#process = running;
    running.on('message', (message: FromLauncher) => this.#heard(message));
    running.on('error', ({ message }) => this.#ended(running, message));
    running.on('exit', (code, signal) => this.#ended(running, `the launcher ended (${signal ?? `exit code ${code}`})`));
    // It must not hold the process: the daemon ends when its work is done.
    running.unref();
    running.channel?.unref();
  }

  #heard(message: FromLauncher): void {
    const child = this.#children.get(message.id);
    if (child === undefined) return;
    const { events } = child;
    switch (message.type) {
      case 'started':
        child.pid = message.pid;
        events.onStarted?.(message.pid);
        break;
      case 'output':
        events.onOutput(message.stream, message.text);
        break;
      case 'failed':
        this.#children.delete(message.id);
        events.onExit(undefined, message.message);
        break;
      case 'exited':
        this.#children.delete(message.id);
        events.onExit(message);
        break;
    }
  }

  #ended(running: ChildProcess, why: string): void {
    if (this.#process !== running) return;
    this.#process = undefined;
    if (!this.#closing) this.#options.logger.error({ pid: running.pid }, `${why}: its child processes are ended`);
    const children = [...this.#children.values()];
    this.#children.clear();
    for (const { events, pid } of children) {
      try {
        if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      } catch {
        // The kernel has ended it with the launcher.
      }
      // The children end with the launcher, and so by no fault of their own.
      if (this.#closing) events.onExit(undefined);
      else events.onExit({ code: null, signal: 'SIGKILL', killed: null }, why);
    }
  }
}
