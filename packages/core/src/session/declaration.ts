/** What a catalog has to offer, as a server declares it: hosts ask for the lists of what is declared, and give their model tools for it. */
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import type { Declaration, ServerCapability } from '../protocol/server-info.js';
import { ALL_CAPABILITIES } from '../protocol/server-info.js';

/** Which capabilities a server declares: those that its catalog has, or all of them. */
export type DeclaredCapabilities = 'catalog' | 'all';

function capabilitiesOf(definition: FunctionDefinition): ServerCapability[] {
  switch (definition.kind) {
    case 'tool':
      return ['tools', 'logging']; // a tool may log at any time
    case 'resource':
      return ['resources'];
    case 'resource_template':
      return Object.keys(definition.completions ?? {}).length > 0 ? ['resources', 'completions'] : ['resources'];
    case 'prompt':
      return definition.arguments.some(({ completion }) => completion !== undefined) ? ['prompts', 'completions'] : ['prompts'];
  }
}

/** Makes what finds the declaration of a catalog; each catalog is looked through once. */
export function createDeclarations(which: DeclaredCapabilities): (catalog: CatalogDefinition) => Declaration {
  const found = new WeakMap<CatalogDefinition, Declaration>();
  return (catalog) => {
    let declaration = found.get(catalog);
    if (declaration === undefined) {
      const { functions, instructions } = catalog;
      const capabilities = which === 'all' ? ALL_CAPABILITIES : new Set(functions.flatMap(capabilitiesOf));
      found.set(catalog, (declaration = { capabilities, instructions }));
    }
    return declaration;
  };
}
