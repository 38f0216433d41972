/** Who watches, and what they may see. */
import type { DaemonEvent } from '@mcp-daemon/core';

/** Somebody who watches one partition. */
export interface EventsIdentity {
  readonly partition: string;
  readonly subject: string;
  /** With `admin` among them everything in the partition is seen; without, what changed and one's own calls. */
  readonly roles?: readonly string[];
}

/** Sees everybody's calls. */
const SEES_ALL = 'admin';

export const seesAll = ({ roles }: EventsIdentity): boolean => roles?.includes(SEES_ALL) === true;

/** Whose business an event is: one subject's, or everybody's. */
export const subjectOf = (event: DaemonEvent): string | undefined => ('subject' in event ? event.subject : undefined);

/** Whether somebody may see an event of their partition. */
export function maySee(identity: EventsIdentity, event: DaemonEvent): boolean {
  const subject = subjectOf(event);
  return subject === undefined || subject === identity.subject || seesAll(identity);
}
