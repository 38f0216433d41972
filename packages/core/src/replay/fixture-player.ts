/**
 * Answers calls from fixtures. Each function of a catalog is replaced by one that looks its answer up, so lists, records, both eras and
 * rounds of input work as with the functions themselves.
 *
 * Equal calls get their answers in the order in which they were recorded, each once. A call that is not recorded fails, and is reported.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { differences } from '../base/difference.js';
import { canonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { redact, REDACTED } from '../base/json-path.js';
import type { FunctionContext } from '../call/context.js';
import type { ServerIdentity } from '../config/normalize.js';
import type { InputRequired } from '../input/requests.js';
import { inputRequired } from '../input/requests.js';
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import type { FixtureCall, Fixtures, UnknownCall } from '../ports/fixtures.js';
import type { Check } from '../schema/compile/compile-schema.js';
import { compileSchema } from '../schema/compile/compile-schema.js';
import { catalogOf } from './fixture-catalog.js';
import { checkFixtures } from './fixture-check.js';

/** Further options of {@link createFixtures}. */
export interface FixturesOptions {
  /** The path of the file, for messages. */
  file?: string;
  /** Whether answers take as long as the recorded calls took. Default: false. */
  timing?: boolean;
  /** Called when a call has no answer, each time. */
  onUnknown?: (call: UnknownCall) => void;
}

/** Fixtures, and the name of the server that they were recorded from. */
export interface LoadedFixtures extends Fixtures {
  readonly server: ServerIdentity;
}

/**
 * One recorded call, and whether it was given as an answer. Values are kept as JSON texts: a hundred thousand objects would keep the
 * garbage collector busy.
 */
interface Recording {
  readonly index: number;
  /** What it calls; see {@link targetOf}. */
  readonly target: string;
  readonly name: string;
  readonly args: string;
  readonly rounds: FixtureCall['rounds'];
  readonly result: string;
  readonly error: string | undefined;
  readonly timeMs: number;
  used: boolean;
}

/** The recordings of equal calls. */
interface Queue {
  /** If a part of them is redacted. */
  readonly args: JsonObject | undefined;
  readonly recordings: Recording[];
  next: number;
}

/** What carries a call with rounds of input from one round to the next. */
interface Position {
  fixture: number;
  round: number;
}

const MAX_UNKNOWN = 1_000;
const METHODS = {
  tool: 'tools/call',
  resource: 'resources/read',
  resource_template: 'resources/read',
  prompt: 'prompts/get',
} as const;
const NOT_FOUND = 'Resource not found: ';

/** The function that is called, without its arguments. */
const targetOf = (method: string, { name }: { name?: unknown }): string =>
  method === 'resources/read' ? method : `${method} ${String(name)}`;

const argumentsOf = (method: string, params: JsonObject): JsonObject =>
  method === 'resources/read' ? { uri: params['uri'] } : ((params['arguments'] ?? {}) as JsonObject);

function recordingOf({ method, params, rounds, result, error, time_ms: timeMs = 0 }: FixtureCall, index: number): Recording {
  const args = JSON.stringify(argumentsOf(method, params));
  const name = String(params['name']);
  return {
    ...{ index, target: targetOf(method, params), name, args, rounds, result: JSON.stringify(result ?? {}), error, timeMs },
    used: false,
  };
}

const positionOf = (state: unknown): Position | undefined =>
  isObject(state) && typeof state['fixture'] === 'number' && typeof state['round'] === 'number'
    ? { fixture: state['fixture'], round: state['round'] }
    : undefined;

/** The structured content of a tool whose client was too old to get it: it is in the text, too. */
function withStructured(definition: FunctionDefinition, result: JsonObject): JsonObject {
  if (definition.kind !== 'tool' || definition.outputSchema === undefined || result['isError'] === true) return result;
  if (result['structuredContent'] !== undefined) return result;
  const [first] = result['content'] as JsonObject[];
  try {
    return { ...result, structuredContent: JSON.parse(String(first?.['text'])) as unknown };
  } catch {
    return result; // the check of the result says what is missing
  }
}

/** The recordings of one function (or of all resources), found by the arguments of calls. */
class Recordings {
  readonly #queues = new Map<string, Queue>();
  /** Queues whose arguments have redacted parts, which match any value. */
  readonly #partial: Queue[] = [];

  add(recording: Recording, args: JsonObject): void {
    const text = canonicalJson(args);
    const known = this.#queues.get(text);
    if (known !== undefined) {
      known.recordings.push(recording);
      return;
    }
    const isPartial = text.includes(`"${REDACTED}"`);
    const queue: Queue = { args: isPartial ? args : undefined, recordings: [recording], next: 0 };
    this.#queues.set(text, queue);
    if (isPartial) this.#partial.push(queue);
  }

