/** The checks of `modules`: duplicate entries, links with several possible entries, and entries that no link uses. */
import { isObject } from '../base/json.js';
import { formatPath, quote } from '../schema/mistakes.js';
import type { ConfigModule } from './document.js';
import { entries, isName } from './entries.js';
import { ModuleIndex } from './modules.js';
import type { CheckRun } from './shape.js';

type Json = Record<string, unknown>;

/** The code that a link or a completion names. */
interface Use {
  readonly path: (string | number)[];
  readonly module: string;
  readonly className: string | undefined;
}

function useOf(entry: unknown, path: (string | number)[]): Use[] {
  if (!isObject(entry)) return [];
  const { module_name: module, class_name: name } = entry;
  if (!isName(module) || (name !== undefined && name !== null && typeof name !== 'string')) return [];
  return [{ path, module, className: name || undefined }];
}

/** All modules that the file names: in links, in completions and in skills. */
function usesOf(document: Json): Use[] {
  const uses: Use[] = [];
  for (const [index, { module_name }] of entries(document, 'skills')) uses.push(...useOf({ module_name }, ['skills', index]));
  for (const [index, link] of entries(document, 'module_links')) uses.push(...useOf(link, ['module_links', index]));
  for (const [index, { completions }] of entries(document, 'resource_templates')) {
    if (!isObject(completions)) continue;
    for (const name of Object.keys(completions))
      uses.push(...useOf(completions[name], ['resource_templates', index, 'completions', name]));
  }
  for (const [index, prompt] of entries(document, 'prompts')) {
    for (const [at, { completions }] of entries(prompt, 'arguments'))
      uses.push(...useOf(completions, ['prompts', index, 'arguments', at, 'completions']));
  }
  return uses;
}

/** Advice on an unused entry: the link that it was probably meant for. */
function advice({ module_name, class_name }: ConfigModule, uses: readonly Use[], run: CheckRun): string {
  const modules = new Set(uses.map(({ module }) => module));
  if (!modules.has(module_name)) return `module_name ${quote(module_name)}${run.suggester.hint(module_name, modules)}`;
  const classes = uses.flatMap(({ module, className }) => (module === module_name && className ? [className] : []));
  return `class_name ${quote(class_name ?? '')} of the module ${quote(module_name)}${run.suggester.hint(class_name ?? '', classes)}`;
}

/** A module of another MCP server names one of `mcpServers`, or says in its setting how to reach it. */
function checkServers(document: Json, modules: readonly [number, ConfigModule][], run: CheckRun): void {
  const servers = isObject(document['mcpServers']) ? document['mcpServers'] : {};
  for (const [index, { source, package_name, module_name, setting }] of modules) {
    if (source !== 'mcp' || run.support.files === false || !run.support.sources.includes('mcp')) continue;
    const name = package_name || module_name;
    if (Object.hasOwn(servers, name) || typeof (setting?.['command'] ?? setting?.['url']) === 'string') continue;
    const hint = run.suggester.hint(name, Object.keys(servers));
    run.list.addAt(['modules', index], `mcpServers has no server ${quote(name)}, and the setting has no command or url${hint}`);
  }
}

/** Adds the mistakes in `modules`, and in what leads there. */
export function checkModules(document: Json, run: CheckRun): void {
  const named = [...entries(document, 'modules')].filter(([, entry]) => isName(entry['module_name'])) as unknown as [
    number,
    ConfigModule,
  ][];
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
  const uses = usesOf(document);
  const used = new Set<ConfigModule>();
  for (const { path, module, className } of uses) {
    const { entry, ambiguous } = modules.match(module, className);
    if (entry !== undefined) used.add(entry);
    if (!ambiguous || !['module_links', 'skills'].includes(String(path[0]))) continue;
    const which = className === undefined ? 'no class_name' : `class_name ${quote(className)}`;
    run.list.addAt(
      [...path, 'module_name'],
      `modules has several entries for ${quote(module)} with different code, and none with ${which}: add one`,
    );
  }
  checkServers(document, named, run);
  const isReadable = Array.isArray(document['module_links'] ?? []) && !run.misspelled.has('module_links');
  if (!isReadable) return;
  for (const [index, entry] of named) {
    if (used.has(entry) || seen.get(`${entry.module_name}\n${entry.class_name ?? ''}`) !== index) continue;
    run.list.warnAt(['modules', index], `no link uses this entry, with ${advice(entry, uses, run)}`);
  }
}
