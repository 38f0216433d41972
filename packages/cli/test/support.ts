/** Runs the built command the way a user or a host does, each time with a home of its own. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { jest } from '@jest/globals';

// A test starts many processes, and others run at the same time.
jest.setTimeout(60_000);

export const BIN = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'bin.js');

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string;
}

/** A message, as far as a test looks at it. */
export interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: { content?: { text: string }[]; isError?: boolean; tools?: { name: string }[] } & Record<string, unknown>;
  error?: { code: number; message: string };
}

/** A folder that is gone when the tests are. */
export class Place {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-daemon-cli-')));
  readonly home = join(this.folder, 'home');
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  async write(name: string, content: string | object): Promise<string> {
    const file = this.at(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return file;
  }

  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8');
  }

  /** The environment of a user who has set nothing but the transport, which tests of the sidecar are not about. */
  env(more: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
    const plain = {
      MCP_TRANSPORT: 'stdio',
      PATH: process.env['PATH'],
      HOME: this.home,
      USERPROFILE: this.home,
      APPDATA: this.home,
      LOCALAPPDATA: this.home,
    };
    return Object.fromEntries(
      Object.entries({ ...plain, ...more }).filter(([, value]) => value !== undefined),
    ) as NodeJS.ProcessEnv;
  }

  start(args: readonly string[], { cwd = this.folder, env }: RunOptions = {}): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [BIN, ...args], { cwd, env: this.env(env) });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  /** Runs a command to its end. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const child = this.start(args, options);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => {}).end(options.input ?? '');
    return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })));
  }

  /** Starts a sidecar and greets it. */
  async sidecar(args: readonly string[], options: RunOptions = {}): Promise<Sidecar> {
    const sidecar = new Sidecar(this.start(args, options));
    await sidecar.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    });
    sidecar.send({ method: 'notifications/initialized' });
    return sidecar;
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A host's end of a sidecar. */
export class Sidecar {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<Result>;
  readonly messages: Message[] = [];
  /** Lines on stdout that are no messages. */
  readonly strays: string[] = [];
  stderr = '';
  #id = 0;
  #rest = '';
  readonly #watchers = new Set<() => void>();

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#tell();
    });
    this.exited = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.#tell();
        resolve({ code, signal, stdout: '', stderr: this.stderr });
      }),
    );
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        this.messages.push(JSON.parse(line) as Message);
      } catch {
        this.strays.push(line);
      }
    }
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits until something holds; looks whenever something has come. */
  async until<T>(look: () => T | undefined | false, what: string, ms = 10_000): Promise<T> {
    const found = look();
    if (found !== undefined && found !== false) return found;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
      };
      const watcher = (): void => {
        const value = look();
        if (value === undefined || value === false) return;
        done();
        resolve(value);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`no ${what} within ${ms} ms; stderr: ${this.stderr}`));
      }, ms);
      this.#watchers.add(watcher);
    });
  }

  send(message: Message): void {
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** Sends a request. @returns its id */
  ask(method: string, params: Record<string, unknown> = {}): number {
    this.#id += 1;
    this.send({ id: this.#id, method, params });
    return this.#id;
  }

  answer(id: number): Promise<Message> {
    return this.until(() => this.messages.find((message) => message.id === id && message.method === undefined), `answer ${id}`);
  }

  request(method: string, params: Record<string, unknown> = {}): Promise<Message> {
    return this.answer(this.ask(method, params));
  }

  /** Calls a tool. @returns the text of its result */
  async call(name: string, given: Record<string, unknown> = {}): Promise<string> {
    const { result, error } = await this.request('tools/call', { name, arguments: given });
    return result?.content?.map(({ text }) => text).join('\n') ?? `error: ${error?.message}`;
  }

  /** Waits for a notification, counted from a number of messages on. */
  notification(method: string, from = 0): Promise<Message> {
    return this.until(() => this.messages.slice(from).find((message) => message.method === method), method);
  }
}

/** A config of tools without arguments, all in one module. */
export const toolsConfig = (module: string, ...names: string[]): object => ({
  tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })),
  module_links: names.map((name) => ({ type: 'tool', name, module_name: module, function_name: name })),
});
