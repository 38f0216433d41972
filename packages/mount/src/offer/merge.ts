/** Adds the functions of mounted servers to a catalog. */
import type { CatalogDefinition, FunctionDefinition } from '@mcp-daemon/core';
import { HostNames, revisionOf } from '@mcp-daemon/core';

import type { Offered } from './definitions.js';

/** The part of one mounted server. */
export interface MountedPart extends Offered {
  readonly name: string;
  readonly instructions: string | undefined;
}

/** What {@link mergeParts} makes. */
export interface Merged {
  readonly definition: CatalogDefinition;
  /** What the owner of a server should know, as log messages: names that are used twice, and names that hosts change. */
  readonly warnings: readonly { readonly mount: string; readonly message: string }[];
}

/** How many names of a server one warning spells out. */
const MAX_NAMED = 3;

/** What must be unique: names by kind, URIs. */
function keyOf(definition: FunctionDefinition): string {
  const { kind, name } = definition;
  if (kind === 'resource') return `uri ${definition.uri}`;
  return kind === 'resource_template' ? `template ${definition.uriTemplate}` : `${kind} ${name}`;
}

/** The instructions of the catalog, and of the servers. */
function instructionsOf(own: string | undefined, parts: readonly MountedPart[]): string | undefined {
  const theirs = parts.filter((part): part is MountedPart & { instructions: string } => part.instructions !== undefined);
  if (own === undefined && parts.length === 1) return theirs[0]?.instructions;
  const texts = theirs.map(({ name, instructions }) => `${name}:\n${instructions}`);
  return own === undefined && texts.length === 0 ? undefined : [...(own === undefined ? [] : [own]), ...texts].join('\n\n');
}

/**
 * Merges the functions of mounted servers into a catalog. Of two functions with one name the first keeps it, and the other gets the
 * name of its server before it; of two resources with one URI only the first is served.
 */
export function mergeParts(base: CatalogDefinition, parts: readonly MountedPart[]): Merged {
  const functions: FunctionDefinition[] = [...base.functions];
  const taken = new Set(functions.map(keyOf));
  const warnings: { mount: string; message: string }[] = [];
  const hostNames = new HostNames();
  for (const { kind, name } of functions) if (kind === 'tool') hostNames.add(name, 'the catalog');
  for (const { name: mount, functions: theirs } of parts) {
    const changed: string[] = [];
    for (const given of theirs) {
      let definition: FunctionDefinition = given;
      if (taken.has(keyOf(definition))) {
        const { name, kind } = definition;
        const renamed = kind === 'tool' || kind === 'prompt' ? `${mount}_${name}` : undefined;
        if (renamed !== undefined) definition = { ...definition, name: renamed };
        const isFree = renamed !== undefined && !taken.has(keyOf(definition));
        const what = isFree ? `and is served as "${renamed}"` : 'and is left out';
        warnings.push({ mount, message: `"${name}" of the server "${mount}" has the name of another function, ${what}` });
        if (!isFree) continue;
      }
      taken.add(keyOf(definition));
      functions.push(definition);
      if (definition.kind === 'tool') changed.push(...hostNames.add(definition.name, `the server "${mount}"`));
    }
    const more = changed.length > MAX_NAMED ? `; and ${changed.length - MAX_NAMED} more ("mcp-daemon list --as HOST")` : '';
    const named = changed.slice(0, MAX_NAMED).join('; ');
    const advice = 'change its "prefix", or "deny" tools';
    if (named !== '') warnings.push({ mount, message: `tools of the server "${mount}": ${named}${more}: ${advice}` });
  }
  const { instructions: own, ...rest } = base;
  const instructions = instructionsOf(own, parts);
  const definition: CatalogDefinition = { ...rest, functions, ...(instructions === undefined ? {} : { instructions }) };
  definition.revision = revisionOf(definition);
  return { definition, warnings };
}
