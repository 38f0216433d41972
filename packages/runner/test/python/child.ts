/** A daemon for tests: starts the Python child, and speaks the runner protocol with it, message by message. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The child program. */
export const CHILD = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'python/child.py');
/** The Python of the tests. */
export const PYTHON = process.env['PYTHON'] ?? 'python3';

/** The types of messages, by name. */
export const TYPE = {
  ...{ WELCOME: 1, LOAD: 2, CALL: 3, ABORT: 4, CALLER: 5, FORGET: 6, END: 7 },
  ...{ HELLO: 64, LOADED: 65, FAILED: 66, BEGUN: 67, RESULT: 68, ERROR: 69 },
  ...{ PROGRESS: 70, LOG: 71, DIAGNOSTIC: 72, OUTPUT: 73, RESOURCE_UPDATED: 74 },
} as const;
const NAMES = new Map<number, string>(Object.entries(TYPE).map(([name, type]) => [type, name]));
const MAX_BODY = 262_144;

/** A message of the child. */
export interface Received {
  type: string;
  id: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it freely
  body: any;
  attachments: Buffer[];
}

/** What a function of a bundle is loaded with. */
export interface Load {
  module?: string;
  package?: string;
  class?: string;
  function: string;
  setting?: Record<string, unknown>;
  partition?: string;
  kind?: string;
  name?: string;
  file?: string;
}

function frames(type: number, id: number, body: Buffer): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at === 0 || at < body.length; at += MAX_BODY) {
    const part = body.subarray(at, at + MAX_BODY);
    const header = Buffer.alloc(10);
    header.writeUInt32LE(part.length + 6, 0);
    header[4] = type;
    header[5] = at + MAX_BODY < body.length ? 1 : 0;
    header.writeUInt32LE(id, 6);
    made.push(header, part);
  }
  return made;
}

