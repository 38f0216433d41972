/** Calls of the bundles over stdin and stdout, at random, for as long as the soak goes on. */
import { setTimeout as sleep } from 'node:timers/promises';

import { INITIALIZE, INITIALIZED, request } from '../lib/messages.mjs';
import { BUNDLES } from './bundles.mjs';

const GOOD_MODES = ['quick', 'quick', 'wait', 'large'];
const JS_MODES = 'loop never exit signal throw late reject heap buffers print close garbage program handles'.split(' ');
const PYTHON_MODES = 'loop never exit signal throw late buffers print close garbage program handles'.split(' ');
/** Characters: mostly one frame, at times several. */
const largeSize = () => (Math.random() < 0.02 ? 300_000 : 5_000);
/** Milliseconds after which a call without an answer is an error, and the soak ends. */
const LOST_MS = 90_000;

const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** A client that sends requests and gets their answers by id. */
export class Wire {
  #child;
  #waiting = new Map();
  #nextId = 1;
  #rest = '';

  constructor(child) {
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop();
      for (const line of lines) {
        const message = JSON.parse(line);
        if (message.id === undefined || message.method !== undefined) continue;
        this.#waiting.get(message.id)?.resolve(message);
        this.#waiting.delete(message.id);
      }
    });
    child.ended.then((why) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the server has ended: ${why}`));
    });
  }

  async open() {
    await this.ask('initialize', INITIALIZE);
    this.#child.stdin.write(INITIALIZED);
  }

  /** Sends a request. @returns the answer @throws Error if there is none */
  async ask(method, params) {
    const id = this.#nextId++;
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error(`no answer to call ${JSON.stringify(params).slice(0, 200)}`)), LOST_MS);
        this.#child.stdin.write(request('legacy', id, method, params));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }
}

/** Stops the callers of some bundles for a moment. */
export class Gate {
  #closed = new Map();
  #running = new Map();

  /** Waits until this bundle may be called. */
  async pass(bundle) {
    while (this.#closed.has(bundle)) await this.#closed.get(bundle).promise;
    this.#running.set(bundle, (this.#running.get(bundle) ?? 0) + 1);
  }

  left(bundle) {
    this.#running.set(bundle, this.#running.get(bundle) - 1);
  }

  /** Lets no new calls of these bundles begin, and waits for the running ones. @returns a function that opens the gate */
  async close(bundles) {
    for (const bundle of bundles) this.#closed.set(bundle, Promise.withResolvers?.() ?? deferred());
    while (bundles.some((bundle) => (this.#running.get(bundle) ?? 0) > 0)) await sleep(5);
    return () => {
      for (const bundle of bundles) {
        this.#closed.get(bundle)?.resolve();
        this.#closed.delete(bundle);
      }
    };
  }
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** One caller of one bundle. It ends when the soak is over. */
export async function callBundle({ name, who, wire, gate, truth, ledger, over }) {
  const { good, ending } = BUNDLES[name];
  const misdeeds = ending === 'py' ? PYTHON_MODES : JS_MODES;
  for (let count = 0; !over(); count += 1) {
    await sleep(Math.random() * (good ? 100 : 1_000));
    await gate.pass(name);
    const mode = good ? pick(GOOD_MODES) : Math.random() < 0.6 ? 'quick' : pick(misdeeds);
    const call = { bundle: name, good, mode, key: `${who}-${count}` };
    try {
      truth.happened(name, mode);
      ledger.begin(call.key);
      const answer = await wire.ask('tools/call', {
        name,
        arguments: { key: call.key, mode, size: mode === 'large' ? largeSize() : 0 },
      });
      truth.happened(name, mode);
      ledger.answered(call, truth.judge(call, answer), answer);
    } catch (error) {
      ledger.error(good ? 'a good call got no answer' : 'a call got no answer', error.message);
    } finally {
      gate.left(name);
    }
  }
}
