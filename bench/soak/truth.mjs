/** What answers and records of the soak of processes may say. */

/** Milliseconds for which something that happened may be the reason of a failure. */
const MEMORY_MS = 30_000;

const ENDED = /^The process that ran "(\w+)" (.*)\.$/s;
/** A process that ended before the call could run. Bundles that behave must not see it. */
const UNLOADED = /^its process (?:was|ended) .*(?:before it was ready|while its code was loaded)/;
/** The reasons of an end, and the modes of calls that explain them. `killed` is what the soak itself does. */
const REASONS = [
  { pattern: /^ended with exit code 3$/, modes: ['exit'] },
  { pattern: /^was ended by SIGSEGV$/, modes: ['signal'] },
  { pattern: /^was ended by SIGKILL$/, modes: ['killed', 'launcher'] },
  { pattern: /^ran out of memory: its heap may have \d+ MB$/, modes: ['heap'] },
  { pattern: /^was ended because it used more than \d+ MB of memory$/, modes: ['buffers', 'heap'] },
  {
    pattern: /^was ended because a call of "\w+" did not end within \d+ ms after its time limit$/,
    modes: ['loop', 'never', 'heap', 'buffers', 'print', 'close', 'garbage', 'signal'],
  },
  { pattern: /^was ended because it broke the protocol: /, modes: ['garbage'] },
  { pattern: /^was ended because the launcher ended/, modes: ['launcher'] },
  { pattern: /^closed its connection to the server$/, modes: ['close', 'killed', 'launcher'] },
];
/** Modes after which a call cannot have succeeded. */
const FATAL = new Set(['loop', 'never', 'exit', 'signal', 'heap', 'buffers', 'close', 'garbage']);

/** Knows what has happened to each bundle, and judges answers by it. */
export class Truth {
  /** From `bundle mode` to the time when it last ran. */
  #last = new Map();
  /** How often each reason was given. */
  reasons = new Map();

  /** A call begins or has ended, or the soak has killed a process. */
  happened(bundle, mode) {
    this.#last.set(`${bundle} ${mode}`, Date.now());
  }

  #explains(bundle, modes) {
    return modes.some((mode) => Date.now() - (this.#last.get(`${bundle} ${mode}`) ?? -Infinity) < MEMORY_MS);
  }

  #count(reason) {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  /**
   * Judges an answer.
   *
   * @returns the status that the record must have, and what is wrong with the answer, if something is
   */
  judge({ bundle, good, mode, key }, { result, error }) {
    const text = result?.content?.[0]?.text;
    if (error !== undefined || typeof text !== 'string') return { problem: 'an answer is no result of a tool' };
    if (result.isError !== true) {
      if (!text.startsWith(`${key} `)) return { problem: 'an answer is that of another call' };
      if (FATAL.has(mode) || mode === 'throw') return { problem: `a call in mode ${mode} succeeded` };
      return { status: 'completed', version: Number(text.split(' ')[1]), text };
    }
    if (good) return { problem: 'a good call failed', text };
    if (/time limit|timed out|within \d+ ms/.test(text) && !ENDED.test(text))
      return { status: 'timed_out', text, slow: !FATAL.has(mode) };
    if (text.includes(`thrown ${key}`))
      return mode === 'throw' ? { status: 'failed', text } : { problem: 'a call failed by the error of another', text };
    if (UNLOADED.test(text)) {
      const explained = this.#explains(bundle, ['killed', 'launcher', ...FATAL]);
      this.#count('… ended while it was started or its code was loaded');
      return explained ? { status: 'failed', text } : { problem: 'a start failed, and nothing explains it', text };
    }
    // A function whose descriptors another one has just closed.
    if (text === 'OSError: [Errno 9] Bad file descriptor' && this.#explains(bundle, ['close'])) return { status: 'failed', text };
    const [, name, how = ''] = ENDED.exec(text) ?? [];
    if (name !== bundle) return { problem: 'a failure has no known reason', text };
    const reason = REASONS.find(({ pattern }) => pattern.test(how));
    if (reason === undefined) return { problem: 'a process ended in an unknown way', text };
    if (!this.#explains(bundle, reason.modes))
      return { problem: 'a process is said to have ended in a way that nothing explains', text };
    this.#count(how.replace(/".*?"/, '…').replace(/(protocol: ).*/s, '$1…'));
    return { status: 'failed', text };
  }
}
