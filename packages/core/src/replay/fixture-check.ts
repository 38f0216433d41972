/** Checks a file with fixtures, which people edit by hand: all mistakes at once, each with its path. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { parsePath } from '../base/json-path.js';
import { pathText } from '../base/path-text.js';
import type { FixtureDocument } from '../ports/fixtures.js';
import { FIXTURE_FORMAT, FIXTURE_METHODS, FIXTURE_VERSION } from '../ports/fixtures.js';
import type { Mistake } from '../protocol/errors.js';
import { ConfigError } from '../protocol/errors.js';
import { catalogMistakes } from './fixture-catalog.js';

type Path = readonly (string | number)[];

/** More mistakes are not listed: a file of another kind has one in each call. */
const MOST = 100;

const CALL_KEYS = ['method', 'params', 'rounds', 'result', 'error', 'time_ms'];
const FILE_KEYS = ['format', 'version', 'catalog', 'redact', 'calls'];

class Checker {
  readonly found: Mistake[] = [];

  add(path: Path, message: string): void {
    this.found.push({ path: pathText(path), message });
  }

  /** Keys that start with `x-` or are a comment are people's notes. */
  unknownKeys(value: JsonObject, known: readonly string[], path: Path): void {
    for (const key of Object.keys(value))
      if (!known.includes(key) && !key.startsWith('x-') && key !== '$comment')
        this.add([...path, key], `unknown key; known are ${known.join(', ')}`);
  }
}

/** The names of the functions of a catalog, by method. Of resources, none: URIs may match templates. */
function namesOf(catalog: unknown): ReadonlyMap<string, ReadonlySet<unknown>> {
  const names = (list: string): Set<unknown> => {
    const entries = isObject(catalog) ? catalog[list] : undefined;
    return new Set(Array.isArray(entries) ? entries.map((entry: unknown) => (isObject(entry) ? entry['name'] : undefined)) : []);
  };
  return new Map([
    ['tools/call', names('tools')],
    ['prompts/get', names('prompts')],
  ]);
}

/** The list that results of a method have. */
const RESULT_MEMBER = { 'tools/call': 'content', 'resources/read': 'contents', 'prompts/get': 'messages' } as const;

function checkParams(checker: Checker, method: string, params: unknown, names: ReturnType<typeof namesOf>, path: Path): void {
  if (!isObject(params)) return checker.add(path, 'must be an object: the parameters of the request');
  if (method === 'resources/read') {
    if (typeof params['uri'] !== 'string') checker.add([...path, 'uri'], 'must be a text: the URI of the resource');
    return;
  }
  const { name, arguments: args } = params;
  if (typeof name !== 'string') checker.add([...path, 'name'], 'must be a text: the name of the function');
  else if (names.get(method)?.has(name) === false) {
    const list = method === 'tools/call' ? 'tools' : 'prompts';
    checker.add([...path, 'name'], `"${name}" is not in the ${list} of the catalog`);
  }
  if (args !== undefined && !isObject(args)) checker.add([...path, 'arguments'], 'must be an object');
}

function checkRounds(checker: Checker, rounds: unknown, path: Path): void {
  if (!Array.isArray(rounds)) return checker.add(path, 'must be a list of rounds of input');
  for (const [index, round] of rounds.entries()) {
    const requests: unknown = isObject(round) ? round['inputRequests'] : undefined;
    if (!isObject(requests)) checker.add([...path, index], 'must have "inputRequests": the questions by their names');
    else
      for (const [name, request] of Object.entries(requests))
        if (!isObject(request) || typeof request['method'] !== 'string')
          checker.add([...path, index, 'inputRequests', name], 'must have a "method", such as elicitation/create');
  }
}

/** What is wrong with a result, with the path in it; undefined: nothing that a client could not read. */
export function resultMistake(
  method: keyof typeof RESULT_MEMBER,
  result: JsonObject,
): { path: Path; message: string } | undefined {
  const member = RESULT_MEMBER[method];
  const list = result[member];
  if (!Array.isArray(list)) return { path: [member], message: `must be a list: results of ${method} have it` };
  if (method !== 'tools/call') return undefined;
  const at = list.findIndex((block: unknown) => !isObject(block) || typeof block['type'] !== 'string');
  return at < 0 ? undefined : { path: [member, at], message: 'must be a content block: an object with a "type"' };
}

