/** The checks of `skills` against each other and against `modules`. */
import { skillName } from '../catalog/compare-skills.js';
import { formatPath, quote } from '../schema/mistakes.js';
import type { ConfigModule } from './document.js';
import { entries, isName } from './entries.js';
import { ModuleIndex } from './modules.js';
import type { CheckRun } from './shape.js';

type Json = Record<string, unknown>;

/** Where bundles come from. An empty source is what the Python engine's imports write for them. */
const BUNDLES = ['zip', 's3', ''];

const IN_A_STORE =
  'a catalog in a store has no folder of its own: put the skill into a bundle, and either push that with a config that names the skill, or name its module here as module_name';

/** What is wrong with the module of a skill; undefined: nothing. */
function moduleProblem(module: string, modules: ModuleIndex, names: readonly string[], run: CheckRun): string | undefined {
  const { entry, ambiguous } = modules.match(module, undefined);
  if (ambiguous) return undefined; // reported with the modules
  const bundle = `{"module_name": ${JSON.stringify(module)}, "package_name": "…", "source": "zip"}`;
  if (entry === undefined)
    return `modules has no entry for ${quote(module)}${run.suggester.hint(module, names)}: add one that says where its bundle is, such as ${bundle}`;
  if (typeof entry.source === 'string' && BUNDLES.includes(entry.source)) return undefined;
  const found = typeof entry.source === 'string' ? `has the source ${quote(entry.source)}` : 'has no source';
  return `the module ${quote(module)} is in no bundle: its entry of modules ${found}. Without module_name, the folder is beside the config file, or in the bundle that carries the config`;
}

/** Adds the mistakes of skills. */
export function checkSkills(document: Json, run: CheckRun): void {
  const modules = [...entries(document, 'modules')]
    .map(([, entry]) => entry)
    .filter((entry) => isName(entry['module_name'])) as unknown as ConfigModule[];
  const index = new ModuleIndex(modules);
  const names = modules.map(({ module_name }) => module_name);
  const seen = new Map<string, number>();
  for (const [at, { path, module_name: module }] of entries(document, 'skills')) {
    const where = ['skills', at];
    if (isName(module)) {
      const problem = moduleProblem(module, index, names, run);
      if (problem !== undefined) run.list.addAt([...where, 'module_name'], problem);
      if (typeof path === 'string' && /(^|\/)\./.test(path) && !/(^|\/)\.\.?(\/|$)/.test(path))
        run.list.addAt([...where, 'path'], 'leads through a hidden folder, which bundles do not serve');
    } else if (run.support.files === false && (module === undefined || module === null)) {
      run.list.addAt([...where, 'path'], IN_A_STORE);
    }
    if (!isName(path)) continue;
    const name = skillName(path);
    const first = seen.get(name);
    if (first === undefined) seen.set(name, at);
    else
      run.list.addAt(
        [...where, 'path'],
        `${quote(name)} is the name of ${formatPath(['skills', first])} too: the last part of a path is the name of its skill, which must be unique`,
      );
  }
}
