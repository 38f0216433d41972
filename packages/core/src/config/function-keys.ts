/**
 * The keys of tools, resources, resource templates and prompts.
 */
import { isObject } from '../base/json.js';
import { fullTime } from '../protocol/annotations.js';
import type { SchemaRole } from '../schema/check.js';
import { addSchemaMistakes } from '../schema/check.js';
import { misfitDefaults } from '../schema/compile/misfits.js';
import { describe, quote } from '../schema/mistakes.js';
import { pathBelow } from './path-below.js';
import { scopes } from './scope-check.js';
import type { CheckRun, ValueCheck } from './shape.js';
import {
  anyObject,
  anyString,
  bool,
  checkShape,
  listOf,
  mapOf,
  modelText,
  nonEmptyString,
  object,
  oneOf,
  plain,
  shape,
  stringWith,
} from './shape.js';
import { nonAscii, readTemplate, uriProblem } from './uri-check.js';

const toolName = stringWith(
  (name) => (name === '' || /\p{Cc}/u.test(name) ? 'must have at least one character, and no control characters' : undefined),
  (name) =>
    /^[A-Za-z0-9_.-]{1,128}$/.test(name)
      ? undefined
      : 'should be 1 to 128 characters of A-Z a-z 0-9 _ - . (some clients change or leave out other names)',
);

const schemaFor =
  (role: SchemaRole): ValueCheck =>
  (value, run) => {
    const { list } = run;
    const before = list.found.length;
    const { hasDefaults } = addSchemaMistakes(list, value, role);
    if (!hasDefaults || list.found.length > before || !isObject(value)) return;
    for (const { path, problem } of misfitDefaults(value))
      list.warn(`does not fit its own schema, so it is not filled in: ${problem}`, ...path);
  };

const icon = shape(
  'an icon',
  {
    'src!': stringWith((src) =>
      /^(?:https?:\/\/.|data:.)/i.test(src) ? undefined : 'must begin with "https://", "http://" or "data:"',
    ),
    mimeType: anyString,
    sizes: listOf(
      stringWith((size) => (/^(?:[1-9]\d*x[1-9]\d*|any)$/.test(size) ? undefined : 'must be a size such as "48x48", or "any"')),
      'sizes',
    ),
    theme: oneOf(['light', 'dark']),
  },
  { unknown: 'passed on' },
);

const toolAnnotations = shape(
  'the annotations of a tool',
  {
    title: anyString,
    readOnlyHint: bool,
    destructiveHint: bool,
    idempotentHint: bool,
    openWorldHint: bool,
  },
  { unknown: 'passed on' },
);

/** How a tool is run, in lists of 2025-11-25, whose tasks are not served. */
const execution = shape(
  'the execution of a tool',
  {
    taskSupport: (value, run) => {
      if (value === 'optional' || value === 'required')
        run.list.warn(`is left out: write "task": ${quote(value)} in the link of the tool, for clients of 2026-07-28`);
      else oneOf(['forbidden', 'optional', 'required'])(value, run);
    },
  },
  { unknown: 'left out' },
);

const contentAnnotations = shape(
  'the annotations of a resource',
  {
    audience: listOf(oneOf(['user', 'assistant']), 'audiences'),
    priority: plain((value) => typeof value === 'number' && value >= 0 && value <= 1, 'a number from 0 to 1'),
    lastModified: stringWith((time) =>
      fullTime(time) !== undefined ? undefined : 'must be an ISO 8601 time such as "2025-01-12T15:00:58Z"',
    ),
  },
  { unknown: 'passed on' },
);

/** The keys of every function. */
const common = {
  title: anyString,
  description: anyString,
  icons: listOf(object(icon), 'icons'),
  _meta: anyObject,
  scopes,
  is_async: bool,
};

const CODE_IN_LINKS = 'name the code in module_links';
const linkHints = {
  module_name: CODE_IN_LINKS,
  class_name: CODE_IN_LINKS,
  function_name: CODE_IN_LINKS,
  timeout_ms: 'set it in module_links',
  task: 'set it in module_links',
  task_after_ms: 'set it in module_links',
  task_ttl_ms: 'set it in module_links',
  task_poll_ms: 'set it in module_links',
};

