/**
 * Pins what mounted servers offer: what was approved is stored, and what differs from it is reported, or held back until it is approved.
 * What a server offers at its first start is approved.
 */
import { createHash } from 'node:crypto';

import type {
  CatalogChange,
  CatalogDefinition,
  FunctionDefinition,
  JsonObject,
  Logger,
  MountDefinition,
  StateStore,
} from '@mcp-daemon/core';
import { compareCatalogs, exactJson } from '@mcp-daemon/core';

import type { Offer } from '../connection/lists.js';
import { NOTHING } from '../connection/lists.js';
import { definitionsOf } from './definitions.js';

/** What {@link Pins} takes. */
export interface PinsOptions {
  partition: string;
  /** Where approvals are kept. @throws DaemonError if it cannot be opened */
  state: () => Promise<StateStore>;
  logger: Logger;
}

/** An offer after the comparison with what was approved. */
export interface Reviewed {
  /** What may be served. */
  readonly offer: Offer;
  /** How it differs from what was approved. */
  readonly changes: readonly CatalogChange[];
  /** Whether some of it is held back. */
  readonly isBlocked: boolean;
}

/** What is stored. */
interface Approved {
  /** SHA-256 of the text of `offer`. */
  readonly digest: string;
  readonly offer: Offer;
  /** Milliseconds since 1970. */
  readonly approved_at: number;
  /** Who approved it; null: it is the first offer. */
  readonly approved_by: string | null;
}

/** The members of each kind that count. */
const MEMBERS: Readonly<Record<keyof Offer, readonly string[]>> = {
  tools: ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'],
  resources: ['uri', 'name', 'title', 'description', 'mimeType', 'annotations'],
  resourceTemplates: ['uriTemplate', 'name', 'title', 'description', 'mimeType', 'annotations'],
  prompts: ['name', 'title', 'description', 'arguments'],
};
const KEYS: Readonly<Record<keyof Offer, string>> = {
  tools: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
  prompts: 'name',
};
const LISTS = Object.keys(MEMBERS) as (keyof Offer)[];

const keyOf = ({ name }: MountDefinition): string => `pin/${name}`;

function pinned(list: keyof Offer, entry: JsonObject): JsonObject {
  return Object.fromEntries(MEMBERS[list].flatMap((member) => (entry[member] === undefined ? [] : [[member, entry[member]]])));
}

const pinnedOffer = (offer: Offer): Offer =>
  Object.fromEntries(LISTS.map((list) => [list, offer[list].map((entry) => pinned(list, entry))])) as unknown as Offer;

/** The offer as a catalog, for the comparison: each kind by itself, as kinds may share names. */
function catalogOf(mount: MountDefinition, list: keyof Offer, offer: Offer): CatalogDefinition {
  const bare: MountDefinition = { ...mount, prefix: '' };
  const { functions } = definitionsOf(
    bare,
    { ...NOTHING, [list]: offer[list] },
    { completes: false, makesTasks: false, isDown: false },
  );
  const named = functions.map((entry): FunctionDefinition =>
    entry.kind === 'resource'
      ? { ...entry, name: entry.uri }
      : entry.kind === 'resource_template'
        ? { ...entry, name: entry.uriTemplate }
        : entry,
  );
  return { revision: '', functions: named };
}

/** How an offer differs from another one. */
function changesOf(mount: MountDefinition, before: Offer, after: Offer): CatalogChange[] {
  return LISTS.flatMap((list) => compareCatalogs(catalogOf(mount, list, before), catalogOf(mount, list, after)));
}

/** The entries that are as they were approved. */
function withoutChanged(approved: Offer, offer: Offer): Offer {
  const kept = LISTS.map((list): [keyof Offer, readonly JsonObject[]] => {
    const known = new Map(approved[list].map((entry) => [entry[KEYS[list]], exactJson(entry)]));
    return [list, offer[list].filter((entry) => known.get(entry[KEYS[list]]) === exactJson(pinned(list, entry)))];
  });
  return Object.fromEntries(kept) as unknown as Offer;
}

function stored(offer: Offer, by: string | null): string {
  const digest = createHash('sha256').update(exactJson(offer)).digest('hex');
  const approved: Approved = { digest, offer, approved_at: Date.now(), approved_by: by };
  return exactJson(approved);
}

/** The approvals of one partition. */
export class Pins {
  readonly #options: PinsOptions;
  /** The digests of what was reported already, by server. */
  readonly #reported = new Map<string, string>();

  constructor(options: PinsOptions) {
    this.#options = options;
  }

  /**
   * Compares what a server offers with what was approved.
   *
   * @throws Error if the approvals cannot be read, and nothing may be served without them
   */
  async review(mount: MountDefinition, offer: Offer): Promise<Reviewed> {
    const all: Reviewed = { offer, changes: [], isBlocked: false };
    if (mount.pin === 'off') return all;
    const now = pinnedOffer(offer);
    let approved: Approved | undefined;
    try {
      approved = await this.#approved(mount, now);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (mount.pin === 'block') throw new Error(`what was approved of it cannot be read: ${why}`, { cause: error });
      this.#options.logger.error(
        { server: mount.name, error: why },
        `what was approved of the server "${mount.name}" cannot be read`,
      );
      return all;
    }
    if (approved === undefined) return all;
    const changes = changesOf(mount, approved.offer, now);
    this.#report(mount, changes, now);
    if (mount.pin === 'warn' || changes.length === 0) return { offer, changes, isBlocked: false };
    return { offer: withoutChanged(approved.offer, offer), changes, isBlocked: true };
  }

  /** Approves what a server offers now. @throws DaemonError if it cannot be stored */
  async approve(mount: MountDefinition, offer: Offer, by: string): Promise<void> {
    const state = await this.#options.state();
    await state.put(this.#options.partition, keyOf(mount), stored(pinnedOffer(offer), by));
  }

  /** What was approved; undefined: this is the first offer, which is approved now. */
  async #approved(mount: MountDefinition, now: Offer): Promise<Approved | undefined> {
    const { partition, state: open } = this.#options;
    const state = await open();
    const entry = await state.get(partition, keyOf(mount));
    if (entry !== undefined) return JSON.parse(entry.value) as Approved;
    const first = await state.put(partition, keyOf(mount), stored(now, null), { expected: null });
    if (first !== undefined) return undefined;
    const other = await state.get(partition, keyOf(mount)); // another process was first
    return other === undefined ? undefined : (JSON.parse(other.value) as Approved);
  }

  /** Logs a difference once. */
  #report({ name, pin }: MountDefinition, changes: readonly CatalogChange[], now: Offer): void {
    if (changes.length === 0) {
      this.#reported.delete(name);
      return;
    }
    const digest = createHash('sha256').update(exactJson(now)).digest('hex');
    if (this.#reported.get(name) === digest) return;
    this.#reported.set(name, digest);
    const what = pin === 'block' ? 'what differs is not served' : 'it is served';
    this.#options.logger.warn(
      { server: name, changes: changes.slice(0, 20) },
      `the server "${name}" does not offer what was approved: ${what}; "mcp-daemon mounts check ${name}" shows how it differs, "mcp-daemon mounts approve ${name}" approves it`,
    );
  }
}
