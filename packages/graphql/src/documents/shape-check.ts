/** Checks the shape of a parsed document before it is validated: validation takes time that grows with the square of some of it. */
import type { DocumentNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';

import { ApiError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';

interface Counts {
  fields: number;
  aliases: number;
  repeats: number;
  spreads: number;
}

function count({ selections }: SelectionSetNode, counts: Counts): void {
  const names = new Set<string>();
  for (const node of selections) {
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      counts.spreads += 1;
      continue;
    }
    if (node.kind === Kind.FIELD) {
      counts.fields += 1;
      if (node.alias !== undefined) counts.aliases += 1;
      const name = node.alias?.value ?? node.name.value;
      if (names.has(name)) counts.repeats += 1;
      names.add(name);
    }
    if (node.selectionSet !== undefined) count(node.selectionSet, counts);
  }
}

/** @throws ApiError `LIMIT_EXCEEDED` */
export function checkShape(document: DocumentNode, limits: GraphqlLimits): void {
  const counts: Counts = { fields: 0, aliases: 0, repeats: 0, spreads: 0 };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION)
      count(definition.selectionSet, counts);
  }
  const check = (found: number, limit: 'maxFields' | 'maxAliases' | 'maxSpreads', what: string): void => {
    if (found > limits[limit])
      throw new ApiError('LIMIT_EXCEEDED', `The document has ${found} ${what}, at most ${limits[limit]} are allowed (${limit}).`);
  };
  check(counts.fields, 'maxFields', 'fields');
  check(counts.aliases + counts.repeats, 'maxAliases', 'aliases and repeated fields');
  check(counts.spreads, 'maxSpreads', 'uses of fragments');
}
