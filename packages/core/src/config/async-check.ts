/** Warns of tools with `is_async` whose answer to a slow call is not what their `outputSchema` says. */
import { isObject } from '../base/json.js';
import { quote } from '../schema/mistakes.js';
import { entries, isName } from './entries.js';
import type { CheckRun } from './shape.js';

/** Warns of each tool that has both. What its link says about `is_async` counts before what the tool says. */
export function checkAsync(document: Record<string, unknown>, run: CheckRun): void {
  const links = new Map<string, { is_async: unknown; index: number }>();
  for (const [index, { name, is_async = null }] of entries(document, 'module_links'))
    if (isName(name) && is_async !== null) links.set(name, { is_async, index });
  for (const [index, { name, outputSchema, is_async }] of entries(document, 'tools')) {
    if (!isName(name) || !isObject(outputSchema)) continue;
    const link = links.get(name);
    if ((link?.is_async ?? is_async) !== true) continue;
    run.list.warnAt(
      link === undefined ? ['tools', index, 'is_async'] : ['module_links', link.index, 'is_async'],
      `${quote(name)} has an outputSchema, and the answer to a slow call is a resource, which does not fit it: clients that check results refuse it. Write "task": "optional" in the link in place of is_async, or remove the outputSchema`,
    );
  }
}
