/** A client without an SDK: lines in, lines out. What it sends is exactly what a test says. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { environment } from './sidecar.js';

export type Json = Record<string, unknown>;

/** One line of the server's, parsed; a batch is an array. */
export type Line = Json | Json[];

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class RawClient {
  readonly process: ChildProcessWithoutNullStreams;
  /** Everything that was received, in order. */
  readonly lines: Line[] = [];
  readonly notifications: Json[] = [];
  /** Everything that was on stderr. */
  stderr = '';
  readonly exited: Promise<Exit>;
  /** Answers the server's requests. */
  onRequest: (request: Json) => Json | undefined = () => undefined;
  readonly #waiting = new Map<unknown, (response: Json) => void>();
  #nextId = 1;

  constructor(args: string[], env: Record<string, string> = {}) {
    this.process = spawn(process.execPath, args, { env: { ...environment(), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => this.process.on('close', (code, signal) => resolve({ code, signal })));
    this.process.stdin.on('error', () => {}); // it may have gone
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    let rest = '';
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) this.#receive(JSON.parse(part) as Line);
    });
  }

  #receive(line: Line): void {
    this.lines.push(line);
    for (const message of Array.isArray(line) ? line : [line]) {
      if (message['method'] === undefined) {
        this.#waiting.get(message['id'])?.(message);
        this.#waiting.delete(message['id']);
      } else if (message['id'] === undefined) this.notifications.push(message);
      else {
        const result = this.onRequest(message);
        if (result !== undefined) this.send({ jsonrpc: '2.0', id: message['id'], result });
      }
    }
  }

  write(text: string | Uint8Array): void {
    this.process.stdin.write(text);
  }

  send(message: unknown): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  notify(method: string, params?: Json): void {
    this.send(params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params });
  }

  /** The answer to an id, whoever sent its request. */
  answer(id: unknown): Promise<Json> {
    const answer = new Promise<Json>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      void this.exited.then(({ code, signal }) => reject(new Error(`the server ended (${code ?? signal}): ${this.stderr}`)));
    });
    answer.catch(() => {}); // not all are waited for
    return answer;
  }

  /** Sends a request; `id` is the one it was given. */
  request(method: string, params: Json = {}): { id: number; answer: Promise<Json> } {
    const id = this.#nextId++;
    const answer = this.answer(id);
    this.send({ jsonrpc: '2.0', id, method, params });
    return { id, answer };
  }

  /** The whole answer, error or not. */
  ask(method: string, params?: Json): Promise<Json> {
    return this.request(method, params).answer;
  }

  async initialize(protocolVersion = '2025-11-25', capabilities: Json = {}): Promise<Json> {
    const answer = await this.ask('initialize', { protocolVersion, capabilities, clientInfo: { name: 'raw', version: '1.0.0' } });
    this.notify('notifications/initialized');
    return answer;
  }

  /** Closes stdin, as a host does at its end. */
  async end(): Promise<Exit> {
    this.process.stdin.end();
    return this.exited;
  }
}

/** The metadata of a request of the era without handshakes. */
export const envelope = (capabilities: Json = {}, more: Json = {}): Json => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': capabilities,
  ...more,
});
