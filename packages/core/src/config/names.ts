/**
 * The checks between entries of the config: names and URIs that are used twice, links to functions that do not exist, and
 * functions without a link.
 */
import { isObject } from '../base/json.js';
import { uriKey } from '../base/uri.js';
import { HostNames } from '../catalog/host-names.js';
import type { FunctionKind } from '../ports/definition.js';
import type { PathStep } from '../schema/mistakes.js';
import { formatPath, quote } from '../schema/mistakes.js';
import type { LinkType } from './document.js';
import { LINK_TYPES } from './document.js';
import { entries, isName } from './entries.js';
import { checkModules } from './module-check.js';
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
  /** Whether it is a file, and so needs no link. */
  isFile: boolean;
  /** Where its first link is, or a link that was probably meant for it. */
  link?: PathStep[];
}

/** All functions by name. Adds a mistake for each name that is used twice. */
function declaredFunctions(document: Json, run: CheckRun): Map<string, Declared> {
  const byName = new Map<string, Declared>();
  for (const [list, kind] of LISTS) {
    for (const [index, entry] of entries(document, list)) {
      const name = entry['name'];
      if (!isName(name)) continue;
      const first = byName.get(name);
      if (first === undefined)
        byName.set(name, { kind, path: [list, index], isFile: typeof entry['file'] === 'string' && kind === 'resource' });
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
  const keys = new Map<string, number>();
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
    const key = uriKey(uri);
    const same = keys.get(key);
    if (first === undefined && same !== undefined && member === 'uri')
      run.list.warnAt(
        [list, index, member],
        `${quote(uri)} is another form of the uri of ${formatPath([list, same])}: most forms of it lead to that one`,
      );
    else if (same === undefined) keys.set(key, index);
  }
}

/** Warns of tool names that hosts cut, or take for the same. */
function warnOfNames(document: Json, run: CheckRun): void {
  const names = new HostNames();
  for (const [index, { name }] of entries(document, 'tools')) {
    if (!isName(name)) continue;
    const place = formatPath(['tools', index]);
    for (const warning of names.add(name, place)) run.list.warnAt(['tools', index, 'name'], `${warning}: choose another name`);
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

  /** Whether all lists of functions could be read. If not, a link's function may be in a misspelled list. */
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
      // The type is already reported. The link still counts as the link of this function.
      if (found !== undefined) found.link ??= path;
    } else if (found === undefined) this.#unknown(path, name, type);
    else if (!fits(type, found.kind)) this.#misfit(path, name, link['type'] ?? undefined, found);
    else if (found.isFile)
      this.#run.list.addAt([...path, 'name'], `${quote(name)} is a file, so it runs no code: remove its link, or its file`);
    else if (found.link === undefined) found.link = path;
    else
      this.#run.list.addAt(
        [...path, 'name'],
        `${quote(name)} already has the link ${formatPath(found.link)}: remove one of the two`,
      );
  }

  /** Adds a mistake for each function without a link. */
  reportUnlinked(): void {
    for (const [name, { kind, path, link, isFile }] of this.#functions) {
      if (link !== undefined || isFile) continue;
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
    // Report the mistake once: do not also report the intended function as one without a link.
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
  warnOfNames(document, run);
  const isEmpty = (list: string): boolean => !Array.isArray(document[list]) || document[list].length === 0;
  const servers = document['mcpServers'];
  const hasServers = isObject(servers) && Object.keys(servers).length > 0;
  if (hasAllFunctions && LISTS.every(([list]) => isEmpty(list)) && isEmpty('skills') && !hasServers) {
    run.list.addAt(
      [],
      'the config serves nothing: declare at least one of tools, resources, resource_templates, prompts, skills and mcpServers',
    );
  }
}
