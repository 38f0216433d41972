/**
 * The checks between entries of the config: names and URIs that are used twice, links to functions that do not exist, and
 * functions without a link.
 */
import { isObject } from '../base/json.js';
import type { FunctionKind } from '../ports/definition.js';
import type { PathStep } from '../schema/mistakes.js';
import { formatPath, quote } from '../schema/mistakes.js';
import type { ConfigLink, ConfigModule, LinkType } from './document.js';
import { LINK_TYPES } from './document.js';
import { ModuleIndex } from './modules.js';
import type { CheckRun } from './shape.js';

type Json = Record<string, unknown>;

/** The file's lists of functions, and the kind that each declares. */
const LISTS = [
  ['tools', 'tool'],
  ['resources', 'resource'],
  ['resource_templates', 'resource_template'],
  ['prompts', 'prompt'],
] as const;

const WORDS: Record<FunctionKind, string> = {
  tool: 'tool',
  resource: 'resource',
  resource_template: 'resource template',
  prompt: 'prompt',
};

/** A function that the file declares. */
interface Declared {
  kind: FunctionKind;
  path: PathStep[];
  /** Where its first link is, or a link that was probably meant for it. */
  link?: PathStep[];
}

/** The objects in one of the file's lists, with their indexes. */
function* entries(document: Json, list: string): Generator<[number, Json]> {
  const value = document[list];
  if (!Array.isArray(value)) return;
  for (let index = 0; index < value.length; index++) {
    const entry: unknown = value[index];
    if (isObject(entry)) yield [index, entry];
  }
}

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** All functions by name. Adds a mistake for each name that is used twice. */
function declaredFunctions(document: Json, run: CheckRun): Map<string, Declared> {
  const byName = new Map<string, Declared>();
  for (const [list, kind] of LISTS) {
    for (const [index, entry] of entries(document, list)) {
      const name = entry['name'];
      if (!isName(name)) continue;
      const first = byName.get(name);
      if (first === undefined) byName.set(name, { kind, path: [list, index] });
      else {
        const message = `the name ${quote(name)} is already used by the ${WORDS[first.kind]} ${formatPath(first.path)}: names must be unique across tools, resources, templates and prompts`;
        run.list.addAt([list, index, 'name'], message);
      }
    }
  }
  return byName;
}

function checkUris(document: Json, list: string, member: string, run: CheckRun): void {
  const seen = new Map<string, number>();
  for (const [index, entry] of entries(document, list)) {
    const uri = entry[member];
    if (!isName(uri)) continue;
    const first = seen.get(uri);
    if (first !== undefined)
      run.list.addAt(
        [list, index, member],
        `the ${member} ${quote(uri)} is already used by ${formatPath([list, first])}: change one of them`,
      );
    else seen.set(uri, index);
  }
}

/** Whether a link of this type may be for a function of this kind. */
const fits = (type: LinkType, kind: FunctionKind): boolean =>
  type === kind || (type === 'resource' && kind === 'resource_template');

const linkType = (link: Json): LinkType | undefined => {
  const type = link['type'] ?? 'tool';
  return LINK_TYPES.find((known) => known === type);
};

/** Checks the links of one file. */
class LinkCheck {
  readonly #functions: Map<string, Declared>;
  readonly #run: CheckRun;
  readonly #candidates = new Map<LinkType, string[]>();

  /** Whether all lists of functions could be read: else a link's function may be declared in a misspelled one. */
  readonly #complete: boolean;

  constructor(functions: Map<string, Declared>, run: CheckRun, complete: boolean) {
    this.#functions = functions;
    this.#run = run;
    this.#complete = complete;
  }

