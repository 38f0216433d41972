/** Runs the built command as a user or a host does, with a home folder of its own. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { arrival, until } from '../../../tests/until.js';

export { arrival, until };

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

/** The parts of a message that tests use. */
export interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: { content?: { text: string }[]; isError?: boolean; tools?: { name: string }[] } & Record<string, unknown>;
  error?: { code: number; message: string };
}

/** A temporary folder with a home folder in it. */
export class TempFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-daemon-cli-')));
  readonly home = join(this.path, 'home');
  readonly #children = new Set<ChildProcessWithoutNullStreams>();

  at(...names: string[]): string {
    return join(this.path, ...names);
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

  /** The environment of a user who has set only the transport. */
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

  start(args: readonly string[], { cwd = this.path, env }: RunOptions = {}): ChildProcessWithoutNullStreams {
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

  /** Starts a sidecar and initializes the session. */
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
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The host of a sidecar. */
export class Sidecar {
  readonly child: ChildProcessWithoutNullStreams;
  readonly exited: Promise<Result>;
  readonly messages: Message[] = [];
  /** Lines on stdout that are not messages. */
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
      this.#notify();
    });
    this.exited = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.#notify();
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
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits until `look` finds something; it is called for each message and each output. @throws Error when the process has ended */
  async until<T>(look: () => T | undefined | false, what: string): Promise<T> {
    const found = look();
    if (found !== undefined && found !== false) return found;
    let watcher = (): void => {};
    const seen = new Promise<T>((resolve, reject) => {
      watcher = (): void => {
        const value = look();
        if (value !== undefined && value !== false) resolve(value);
      };
      this.#watchers.add(watcher);
      void this.exited.then(() => reject(new Error(`no ${what}: the process has ended; stderr: ${this.stderr}`)));
    });
    return arrival(seen, () => `${what}; stderr: ${this.stderr}`).finally(() => this.#watchers.delete(watcher));
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

  /** Waits for a notification, from the message with an index on. */
  notification(method: string, from = 0): Promise<Message> {
    return this.until(() => this.messages.slice(from).find((message) => message.method === method), method);
  }
}

/** A config with tools without arguments, all in one module. */
export const toolsConfig = (module: string, ...names: string[]): object => ({
  tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })),
  module_links: names.map((name) => ({ type: 'tool', name, module_name: module, function_name: name })),
});

/**
 * The source of an exported function that says `NAME runs` on stderr and returns when the test wants it to.
 *
 * @param text what it returns, once the file exists whose path is its argument `go`
 */
export const waitingFunction = (name: string, text: string): string => `
  import { existsSync } from 'node:fs';
  export const ${name} = async ({ go }) => {
    console.error('${name} runs');
    while (!existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
    return '${text}';
  };
`;