  find(args: JsonObject): Queue | undefined {
    const exact = this.#queues.get(canonicalJson(args));
    if (exact !== undefined || this.#partial.length === 0) return exact;
    return this.#partial.find((queue) => differences(queue.args, args).every(({ before }) => before === REDACTED));
  }

  static take(queue: Queue): Recording | undefined {
    for (; queue.next < queue.recordings.length; queue.next += 1) {
      const recording = queue.recordings[queue.next] as Recording;
      if (!recording.used) return recording;
    }
    return undefined;
  }
}

const NONE = new Recordings();

/** All recordings, by what they call. @param redactOf the JSON paths of a function whose values are redacted */
function byTarget(all: readonly Recording[], redactOf: (name: string) => readonly string[]): ReadonlyMap<string, Recordings> {
  const found = new Map<string, Recordings>();
  for (const recording of all) {
    const { target, name, args } = recording;
    let recordings = found.get(target);
    if (recordings === undefined) found.set(target, (recordings = new Recordings()));
    recordings.add(recording, redact(JSON.parse(args), redactOf(name)) as JsonObject);
  }
  return found;
}

/**
 * Makes fixtures ready to answer.
 *
 * @param value what a file with fixtures holds
 * @throws ConfigError with all mistakes of the file
 *
 * @example
 * const fixtures = createFixtures(JSON.parse(await readFile('calls.json', 'utf8')));
 * const daemon = createDaemon({ fixtures });
 * // … then
 * assert.deepEqual(fixtures.report().unknown, []);
 */
export function createFixtures(value: unknown, options: FixturesOptions = {}): LoadedFixtures {
  const { file, timing = false, onUnknown } = options;
  const { calls, catalog, redact: paths = {} } = checkFixtures(value, file);
  const recordings: Recording[] = calls.map(recordingOf);
  const unknown = new Map<string, UnknownCall>();
  const played = new WeakMap<CatalogDefinition, CatalogDefinition>();
  let answered = 0;

  function fail(method: string, params: JsonObject, recorded: number): never {
    const key = `${method} ${canonicalJson(params)}`;
    const call: UnknownCall = { method, params, times: (unknown.get(key)?.times ?? 0) + 1, recorded };
    if (unknown.has(key) || unknown.size < MAX_UNKNOWN) unknown.set(key, call);
    onUnknown?.(call);
    const what = `${method} ${JSON.stringify(params)}`;
    throw new Error(
      recorded === 0
        ? `The fixtures have no call ${what}.`
        : `The fixtures have the call ${what} ${recorded === 1 ? 'once' : `${recorded} times`}, and it was made more often.`,
    );
  }

  function answerOf(definition: FunctionDefinition, { error, result }: Recording): unknown {
    if (error !== undefined) {
      if (error.startsWith(NOT_FOUND)) return undefined; // the daemon makes the same error of it
      throw new Error(error);
    }
    return redact(withStructured(definition, JSON.parse(result) as JsonObject), definition.record?.redact ?? []);
  }

  /** The next recording of a call. @throws Error if there is none */
  function taken(found: Recordings, method: string, params: JsonObject, args: JsonObject): Recording {
    const queue = found.find(args);
    const recording = queue === undefined ? undefined : Recordings.take(queue);
    if (recording === undefined) return fail(method, params, queue?.recordings.length ?? 0);
    recording.used = true;
    answered += 1;
    return recording;
  }

  function answer(definition: FunctionDefinition, found: Recordings, input: unknown, context: FunctionContext): unknown {
    const { kind, name, record } = definition;
    const method = METHODS[kind];
    const given = (kind === 'resource' || kind === 'resource_template' ? { uri: input } : input) as JsonObject;
    const args = redact(given, record?.redact ?? []) as JsonObject;
    const params = method === 'resources/read' ? args : { name, arguments: args };
    const at = positionOf(context.state);
    const chosen = recordings[at?.fixture ?? -1] ?? taken(found, method, params, args);
    const round = at?.round ?? 0;
    const asked = chosen.rounds?.[round];
    if (asked !== undefined) {
      const next: Position = { fixture: chosen.index, round: round + 1 };
      return inputRequired(asked.inputRequests as Exclude<InputRequired['inputRequests'], undefined>, next);
    }
    if (!timing) return answerOf(definition, chosen);
    return sleep(chosen.timeMs, undefined, { signal: context.signal }).then(() => answerOf(definition, chosen));
  }

  /** The function of a catalog that answers. Arguments are checked, and not filled in: recorded ones have no defaults. */
  function playedFunction(definition: FunctionDefinition, found: Recordings): FunctionDefinition {
    // Calls are as they were recorded: admitted and approved.
    const { quota: _quota, approve: _approve, ...own } = definition;
    const run = (input: unknown, context: FunctionContext): unknown => answer(definition, found, input, context);
    const binding = { kind: 'inline' as const, run: run as (input: never, context: never) => unknown };
    if (own.kind === 'prompt') {
      const named = own.arguments.map(({ completion, ...argument }) =>
        completion?.kind === 'list' ? { ...argument, completion } : argument,
      );
      return { ...own, arguments: named, binding };
    }
    if (own.kind === 'resource_template') {
      const { completions, ...template } = own;
      const lists = Object.entries(completions ?? {}).filter(([, { kind }]) => kind === 'list');
      return { ...template, ...(lists.length === 0 ? {} : { completions: Object.fromEntries(lists) }), binding };
    }
    if (own.kind !== 'tool') return { ...own, binding };
    let compiled: Check | undefined;
    const check: Check = (input) => (compiled ??= compileSchema(own.inputSchema))(input);
    return { ...own, return_type: 'mcp', binding: { ...binding, check } };
  }

  function play(definition: CatalogDefinition): CatalogDefinition {
    const known = played.get(definition);
    if (known !== undefined) return known;
    const policies = new Map(definition.functions.map(({ name, record }) => [name, record?.redact ?? []]));
    const found = byTarget(recordings, (name) => policies.get(name) ?? []);
    const { revision, functions, instructions } = definition;
    const made: CatalogDefinition = {
      ...{
        revision,
        functions: functions.map((one) => playedFunction(one, found.get(targetOf(METHODS[one.kind], one)) ?? NONE)),
      },
      ...(instructions === undefined ? {} : { instructions }),
    };
    played.set(definition, made);
    played.set(made, made);
    return made;
  }

  const { definition, server } = catalogOf(catalog, paths);
  return {
    catalog: play(definition),
    server,
    play,
    report: () => ({
      answered,
      unused: recordings.reduce((count, { used }) => (used ? count : count + 1), 0),
      unknown: [...unknown.values()],
    }),
  };
}
