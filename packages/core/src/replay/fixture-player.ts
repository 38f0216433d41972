/**
 * Answers calls from fixtures. Each function of a catalog is replaced by one that looks its answer up, so lists, records, both eras and
 * rounds of input work as with the functions themselves.
 *
 * Equal calls get their answers in the order in which they were recorded, each once. A call that is not recorded fails, and is reported.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { canonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { redact } from '../base/json-path.js';
import type { FunctionContext } from '../call/context.js';
import type { ServerIdentity } from '../config/normalize.js';
import type { InputRequired } from '../input/requests.js';
import { inputRequired } from '../input/requests.js';
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import type { Fixtures, UnknownCall } from '../ports/fixtures.js';
import type { Check } from '../schema/compile/compile-schema.js';
import { compileSchema } from '../schema/compile/compile-schema.js';
import { catalogOf } from './fixture-catalog.js';
import { checkFixtures } from './fixture-check.js';
import type { TargetIndex } from './fixture-index.js';
import { indexCalls, RecordedCalls, targetOf } from './fixture-index.js';

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

/** Whether a tool's result that is one text may be returned as a text: it is neither redacted nor checked. */
const isPlain = (definition: FunctionDefinition): boolean =>
  definition.kind === 'tool' && definition.outputSchema === undefined && (definition.record?.redact ?? []).length === 0;

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
  const recordings = new RecordedCalls(calls);
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

  /** What a function returns for a recorded call, in the form that the call path takes from functions. */
  function answerOf(definition: FunctionDefinition, index: number): unknown {
    const answer = recordings.answer(index);
    const kind = recordings.kind(index);
    if (kind === 'error') {
      if (answer.startsWith(NOT_FOUND)) return undefined; // the daemon makes the same error of it
      throw new Error(answer);
    }
    if (kind === 'text' && isPlain(definition)) return answer; // the quickest way to the same result
    const result = kind === 'text' ? { content: [{ type: 'text', text: answer }] } : (JSON.parse(answer) as JsonObject);
    return redact(withStructured(definition, result), definition.record?.redact ?? []);
  }

  /** The next recording of a call. @throws Error if there is none */
  function taken({ kind, name }: FunctionDefinition, found: TargetIndex, args: JsonObject): number {
    const index = found.take(args);
    if (index === undefined) {
      const method = METHODS[kind];
      return fail(method, method === 'resources/read' ? args : { name, arguments: args }, found.recorded(args));
    }
    answered += 1;
    return index;
  }

  function answer(definition: FunctionDefinition, found: TargetIndex, input: unknown, context: FunctionContext): unknown {
    const { kind, record } = definition;
    const given = (kind === 'resource' || kind === 'resource_template' ? { uri: input } : input) as JsonObject;
    const args = record === undefined ? given : (redact(given, record.redact) as JsonObject);
    const at = recordings.haveRounds ? positionOf(context.state) : undefined;
    const chosen = at !== undefined && at.fixture < recordings.length ? at.fixture : taken(definition, found, args);
    const round = at?.round ?? 0;
    const asked = recordings.rounds(chosen)?.[round];
    if (asked !== undefined) {
      const next: Position = { fixture: chosen, round: round + 1 };
      return inputRequired(asked.inputRequests as Exclude<InputRequired['inputRequests'], undefined>, next);
    }
    if (!timing) return answerOf(definition, chosen);
    return sleep(recordings.time(chosen), undefined, { signal: context.signal }).then(() => answerOf(definition, chosen));
  }

  /** The function of a catalog that answers. Arguments are checked, and not filled in: recorded ones have no defaults. */
  function playedFunction(definition: FunctionDefinition, found: TargetIndex): FunctionDefinition {
    // Calls are as they were recorded: admitted and approved.
    const { quota: _quota, approve: _approve, ...own } = definition;
    const run = (input: unknown, context: FunctionContext): unknown => answer(definition, found, input, context);
    // A call that waited for its record could be overtaken by an equal one, and they would swap their answers.
    const effectFree = true as const;
    const binding = { kind: 'inline' as const, run: run as (input: never, context: never) => unknown, effectFree };
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
    const { return_type: _, ...tool } = own;
    return { ...tool, ...(isPlain(own) ? {} : { return_type: 'mcp' as const }), binding: { ...binding, check } };
  }

  function play(definition: CatalogDefinition): CatalogDefinition {
    const known = played.get(definition);
    if (known !== undefined) return known;
    const policies = new Map(definition.functions.map(({ name, record }) => [name, record?.redact ?? []]));
    const found = indexCalls(recordings, (name) => policies.get(name) ?? []);
    const { revision, functions, instructions } = definition;
    const made: CatalogDefinition = {
      ...{
        revision,
        functions: functions.map((one) => playedFunction(one, found(targetOf(METHODS[one.kind], one.name)))),
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
      unused: recordings.unused,
      unknown: [...unknown.values()],
    }),
  };
}
