/** A client without an SDK over a pipe: lines in, lines out. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';

import type { Line } from './raw-peer.js';
import { RawPeer } from './raw-peer.js';
import { environment } from './sidecar.js';

export { envelope } from './raw-peer.js';
export type { Json, Line } from './raw-peer.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class RawClient extends RawPeer {
  readonly process: ChildProcessWithoutNullStreams;
  /** Everything that was on stderr. */
  stderr = '';
  readonly exited: Promise<Exit>;

  constructor(args: string[], env: Record<string, string> = {}) {
    super();
    this.process = spawn(process.execPath, args, { env: { ...environment(), ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => this.process.on('close', (code, signal) => resolve({ code, signal })));
    void this.exited.then(({ code, signal }) => this.fail(new Error(`the server ended (${code ?? signal}): ${this.stderr}`)));
    this.process.stdin.on('error', () => {}); // it may have gone
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    let rest = '';
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) this.receive(JSON.parse(part) as Line);
    });
  }

  write(text: string | Uint8Array): void {
    this.process.stdin.write(text);
  }

  send(message: unknown): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  /** Closes stdin, as a host does at its end. */
  async end(): Promise<Exit> {
    this.process.stdin.end();
    return this.exited;
  }

  async leave(): Promise<void> {
    const { code } = await this.end();
    if (code !== 0) throw new Error(`exit code ${code}: ${this.stderr}`);
  }
}
