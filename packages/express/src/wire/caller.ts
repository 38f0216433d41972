/** The caller of a request. */
import type { HeldScopes, SessionIdentity } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

/** Whether the access that a request had is still granted. */
export interface Revocable {
  /**
   * Whether the caller may still do what they could do at the request: the user is unchanged, and the token has neither expired
   * nor been revoked. Called once a second for open streams and running calls. They end if it returns false. Absent: always true.
   */
  readonly isValid?: (() => boolean) | undefined;
}

/** An identity with partition and subject. */
export interface Caller extends Revocable {
  readonly partition: string;
  readonly subject: string;
  /** The scopes of the request's token. Absent: all. */
  readonly scopes?: HeldScopes;
  /** The OAuth client of the request's token. Undefined: none. */
  readonly clientId?: string | undefined;
}

/** Fills in the defaults of an identity: the default partition, and the subject `anonymous`. */
export const callerOf = ({
  partition = DEFAULT_PARTITION,
  subject = 'anonymous',
  isValid,
  scopes,
  clientId,
}: SessionIdentity & Revocable): Caller => ({ partition, subject, isValid, scopes, clientId });

/** Whether the caller's access has been revoked, or has expired. */
export const isRevoked = ({ isValid }: Revocable): boolean => isValid?.() === false;
