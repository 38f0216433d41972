/** The capabilities that a server declares for a catalog. Hosts request the lists of the declared kinds only. */
import type { JsonObject } from '../base/json.js';
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import type { Declaration, ServerCapability } from '../protocol/server-info.js';
import { ALL_CAPABILITIES } from '../protocol/server-info.js';
import { TASKS_EXTENSION } from '../protocol/tasks-extension.js';

/** Which capabilities a server declares: those that its catalog needs, or all. */
export type DeclaredCapabilities = 'catalog' | 'all';

function capabilitiesOf(definition: FunctionDefinition): ServerCapability[] {
  switch (definition.kind) {
    case 'tool':
      return ['tools', 'logging']; // a tool may send log messages
    case 'resource':
      return ['resources'];
    case 'resource_template':
      return Object.keys(definition.completions ?? {}).length > 0 ? ['resources', 'completions'] : ['resources'];
    case 'prompt':
      return definition.arguments.some(({ completion }) => completion !== undefined) ? ['prompts', 'completions'] : ['prompts'];
  }
}

/** The ids of extensions. */
const SKILLS = 'io.modelcontextprotocol/skills';
const APPS = 'io.modelcontextprotocol/ui';

const mayBeTask = (entry: FunctionDefinition): boolean =>
  entry.kind === 'tool' && (entry.task ?? (entry.is_async === true ? 'optional' : 'never')) !== 'never';

/** The extensions that a catalog uses, with their settings; undefined: none. */
function extensionsOf({ functions, skills = [] }: CatalogDefinition): JsonObject | undefined {
  const extensions: JsonObject = {};
  if (skills.length > 0) extensions[SKILLS] = { directoryRead: true };
  if (functions.some((entry) => entry.kind === 'tool' && entry._meta?.['ui'] !== undefined)) extensions[APPS] = {};
  if (functions.some(mayBeTask)) extensions[TASKS_EXTENSION] = {};
  return Object.keys(extensions).length === 0 ? undefined : extensions;
}

/** Creates a function that returns the declaration of a catalog. The declaration of each catalog is computed once. */
export function createDeclarations(which: DeclaredCapabilities): (catalog: CatalogDefinition) => Declaration {
  const found = new WeakMap<CatalogDefinition, Declaration>();
  return (catalog) => {
    let declaration = found.get(catalog);
    if (declaration === undefined) {
      const { functions, instructions, instances } = catalog;
      const extensions = extensionsOf(catalog);
      const own = new Set(functions.flatMap(capabilitiesOf));
      if (extensions?.[SKILLS] !== undefined) own.add('resources'); // their files are read by resources/read
      const capabilities = which === 'all' || catalog.mayGrow === true ? ALL_CAPABILITIES : own;
      found.set(catalog, (declaration = { capabilities, instructions, extensions, instances }));
    }
    return declaration;
  };
}