/** Reads the child's frames. */
class Reader {
  readonly #parts = new Map<string, Buffer[]>();
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Received[] {
    let data = Buffer.concat([this.#rest, chunk]);
    const found: Received[] = [];
    while (data.length >= 10) {
      const length = data.readUInt32LE(0);
      if (length < 6 || length > MAX_BODY + 6) throw new Error(`the child sent a frame of ${length} bytes`);
      if (data.length < 4 + length) break;
      const [type, flags, id] = [data[4] as number, data[5] as number, data.readUInt32LE(6)];
      const key = `${type} ${id}`;
      const parts = [...(this.#parts.get(key) ?? []), data.subarray(10, 4 + length)];
      data = data.subarray(4 + length);
      if ((flags & 1) !== 0) this.#parts.set(key, parts);
      else {
        this.#parts.delete(key);
        found.push(this.#message(type, flags, id, Buffer.concat(parts)));
      }
    }
    this.#rest = data;
    return found;
  }

  #message(type: number, flags: number, id: number, body: Buffer): Received {
    const name = NAMES.get(type);
    if (name === undefined || type < 64) throw new Error(`the child sent the type ${type}`);
    if ((flags & 2) === 0) return { type: name, id, body: JSON.parse(body.toString()), attachments: [] };
    const size = body.readUInt32LE(0);
    const json = JSON.parse(body.subarray(4, 4 + size).toString()) as { bytes: { size: number }[] };
    let at = 4 + size;
    const attachments = json.bytes.map((each) => body.subarray(at, (at += each.size)));
    return { type: name, id, body: json, attachments };
  }
}

/** A running child with a folder of code. */
export class Child {
  readonly messages: Received[] = [];
  /** What reached the real stdout and stderr. */
  stdio = '';
  /** Resolves when the process has ended. */
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #waiting: (() => void)[] = [];
  #next = 1;

  private constructor(
    readonly root: string,
    readonly process: ChildProcess,
    readonly socket: Socket,
    private readonly server: Server,
  ) {
    const reader = new Reader();
    socket.on('data', (chunk: Buffer) => {
      this.messages.push(...reader.push(chunk));
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#wake());
    for (const stream of [process.stdout, process.stderr]) stream?.on('data', (text) => (this.stdio += String(text)));
    this.exit = once(process, 'close').then(([code, signal]: unknown[]) => {
      this.#wake();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * Starts a child.
   *
   * @param files code, by path
   * @param env more environment variables
   */
  static async start(
    files: Record<string, string>,
    { env = {}, maxMessageBytes = 64 << 20, python = PYTHON }: { env?: object; maxMessageBytes?: number; python?: string } = {},
  ): Promise<Child> {
    const root = await mkdtemp(join(tmpdir(), 'mcp-python-'));
    await Child.write(root, files);
    const path = join(root, '.socket');
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const process = spawn(python, [CHILD], {
      cwd: root,
      detached: true,
      env: { PATH: globalThis.process.env['PATH'], MCP_RUNNER_SOCKET: path, MCP_RUNNER_TOKEN: 'secret', ...env },
    });
    const [socket] = await connected;
    const child = new Child(root, process, socket, server);
    await child.until('HELLO', ({ type }) => type === 'HELLO');
    child.send('WELCOME', 0, { protocol: 1, maxMessageBytes });
    return child;
  }

  /** Writes code into the folder. */
  static async write(root: string, files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
  }

  /** Sends one message. */
  send(type: keyof typeof TYPE, id: number, body: unknown): void {
    this.socket.write(Buffer.concat(frames(TYPE[type], id, Buffer.from(JSON.stringify(body)))));
  }

  /** The first message that matches, also one that has already come. @throws Error if the child ends first */
  async until(what: string, matches: (message: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found !== undefined) return found;
      if (this.socket.destroyed) throw new Error(`the child ended before ${what}; it wrote: ${this.stdio}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Loads a function. @returns its id; @throws Error with the child's message, if it fails */
  async load(what: Load | string, module = 'm'): Promise<number> {
    const load: Load = typeof what === 'string' ? { function: what } : what;
    const id = (this.#next += 1);
    this.send('LOAD', id, {
      ...{ root: this.root, file: load.file ?? null, module_name: load.module ?? module, package_name: load.package ?? module },
      ...(load.class === undefined ? {} : { class_name: load.class }),
      ...{ function_name: load.function, setting: load.setting ?? {}, partition: load.partition ?? 'a' },
      ...{ kind: load.kind ?? 'tool', name: load.name ?? load.function },
    });
    const answer = await this.until('LOADED', (m) => m.id === id && (m.type === 'LOADED' || m.type === 'FAILED'));
    if (answer.type === 'FAILED') throw Object.assign(new Error(answer.body.message as string), answer.body);
    return id;
  }

  /** Sends a call. @returns its id */
  begin(fn: number, input: unknown = {}, more: object = {}): number {
    const id = (this.#next += 1);
    this.send('CALL', id, { fn, caller: 1, uuid: `uuid-${id}`, subject: 'ada', input, ...more });
    return id;
  }

  /** The answer to a call. */
  answer(id: number): Promise<Received> {
    return this.until('the answer', (m) => m.id === id && (m.type === 'RESULT' || m.type === 'ERROR'));
  }

  /** Loads a function, if need be, and calls it. */
  async call(what: Load | string | number, input: unknown = {}, more: object = {}): Promise<Received> {
    return this.answer(this.begin(typeof what === 'number' ? what : await this.load(what), input, more));
  }

  /** The messages of one call, as texts. */
  output(id: number, stream = 'stdout'): string {
    return this.messages
      .filter((m) => m.type === 'OUTPUT' && m.id === id && m.body.stream === stream)
      .map((m) => m.body.text as string)
      .join('');
  }

  /** Ends the child as the daemon's end does: by the end of the socket. */
  async stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.socket.destroy();
    this.server.close();
    const ended = await this.exit;
    await rm(this.root, { recursive: true, force: true });
    return ended;
  }
}
