/** When a call needs the approval of its user before it runs. */

/**
 * `always`; `never`; `destructive`: unless the tool's annotations say that it only reads (`readOnlyHint`) or only adds
 * (`destructiveHint: false`). As in the protocol, a tool without annotations may be destructive.
 */
export const APPROVAL_POLICIES = ['always', 'destructive', 'never'] as const;

/** One of {@link APPROVAL_POLICIES}. */
export type ApprovalPolicy = (typeof APPROVAL_POLICIES)[number];

/**
 * A condition on an argument. It is met if all of its comparisons are met by one of the values at the path. A value that cannot
 * be compared, such as a text with `greater_than`, meets the comparison: in doubt the user is asked.
 */
export interface ArgumentCondition {
  /** JSON path of the argument: `$.amount`, `$.items[*].price`. */
  path: string;
  /** The value is equal to this JSON value. */
  equals?: unknown;
  /** The value is equal to one of these. */
  one_of?: readonly unknown[];
  /** The value is equal to none of these. */
  not_one_of?: readonly unknown[];
  /** The value is a number above this one. */
  greater_than?: number;
  /** The value is a number below this one. */
  less_than?: number;
  /** Whether there is a value at the path at all. `false` cannot be combined with other comparisons. */
  exists?: boolean;
}

/** The comparisons of an {@link ArgumentCondition}. */
export const COMPARISONS = ['equals', 'one_of', 'not_one_of', 'greater_than', 'less_than', 'exists'] as const;

/** A policy, or conditions on arguments: the user is asked if one of them is met. */
export type Approval = ApprovalPolicy | { when: readonly ArgumentCondition[] };
