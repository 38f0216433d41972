/** Looks for new versions of bundles now and then, and announces those that are ready. */
import type { BundleSource, LinkBinding, Logger } from '@mcp-daemon/core';

import { messageOf } from './errors.js';
import type { BundleSlot } from './slot.js';

/** A new version of a bundle that is ready to be used. */
export interface BundleChange {
  /** The name of the package. */
  readonly name: string;
  readonly partition: string;
  /** SHA-256 of the new bundle. */
  readonly digest: string;
  /** Whether the code of the link is in the bundle. */
  affects(link: Pick<LinkBinding, 'source' | 'package_name' | 'sha256'>, partition?: string): boolean;
}

/** What {@link createPolling} takes. */
export interface PollingOptions {
  /** The packages in use. */
  slots: () => Iterable<BundleSlot>;
  /** Milliseconds between two looks. */
  checkMs: number;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Announces new versions. */
export interface Polling {
  /** Begins to look, if this is the first listener. */
  watch(listener: (change: BundleChange) => void): { close(): void };
  /** Looks now. */
  check(): Promise<void>;
  /** Ends looking, when a look that has begun is over. */
  close(): Promise<void>;
}

/** A bundle that is in use by several partitions is asked for once. */
interface Group {
  source: BundleSource;
  name: string;
  slots: BundleSlot[];
}

function groupsOf(slots: Iterable<BundleSlot>): Group[] {
  const groups = new Map<string, Group>();
  for (const slot of slots) {
    const { source, name, sha256 } = slot.names;
    // A bundle with a digest in the config does not change.
    if (slot.current === undefined || sha256 !== undefined) continue;
    const key = JSON.stringify([source.source, name]);
    const group = groups.get(key) ?? { source, name, slots: [] };
    group.slots.push(slot);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The change that makes a slot's bundle known. */
function changeOf({ names: { source, name, partition }, current }: BundleSlot): BundleChange {
  return {
    ...{ name, partition, digest: current?.digest ?? '' },
    affects: (link, of) =>
      link.package_name === name &&
      link.sha256 === undefined &&
      (link.source === source.source || (link.source === '' && source.source === 's3')) &&
      (of === undefined || of === partition),
  };
}

/** Creates a {@link Polling}. Its timer does not keep the process alive. */
export function createPolling({ slots, checkMs, logger }: PollingOptions): Polling {
  const listeners = new Set<(change: BundleChange) => void>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  function announce(slot: BundleSlot): void {
    const change = changeOf(slot);
    logger.info(
      { bundle: change.name, partition: change.partition, digest: change.digest },
      'a new version of a bundle is ready',
    );
    for (const listener of [...listeners]) {
      try {
        listener(change);
      } catch (error) {
        logger.error({ bundle: change.name }, `a listener for new bundles failed: ${messageOf(error)}`);
      }
    }
  }

  async function lookAt({ source, name, slots: members }: Group): Promise<void> {
    let version: string | undefined;
    try {
      version = (await source.version(name)) ?? undefined;
    } catch {
      version = undefined; // the slot asks again, and logs it once
    }
    for (const slot of members) {
      try {
        if (await slot.check(version)) announce(slot);
      } catch (error) {
        logger.warn({ bundle: name, error: messageOf(error) }, `a bundle cannot be looked at: ${messageOf(error)}`);
      }
    }
  }

  function check(): Promise<void> {
    looking ??= (async () => {
      try {
        for (const slot of slots()) await slot.touch();
        for (const group of groupsOf(slots())) await lookAt(group);
      } finally {
        looking = undefined;
      }
    })();
    return looking;
  }

  function schedule(): void {
    timer = setTimeout(() => {
      void check().finally(() => {
        if (timer !== undefined) schedule();
      });
    }, checkMs).unref();
  }

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    watch(listener) {
      const entry = (change: BundleChange): void => listener(change); // its own function, so that one listener can be added twice
      listeners.add(entry);
      if (timer === undefined) schedule();
      return {
        close() {
          listeners.delete(entry);
          if (listeners.size === 0) stop();
        },
      };
    },
    check,
    async close() {
      listeners.clear();
      stop();
      await looking;
    },
  };
}
