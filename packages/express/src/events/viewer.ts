/** The callers that watch events, and the events they may see. */
import type { DaemonEvent } from '@mcp-daemon/core';

import type { Revocable } from '../wire/caller.js';

/** A caller that watches one partition. */
export interface EventsIdentity extends Revocable {
  readonly partition: string;
  readonly subject: string;
  /** With `admin` the caller sees everything in the partition, without it changes of the catalog and their own calls. */
  readonly roles?: readonly string[];
}

/** The role that sees the calls of all users. */
const SEES_ALL = 'admin';

/** Whether a caller sees the calls of all users. */
export const seesAll = ({ roles }: EventsIdentity): boolean => roles?.includes(SEES_ALL) === true;

/** The subject whose call an event is about; undefined: everybody in the partition may see it. */
export const subjectOf = (event: DaemonEvent): string | undefined => ('subject' in event ? event.subject : undefined);

/** Whether a caller may see an event of their partition. */
export function maySee(identity: EventsIdentity, event: DaemonEvent): boolean {
  const subject = subjectOf(event);
  return subject === undefined || subject === identity.subject || seesAll(identity);
}
