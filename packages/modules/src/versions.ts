/**
 * Makes Node load a file again. An ES module is remembered by its URL for as long as the process lives, so a newer one needs
 * another URL: `?mcpd=<n>`. Every file has one current version in the process; a file gets a new one when it, or anything that
 * it imports, has changed, and all others keep their state. Resolve hooks give the imports inside of modules their versions;
 * they are installed with the first reload, so that a process that never reloads does not pay for them.
 */
import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import type { MessagePort } from 'node:worker_threads';

/** What the hooks know of one URL: its versions in order, and whether code of that URL cannot tell its own version (CommonJS). */
interface Known {
  list: number[];
  unversioned: boolean;
}

/** The hooks that Node 22.15 has, as far as we use them; its types here are older. */
interface SyncHooks {
  registerHooks?(hooks: {
    resolve(specifier: string, context: HookContext, next: (specifier: string, context: HookContext) => Resolved): Resolved;
  }): unknown;
}

interface HookContext {
  conditions: readonly string[];
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
 * The URL with the version that its importer is to see: the newest, but for an importer that has a newer version itself: that
 * one is older code that still runs, and keeps what it has.
 *
 * Self-contained: its text is also run in the thread that Node 20 keeps for hooks.
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

/** A module for the hooks' own thread. Before it answers it takes what was posted before the question. */
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
  installed = true;
  const { registerHooks } = nodeModule as unknown as SyncHooks;
  if (registerHooks !== undefined) {
    registerHooks({
      resolve(specifier, context, next) {
        const result = next(specifier, context);
        // require() goes by files, and its cache is cleared.
        if (!context.conditions.includes('import')) return result;
        const url = pick(result.url, context.parentURL, known);
        return url === result.url ? result : { ...result, url };
      },
    });
    return;
  }
  const channel = new MessageChannel();
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hooksSource())}`, {
    parentURL: import.meta.url,
    data: { port: channel.port2 },
    transferList: [channel.port2],
  });
  port = channel.port1;
  port.unref();
}

/** The URL of a file's newest code, for `import()`. */
export function urlOf(file: string): string {
  const { href } = pathToFileURL(file);
  const version = current.get(file);
  return version === undefined ? href : `${href}?mcpd=${version}`;
}

/**
 * Gives files a new version, so that the next import of each reads it again. Code that runs keeps what it has.
 *
 * @param files without symbolic links; whoever imports them is to be among them
 * @throws Error where Node refuses the hooks (its permission model forbids threads); the files have their versions all the same
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
    // Deleting is how a module is taken out of this cache.
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete cache[file];
  }
  if (!installed) install();
  port?.postMessage(entries);
}