  check(index: number, link: Json): void {
    const name = link['name'];
    const type = linkType(link);
    if (!isName(name)) return;
    const path = ['module_links', index];
    const found = this.#functions.get(name);
    if (type === undefined) {
      // The type is reported already. The link is for this function all the same.
      if (found !== undefined) found.link ??= path;
    } else if (found === undefined) this.#unknown(path, name, type);
    else if (!fits(type, found.kind)) this.#misfit(path, name, link['type'] ?? undefined, found);
    else if (found.link === undefined) found.link = path;
    else
      this.#run.list.addAt(
        [...path, 'name'],
        `${quote(name)} already has the link ${formatPath(found.link)}: remove one of the two`,
      );
  }

  /** Adds a mistake for each function without a link. */
  reportUnlinked(): void {
    for (const [name, { kind, path, link }] of this.#functions) {
      if (link !== undefined) continue;
      const entry = `{"type": "${kind}", "name": ${JSON.stringify(name)}, "module_name": "…", "function_name": "…"}`;
      this.#run.list.addAt(path, `the ${WORDS[kind]} ${quote(name)} has no code: add a module_links entry ${entry}`);
    }
  }

  #misfit(path: PathStep[], name: string, type: unknown, found: Declared): void {
    found.link ??= path;
    const said = type === undefined ? 'a link without a type is for a tool' : `this link is for a ${WORDS[type as LinkType]}`;
    const declared = `${quote(name)} is the ${WORDS[found.kind]} ${formatPath(found.path)}`;
    this.#run.list.addAt([...path, 'type'], `${said}, but ${declared}: write "type": "${found.kind}"`);
  }

  #unknown(path: PathStep[], name: string, type: LinkType): void {
    const near = this.#run.suggester.nearest(name, this.#candidatesFor(type));
    const meant = near === undefined ? undefined : this.#functions.get(near);
    // One mistake, reported once: the function that was meant is not also reported as one without a link.
    if (meant !== undefined) meant.link ??= path;
    if (meant === undefined && !this.#complete) return;
    const advice = near === undefined ? ': declare it, or remove the link' : `; did you mean ${JSON.stringify(near)}?`;
    this.#run.list.addAt([...path, 'name'], `there is no ${WORDS[type]} named ${quote(name)}${advice}`);
  }

  #candidatesFor(type: LinkType): string[] {
    const known = this.#candidates.get(type);
    if (known !== undefined) return known;
    const names = [...this.#functions].filter(([, { kind }]) => fits(type, kind)).map(([name]) => name);
    this.#candidates.set(type, names);
    return names;
  }
}

/** The entries of `modules` that have a name. */
function namedModules(document: Json): [number, ConfigModule][] {
  return [...entries(document, 'modules')].filter(([, entry]) => isName(entry['module_name'])) as unknown as [
    number,
    ConfigModule,
  ][];
}

function checkModules(document: Json, run: CheckRun): void {
  const named = namedModules(document);
  const seen = new Map<string, number>();
  for (const [index, { module_name, class_name }] of named) {
    const key = `${module_name}\n${typeof class_name === 'string' ? class_name : ''}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else
      run.list.addAt(
        ['modules', index],
        `same module_name and class_name as ${formatPath(['modules', first])}: merge the two entries`,
      );
  }
  const modules = new ModuleIndex(named.map(([, entry]) => entry));
  for (const [index, link] of entries(document, 'module_links')) {
    const { module_name, class_name } = link as Partial<ConfigLink>;
    if (!isName(module_name) || (class_name !== undefined && class_name !== null && typeof class_name !== 'string')) continue;
    if (modules.match(module_name, class_name).ambiguous) {
      const which = class_name ? `class_name ${quote(class_name)}` : 'no class_name';
      run.list.addAt(
        ['module_links', index, 'module_name'],
        `modules has several entries for ${quote(module_name)} with different code, and none with ${which}: add one`,
      );
    }
  }
}

/**
 * Adds the mistakes between entries. Entries that are not objects or have no name are skipped: they are reported already. A list
 * that is misspelled or of the wrong type is reported once, without the mistakes that follow from it.
 */
export function checkNames(document: Json, run: CheckRun): void {
  const isReadable = (list: string): boolean => Array.isArray(document[list] ?? []) && !run.misspelled.has(list);
  const hasAllFunctions = LISTS.every(([list]) => isReadable(list));
  const functions = declaredFunctions(document, run);
  checkUris(document, 'resources', 'uri', run);
  checkUris(document, 'resource_templates', 'uriTemplate', run);
  const links = new LinkCheck(functions, run, hasAllFunctions);
  for (const [index, link] of entries(document, 'module_links')) links.check(index, link);
  if (isReadable('module_links')) links.reportUnlinked();
  checkModules(document, run);
  if (hasAllFunctions && LISTS.every(([list]) => !Array.isArray(document[list]) || document[list].length === 0)) {
    run.list.addAt([], 'the config serves nothing: declare at least one of tools, resources, resource_templates and prompts');
  }
}
