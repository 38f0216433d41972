/** The caller of a request. */
import type { SessionIdentity } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

/** An identity with both its members. */
export type Caller = Readonly<Required<SessionIdentity>>;

/** Fills in the defaults of an identity: the default partition, and the subject `anonymous`. */
export const callerOf = ({ partition = DEFAULT_PARTITION, subject = 'anonymous' }: SessionIdentity): Caller => ({
  partition,
  subject,
});
