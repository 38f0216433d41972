/** Adds the functions of mounted servers to a catalog. */
import type { CatalogDefinition, FunctionDefinition } from '@mcp-daemon/core';
import { revisionOf } from '@mcp-daemon/core';

import type { Offered } from './definitions.js';

/** The part of one mounted server. */
export interface MountedPart extends Offered {
  readonly name: string;
  readonly instructions: string | undefined;
}

/** A function that has the name of another one. */
export interface Collision {
  readonly mount: string;
  readonly name: string;
  /** The name that it gets instead; undefined: it is left out. */
  readonly renamed: string | undefined;
}

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
export function mergeParts(
  base: CatalogDefinition,
  parts: readonly MountedPart[],
): { definition: CatalogDefinition; collisions: readonly Collision[] } {
  const functions: FunctionDefinition[] = [...base.functions];
  const taken = new Set(functions.map(keyOf));
  const collisions: Collision[] = [];
  for (const { name: mount, functions: theirs } of parts) {
    for (const given of theirs) {
      let definition: FunctionDefinition = given;
      if (taken.has(keyOf(definition))) {
        const { name, kind } = definition;
        const renamed = kind === 'tool' || kind === 'prompt' ? `${mount}_${name}` : undefined;
        if (renamed !== undefined) definition = { ...definition, name: renamed };
        const isFree = renamed !== undefined && !taken.has(keyOf(definition));
        collisions.push({ mount, name, renamed: isFree ? renamed : undefined });
        if (!isFree) continue;
      }
      taken.add(keyOf(definition));
      functions.push(definition);
    }
  }
  const { instructions: own, ...rest } = base;
  const instructions = instructionsOf(own, parts);
  const definition: CatalogDefinition = { ...rest, functions, ...(instructions === undefined ? {} : { instructions }) };
  definition.revision = revisionOf(definition);
  return { definition, collisions };
}
