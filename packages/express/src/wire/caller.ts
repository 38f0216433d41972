/** Who calls. */
import type { SessionIdentity } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

/** An identity, complete. */
export type Caller = Readonly<Required<SessionIdentity>>;

/** Completes an identity: what it leaves out is what everybody is. */
export const callerOf = ({ partition = DEFAULT_PARTITION, subject = 'anonymous' }: SessionIdentity): Caller => ({
  partition,
  subject,
});
