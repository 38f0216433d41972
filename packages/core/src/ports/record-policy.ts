/** What the record of a call keeps. */

/** Which bodies of a call its record keeps. */
export const RECORD_POLICIES = ['all', 'arguments', 'metadata', 'none'] as const;

/** `all`: arguments and result; `arguments`; `metadata`: neither; `none`: no record at all. */
export type RecordBodies = (typeof RECORD_POLICIES)[number];

/** The record policy of a function. */
export interface RecordPolicy {
  bodies: RecordBodies;
  /** JSON paths (`$.card.number`, `$.items[*].token`) whose values are recorded as `"[redacted]"`. */
  redact: readonly string[];
}
