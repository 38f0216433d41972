/**
 * Warns of pages that hosts would not show: MCP Apps, the extension `io.modelcontextprotocol/ui`
 * (https://github.com/modelcontextprotocol/ext-apps, specification 2026-01-26).
 */
import { isObject } from '../base/json.js';
import { uriKey } from '../base/uri.js';
import { describe, quote } from '../schema/mistakes.js';
import { entries } from './entries.js';
import type { CheckRun } from './shape.js';

/** The media type of a page that a host shows. */
export const APP_MEDIA_TYPE = 'text/html;profile=mcp-app';

/** Who may see a tool with a page: the model, the page, or both. */
const VISIBILITY = ['model', 'app'];

/** The same media type, however it is written. */
const isApp = (mimeType: unknown): boolean =>
  typeof mimeType === 'string' && /^text\/html\s*;\s*profile="?mcp-app"?$/i.test(mimeType.trim());

/** Warns of tools whose page is not there, and of pages with another media type. */
export function checkApps(document: Record<string, unknown>, run: CheckRun): void {
  const pages = new Map<string, unknown>();
  for (const [index, { uri, mimeType, file }] of entries(document, 'resources')) {
    if (typeof uri !== 'string') continue;
    const type = mimeType ?? (typeof file === 'string' && file.toLowerCase().endsWith('.html') ? APP_MEDIA_TYPE : undefined);
    pages.set(uriKey(uri), type);
    if (uri.startsWith('ui://') && !isApp(type))
      run.list.warnAt(['resources', index, 'mimeType'], `hosts show a page of ui:// only with ${quote(APP_MEDIA_TYPE)}`);
  }
  for (const [index, { _meta }] of entries(document, 'tools')) {
    const ui = isObject(_meta) ? _meta['ui'] : undefined;
    if (!isObject(ui)) continue;
    const { resourceUri: uri, visibility } = ui;
    const at = ['tools', index, '_meta', 'ui'];
    if (visibility !== undefined && !(Array.isArray(visibility) && visibility.every((who) => VISIBILITY.includes(String(who)))))
      run.list.warnAt([...at, 'visibility'], `must be a list of "model" and "app", got ${describe(visibility)}`);
    if (uri === undefined) continue;
    if (typeof uri !== 'string' || !uri.startsWith('ui://'))
      run.list.warnAt([...at, 'resourceUri'], `must be the URI of a page, which begins with ui://, got ${describe(uri)}`);
    else if (!pages.has(uriKey(uri)))
      run.list.warnAt(
        [...at, 'resourceUri'],
        `no resource of this file has the URI ${quote(uri)}: hosts will have no page to show`,
      );
  }
}
