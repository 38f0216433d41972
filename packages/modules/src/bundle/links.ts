/**
 * Symbolic links of a bundle. A link is taken if it is relative and leads to an entry inside the bundle, as the links in folders of
 * pnpm do.
 */
import { BundleRefusal, quoted } from './refusal.js';

/** A link to be made. */
export interface BundleLink {
  path: string;
  /** Relative to the link's folder. */
  target: string;
}

/** How many links may follow each other. */
const MAX_CHAIN = 40;

/** Whether a link is one of a package manager to a program. Nothing that a daemon runs needs them. */
export const isProgramLink = (path: string): boolean => /(?:^|\/)node_modules\/\.bin\/[^/]+$/.test(path);

/** What is at a path: a file or folder, or a link. */
export type Lookup = (path: string) => 'file' | 'folder' | BundleLink | undefined;

class LinkWalk {
  readonly #link: BundleLink;
  readonly #lookup: Lookup;
  #followed = 0;

  constructor(link: BundleLink, lookup: Lookup) {
    this.#link = link;
    this.#lookup = lookup;
  }

  refusal(why: string): BundleRefusal {
    return new BundleRefusal('link', `is a link to ${quoted(this.#link.target)}, ${why}`, this.#link.path);
  }

  /** Follows the target from a folder, links on the way included. @returns the parts of the path where it ends */
  walk(from: readonly string[], target: string): string[] {
    const at = [...from];
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (at.pop() === undefined) throw this.refusal('which is outside of the bundle');
        continue;
      }
      const found = this.#lookup([...at, part].join('/'));
      if (found === undefined) throw this.refusal('which is not in the bundle');
      if (typeof found !== 'object') {
        at.push(part);
        continue;
      }
      this.#followed += 1;
      if (this.#followed > MAX_CHAIN) throw this.refusal(`which leads through more than ${MAX_CHAIN} links`);
      at.splice(0, at.length, ...this.walk(at, found.target));
    }
    return at;
  }
}

/**
 * Checks where a link leads.
 *
 * @returns the path where it ends; empty: the bundle's own folder
 * @throws BundleRefusal that names the link and its target
 */
export function followLink(link: BundleLink, lookup: Lookup): string {
  const { path, target } = link;
  const walk = new LinkWalk(link, lookup);
  if (target === '') throw walk.refusal('which is empty');
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\\]/.test(target)) throw walk.refusal('which has a backslash or a control character');
  if (target.startsWith('/') || /^[a-z]:/i.test(target)) throw walk.refusal('which is an absolute path: make it relative');
  return walk.walk(path.split('/').slice(0, -1), target).join('/');
}
