/**
 * Recorded calls, found by what they call. A file may hold hundreds of thousands of calls, so a call is a few texts and numbers in
 * arrays, and not an object: objects would keep the garbage collector busy.
 */
import { differences } from '../base/difference.js';
import { canonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { redact, REDACTED } from '../base/json-path.js';
import type { FixtureCall } from '../ports/fixtures.js';

/** How the answer of a call is kept: a result that is one text, any other result as JSON, or the message of an error. */
export type AnswerKind = 'text' | 'json' | 'error';

const KINDS: readonly AnswerKind[] = ['text', 'json', 'error'];

/** No call; the end of a chain of equal calls. */
const NONE = -1;

/** What is called, without its arguments. All resources have one target, because URIs may match templates. */
export const targetOf = (method: string, name: unknown): string =>
  method === 'resources/read' ? method : `${method} ${String(name)}`;

/**
 * A text that is equal for equal arguments. Most arguments are a few sorted members without objects in them: their JSON is
 * canonical, and is made in a third of the time.
 */
function keyOf(args: JsonObject): string {
  let previous = '';
  for (const name in args) {
    const value = args[name];
    if (name < previous || value === undefined || (typeof value === 'object' && value !== null)) return canonicalJson(args);
    previous = name;
  }
  return JSON.stringify(args);
}

function argumentsOf({ method, params }: FixtureCall): JsonObject {
  return method === 'resources/read' ? { uri: params['uri'] } : ((params['arguments'] ?? {}) as JsonObject);
}

/** The text of a result that is nothing else. */
function textAlone(result: JsonObject): string | undefined {
  const { content, ...rest } = result;
  if (!Array.isArray(content) || content.length !== 1 || Object.keys(rest).length > 0) return undefined;
  const [block] = content as unknown[];
  if (!isObject(block) || block['type'] !== 'text' || Object.keys(block).length !== 2) return undefined;
  return typeof block['text'] === 'string' ? block['text'] : undefined;
}

/** The calls of a file, by their places in it. */
export class RecordedCalls {
  readonly #targets: string[] = [];
  readonly #names: string[] = [];
  readonly #keys: string[] = [];
  readonly #answers: string[] = [];
  readonly #kinds: Uint8Array;
  readonly #times: Float64Array;
  readonly #used: Uint8Array;
  readonly #rounds = new Map<number, NonNullable<FixtureCall['rounds']>>();

  constructor(calls: readonly FixtureCall[]) {
    this.#kinds = new Uint8Array(calls.length);
    this.#times = new Float64Array(calls.length);
    this.#used = new Uint8Array(calls.length);
    // Calls of one function share one text of its name.
    const shared = new Map<string, string>();
    const once = (text: string): string => {
      const known = shared.get(text);
      if (known === undefined) shared.set(text, text);
      return known ?? text;
    };
    for (const [index, call] of calls.entries()) {
      const { method, params, rounds, result = {}, error, time_ms: time = 0 } = call;
      this.#targets.push(once(targetOf(method, params['name'])));
      this.#names.push(once(String(params['name'])));
      this.#keys.push(keyOf(argumentsOf(call)));
      const text = error === undefined ? textAlone(result) : undefined;
      this.#answers.push(error ?? text ?? JSON.stringify(result));
      this.#kinds[index] = KINDS.indexOf(error !== undefined ? 'error' : text === undefined ? 'json' : 'text');
      this.#times[index] = time;
      if (rounds !== undefined) this.#rounds.set(index, rounds);
    }
  }

  get length(): number {
    return this.#answers.length;
  }

  /** How many calls were not taken. */
  get unused(): number {
    let count = 0;
    for (const used of this.#used) if (used === 0) count += 1;
    return count;
  }

  target(index: number): string {
    return this.#targets[index] as string;
  }

  /** Name of the function, for the record policies of tools and prompts. */
  name(index: number): string {
    return this.#names[index] as string;
  }

  /** The arguments as canonical JSON. */
  key(index: number): string {
    return this.#keys[index] as string;
  }

  kind(index: number): AnswerKind {
    return KINDS[this.#kinds[index] as number] as AnswerKind;
  }

  /** The text, the JSON or the message; see {@link AnswerKind}. */
  answer(index: number): string {
    return this.#answers[index] as string;
  }

  /** Milliseconds. */
  time(index: number): number {
    return this.#times[index] as number;
  }

  rounds(index: number): FixtureCall['rounds'] {
    return this.#rounds.get(index);
  }

  /** Whether any call has rounds of input. */
  get haveRounds(): boolean {
    return this.#rounds.size > 0;
  }

  isUsed(index: number): boolean {
    return this.#used[index] === 1;
  }

  use(index: number): void {
    this.#used[index] = 1;
  }
}

/** Chains of equal calls: the next call of each in the order of the file, and where the first call of a chain has got to. */
interface Chains {
  readonly next: Int32Array;
  readonly last: Int32Array;
  readonly cursor: Int32Array;
}

/** The recorded calls of one function, or of all resources, for one catalog. */
export class TargetIndex {
  readonly #calls: RecordedCalls;
  readonly #chains: Chains;
  /** The first of equal calls, by their arguments. */
  readonly #first = new Map<string, number>();
  /** The first calls whose arguments have redacted parts, which match any value. */
  readonly #partial: { first: number; args: JsonObject }[] = [];

  constructor(calls: RecordedCalls, chains: Chains) {
    this.#calls = calls;
    this.#chains = chains;
  }

  /** Adds a call. @param paths JSON paths of arguments that the catalog redacts */
  add(index: number, paths: readonly string[]): void {
    const own = this.#calls.key(index);
    const key = paths.length === 0 ? own : canonicalJson(redact(JSON.parse(own), paths));
    const { next, last, cursor } = this.#chains;
    next[index] = NONE;
    const first = this.#first.get(key);
    if (first !== undefined) {
      next[last[first] as number] = index;
      last[first] = index;
      return;
    }
    this.#first.set(key, index);
    last[index] = cursor[index] = index;
    if (key.includes(`"${REDACTED}"`)) this.#partial.push({ first: index, args: JSON.parse(key) as JsonObject });
  }

  #firstOf(args: JsonObject): number | undefined {
    const exact = this.#first.get(keyOf(args));
    if (exact !== undefined || this.#partial.length === 0) return exact;
    return this.#partial.find((one) => differences(one.args, args).every(({ before }) => before === REDACTED))?.first;
  }

  /** Takes the next recording of a call. @returns its index; undefined: there is none, see {@link recorded} */
  take(args: JsonObject): number | undefined {
    const first = this.#firstOf(args);
    if (first === undefined) return undefined;
    const { next, cursor } = this.#chains;
    let at = cursor[first] as number;
    while (at !== NONE && this.#calls.isUsed(at)) at = next[at] as number;
    if (at === NONE) {
      cursor[first] = NONE;
      return undefined;
    }
    this.#calls.use(at);
    cursor[first] = next[at] as number;
    return at;
  }

  /** How often a call was recorded. */
  recorded(args: JsonObject): number {
    let count = 0;
    for (let at = this.#firstOf(args) ?? NONE; at !== NONE; at = this.#chains.next[at] as number) count += 1;
    return count;
  }
}

/**
 * Finds recorded calls for one catalog.
 *
 * @param redactOf the JSON paths that the catalog redacts in the calls of a function
 * @returns the calls by target; see {@link targetOf}
 */
export function indexCalls(calls: RecordedCalls, redactOf: (name: string) => readonly string[]): (target: string) => TargetIndex {
  const { length } = calls;
  const chains: Chains = { next: new Int32Array(length), last: new Int32Array(length), cursor: new Int32Array(length) };
  const found = new Map<string, TargetIndex>();
  const of = (target: string): TargetIndex => {
    let index = found.get(target);
    if (index === undefined) found.set(target, (index = new TargetIndex(calls, chains)));
    return index;
  };
  for (let index = 0; index < length; index += 1) of(calls.target(index)).add(index, redactOf(calls.name(index)));
  return of;
}