/** An entry of `tools`. */
export const tool = shape(
  'a tool',
  {
    'name!': toolName,
    inputSchema: schemaFor('untyped input'),
    outputSchema: schemaFor('output'),
    annotations: object(toolAnnotations),
    execution: object(execution),
    ...common,
    description: modelText,
  },
  {
    unknown: 'left out',
    hints: { ...linkHints, parameters: 'describe the arguments in inputSchema', uri: 'only resources have a URI' },
  },
);

/** An entry of `resources`. */
export const resource = shape(
  'a resource',
  {
    'uri!': stringWith(uriProblem, nonAscii),
    'name!': nonEmptyString,
    mimeType: anyString,
    size: plain((value) => Number.isSafeInteger(value) && (value as number) >= 0, 'a whole number of bytes, from 0 up'),
    annotations: object(contentAnnotations),
    file: pathBelow('file', 'ui/view.html'),
    ...common,
  },
  { unknown: 'left out', hints: { ...linkHints, uriTemplate: 'move the entry to resource_templates' } },
);

const completionFunction = shape('a completion function', {
  'module_name!': nonEmptyString,
  class_name: anyString,
  'function_name!': nonEmptyString,
});

const completions: ValueCheck = (value, run) => {
  if (Array.isArray(value)) return listOf(anyString, 'strings')(value, run);
  if (!isObject(value))
    return run.list.add(`must be a list of strings, or an object with module_name and function_name; got ${describe(value)}`);
  checkShape(value, completionFunction, run);
};

/** Checks that each completion is for a variable of the template. */
function templateCompletions(value: Record<string, unknown>, run: CheckRun): void {
  const template = value['uriTemplate'];
  const given = value['completions'];
  if (typeof template !== 'string' || !isObject(given)) return;
  const { variables, problem } = readTemplate(template);
  if (problem !== undefined) return;
  for (const name of Object.keys(given).filter((key) => !variables.includes(key))) {
    run.list.add(
      `the template has no variable ${quote(name)}; it has ${variables.join(', ')}${run.suggester.hint(name, variables)}`,
      'completions',
      name,
    );
  }
}

/** An entry of `resource_templates`. */
export const template = shape(
  'a resource template',
  {
    'uriTemplate!': stringWith((text) => readTemplate(text).problem, nonAscii),
    'name!': nonEmptyString,
    mimeType: anyString,
    annotations: object(contentAnnotations),
    completions: mapOf(completions),
    ...common,
  },
  {
    unknown: 'left out',
    hints: { ...linkHints, uri: 'write uriTemplate, or move the entry to resources' },
    together: templateCompletions,
  },
);

const argument = shape(
  'a prompt argument',
  {
    'name!': nonEmptyString,
    title: anyString,
    description: anyString,
    required: bool,
    completions,
    default: (_, run) => run.list.warn('is not filled in: prompt arguments have no defaults in MCP; give it in the function'),
  },
  { unknown: 'left out' },
);

/** Checks that a prompt's arguments have different names. */
function argumentNames(value: Record<string, unknown>, run: CheckRun): void {
  if (!Array.isArray(value['arguments'])) return;
  const seen = new Map<unknown, number>();
  for (const [index, entry] of value['arguments'].entries()) {
    const name: unknown = isObject(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string') continue;
    const first = seen.get(name);
    if (first !== undefined)
      run.list.add(
        `the name ${quote(name)} is already used by ${run.list.pathTo('arguments', first)}: rename one`,
        'arguments',
        index,
        'name',
      );
    else seen.set(name, index);
  }
}

/** An entry of `prompts`. */
export const prompt = shape(
  'a prompt',
  {
    'name!': nonEmptyString,
    arguments: listOf(object(argument), 'prompt arguments'),
    annotations: (_, run) => run.list.warn('are left out: prompts have no annotations'),
    ...common,
  },
  {
    unknown: 'left out',
    hints: { ...linkHints, inputSchema: 'use arguments, a list of {name, description, required}' },
    together: argumentNames,
  },
);