function checkAnswer(checker: Checker, call: JsonObject, method: string, path: Path): void {
  const { result, error } = call;
  if (error !== undefined) {
    if (result !== undefined) checker.add(path, 'has both "result" and "error": remove one');
    if (typeof error !== 'string') checker.add([...path, 'error'], 'must be a text: the message of the error');
    else if (method === 'tools/call')
      checker.add([...path, 'error'], 'the error of a tool is a "result" with "isError": true and "content"');
    return;
  }
  if (!isObject(result)) return checker.add(path, 'must have a "result", the MCP result of the call, or an "error"');
  const mistake = resultMistake(method as keyof typeof RESULT_MEMBER, result);
  if (mistake !== undefined) checker.add([...path, 'result', ...mistake.path], mistake.message);
}

function checkCall(checker: Checker, call: unknown, names: ReturnType<typeof namesOf>, path: Path): void {
  if (!isObject(call)) return checker.add(path, 'must be an object: one call');
  checker.unknownKeys(call, CALL_KEYS, path);
  const { method, params, rounds, time_ms: time } = call;
  const known = (FIXTURE_METHODS as readonly unknown[]).includes(method);
  if (!known) checker.add([...path, 'method'], `must be one of ${FIXTURE_METHODS.join(', ')}`);
  else checkParams(checker, method as string, params, names, [...path, 'params']);
  if (rounds !== undefined) checkRounds(checker, rounds, [...path, 'rounds']);
  if (known) checkAnswer(checker, call, method as string, path);
  if (time !== undefined && !(typeof time === 'number' && time >= 0 && Number.isFinite(time)))
    checker.add([...path, 'time_ms'], 'must be a number of milliseconds of 0 or more');
}

function checkRedact(checker: Checker, redact: unknown): void {
  if (!isObject(redact)) return checker.add(['redact'], 'must be an object: JSON paths by the names of functions');
  for (const [name, paths] of Object.entries(redact)) {
    if (!Array.isArray(paths)) {
      checker.add(['redact', name], 'must be a list of JSON paths');
      continue;
    }
    for (const [index, path] of (paths as unknown[]).entries())
      if (typeof path !== 'string' || parsePath(path) === undefined)
        checker.add(['redact', name, index], 'must be a JSON path such as $.card.number');
  }
}

/** The mistakes of a value that may be a file with fixtures. */
function mistakesOf(value: unknown): Mistake[] {
  const checker = new Checker();
  if (!isObject(value) || value['format'] !== FIXTURE_FORMAT) {
    checker.add(isObject(value) ? ['format'] : [], `must be "${FIXTURE_FORMAT}": this is no file with fixtures`);
    return checker.found;
  }
  if (value['version'] !== FIXTURE_VERSION) {
    const given = JSON.stringify(value['version']) ?? 'missing';
    checker.add(['version'], `is ${given}, and this program reads version ${FIXTURE_VERSION}: export the calls again with it`);
    return checker.found;
  }
  checker.unknownKeys(value, FILE_KEYS, []);
  const { catalog, redact, calls } = value;
  if (isObject(catalog)) checker.found.push(...catalogMistakes(catalog));
  else checker.add(['catalog'], 'must be an object: tools, resources and prompts, as in a config file');
  if (redact !== undefined) checkRedact(checker, redact);
  if (!Array.isArray(calls)) checker.add(['calls'], 'must be a list of calls');
  else {
    const names = namesOf(catalog);
    for (const [index, call] of calls.entries()) checkCall(checker, call, names, ['calls', index]);
  }
  return checker.found;
}

/**
 * Checks fixtures.
 *
 * @param value what the file holds
 * @param file its path, for the message
 * @throws ConfigError with all mistakes, at most the first 100 of them
 */
export function checkFixtures(value: unknown, file?: string): FixtureDocument {
  const mistakes = mistakesOf(value);
  if (mistakes.length === 0) return value as FixtureDocument;
  const more = mistakes.length - MOST;
  const shown = mistakes.slice(0, MOST);
  throw new ConfigError(more > 0 ? [...shown, { path: '$', message: `and ${more} more mistakes` }] : shown, file);
}
