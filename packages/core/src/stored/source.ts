/**
 * Serves the catalogs that a store holds. Each partition in use is asked once per poll whether it has changed, by one small read, so that
 * what one process changes is served by all others soon after.
 */
import { canonicalJson } from '../base/equality.js';
import { revisionOf } from '../catalog/revision.js';
import type { ConfigSupport } from '../config/check.js';
import type { StoredDocument } from '../config/stored-document.js';
import type { CatalogStore, PartitionHead } from '../ports/catalog-store.js';
import type { CatalogSource, CatalogSourceStats } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { CatalogReads, SettingsRead } from './reading.js';
import { definitionOf, missingSettings, readRevision, readRows, readSettingRows, withoutSettings } from './reading.js';

/** What {@link createStoredSource} takes. */
export interface StoredSourceOptions {
  catalogs: CatalogStore;
  logger: Logger;
  /** What this daemon supports; rows that ask for more are left out. Default: everything that a config can say. */
  support?: Partial<ConfigSupport>;
  /** Milliseconds between two questions whether a partition has changed. Default 1,000. */
  pollMs?: number;
  /** Milliseconds between two readings of the rows of a partition whose rows are its catalog. Default 60,000. */
  rowsMs?: number;
  /** Milliseconds for which a partition is asked about after it was last loaded. Default 10 minutes. */
  idleMs?: number;
  /**
   * Milliseconds for which a partition that does not exist is not looked for again, so that requests for made-up names cost the store
   * little. 1,000 names at most are remembered. Default 1,000.
   */
  missingMs?: number;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** A source of the catalogs in a store. */
export interface StoredSource extends CatalogSource {
  watch(listener: (partition: string) => void): () => void;
  readonly keepMs: number;
  /** Reads again what is known of a partition (default: of all), and calls listeners where it has changed. Never throws. */
  purge(partition?: string): Promise<void>;
  refresh(partition: string): Promise<void>;
  stats(): CatalogSourceStats;
  close(): void;
}

/** What is known of a partition. */
interface Known {
  version: string | undefined;
  /** Names what is served, settings included: while it stays, so does the definition. */
  content: string;
  definition: CatalogDefinition;
  /** The newest revision, so that a setting's change does not read it again. */
  revision: string | undefined;
  document: StoredDocument;
  /** When the rows were read. */
  readAt: number;
}

interface Watched {
  readonly name: string;
  known: Known;
  askedAt: number;
  /** Listeners were called for this version. */
  announced: string | undefined;
  asking: boolean;
}

const MAX_REPORTED = 10_000;
const MAX_MISSING = 1_000;

/** Creates a source of the catalogs in a store. Its `load` throws what the store's methods throw. */
export function createStoredSource(options: StoredSourceOptions): StoredSource {
  const { catalogs: store, logger, support = {}, pollMs = 1_000, rowsMs = 60_000, idleMs = 600_000 } = options;
  const { missingMs = 1_000, now = Date.now } = options;
  const listeners = new Set<{ changed: (partition: string) => void }>();
  const watched = new Map<string, Watched>();
  /** Partitions that do not exist, and until when they are not looked for; those that expire first come first. */
  const missing = new Map<string, number>();
  /** What was logged already, so that it is logged once. */
  const reported = new Set<string>();
  let reads = 0;
  const count = <T>(answer: T): T => {
    reads += 1;
    return answer;
  };
  /** The store, with its reads counted. */
  const catalogs: CatalogReads = {
    head: (partition) => count(store.head(partition)),
    text: (partition, revision) => count(store.text(partition, revision)),
    rows: (partition) => count(store.rows(partition)),
    settings: (partition, query) => count(store.settings(partition, query)),
  };
  let unreachable = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  function reportOnce(members: Record<string, string>, message: string): void {
    const key = canonicalJson(members);
    if (reported.has(key)) return;
    if (reported.size >= MAX_REPORTED) reported.clear();
    reported.add(key);
    logger.warn(members, message);
  }

  /** Logs settings that are missing or cannot be read. @returns the document without the functions that need an unreadable one */
  function checkSettings(partition: string, whole: StoredDocument, { settings, bad }: SettingsRead): StoredDocument {
    for (const { row, reason } of bad.values())
      reportOnce(
        { partition, row, reason },
        `partition "${partition}": ${row} cannot be read, and functions of classes that need it are left out: ${reason}`,
      );
    const document = withoutSettings(whole, bad);
    for (const setting of missingSettings(document, settings))
      reportOnce(
        { partition, setting },
        `partition "${partition}": the setting "${setting}" is not there; its classes get an empty one`,
      );
    return document;
  }

  async function readRevised(name: string, head: PartitionHead, revision: string, before: Known | undefined): Promise<Known> {
    const document = before?.revision === revision ? before.document : await readRevision(catalogs, name, revision);
    const read = await readSettingRows(catalogs, name);
    const { settings, bad } = read;
    const served = checkSettings(name, document, read);
    const used = document.modules.map(({ setting_id: id }) => [id, settings.get(id) ?? (bad.has(id) ? 'unreadable' : null)]);
    const content = canonicalJson([revision, used]);
    const definition = before?.content === content ? before.definition : definitionOf(served, settings, revision);
    return { version: head.version, content, definition, revision, document, readAt: now() };
  }

  async function readFromRows(
    name: string,
    head: PartitionHead | undefined,
    before: Known | undefined,
  ): Promise<Known | undefined> {
    const { from, document, bad } = await readRows(catalogs, name, support);
    // A head without a revision: the partition exists, and all its rows may be gone.
    if (from === 'none' && head === undefined) return undefined;
    for (const { row, reason } of bad)
      reportOnce({ partition: name, row, reason }, `partition "${name}": ${row} is left out: ${reason}`);
    const read = await readSettingRows(catalogs, name);
    const made = definitionOf(checkSettings(name, document, read), read.settings);
    const content = revisionOf(made);
    const definition = before?.content === content ? before.definition : made;
    return { version: head?.version, content, definition, revision: undefined, document, readAt: now() };
  }

  async function read(name: string, before: Known | undefined, fresh: boolean): Promise<Known | undefined> {
    const head = await catalogs.head(name);
    if (typeof head?.revision !== 'string') return readFromRows(name, head, before);
    if (!fresh && before?.revision === head.revision && before.version === head.version) return before;
    return readRevised(name, head, head.revision, before);
  }

  function keep(name: string, known: Known): void {
    const before = watched.get(name);
    if (before === undefined) watched.set(name, { name, known, askedAt: now(), announced: known.version, asking: false });
    else Object.assign(before, { known, askedAt: now(), announced: known.version });
    if (timer !== undefined || closed) return;
    timer = setInterval(() => void poll(), pollMs);
    timer.unref();
  }

  function keepMissing(name: string): void {
    missing.delete(name);
    missing.set(name, now() + missingMs);
    for (const [oldest, until] of missing) {
      if (missing.size <= MAX_MISSING && until > now()) break;
      missing.delete(oldest);
    }
  }

  function tell(partition: string): void {
    if (closed) return;
    for (const { changed } of [...listeners]) changed(partition);
  }

  /** Reads all of a partition, and calls listeners where it has changed. */
  async function readAgain(partition: Watched): Promise<void> {
    const { name, known } = partition;
    const next = await read(name, { ...known, revision: undefined }, true);
    if (next?.content === known.content) return;
    // Kept here: a setting may have changed without the head, by which `load` decides.
    if (next !== undefined) Object.assign(partition, { known: next, announced: next.version });
    tell(name);
  }

  async function readAgainSafely(partition: Watched): Promise<void> {
    try {
      await readAgain(partition);
    } catch (error) {
      const { name } = partition;
      logger.error({ partition: name, error: String(error) }, `partition "${name}" could not be read again: ${String(error)}`);
    }
  }

  /** Asks whether one partition has changed, and calls listeners where it has. */
  async function ask(partition: Watched): Promise<void> {
    const { name, known } = partition;
    const head = await catalogs.head(name);
    if (head?.version !== partition.announced) {
      partition.announced = head?.version;
      return tell(name);
    }
    if (known.revision !== undefined || now() - known.readAt < rowsMs) return;
    known.readAt = now();
    const next = await readFromRows(name, head, known);
    if (next?.content !== known.content) tell(name);
  }

  /** @returns the error, where the store did not answer; whether it did */
  async function askSafely(partition: Watched): Promise<unknown> {
    if (partition.asking) return false; // a store that answers slowly gets no second question
    partition.asking = true;
    try {
      await ask(partition);
      return true;
    } catch (error) {
      return error;
    } finally {
      partition.asking = false;
    }
  }

  /** Logs an outage once, and its end, however many partitions are asked about. */
  function report(answers: readonly unknown[]): void {
    const failures = answers.filter((answer) => typeof answer !== 'boolean');
    if (failures.length > 0 && !unreachable && !closed) {
      const error = String(failures[0]);
      logger.error({ error }, `the store of catalogs does not answer, what is known is still served: ${error}`);
    }
    if (failures.length === 0 && unreachable && answers.includes(true)) logger.info({}, 'the store of catalogs answers again');
    unreachable = failures.length > 0 || (unreachable && !answers.includes(true));
  }

  async function poll(): Promise<void> {
    const oldest = now() - idleMs;
    for (const partition of [...watched.values()]) if (partition.askedAt < oldest) watched.delete(partition.name);
    if (watched.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    report(await Promise.all([...watched.values()].map(askSafely)));
  }

  return {
    keepMs: idleMs / 2,
    async load(name) {
      const before = watched.get(name)?.known;
      if (before === undefined && (missing.get(name) ?? 0) > now()) return undefined;
      const known = await read(name, before, false);
      if (known === undefined) {
        watched.delete(name);
        keepMissing(name);
      } else keep(name, known);
      return known?.definition;
    },
    watch(changed) {
      const entry = { changed }; // its own object, so that one function can listen twice
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    async purge(partition) {
      if (partition === undefined) missing.clear();
      else missing.delete(partition);
      const chosen =
        partition === undefined ? [...watched.values()] : [watched.get(partition)].filter((found) => found !== undefined);
      await Promise.all(chosen.map(readAgainSafely));
    },
    async refresh(partition) {
      missing.delete(partition);
      const known = watched.get(partition);
      if (known !== undefined) await readAgain(known);
    },
    stats: () => ({ watched: watched.size, reads }),
    close() {
      closed = true;
      clearInterval(timer);
      listeners.clear();
      watched.clear();
      missing.clear();
    },
  };
}
