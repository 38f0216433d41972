/** Summarizes a catalog in a few words. */
import type { CatalogDefinition } from '@mcp-daemon/core';

import { plural } from './text.js';

/** The word for each kind of function. */
export const WORDS = { tool: 'tool', resource: 'resource', resource_template: 'template', prompt: 'prompt' } as const;

/** `3 tools, 1 resource, 1 prompt, 1 skill, 2 mounted servers`. */
export function summary({ functions, skills = [], mounts = [] }: CatalogDefinition): string {
  const counts = new Map<string, number>();
  for (const { kind } of functions) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const parts = Object.entries(WORDS).flatMap(([kind, word]) => {
    const count = counts.get(kind) ?? 0;
    return count === 0 ? [] : [plural(count, word)];
  });
  if (skills.length > 0) parts.push(plural(skills.length, 'skill'));
  if (mounts.length > 0) parts.push(plural(mounts.length, 'mounted server'));
  return parts.length === 0 ? 'no tools, resources or prompts yet' : parts.join(', ');
}
