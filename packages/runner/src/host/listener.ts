/** The socket that children connect to. Each proves by a token, which is valid once, which child it is. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Connection } from '../protocol/connection.js';
import type { Message } from '../protocol/frames.js';
import { bodyOf, ProtocolFault } from '../protocol/frames.js';
import type { Hello } from '../protocol/messages.js';
import { FROM_CHILD, MAX_HELLO_BYTES, PROTOCOL, TO_CHILD } from '../protocol/messages.js';

/** The end of a path of a socket: systems allow about 104 bytes. */
const MAX_PATH_BYTES = 100;
/** Milliseconds in which a connection must say which child it is. */
const HELLO_MS = 10_000;

/** What gets the messages of a child. */
export interface Receiver {
  /** @throws ProtocolFault */
  onMessage(message: Message): void;
  onEnd(fault: string | undefined): void;
}

/** Makes the receiver of a child that has connected. */
export type Accept = (connection: Connection, hello: Hello) => Receiver;

/** A place for a socket that this user alone can reach. */
function socketFolder(): string {
  const folder = (parent: string): string => join(realpathSync(parent), 'mcpd-');
  const usual = folder(tmpdir());
  return mkdtempSync(Buffer.byteLength(usual) + 10 <= MAX_PATH_BYTES ? usual : folder('/tmp')); // mode 0700
}

/** @throws ProtocolFault */
function helloOf(message: Message): Hello {
  const body = message.type === FROM_CHILD.HELLO ? (bodyOf(message) as Partial<Hello>) : undefined;
  if (typeof body?.token !== 'string') throw new ProtocolFault('the first message is no HELLO');
  if (body.protocol !== PROTOCOL)
    throw new ProtocolFault(`it speaks version ${String(body.protocol)} of the protocol, not ${PROTOCOL}`);
  return body as Hello;
}

/** Listens for children. */
export class Listener {
  readonly folder = socketFolder();
  readonly path = join(this.folder, 's');
  readonly #maxMessageBytes: number;
  readonly #expected = new Map<string, Accept>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #listening: Promise<void>;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#server = createServer((socket) => this.#connected(socket));
    this.#server.unref();
    this.#listening = new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.path, resolve);
    });
    this.#listening.catch(() => undefined); // `expect` reports it
  }

  /**
   * Waits for a child.
   *
   * @returns its token, when the socket listens, and a function that stops waiting
   */
  async expect(accept: Accept): Promise<{ token: string; cancel: () => void }> {
    await this.#listening;
    const token = randomBytes(24).toString('base64url');
    this.#expected.set(token, accept);
    return { token, cancel: () => this.#expected.delete(token) };
  }

  /** Ends the socket and all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.unref(); // held while calls run
    let receiver: Receiver | undefined;
    const timer = setTimeout(() => socket.destroy(), HELLO_MS).unref();
    const connection = new Connection({
      socket,
      maxMessageBytes: MAX_HELLO_BYTES,
      onMessage: (message) => {
        if (receiver !== undefined) {
          receiver.onMessage(message);
          return;
        }
        const hello = helloOf(message);
        const accept = this.#expected.get(hello.token);
        if (accept === undefined) throw new ProtocolFault('its token is not known');
        this.#expected.delete(hello.token);
        clearTimeout(timer);
        connection.maxMessageBytes = this.#maxMessageBytes;
        connection.send(TO_CHILD.WELCOME, 0, JSON.stringify({ protocol: PROTOCOL, maxMessageBytes: this.#maxMessageBytes }));
        receiver = accept(connection, hello);
      },
      onEnd: (fault) => {
        clearTimeout(timer);
        this.#sockets.delete(socket);
        receiver?.onEnd(fault);
      },
    });
  }
}
