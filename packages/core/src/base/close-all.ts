/** Closes several resources, even if closing one of them fails. */
import type { Awaitable } from './awaitable.js';

/**
 * Closes all of them at once, and waits for all.
 *
 * @throws the first error, when all have ended
 */
export async function closeAll(closables: readonly { close?(): Awaitable<void> }[]): Promise<void> {
  const ends = await Promise.allSettled(closables.map(async (closable) => closable.close?.()));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
