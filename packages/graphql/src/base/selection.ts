/** Which fields a client asks for, so that what nobody wants is not read. */
import type { FieldNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';

/** What resolvers get about their field: they need no more than this. */
export type SelectionInfo = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

const known = new WeakMap<FieldNode, Map<string, ReadonlySet<string>>>();

function collect(
  { selections }: SelectionSetNode,
  path: readonly string[],
  info: SelectionInfo,
  found: Set<string>,
  seen: Set<string>,
): void {
  for (const node of selections) {
    if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet, path, info, found, seen);
    else if (node.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = info.fragments[node.name.value];
      const key = `${node.name.value} ${path.length}`;
      if (fragment === undefined || seen.has(key)) continue;
      seen.add(key);
      collect(fragment.selectionSet, path, info, found, seen);
    } else if (path.length === 0) found.add(node.name.value);
    else if (node.name.value === path[0] && node.selectionSet !== undefined)
      collect(node.selectionSet, path.slice(1), info, found, seen);
  }
}

/**
 * The names of the fields that are selected inside of a field. Those that `@skip` or `@include` leave out are counted, too.
 *
 * @param path the fields between them
 * @example selectedFields(info, ['mcpFunctionCallList']) // Set { 'name', 'status' }
 */
export function selectedFields(info: SelectionInfo, path: readonly string[] = []): ReadonlySet<string> {
  const [first] = info.fieldNodes as [FieldNode];
  const key = path.join('.');
  const byPath = known.get(first) ?? new Map<string, ReadonlySet<string>>();
  known.set(first, byPath);
  const before = byPath.get(key);
  if (before !== undefined) return before;
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const { selectionSet } of info.fieldNodes) {
    if (selectionSet !== undefined) collect(selectionSet, path, info, found, seen);
  }
  byPath.set(key, found);
  return found;
}
