/** What tests of bundles find in folders. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What is in a folder, by path: `folder`, `link to …`, or the text of a file with `x ` before it where it can be executed. */
export function treeOf(folder: string, inner = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(join(folder, inner)).sort()) {
    const path = inner === '' ? name : `${inner}/${name}`;
    const place = join(folder, path);
    const stat = lstatSync(place);
    if (stat.isSymbolicLink()) tree[path] = `link to ${readlinkSync(place)}`;
    else if (stat.isDirectory()) Object.assign(tree, { [path]: 'folder' }, treeOf(folder, path));
    else tree[path] = ((stat.mode & 0o100) !== 0 ? 'x ' : '') + readFileSync(place, 'utf8');
  }
  return tree;
}
