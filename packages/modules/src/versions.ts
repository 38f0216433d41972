/**
 * Makes Node load a file again. Node caches ES modules by URL until the process ends, so a newer one needs another URL:
 * `?mcpd=<n>`. Every file has one current version in the process. A file gets a new version when it, or a file that it imports,
 * has changed; all others keep their state. Resolve hooks add the versions to imports inside modules. They are installed at the
 * first reload, so that a process without reloads does not pay for them.
 */
import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';

import { checkDescriptors } from './descriptors.js';

/** The versions of one URL in order, and whether its code does not know its own version (CommonJS). */
interface Known {
  list: number[];
  unversioned: boolean;
}

/** The hooks of Node 22.15, which the installed types do not have yet. */
interface SyncHooks {
  registerHooks?(hooks: {
    resolve(specifier: string, context: HookContext, next: (specifier: string, context: HookContext) => Resolved): Resolved;
  }): unknown;
}

interface HookContext {
  /** A list; Node 22.15 to 22.17 give a Set where other hooks run in a thread. */
  conditions: Iterable<string>;
  parentURL?: string | undefined;
}

interface Resolved {
  url: string;
}

const known = new Map<string, Known>();
const current = new Map<string, number>();
const { cache } = nodeModule.createRequire(import.meta.url);
let generation = 0;
let installed = false;
let port: MessagePort | undefined;

/**
 * The URL with the version for its importer: the newest, except for an importer that has a newer version itself. That importer is
 * old code which still runs, and keeps the versions that it has.
 *
 * Node 20: must not refer to anything outside, because its source text also runs in the thread of the hooks.
 */
function pick(url: string, parentUrl: string | undefined, versions: ReadonlyMap<string, Known>): string {
  const target = versions.get(url);
  if (target === undefined) return url;
  const at = parentUrl === undefined ? -1 : parentUrl.indexOf('?');
  const parent = parentUrl === undefined ? undefined : versions.get(at < 0 ? parentUrl : parentUrl.slice(0, at));
  const mine = Number(/[?&]mcpd=(\d+)/.exec(parentUrl === undefined ? '' : parentUrl)?.[1] ?? 0);
  const limit = parent === undefined || parent.unversioned ? undefined : parent.list.find((version) => version > mine);
  const version = target.list.findLast((candidate) => limit === undefined || candidate < limit);
  return version === undefined ? url : url + '?mcpd=' + version;
}

/** Node 20: the source of a module for the thread of the hooks. Before it resolves, it receives all posted versions. */
const hooksSource = (): string => `
import { receiveMessageOnPort } from 'node:worker_threads';
const pick = ${pick.toString()};
const versions = new Map();
let port;
export const initialize = (data) => { port = data.port; };
export const resolve = async (specifier, context, next) => {
  const result = await next(specifier, context);
  for (let message; (message = receiveMessageOnPort(port)) !== undefined; ) {
    for (const [url, entry] of message.message) versions.set(url, entry);
  }
  const url = pick(result.url, context.parentURL, versions);
  return url === result.url ? result : { ...result, url };
};`;

function install(): void {
  const { registerHooks } = nodeModule as unknown as SyncHooks;
  if (registerHooks !== undefined) {
    installed = true;
    registerHooks({
      resolve(specifier, context, next) {
        const result = next(specifier, context);
        // require() identifies modules by file, and its cache is cleared.
        if (![...context.conditions].includes('import')) return result;
        const url = pick(result.url, context.parentURL, known);
        return url === result.url ? result : { ...result, url };
      },
    });
    return;
  }
  checkDescriptors();
  installed = true;
  const channel = new MessageChannel();
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hooksSource())}`, {
    parentURL: import.meta.url,
    data: { port: channel.port2 },
    transferList: [channel.port2],
  });
  port = channel.port1;
  port.unref();
  port.postMessage([...known]); // also what was superseded while the hooks could not be installed
}

/** The URL of a file's newest code, for `import()`. */
export function urlOf(file: string): string {
  const { href } = pathToFileURL(file);
  const version = current.get(file);
  return version === undefined ? href : `${href}?mcpd=${version}`;
}

/**
 * Gives files a new version, so that the next import of each reads it again. Running code keeps the versions that it has.
 *
 * @param files paths without symbolic links; must include all importers of these files
 * @throws Error if Node refuses the hooks (its permission model forbids threads) or has too few file descriptors for them; the files
 *   still get their new versions
 */
export function supersede(files: Iterable<string>): void {
  generation++;
  const entries: [string, Known][] = [];
  for (const file of files) {
    const { href } = pathToFileURL(file);
    const before = known.get(href);
    const entry = { list: [...(before?.list ?? []), generation], unversioned: (before?.unversioned ?? false) || file in cache };
    current.set(file, generation);
    known.set(href, entry);
    entries.push([href, entry]);
    // Deleting removes a module from this cache.
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete cache[file];
  }
  if (!installed) install();
  port?.postMessage(entries);
}
