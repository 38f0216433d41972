/**
 * A client on a server's pipes. It is as small as possible, because it shares the machine with what it measures.
 */
import { callsOf, INITIALIZE, INITIALIZED, request, TASKS, textOf } from './messages.mjs';

const NEWLINE = 0x0a;
/** Milliseconds without an answer after which a load counts as stuck. */
const STALL_MS = 30_000;
const MAX_PAGES = 1_000;

const hasText = ({ result }, text) => result?.content?.[0]?.text === text;

/** A client of a server that was just started. */
export class Client {
  #child;
  #era;
  #timeoutMs;
  #nextId = 1;
  #waiting = new Map();
  #rest = Buffer.alloc(0);
  /** While a load runs: called for each line, and at the end of each chunk. */
  #load;
  #gone;

  constructor(child, { era, timeoutMs = 30_000 }) {
    this.#child = child;
    this.#era = era;
    this.#timeoutMs = timeoutMs;
    child.stdout.on('data', (chunk) => this.#take(chunk));
    child.ended.then((why) => {
      this.#gone = new Error(`the server has ended: ${why}. ${child.said}`.trim());
      for (const { reject } of this.#waiting.values()) reject(this.#gone);
      this.#load?.fail(this.#gone);
    });
  }

  #take(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const last = bytes.lastIndexOf(NEWLINE);
    this.#rest = bytes.subarray(last + 1);
    if (last === -1) return;
    for (const line of bytes.toString('utf8', 0, last).split('\n')) this.#read(line);
    this.#load?.turn();
  }

  #read(line) {
    const message = JSON.parse(line);
    // A notification.
    if (message.id === undefined) return;
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return this.#load?.answer(message);
    this.#waiting.delete(message.id);
    waiting.resolve({ message, bytes: Buffer.byteLength(line) });
  }

  /** Sends one request. Resolves with the answer and its size in bytes. */
  async #ask(method, params, meta) {
    if (this.#gone) throw this.#gone;
    const id = this.#nextId++;
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error(`no answer to ${method} in ${this.#timeoutMs} ms`)), this.#timeoutMs);
        this.#child.stdin.write(request(this.#era, id, method, params, meta));
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** What a client sends first: the handshake, or `server/discover` in the modern era. */
  async open() {
    if (this.#era === 'modern') {
      await this.#ask('server/discover', {});
      return;
    }
    await this.#ask('initialize', INITIALIZE);
    this.#child.stdin.write(INITIALIZED);
  }

  /** Reads all pages of tools/list. Resolves with the tools' names and the number of pages. */
  async list() {
    const tools = [];
    let pages = 0;
    let cursor;
    do {
      const { message } = await this.#ask('tools/list', cursor === undefined ? {} : { cursor });
      if (message.result === undefined) throw new Error(`tools/list: ${JSON.stringify(message).slice(0, 300)}`);
      for (const { name } of message.result.tools) tools.push(name);
      cursor = message.result.nextCursor;
      pages += 1;
    } while (cursor !== undefined && pages < MAX_PAGES);
    return { tools, pages };
  }

  /** Calls `hello`. Resolves when the right answer has come. */
  async hello() {
    const { message } = await this.#ask('tools/call', { name: 'hello', arguments: { name: 'bench' } });
    const text = textOf(message);
    if (text !== 'Hello, BENCH!') throw new Error(`hello answered ${text}`);
  }

  /** Calls a tool that adds. Resolves with the size of its answer in bytes. */
  async add(tool = 'add_numbers') {
    const { message, bytes } = await this.#ask('tools/call', { name: tool, arguments: { a: 2, b: 40 } });
    if (textOf(message) !== '42') throw new Error(`${tool} answered ${textOf(message)}`);
    return bytes;
  }

  /** Calls a tool that is answered with a task, and looks at it while it runs. Resolves with the milliseconds of both. */
  async timeToTask(tool) {
    const began = performance.now();
    const { message: task } = await this.#ask('tools/call', { name: tool, arguments: { a: 2, b: 40 } }, TASKS);
    const { message: look } = await this.#ask('tasks/get', { taskId: task.result?.taskId }, TASKS);
    if (look.result?.status !== 'working') throw new Error(`no running task in ${JSON.stringify(look).slice(0, 300)}`);
    return performance.now() - began;
  }

  /**
   * Calls a tool that adds, `count` times or until `limitMs` have passed, with `window` running calls. Every answer is
   * checked: `isRight` gets the message and the sum. Resolves with the time of each call in milliseconds.
   * @param meta gives further members of `_meta` for each call
   */
  async load({ tool = 'add_numbers', meta, isRight = hasText, count, window, limitMs }) {
    if (this.#gone) throw this.#gone;
    const plain = callsOf(this.#era, tool);
    const call = (id, a, b) => request(this.#era, id, 'tools/call', { name: tool, arguments: { a, b } }, meta());
    const line = meta === undefined ? plain : call;
    const first = this.#nextId;
    const sentAt = new Float64Array(count);
    const times = [];
    let next = 0;
    let queue = '';
    const started = performance.now();
    let heard = started;
    const send = () => {
      sentAt[next] = performance.now();
      queue += line(first + next, next % 1_000, 7);
      next += 1;
    };
    const flush = () => {
      if (queue !== '') this.#child.stdin.write(queue);
      queue = '';
    };
    let watchdog;
    try {
      await new Promise((resolve, reject) => {
        this.#load = {
          fail: reject,
          turn: flush,
          answer: (message) => {
            const index = message.id - first;
            heard = performance.now();
            times.push(heard - sentAt[index]);
            if (!isRight(message, String((index % 1_000) + 7)))
              reject(new Error(`a wrong answer: ${JSON.stringify(message).slice(0, 300)}`));
            if (next < count && heard - started < limitMs) send();
            else if (times.length === next) resolve();
          },
        };
        watchdog = setInterval(() => {
          if (performance.now() - heard > STALL_MS) reject(new Error(`stopped after ${times.length} of ${count} answers`));
        }, 1_000);
        while (next < Math.min(window, count)) send();
        flush();
      });
      return { times, seconds: (performance.now() - started) / 1000 };
    } finally {
      clearInterval(watchdog);
      this.#load = undefined;
      this.#nextId = first + count;
    }
  }
}
