/** Lists that are read page by page. */

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  cursor?: string;
}

/** Which entries or rows to list. */
export interface PageQuery {
  /** Items per page. Default 100. */
  limit?: number;
  /** Where the page before ended. */
  cursor?: string;
}
